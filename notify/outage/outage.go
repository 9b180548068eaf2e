// Package outage is for who asks a queue in the database over and over: it says
// once that the queue cannot be read and once that it can be again, and how long
// to wait meanwhile.
package outage

import (
	"log/slog"
	"sync"
	"time"
)

// Longest is the longest pause between two looks at a queue that cannot be read:
// short enough that nobody notices how much later than the database it is back.
const Longest = 10 * time.Second

// Watch follows one queue. All methods may be called from any goroutine.
type Watch struct {
	log   *slog.Logger
	what  string
	usual time.Duration

	mu    sync.Mutex
	since time.Time // when it went away; zero while it is there
	pause time.Duration
}

// New makes a watch over what is looked at every so often; what names it in
// the log, such as "the queue of mail".
func New(log *slog.Logger, what string, usual time.Duration) *Watch {
	return &Watch{log: log, what: what, usual: usual, pause: usual}
}

// Looked notes how a look at the queue went: err is nil where it could be read.
func (w *Watch) Looked(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		if w.failed(err) {
			return // the first pause is the usual one
		}
		w.pause = max(w.usual, min(2*w.pause, Longest))
		return
	}
	if !w.since.IsZero() {
		w.log.Info(w.what+" can be read again", "after", time.Since(w.since).Round(time.Millisecond).String())
	}
	w.since, w.pause = time.Time{}, w.usual
}

// Failed notes that the database was away for something else that was asked of
// it; the next look tells when it is back.
func (w *Watch) Failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed(err)
}

// failed says so the first time.
func (w *Watch) failed(err error) (first bool) {
	if !w.since.IsZero() {
		return false
	}
	w.since = time.Now()
	w.log.Warn(w.what+" cannot be read; it is asked again at growing pauses", "error", err)
	return true
}

// Pause is how long to wait before the next look.
func (w *Watch) Pause() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pause
}
