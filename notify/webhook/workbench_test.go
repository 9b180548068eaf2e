package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"palabre/notify/webhook"
	"palabre/rooms"
	"palabre/store"
)

// clock runs with the real one and can be set.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// receiver is a program elsewhere that answers as the test wants it to.
type receiver struct {
	*httptest.Server
	t      *testing.T
	secret string

	mu     sync.Mutex
	answer http.HandlerFunc
	got    []delivered
}

type delivered struct {
	id, kind string
	at       time.Time
	genuine  bool
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, secret: webhook.NewSecret(), answer: status(http.StatusNoContent)}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Server.Close)
	return r
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	verifier, err := standard.NewWebhook(r.secret)
	if err != nil {
		r.t.Error(err)
		return
	}
	r.mu.Lock()
	// The clock of a test may be hours away from ours: only the signature is looked at.
	r.got = append(r.got, delivered{
		id: req.Header.Get("webhook-id"), kind: kindOf(body), at: time.Now(),
		genuine: verifier.VerifyIgnoringTimestamp(body, req.Header) == nil,
	})
	answer := r.answer
	r.mu.Unlock()
	answer(w, req)
}

func (r *receiver) answers(f http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) all() []delivered {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivered(nil), r.got...)
}

// workbench is a store with a dispatcher on it.
type workbench struct {
	t     *testing.T
	store *store.Store
	clock *clock
	stop  func()
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newWorkbench(t *testing.T, s *store.Store) *workbench {
	w := &workbench{t: t, store: s, clock: &clock{}}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// start runs a dispatcher until stop.
func (w *workbench) start() { w.startWith(webhook.Config{Allow: loopback}) }

func (w *workbench) startWith(cfg webhook.Config) {
	cfg.Outbox, cfg.Journal, cfg.Every, cfg.Now = w.store, w.store.Memory(), 5*time.Millisecond, w.clock.now
	d, err := webhook.NewDispatcher(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

func (w *workbench) subscribe(to *receiver, events ...string) webhook.Subscription {
	w.t.Helper()
	s := webhook.Subscription{
		ID: uuid.Must(uuid.NewV7()).String(), URL: to.URL + "/hook?key=hidden", Events: events, Secrets: []string{to.secret}, Created: w.clock.now(),
	}
	if err := w.store.AddWebhook(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// happen has facts remembered and gives the ids of their events.
func (w *workbench) happen(room string, data ...rooms.FactData) []string {
	w.t.Helper()
	ids := make([]string, len(data))
	for i, d := range data {
		fact := rooms.Fact{ID: uuid.Must(uuid.NewV7()).String(), Room: room, Meeting: meeting, At: w.clock.now(), Data: d}
		kept := make(chan struct{})
		w.store.Memory().Keep([]rooms.Fact{fact}, func() { close(kept) })
		<-kept
		ids[i] = "msg_" + fact.ID
	}
	return ids
}

const meeting = "0195553c-7a40-7c4e-9d57-3f1f2a6b8c01"

func joined(name string) rooms.FactData {
	return rooms.ParticipantJoined{Stay: rooms.Stay{ID: uuid.NewString(), Participant: "p_" + name, Name: name, Joined: time.Now()}}
}

func (w *workbench) webhook(id string) webhook.Subscription {
	w.t.Helper()
	s, err := w.store.Webhook(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// log gives the deliveries of a webhook, oldest first.
func (w *workbench) log(id string) []webhook.Delivery {
	w.t.Helper()
	list, err := w.store.Deliveries(w.t.Context(), id, "", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// until waits for something to become true.
func (w *workbench) until(what string, is func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			w.t.Fatalf("never: %s", what)
		case <-ticker.C:
		}
	}
}
