package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/rooms"
)

const (
	// commitTimeout bounds one attempt to write a batch. batchGoal is how long
	// one should take: batches shrink and grow towards it, from firstBatch up to
	// mostBatch facts.
	commitTimeout = 5 * time.Second
	batchGoal     = 500 * time.Millisecond
	firstBatch    = 64
	mostBatch     = 512
	// stall is how long a batch may be under way before the database counts as
	// away, and nobody waits for it any longer.
	stall = 2 * time.Second
	// probeTimeout and the pauses are for a database that is away: it is used
	// again within 2 s of its return.
	probeTimeout = time.Second
	firstPause   = 50 * time.Millisecond
	longestPause = 500 * time.Millisecond
	// closeTimeout bounds the last writing, so that a stop stays one.
	closeTimeout = 3 * time.Second
)

// errUnwritten is for facts that wait for a database that is away.
var errUnwritten = errors.New("the database is away and what is newest still waits to be written")

// journal writes the facts of all rooms, in order. Nobody who adds one waits.
//
// One goroutine writes: all that has come meanwhile, of every room, in one
// transaction (group commit). Another tells the rooms what is safe, in the order
// it came. While the database is away facts wait in the bounded [backlog], and
// the rooms are told at once: calls and chat go on.
type journal struct {
	store   *Store
	writers writers
	metrics *journalMetrics
	quit    chan struct{}
	working sync.WaitGroup
	batch   int // how many facts the next transaction takes

	mu      sync.Mutex
	backlog backlog
	tell    []func() // kept, in order
	away    bool
	since   time.Time // when it went away
	closed  bool
	// moved is closed when something was written, wake and telling ask the goroutines to look.
	moved         chan struct{}
	wake, telling chan struct{}
}

func newJournal(s *Store, registerer prometheus.Registerer) (*journal, error) {
	j := &journal{
		store: s, writers: newWriters(projections()), batch: firstBatch, backlog: newBacklog(),
		quit: make(chan struct{}), moved: make(chan struct{}), wake: make(chan struct{}, 1), telling: make(chan struct{}, 1),
	}
	var err error
	if j.metrics, err = newJournalMetrics(j, registerer); err != nil {
		return nil, fmt.Errorf("registering the metrics of the store: %w", err)
	}
	finished := make(chan struct{})
	j.working.Go(func() { defer close(finished); j.run() })
	j.working.Go(func() { j.teller(finished) })
	return j, nil
}

// keep adds facts. When the backlog is full some are left out, as backlog says.
func (j *journal) keep(facts []rooms.Fact, kept func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		j.metrics.dropped.WithLabelValues("closed").Add(float64(len(facts)))
		return
	}
	e := &entry{facts: facts, kept: kept}
	for _, left := range j.backlog.add(e) {
		j.metrics.dropped.WithLabelValues(left.why).Add(float64(len(left.facts)))
		j.say(left)
	}
	if j.away {
		j.say(e)
	}
	nudge(j.wake)
}

// full says that commands which add facts must be refused.
func (j *journal) full() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.backlog.full()
}

// say has the rooms told of an entry, once.
func (j *journal) say(e *entry) {
	if e.told {
		return
	}
	e.told = true
	j.tell = append(j.tell, e.kept)
	nudge(j.telling)
}

// teller tells the rooms, in order, until the writing has finished.
func (j *journal) teller(finished <-chan struct{}) {
	for last := false; ; {
		j.mu.Lock()
		list := j.tell
		j.tell = nil
		j.mu.Unlock()
		for _, kept := range list {
			kept()
		}
		if last {
			return
		}
		select {
		case <-j.telling:
		case <-finished:
			last = true
		}
	}
}

// run writes until the journal closes and then, for a bounded time, what is left.
func (j *journal) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	limit := make(chan struct{})
	defer close(limit)
	j.working.Go(func() { // bounds the end
		select {
		case <-j.quit:
		case <-limit:
			return
		}
		timer := time.NewTimer(closeTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-limit:
		}
	})
	pause := firstPause
	for {
		batch := j.next(ctx)
		if batch == nil {
			return
		}
		err := j.write(ctx, batch)
		if err == nil {
			pause = firstPause
			continue
		}
		j.went(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// next waits for a batch; none comes any more once the journal has closed and is empty.
func (j *journal) next(ctx context.Context) []*entry {
	for {
		j.mu.Lock()
		batch, away, closed := j.backlog.head(j.batch), j.away, j.closed
		j.mu.Unlock()
		switch {
		case len(batch) > 0:
			return batch
		case closed || ctx.Err() != nil:
			return nil
		case away: // nothing waits, but whether it is back must be known
			return []*entry{}
		}
		select {
		case <-j.wake:
		case <-j.quit:
		}
	}
}

// write writes a batch; the error is that the database is away.
func (j *journal) write(ctx context.Context, batch []*entry) error {
	j.mu.Lock()
	away := j.away
	j.mu.Unlock()
	if away {
		if err := j.probe(ctx); err != nil {
			return err
		}
		j.back()
	}
	if len(batch) == 0 {
		return nil
	}
	err := j.commit(ctx, batch)
	if err == nil {
		j.done(batch)
		return nil
	}
	if e := j.store.engine; e.away(err) || e.contended(err) || ctx.Err() != nil {
		return err
	}
	return j.isolate(ctx, batch, err)
}

// commit writes a batch in one transaction, and learns how many facts fit one.
func (j *journal) commit(ctx context.Context, batch []*entry) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	watch := time.AfterFunc(stall, func() { j.went(context.DeadlineExceeded) })
	begin := time.Now()
	facts := 0
	err := j.store.try(ctx, func(tx *sql.Tx) error {
		facts = 0
		for _, e := range batch {
			for _, fact := range e.facts {
				if err := j.writers.write(ctx, tx, fact); err != nil {
					return err
				}
				facts++
			}
		}
		return nil
	})
	stalled := !watch.Stop()
	took := time.Since(begin)
	switch {
	case took > batchGoal:
		j.batch = max(j.batch/2, 1)
	case err == nil && facts >= j.batch:
		j.batch = min(j.batch*2, mostBatch)
	}
	if err != nil {
		return err
	}
	j.metrics.batch.Observe(float64(facts))
	j.metrics.commit.Observe(took.Seconds())
	if stalled {
		j.back()
	}
	return nil
}

// isolate finds the facts that cannot be written among those that can: a batch
// that fails is tried in halves, and an entry that fails alone is left out.
func (j *journal) isolate(ctx context.Context, batch []*entry, cause error) error {
	if len(batch) == 1 {
		if err := j.probe(ctx); err != nil {
			return err // it may be the database after all
		}
		j.store.log.Error("a fact could not be written and is left out", "kind", batch[0].kind(), "error", plain(cause))
		j.metrics.dropped.WithLabelValues("faulty").Add(float64(len(batch[0].facts)))
		j.done(batch)
		return nil
	}
	for _, half := range [][]*entry{batch[:len(batch)/2], batch[len(batch)/2:]} {
		if err := j.write(ctx, half); err != nil {
			return err
		}
	}
	return nil
}

// probe finds out whether the database takes a transaction that writes.
func (j *journal) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return once(ctx, j.store.write, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE pulse SET beats = beats + 1`)
		return err
	})
}

// done notes that entries are safe.
func (j *journal) done(batch []*entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.backlog.remove(len(batch))
	for _, e := range batch {
		j.say(e)
	}
	close(j.moved)
	j.moved = make(chan struct{})
}

// went notes that the database is away: nobody waits for it any more.
func (j *journal) went(cause error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away {
		return
	}
	j.away, j.since = true, time.Now()
	j.metrics.outages.Inc()
	j.store.log.Error("the database is away: what happens waits in memory to be written", "error", plain(cause))
	for _, e := range j.backlog.entries {
		j.say(e)
	}
	close(j.moved)
	j.moved = make(chan struct{})
	nudge(j.wake)
}

// back notes that the database is there again.
func (j *journal) back() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away {
		j.away = false
		j.store.log.Info("the database is back", "after", time.Since(j.since).Round(time.Millisecond).String(), "waiting", j.backlog.facts)
	}
}

// gone says that the database is known to be away.
func (j *journal) gone() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.away
}

// settled waits until all that is known of a room is written, so that it can be read.
func (j *journal) settled(ctx context.Context, room string) error {
	for {
		j.mu.Lock()
		waiting, away, moved := j.backlog.rooms[room], j.away, j.moved
		j.mu.Unlock()
		switch {
		case waiting > 0 && away:
			return j.store.unreachable(errUnwritten)
		case waiting == 0:
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return j.store.unreachable(ctx.Err())
		}
	}
}

// empty waits until nothing waits to be written.
func (j *journal) empty(ctx context.Context) error {
	for {
		j.mu.Lock()
		waiting, moved := j.backlog.facts, j.moved
		j.mu.Unlock()
		if waiting == 0 {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// close writes what is left, for a bounded time.
func (j *journal) close() error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	close(j.quit)
	j.working.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	if left := j.backlog.facts; left > 0 {
		return fmt.Errorf("%d facts are lost: the database did not take them within %v", left, closeTimeout)
	}
	return nil
}

// nudge asks a goroutine to look; it never blocks.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
