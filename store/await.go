package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

const (
	// pingTimeout bounds one look for a database that is away at the start.
	pingTimeout = 5 * time.Second
	// firstLook and lastLook are the pauses between two looks: they grow from one to the other.
	firstLook = 100 * time.Millisecond
	lastLook  = 2 * time.Second
	// sayEvery is how often it is said that somebody waits.
	sayEvery = 30 * time.Second
)

// await waits until PostgreSQL is there, or has been waited for long enough, or
// says something that waiting does not help against. What is wrong then is for
// whoever uses it next to find out: the error is that ctx ended.
func (s *Store) await(ctx context.Context) error {
	if s.engine.sqlite() || s.cfg.Wait <= 0 {
		return nil
	}
	return wait{limit: s.cfg.Wait, look: s.write.PingContext, away: s.engine.away, log: s.log}.run(ctx)
}

// wait is for something that may be away.
type wait struct {
	limit time.Duration
	look  func(context.Context) error
	away  func(error) bool
	log   *slog.Logger
}

func (w wait) run(ctx context.Context) error {
	begin := time.Now()
	var said time.Time
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		looking, cancel := context.WithTimeout(ctx, pingTimeout)
		err := w.look(looking)
		cancel()
		waited := time.Since(begin)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("wait for the database: %w", ctx.Err())
		case err == nil && !said.IsZero():
			w.log.Info("the database is there", "after", waited.Round(time.Millisecond).String())
			return nil
		case err == nil || !w.away(err) || waited >= w.limit:
			return nil
		case said.IsZero() || time.Since(said) >= sayEvery:
			said = time.Now()
			w.log.Warn("waiting for the database, which is away", "for", (w.limit - waited).Round(time.Second).String(), "error", plain(err))
		}
		timer := time.NewTimer(min(pause, w.limit-waited))
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}
