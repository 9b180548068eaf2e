package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"palabre/identity/audit"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/store"
)

const (
	// refusalsWaiting is how many refusals may wait for the store; more are in
	// the server's log alone, so that who knocks wildly fills no memory.
	refusalsWaiting = 256
	// refusalPatience bounds the writing of one.
	refusalPatience = 2 * time.Second
)

// refusals writes into the audit log who was refused for want of a right.
type refusals struct {
	kept  *store.Store
	log   *slog.Logger
	queue chan signaling.Refusal
	stop  chan struct{}
	done  chan struct{}
}

// openRefusals begins to write; what still waits at the end is written too.
func (p *parts) openRefusals(log *slog.Logger) *refusals {
	r := &refusals{
		kept: p.store, log: log, queue: make(chan signaling.Refusal, refusalsWaiting), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	p.onClose(func() error {
		close(r.stop)
		<-r.done
		return nil
	})
	return r
}

// add takes a refusal without waiting.
func (r *refusals) add(refusal signaling.Refusal) {
	select {
	case r.queue <- refusal:
	default: // it is in the server's log
	}
}

func (r *refusals) run() {
	defer close(r.done)
	for {
		select {
		case refusal := <-r.queue:
			r.write(refusal)
		case <-r.stop:
			for len(r.queue) > 0 {
				r.write(<-r.queue)
			}
			return
		}
	}
}

func (r *refusals) write(refusal signaling.Refusal) {
	detail, err := json.Marshal(map[string]string{"where": refusal.Where, "code": string(refusal.Code), "why": refusal.Why})
	if err != nil {
		detail = nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), refusalPatience)
	defer cancel()
	err = r.kept.Audit(ctx, audit.Record{
		At: refusal.At, Actor: audit.Actor{Address: refusal.Address}, Action: "access.refused", Outcome: audit.Refused, Detail: detail,
	})
	if err != nil && rooms.CodeOf(err) != rooms.CodeUnavailable {
		r.log.Warn("a refusal is not in the audit log", "error", err)
	}
}
