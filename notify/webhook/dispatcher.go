package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"palabre/notify/outage"
	"palabre/rooms"
)

const (
	// every is how often the dispatcher looks for what is due.
	every = time.Second
	// leaseFor is how long a subscription is lent to a server that may have
	// died: longer than one attempt and the note of it take.
	leaseFor = time.Minute
	// atOnce is how many subscriptions one server serves at once.
	atOnce = 16
	// burst is how many deliveries one subscription sends before others get their turn.
	burst = 100
	// noteWithin bounds the note of an attempt when the server is stopping.
	noteWithin = 3 * time.Second
	// tidyEvery is how often old deliveries are deleted.
	tidyEvery = 10 * time.Minute
	// maxAnswer is how much of an answer is read, so that its connection can be used again.
	maxAnswer = 16 << 10
)

// Totals is what [Outbox.TidyWebhooks] counts.
type Totals struct {
	// Waiting counts deliveries, Disabled subscriptions.
	Waiting, Disabled int
	// Dropped counts what found no place in a backlog, ever.
	Dropped int
}

// Config says how deliveries are made. Zero values mean the default.
type Config struct {
	// Outbox holds what is to be sent. Required.
	Outbox Outbox
	// Journal is told of subscriptions that the server disabled; nil is told nothing.
	Journal Journal
	// Allow are networks that may be reached although they are not public, and without https.
	Allow []netip.Prefix
	// Resolver finds receivers. Default the system's.
	Resolver *net.Resolver
	// TLS is for receivers whose certificates a test signed.
	TLS *tls.Config
	// Agent is sent as User-Agent.
	Agent string
	// Every is how often it is looked for what is due. Default 1 s.
	Every time.Duration
	// Now tells the time. Default time.Now.
	Now func() time.Time
	// Logger is told of what fails, by subscription and never by address. Default discards.
	Logger *slog.Logger
	// Metrics is where the figures are registered; nil registers none.
	Metrics prometheus.Registerer
}

// Dispatcher sends what is due. Run it once in each server.
type Dispatcher struct {
	cfg           Config
	holder        string
	secure, plain *http.Client
	metrics       *metrics
	outbox        *outage.Watch
	slots         chan struct{}
	workers       sync.WaitGroup
}

// NewDispatcher makes a dispatcher; nothing happens until it runs.
func NewDispatcher(cfg Config) (*Dispatcher, error) {
	if cfg.Outbox == nil {
		return nil, errors.New("a dispatcher of webhooks needs an outbox")
	}
	if cfg.Every == 0 {
		cfg.Every = every
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	figures, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register the figures of webhooks: %w", err)
	}
	open := guard{refused: notPublic(), allowed: cfg.Allow}
	return &Dispatcher{
		cfg: cfg, holder: uuid.NewString(), metrics: figures, slots: make(chan struct{}, atOnce),
		outbox: outage.New(cfg.Logger, "the outbox of webhooks", cfg.Every),
		secure: newClient(open, cfg.Resolver, cfg.TLS), plain: newClient(open.strict(), cfg.Resolver, nil),
	}, nil
}

// Run sends what is due until the context ends, and then waits for what is on
// its way; an attempt that is cut counts as none.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.secure.CloseIdleConnections()
	defer d.plain.CloseIdleConnections()
	defer d.workers.Wait()
	next := time.NewTimer(0)
	defer next.Stop()
	var tidied time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
		if now := time.Now(); now.Sub(tidied) >= tidyEvery {
			tidied = now
			d.tidy(ctx)
		}
		d.look(ctx)
		next.Reset(d.outbox.Pause())
	}
}

// look starts on every subscription that has something due and that no other server holds.
func (d *Dispatcher) look(ctx context.Context) {
	free := cap(d.slots) - len(d.slots)
	if free == 0 || ctx.Err() != nil {
		return
	}
	now := d.cfg.Now()
	list, err := d.cfg.Outbox.LeaseWebhooks(ctx, d.holder, now, now.Add(leaseFor), free)
	if ctx.Err() == nil {
		d.outbox.Looked(err)
	}
	for _, s := range list {
		d.slots <- struct{}{} // free: nobody else takes any
		d.workers.Go(func() {
			defer func() { <-d.slots }()
			d.serve(ctx, s)
		})
	}
}

// serve sends what is due for one subscription, in order.
func (d *Dispatcher) serve(ctx context.Context, s Subscription) {
	defer d.release(ctx, s)
	for range burst {
		now := d.cfg.Now()
		held, err := d.cfg.Outbox.ExtendWebhook(ctx, d.holder, s.ID, now, now.Add(leaseFor))
		if err != nil || !held {
			d.warn(ctx, "keeping hold of a webhook", err, "webhook", s.ID)
			return
		}
		delivery, err := d.cfg.Outbox.DueDelivery(ctx, s.ID, now)
		if errors.Is(err, ErrNotFound) {
			return
		}
		if err != nil {
			d.warn(ctx, "reading what is due for a webhook", err, "webhook", s.ID)
			return
		}
		var more bool
		if s, more = d.deliver(ctx, delivery, s); !more {
			return
		}
	}
}

// deliver makes one attempt and writes it down. more says whether the
// subscription's next delivery may follow at once.
func (d *Dispatcher) deliver(ctx context.Context, delivery Delivery, s Subscription) (_ Subscription, more bool) {
	begun := time.Now()
	at := d.cfg.Now()
	a := d.post(ctx, delivery, s, at)
	if ctx.Err() != nil {
		return s, false // cut by our own end: another server tries again
	}
	took := time.Since(begun)
	delivery, s = settle(delivery, s, a, at, took, random)
	d.metrics.attempt(delivery, took)
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := d.cfg.Outbox.SaveDelivery(note, delivery, s); err != nil {
		d.warn(ctx, "an attempt was not written down", err, "webhook", s.ID)
		d.cfg.Logger.Warn("a delivery will come twice", "webhook", s.ID, "delivery", delivery.ID)
		return s, false
	}
	if !s.Disabled.IsZero() {
		d.disabled(s, at)
		return s, false
	}
	if delivery.State != Sent {
		d.cfg.Logger.Info("a webhook was not taken", "webhook", s.ID, "event", delivery.Type, "attempt", delivery.Attempts, "status", a.status, "error", a.failure)
	}
	return s, delivery.State != Waiting || delivery.Aside
}

// post sends one delivery.
func (d *Dispatcher) post(ctx context.Context, delivery Delivery, s Subscription, at time.Time) answer {
	signature, err := Sign(delivery.ID, at, delivery.Body, s.signing(at)...)
	if err != nil {
		return answer{failure: err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(delivery.Body))
	if err != nil {
		return answer{failure: "the address cannot be called"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", d.cfg.Agent)
	req.Header[HeaderID] = []string{delivery.ID} // small letters, as the specification writes them
	req.Header[HeaderTimestamp] = []string{fmt.Sprint(at.Unix())}
	req.Header[HeaderSignature] = []string{signature}
	client := d.secure
	if req.URL.Scheme == "http" {
		client = d.plain
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{failure: reason(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // its text means nothing to us
	a := answer{status: resp.StatusCode}
	if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		a.retryAfter = retryAfter(resp.Header.Get("Retry-After"), at)
	}
	return a
}

// reason is why there was no answer, in words an administrator may read in the log.
func reason(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the address itself may hold a secret
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrForbiddenAddress):
		return "blocked: " + err.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	text := []rune(err.Error())
	return string(text[:min(len(text), 200)])
}

func (d *Dispatcher) release(ctx context.Context, s Subscription) {
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := d.cfg.Outbox.ReleaseWebhook(note, d.holder, s.ID); err != nil {
		d.warn(ctx, "giving a webhook back", err, "webhook", s.ID)
	}
}

func (d *Dispatcher) disabled(s Subscription, at time.Time) {
	d.metrics.disabled.WithLabelValues(string(s.Why)).Inc()
	d.cfg.Logger.Warn("a webhook is disabled", "webhook", s.ID, "why", s.Why)
	if d.cfg.Journal != nil {
		d.cfg.Journal.Keep([]rooms.Fact{NewFact(s, "disabled", rooms.Actor{}, at)}, func() {})
	}
}

// NewFact is the fact that something was done to a subscription.
func NewFact(s Subscription, what string, by rooms.Actor, at time.Time) rooms.Fact {
	changed := Changed{What: what, Subscription: s.ID, Why: s.Why}
	if u, err := url.Parse(s.URL); err == nil {
		changed.Host = u.Host
	}
	return rooms.Fact{ID: uuid.Must(uuid.NewV7()).String(), Room: s.Room, At: at, By: by, Data: changed}
}

func (d *Dispatcher) tidy(ctx context.Context) {
	totals, err := d.cfg.Outbox.TidyWebhooks(ctx, d.cfg.Now())
	if err != nil {
		d.warn(ctx, "tidying webhooks", err)
		return
	}
	d.metrics.totals(totals)
}

// warn tells of what the store could not do, unless the server is stopping or
// the database is away, which is said once.
func (d *Dispatcher) warn(ctx context.Context, doing string, err error, args ...any) {
	switch {
	case err == nil || ctx.Err() != nil:
	case rooms.CodeOf(err) == rooms.CodeUnavailable:
		d.outbox.Failed(err)
	default:
		d.cfg.Logger.Warn(doing, append(args, "error", err)...)
	}
}
