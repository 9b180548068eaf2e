package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	gomail "github.com/wneessen/go-mail"

	"palabre/notify/outage"
	"palabre/rooms"
)

const (
	// every is how often the sender looks for mail.
	every = 2 * time.Second
	// batch is how many messages go over one connection.
	batch = 20
	// leaseFor is how long a batch is lent to a server that may have died.
	leaseFor = 5 * time.Minute
	// MinPause and MaxPause are between attempts to reach a mail server that is away.
	MinPause, MaxPause = 5 * time.Second, 5 * time.Minute
	// noteWithin bounds the note of an attempt when the server is stopping.
	noteWithin = 3 * time.Second
	tidyEvery  = 10 * time.Minute
)

// pauses are before the attempts of one message that the mail server put off (4yz).
func pauses() []time.Duration {
	return []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
}

// Config says how mail is sent. Zero values mean the default.
type Config struct {
	// Queue holds what is to be sent, Server takes it. Required.
	Queue  Queue
	Server *Server
	// Every is how often it is looked for mail. Default 2 s.
	Every time.Duration
	// Now tells the time. Default time.Now.
	Now func() time.Time
	// Logger is told of what fails, and never of who mail is for. Default discards.
	Logger *slog.Logger
	// Metrics is where the figures are registered; nil registers none.
	Metrics prometheus.Registerer
}

// Sender sends what waits. Run it once in each server.
type Sender struct {
	cfg    Config
	holder string
	sent   *prometheus.CounterVec
	queued *prometheus.GaugeVec
	queue  *outage.Watch
	// again is when the mail server is asked again that was away, pause how long that was.
	again time.Time
	pause time.Duration
}

// NewSender makes a sender; nothing happens until it runs.
func NewSender(cfg Config) (*Sender, error) {
	if cfg.Queue == nil || cfg.Server == nil {
		return nil, errors.New("sending mail needs a queue and a mail server")
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
	s := &Sender{
		cfg: cfg, holder: uuid.NewString(), queue: outage.New(cfg.Logger, "the queue of mail", cfg.Every),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "palabre_mail_attempts_total", Help: "Attempts to send a message, by what came of them.",
		}, []string{"outcome"}),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "palabre_mail_messages", Help: "Messages that wait or are dead, looked at every ten minutes.",
		}, []string{"state"}),
	}
	if cfg.Metrics != nil {
		if err := errors.Join(cfg.Metrics.Register(s.sent), cfg.Metrics.Register(s.queued)); err != nil {
			return nil, fmt.Errorf("register the figures of mail: %w", err)
		}
	}
	return s, nil
}

// Run sends what waits until the context ends.
func (s *Sender) Run(ctx context.Context) error {
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
			s.tidy(ctx)
		}
		for s.round(ctx) {
		}
		next.Reset(s.queue.Pause())
	}
}

// round sends one batch; more says that there may be another one.
func (s *Sender) round(ctx context.Context) (more bool) {
	now := s.cfg.Now()
	// Further away than any pause: a clock was set back.
	if ctx.Err() != nil || now.Before(s.again) && s.again.Sub(now) <= MaxPause {
		return false
	}
	list, err := s.cfg.Queue.LeaseMail(ctx, s.holder, now, now.Add(leaseFor), batch)
	if ctx.Err() == nil {
		s.queue.Looked(err)
	}
	if err != nil || len(list) == 0 {
		return false
	}
	client, err := s.cfg.Server.dial(ctx)
	if err != nil {
		s.away(ctx, list, err)
		return false
	}
	s.again, s.pause = time.Time{}, 0
	defer func() { _ = client.Close() }() // what was taken was taken
	for _, m := range list {
		if ctx.Err() != nil {
			break
		}
		s.send(ctx, client, m)
	}
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	s.warn(ctx, "giving mail back", s.cfg.Queue.ReturnMail(note, s.holder, s.cfg.Now(), ""))
	return ctx.Err() == nil
}

// away puts everything off: the mail server was not reached. What is too old is given up.
func (s *Sender) away(ctx context.Context, list []Queued, cause error) {
	if ctx.Err() == nil {
		s.pause = min(max(2*s.pause, MinPause), MaxPause)
		s.again = s.cfg.Now().Add(s.pause)
		s.cfg.Logger.Warn("the mail server is away; mail waits", "again in", s.pause, "error", cause)
		s.sent.WithLabelValues("away").Inc()
	}
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	for _, m := range list {
		if s.cfg.Now().Sub(m.Created) > MaxAge {
			m.State, m.Due, m.Error = Dead, s.cfg.Now(), short(cause)
			s.warn(ctx, "giving a message up", s.cfg.Queue.MailFailed(note, m))
		}
	}
	s.warn(ctx, "giving mail back", s.cfg.Queue.ReturnMail(note, s.holder, s.cfg.Now(), short(cause)))
}

// send sends one message and writes down what came of it.
func (s *Sender) send(ctx context.Context, client *gomail.Client, m Queued) {
	msg, err := m.compose(s.cfg.Server.from.Address, s.cfg.Server.from.Name, s.cfg.Server.domain(), m.Created)
	temporary := false
	if err == nil {
		err = client.Send(msg)
		var refusal *gomail.SendError
		temporary = !errors.As(err, &refusal) || refusal.IsTemp() || refusal.ErrorCode() == 0
	}
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err == nil {
		s.sent.WithLabelValues("sent").Inc()
		if err := s.cfg.Queue.MailSent(note, m.ID); err != nil {
			s.warn(ctx, "a message that was sent is not forgotten", err)
			s.cfg.Logger.Warn("a message will go out twice", "message", m.ID)
		}
		return
	}
	now := s.cfg.Now()
	m.Attempts++
	m.Error = short(err)
	if list := pauses(); temporary && m.Attempts <= len(list) && now.Sub(m.Created) <= MaxAge {
		m.Due = now.Add(list[m.Attempts-1])
		s.sent.WithLabelValues("retry").Inc()
	} else {
		m.State, m.Due = Dead, now
		s.sent.WithLabelValues("dead").Inc()
		s.cfg.Logger.Warn("a message cannot be sent", "message", m.ID, "error", m.Error)
	}
	s.warn(ctx, "writing down an attempt to send", s.cfg.Queue.MailFailed(note, m))
}

func (s *Sender) tidy(ctx context.Context) {
	waiting, dead, err := s.cfg.Queue.TidyMail(ctx, s.cfg.Now())
	if err != nil {
		s.warn(ctx, "tidying mail", err)
		return
	}
	s.queued.WithLabelValues(string(Waiting)).Set(float64(waiting))
	s.queued.WithLabelValues(string(Dead)).Set(float64(dead))
}

// warn tells of what the store could not do, unless the server is stopping or
// the database is away, which is said once.
func (s *Sender) warn(ctx context.Context, doing string, err error) {
	switch {
	case err == nil || ctx.Err() != nil:
	case rooms.CodeOf(err) == rooms.CodeUnavailable:
		s.queue.Failed(err)
	default:
		s.cfg.Logger.Warn(doing, "error", err)
	}
}

// short is an error as it is kept: servers may say a lot.
func short(err error) string {
	text := []rune(oneLine(err.Error()))
	return string(text[:min(len(text), 300)])
}
