package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/rooms"
)

// journal writes the facts of all rooms.
type journal struct {
	store   *Store
	writers writers

	mu    sync.Mutex
	queue []entry
	wake  chan struct{}
	quit  chan struct{}
	done  chan struct{}
}

type entry struct {
	facts []rooms.Fact
	kept  func()
}

func newJournal(s *Store, _ prometheus.Registerer) (*journal, error) {
	j := &journal{
		store: s, writers: newWriters(projections()),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go j.run()
	return j, nil
}

func (j *journal) keep(facts []rooms.Fact, kept func()) {
	j.mu.Lock()
	j.queue = append(j.queue, entry{facts, kept})
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

func (j *journal) run() {
	defer close(j.done)
	for {
		select {
		case <-j.wake:
			j.flush()
		case <-j.quit:
			j.flush()
			return
		}
	}
}

func (j *journal) flush() {
	j.mu.Lock()
	batch := j.queue
	j.queue = nil
	j.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := j.store.tx(ctx, func(tx *sql.Tx) error {
		for _, e := range batch {
			for _, f := range e.facts {
				if err := j.writers.write(ctx, tx, f); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		j.store.log.Error("facts are lost", "error", err)
	}
	for _, e := range batch {
		e.kept()
	}
}

func (j *journal) settled(ctx context.Context, _ string) error { return ctx.Err() }

func (j *journal) close() error {
	close(j.quit)
	<-j.done
	return nil
}
