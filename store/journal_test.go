package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"palabre/rooms"
	"palabre/store"
	"palabre/store/storetest"
)

// noted is a fact of the tests: one row of a table of their own.
type noted struct{ Text string }

func (noted) Kind() string { return "test.noted" }

var errUnwritable = errors.New("this fact cannot be written")

// notebook writes and reads the tests' facts.
type notebook struct {
	t *testing.T
	*store.Store
	mu   sync.Mutex
	kept []string
}

// open makes the table of the tests' facts.
func openNotebook(t *testing.T, cfg store.Config) *notebook {
	t.Helper()
	cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	n := &notebook{t: t, Store: s}
	s.Also("test.noted", func(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
		text := fact.Data.(noted).Text
		if text == "unwritable" {
			return errUnwritable
		}
		if text == "panic" {
			panic("a fault")
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO notes (id, room, text, line) VALUES ($1, $2, $3, (SELECT COUNT(*) FROM notes))`, fact.ID, fact.Room, text)
		return err
	})
	if err := s.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, room TEXT NOT NULL, text TEXT NOT NULL UNIQUE, line BIGINT NOT NULL)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// note keeps one fact.
func (n *notebook) note(room, text string) {
	id := fmt.Sprintf("%s-%s-%p", room, text, new(int))
	n.Memory().Keep([]rooms.Fact{{ID: id, Room: room, Meeting: "m", At: time.Now(), Data: noted{text}}}, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.kept = append(n.kept, text)
	})
}

func (n *notebook) told() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.kept)
}

func (n *notebook) written() []string {
	n.t.Helper()
	rows, err := n.Pool().QueryContext(n.t.Context(), `SELECT text FROM notes ORDER BY line`)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			n.t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		n.t.Fatal(err)
	}
	return list
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited for %s", what)
		case <-tick.C:
		}
	}
}

func numbered(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%05d", i))
	}
	return list
}

func TestFactsOfManyRoomsAreWrittenInOrder(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		registry := prometheus.NewRegistry()
		n := openNotebook(t, store.Config{URL: url, Metrics: registry})
		all := numbered(0, 2000)
		for i, text := range all {
			n.note(fmt.Sprint("room", i%7), text)
		}
		if _, err := n.Memory().Recall(t.Context(), "room3"); err != nil { // waits for the room's newest
			t.Fatal(err)
		}
		if written := n.written(); !slices.Contains(written, all[1998]) {
			t.Error("what is recalled lacks the newest")
		}
		until(t, "everything to be kept", func() bool { return len(n.told()) == len(all) })
		if !slices.Equal(n.told(), all) {
			t.Error("the rooms are told in another order")
		}
		if batches := testutil.CollectAndCount(registry, "palabre_store_batch_facts"); batches != 1 {
			t.Error("the size of batches is not measured")
		}
	})
}

func TestAFactThatCannotBeWrittenIsLeftOutAlone(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		registry := prometheus.NewRegistry()
		n := openNotebook(t, store.Config{URL: url, Metrics: registry})
		texts := []string{"a", "unwritable", "b", "c", "a", "panic", "d"} // the second a breaks a constraint
		for _, text := range texts {
			n.note("garden", text)
		}
		until(t, "the rooms to be told", func() bool { return len(n.told()) == len(texts) })
		if written := n.written(); !slices.Equal(written, []string{"a", "b", "c", "d"}) {
			t.Errorf("written: %v", written)
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP palabre_store_dropped_facts_total Facts left out: superseded by newer ones, because the queue was full, faulty, or come after the end.
			# TYPE palabre_store_dropped_facts_total counter
			palabre_store_dropped_facts_total{reason="closed"} 0
			palabre_store_dropped_facts_total{reason="faulty"} 3
			palabre_store_dropped_facts_total{reason="full"} 0
			palabre_store_dropped_facts_total{reason="superseded"} 0
			`), "palabre_store_dropped_facts_total"); err != nil {
			t.Error(err)
		}
		if outages := testutil.ToFloat64(collected(t, registry)); outages != 0 {
			t.Errorf("%v outages for faults of facts", outages)
		}
	})
}

// collected gives the counter of outages.
func collected(t *testing.T, registry *prometheus.Registry) prometheus.Collector {
	t.Helper()
	return sampled{registry}
}

type sampled struct{ *prometheus.Registry }

func (s sampled) Describe(chan<- *prometheus.Desc) {}

func (s sampled) Collect(out chan<- prometheus.Metric) {
	families, err := s.Gather()
	if err != nil {
		return
	}
	for _, family := range families {
		if family.GetName() == "palabre_store_outages_total" {
			out <- prometheus.MustNewConstMetric(prometheus.NewDesc("outages", "", nil, nil), prometheus.CounterValue, family.GetMetric()[0].GetCounter().GetValue())
		}
	}
}

func TestClosingWritesWhatWaits(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		n := openNotebook(t, store.Config{URL: url})
		all := numbered(0, 500)
		for _, text := range all {
			n.note("garden", text)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n.note("garden", "late")
		if again := openNotebook(t, store.Config{URL: url}); !slices.Equal(again.written(), all) {
			t.Errorf("after closing there are %d of %d", len(again.written()), len(all))
		}
	})
}

// outage takes a database away, in one of the ways it can go.
type outage struct {
	name string
	open func(t *testing.T) (url string, away func() (back func()))
}

func outages() []outage {
	return []outage{
		{"PostgreSQL stops", func(t *testing.T) (string, func() func()) {
			server, database := storetest.Own(t)
			return server.URL(database), func() func() {
				if err := server.Stop(); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := server.Start(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}},
		{"PostgreSQL hangs", func(t *testing.T) (string, func() func()) {
			server, database := storetest.Own(t)
			proxy, err := server.NewProxy(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := proxy.Close(); err != nil {
					t.Error(err)
				}
			})
			return proxy.URL(database), func() func() { return proxy.Hold() }
		}},
		{"SQLite is locked", func(t *testing.T) (string, func() func()) {
			url := storetest.SQLite(t)
			return url, func() func() { return storetest.Lock(t, url) }
		}},
	}
}

func TestADatabaseGoesAwayAndComesBack(t *testing.T) {
	for _, o := range outages() {
		t.Run(o.name, func(t *testing.T) {
			url, away := o.open(t)
			n := openNotebook(t, store.Config{URL: url})
			n.note("garden", "before")
			until(t, "the first", func() bool { return len(n.told()) == 1 })
			back := away()
			all := numbered(0, 300)
			begin := time.Now()
			for _, text := range all[:200] {
				n.note("garden", text)
			}
			if took := time.Since(begin); took > 3*time.Second { // who waits for the database waits longer
				t.Errorf("adding facts took %v", took)
			}
			until(t, "the rooms to be told although nothing is written", func() bool { return len(n.told()) == 201 })
			quickest := time.Hour
			for range 5 { // a busy machine is late with some
				begin = time.Now()
				err := n.Tx(t.Context(), func(*sql.Tx) error { return nil })
				quickest = min(quickest, time.Since(begin))
				var told *rooms.Error
				if !errors.As(err, &told) || told.Code != rooms.CodeUnavailable || told.RetryAfter <= 0 {
					t.Errorf("a write gets %v", err)
				}
			}
			if quickest > 100*time.Millisecond {
				t.Errorf("a write is refused after %v", quickest)
			}
			if _, err := n.Memory().Recall(t.Context(), "garden"); rooms.CodeOf(err) != rooms.CodeUnavailable {
				t.Errorf("what is not written is recalled with %v", err)
			}
			for _, text := range all[200:] {
				n.note("garden", text)
			}
			back()
			until(t, "what waited", func() bool { return len(n.written()) == 301 })
			if !slices.Equal(n.written()[1:], all) {
				t.Error("what waited is written in another order")
			}
			if told := n.told(); !slices.Equal(told[1:], all) {
				t.Error("the rooms are told in another order")
			}
			until(t, "writes to go on", func() bool { return n.Tx(t.Context(), func(*sql.Tx) error { return nil }) == nil })
		})
	}
}

func TestAnOutageThatIsTooLongLeavesOutTheLeastFirst(t *testing.T) {
	url := storetest.SQLite(t)
	n := openNotebook(t, store.Config{URL: url})
	back := storetest.Lock(t, url)
	memory := n.Memory()
	for i := range store.FullFacts {
		if memory.Full() {
			t.Fatalf("full with %d facts", i)
		}
		n.note("garden", fmt.Sprintf("%05d", i))
	}
	if !memory.Full() {
		t.Error("never full")
	}
	back()
	until(t, "room again", func() bool { return !memory.Full() })
	until(t, "the room's newest to be written", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := memory.Recall(ctx, "garden")
		return err == nil
	})
	if written := len(n.written()); written != store.FullFacts {
		t.Errorf("%d facts were written", written)
	}
}
