package webhook_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/notify/webhook"
	"palabre/rooms"
	"palabre/store/storetest"
)

func kindOf(body []byte) string {
	var payload struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(body, &payload)
	return payload.Type
}

func ids(list []delivered) []string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = d.id
	}
	return out
}

// A receiver that hangs, then answers 500, then is well again gets everything,
// signed and in order; the rooms' facts are kept meanwhile as fast as ever, a
// second receiver is not held up, and a restart in between forgets nothing.
func TestF11_ReceiverIsIllAndRecovers(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	w := newWorkbench(t, s)
	ill, well := newReceiver(t), newReceiver(t)
	release := make(chan struct{})
	ill.answers(func(_ http.ResponseWriter, r *http.Request) {
		select { // hangs
		case <-release:
		case <-r.Context().Done():
		}
	})
	hook := w.subscribe(ill, webhook.All)
	w.subscribe(well, webhook.All)

	sent := w.happen("calm-olive", joined("ana"))
	w.until("the receiver hangs on the first", func() bool { return len(ill.all()) == 1 })
	var slowest time.Duration
	for i := range 30 {
		begun := time.Now()
		sent = append(sent, w.happen("calm-olive", joined(fmt.Sprint("p", i)))...)
		slowest = max(slowest, time.Since(begun))
	}
	w.until("the other receiver has all", func() bool { return len(well.all()) == len(sent) })
	hung := len(ill.all())

	w.stop() // the server restarts in the middle of an attempt
	close(release)
	ill.answers(status(http.StatusInternalServerError))
	w.start()
	w.until("it is tried again after the restart", func() bool { return len(ill.all()) > hung })
	for range 3 { // through three pauses
		before := len(ill.all())
		w.until("the attempt is written down", func() bool { return w.log(hook.ID)[0].Due.After(w.clock.now()) })
		w.clock.advance(w.log(hook.ID)[0].Due.Sub(w.clock.now()) + time.Second)
		w.until("it is tried again", func() bool { return len(ill.all()) > before })
	}
	failing := w.webhook(hook.ID).Failing
	ill.answers(status(http.StatusOK))
	w.until("the attempt is written down", func() bool { return w.log(hook.ID)[0].Due.After(w.clock.now()) })
	recovered := len(ill.all())
	w.clock.advance(24 * time.Hour)
	w.until("everything has arrived", func() bool { return w.webhook(hook.ID).Waiting == 0 })

	got := ill.all()
	forged := slices.ContainsFunc(got, func(d delivered) bool { return !d.genuine })
	early := slices.ContainsFunc(got[:recovered], func(d delivered) bool { return d.id != sent[0] })
	inOrder := slices.Equal(ids(got[recovered:]), sent)
	catalogue.Report(t, catalogue.Item{
		ID:       "F11",
		Injected: "a webhook receiver hangs, then answers 500 through four pauses and a restart of the server, then is well; 31 facts meanwhile",
		Measured: fmt.Sprintf("%d attempts of the first while ill and none of the rest; then %d deliveries, in order: %v, all signed: %v; slowest fact kept in %v",
			recovered, len(got)-recovered, inOrder, !forged, slowest.Round(time.Millisecond)),
		Bar:  "retried, all delivered in order and signed, nobody else waits (a fact kept within 5 s)",
		Pass: inOrder && !forged && !early && !failing.IsZero() && w.webhook(hook.ID).Failing.IsZero() && slowest < 5*time.Second,
	})
}

// What the receiver refuses does not hold up what comes after it.
func TestRefusedDeliveryStepsAside(t *testing.T) {
	w := newWorkbench(t, storetest.Open(t, storetest.SQLite(t)))
	to := newReceiver(t)
	hook := w.subscribe(to, webhook.All)
	to.answers(func(rw http.ResponseWriter, r *http.Request) {
		if len(to.all()) == 1 {
			rw.WriteHeader(http.StatusUnprocessableEntity)
		}
	})
	sent := w.happen("r", joined("ana"), joined("ben"), joined("cy"))
	w.until("the others arrive", func() bool { return w.webhook(hook.ID).Waiting == 1 })
	if got := ids(to.all()); !slices.Equal(got, sent) {
		t.Fatalf("got %v, want %v", got, sent)
	}
	w.clock.advance(time.Minute)
	w.until("the refused one is tried again", func() bool { return w.webhook(hook.ID).Waiting == 0 })
	if got := ids(to.all()); got[3] != sent[0] {
		t.Errorf("tried again: %v", got[3:])
	}
}

// 410 Gone disables at once, and what waited has failed; the audit log hears of it.
func TestGoneDisables(t *testing.T) {
	w := newWorkbench(t, storetest.Open(t, storetest.SQLite(t)))
	to := newReceiver(t)
	to.answers(status(http.StatusGone))
	hook := w.subscribe(to, webhook.All)
	w.happen("r", joined("ana"), joined("ben"))
	w.until("it is disabled", func() bool { return !w.webhook(hook.ID).Disabled.IsZero() })
	w.until("nothing waits", func() bool { return w.webhook(hook.ID).Waiting == 0 })
	if why := w.webhook(hook.ID).Why; why != webhook.WhyGone || len(to.all()) != 1 {
		t.Errorf("disabled because %q after %d attempts", why, len(to.all()))
	}
	w.happen("r", joined("cy"))
	if n := len(w.log(hook.ID)); n != 2 {
		t.Errorf("%d deliveries: a disabled webhook is queued for", n)
	}
}

// A redirect is a failure, and nobody follows it.
func TestRedirectsAreNotFollowed(t *testing.T) {
	w := newWorkbench(t, storetest.Open(t, storetest.SQLite(t)))
	to, elsewhere := newReceiver(t), newReceiver(t)
	to.answers(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	hook := w.subscribe(to, webhook.All)
	w.happen("r", joined("ana"))
	w.until("the failure is written down", func() bool { return w.log(hook.ID)[0].Attempts == 1 })
	if d := w.log(hook.ID)[0]; d.State != webhook.Waiting || d.Last.Status != http.StatusTemporaryRedirect || len(elsewhere.all()) != 0 {
		t.Errorf("%s with status %d, %d requests elsewhere", d.State, d.Last.Status, len(elsewhere.all()))
	}
}

func TestRedeliverAndTest(t *testing.T) {
	w := newWorkbench(t, storetest.Open(t, storetest.SQLite(t)))
	to := newReceiver(t)
	hook := w.subscribe(to, "meeting.ended")
	sent := w.happen("r", rooms.MeetingEnded{Meeting: rooms.Meeting{ID: meeting, Started: time.Now()}}, joined("nobody asked"))
	w.until("it arrives", func() bool { return w.webhook(hook.ID).Waiting == 0 && len(to.all()) == 1 })
	if err := w.store.Redeliver(t.Context(), hook.ID, sent[0], w.clock.now()); err != nil {
		t.Fatal(err)
	}
	w.until("it arrives again", func() bool { return len(to.all()) == 2 })
	if err := w.store.Deliver(t.Context(), hook.ID, webhook.TestEvent("0195553c-7a40-7c4e-9d57-3f1f2a6b8c02", "", w.clock.now())); err != nil {
		t.Fatal(err)
	}
	w.until("the test arrives", func() bool { return len(to.all()) == 3 })
	got := to.all()
	if got[0].id != got[1].id || got[1].kind != "meeting.ended" || got[2].kind != webhook.Test {
		t.Errorf("got %+v", got)
	}
}

// What the log tells an administrator holds neither the secret nor the address with its query.
func TestLogNamesNoSecrets(t *testing.T) {
	w := newWorkbench(t, storetest.Open(t, storetest.SQLite(t)))
	to := newReceiver(t)
	hook := w.subscribe(to, webhook.All)
	to.Close() // nobody answers at this address any more
	w.happen("r", joined("ana"))
	w.until("the failure is written down", func() bool { return w.log(hook.ID)[0].Attempts == 1 })
	if text := w.log(hook.ID)[0].Last.Error; text == "" || strings.Contains(text, "hidden") || strings.Contains(text, "whsec") {
		t.Errorf("the log says %q", text)
	}
}

// Two servers on one database: each event is sent once, in order.
func TestTwoServersSendOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		first := storetest.Open(t, url)
		second := first
		if strings.HasPrefix(url, "postgres") {
			second = storetest.Open(t, url)
		}
		a, b := newWorkbench(t, first), newWorkbench(t, second)
		var receivers []*receiver
		for range 3 {
			to := newReceiver(t)
			a.subscribe(to, webhook.All)
			receivers = append(receivers, to)
		}
		var sent []string
		for i := range 20 {
			at := []*workbench{a, b}[i%2]
			sent = append(sent, at.happen("r", joined(fmt.Sprint(i)))...)
		}
		for _, to := range receivers {
			a.until("all have arrived", func() bool { return len(to.all()) >= len(sent) })
		}
		a.stop()
		b.stop()
		for _, to := range receivers {
			if got := ids(to.all()); !slices.Equal(got, sent) {
				t.Errorf("got %v, want %v", got, sent)
			}
		}
	})
}

// The backlog is bounded: the newest are dropped and counted.
func TestFullBacklogDropsAndCounts(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		w := &workbench{t: t, store: storetest.Open(t, url), clock: &clock{}}
		hook := w.subscribe(newReceiver(t), webhook.All)
		fillBacklog(t, url, hook.ID)
		w.happen("r", joined("one too many"))
		if found := w.webhook(hook.ID); found.Waiting != webhook.MaxBacklog || found.Dropped != 1 {
			t.Errorf("%d wait, %d dropped", found.Waiting, found.Dropped)
		}
	})
}

// fillBacklog queues as much as may wait, past the store: one by one takes minutes.
func fillBacklog(t *testing.T, url, hook string) {
	t.Helper()
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf(`
		INSERT INTO webhook_deliveries (webhook, id, type, body, created, state, due)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT '%s', 'msg_' || i, 'meeting.started', '{}', 1, 'waiting', 1 FROM n`, webhook.MaxBacklog, hook)); err != nil {
		t.Fatal(err)
	}
}
