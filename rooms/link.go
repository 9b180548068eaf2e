package rooms

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// enterTime bounds letting media flow.
const enterTime = 10 * time.Second

// link is one participant's connection to the media plane, over all the peers
// it may need one after the other. The room says what it wishes and never
// waits; a goroutine that lives only while there is something to do carries
// it out, newest wish only.
type link struct {
	media             Media
	room, participant string
	log               *slog.Logger
	// push writes into the session's outbox; changed tells the room to look
	// at the link; spawn runs a goroutine the rooms wait for; freed is called
	// once nothing of the link is left. None of them blocks.
	push    func(Data)
	changed func()
	spawn   func(func())
	// drew takes what the data channel brought, roomy that it has room again.
	drew  func([]byte)
	roomy func()
	freed func()
	// after is closed when whoever had the participant id before is gone from
	// the media plane, first another link, then each peer of this one; nil when nobody had it.
	after <-chan struct{}
	// gone is closed when nothing of the link is left.
	gone chan struct{}
	// turn is held by the negotiation that runs: one at a time.
	turn chan struct{}
	// ctx ends when the link is closed.
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	wish    wish
	current *hookup
	// moved is what waits until the peer is in the group wished.
	moved []func()
	// dying are peers to be closed.
	dying   []*hookup
	status  linkStatus
	bars    Bars // of current
	conduct conduct
	busy    int  // negotiations that run or wait
	running bool // the goroutine lives
	closed  bool
	freeing bool // freed was or is being called
}

// wish is what the room wants of the media plane. The counts tell a newer
// layout, sending or group from one already passed on.
type wish struct {
	entered  bool
	group    string
	groups   int
	layout   Layout
	layouts  int
	sending  Sending
	sendings int
}

// hookup is one peer, and what it has been told.
type hookup struct {
	peer     MediaPeer
	answered bool
	told     wish
	// gone is closed once the peer is.
	gone chan struct{}
}

// linkStatus says how a participant's media stands.
type linkStatus int

const (
	linkNew linkStatus = iota // no connection yet
	linkUp
	linkDown   // no path, may come back
	linkFailed // gone for good
)

// want changes what the room wishes of the media plane.
func (l *link) want(change func(*wish)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.wish)
	l.kick()
}

func (l *link) enter(sending Sending) {
	l.want(func(w *wish) {
		w.entered = true
		w.sending = sending
		w.sendings++
	})
}

func (l *link) setSending(sending Sending) {
	l.want(func(w *wish) {
		w.sending = sending
		w.sendings++
	})
}

func (l *link) setLayout(layout Layout) {
	l.want(func(w *wish) {
		w.layout = layout
		w.layouts++
	})
}

// move takes media to a group of the room; then is called once nothing passes
// any more between the participant and those they left.
func (l *link) move(group string, then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.wish.group = group
	l.wish.groups++
	l.moved = append(l.moved, then)
	l.kick()
}

// stands says whether the client's media connection still is there.
func (l *link) stands() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current != nil && l.current.answered
}

func (l *link) state() linkStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// close ends the link without waiting for it; gone is closed when it is done.
func (l *link) close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	l.cancel()
	if h := l.current; h != nil && h.peer != nil {
		l.dying = append(l.dying, h)
	}
	l.current = nil
	if len(l.dying) > 0 {
		l.kick()
	}
	free := l.isFree()
	l.mu.Unlock()
	l.free(free)
}

// isFree says, once, that nothing of a closed link is left; l.mu is held.
func (l *link) isFree() bool {
	if !l.closed || l.running || l.busy > 0 || len(l.dying) > 0 || l.freeing {
		return false
	}
	l.freeing = true
	return true
}

func (l *link) free(free bool) {
	if free {
		close(l.gone)
		l.freed()
	}
}

// kick starts the goroutine when it does not run; l.mu is held.
func (l *link) kick() {
	if !l.running {
		l.running = true
		l.spawn(l.work)
	}
}

// work carries out what is wished, step by step, until nothing is left to do.
func (l *link) work() {
	for {
		step := l.next()
		if step == nil {
			break
		}
		step()
	}
	l.mu.Lock()
	free := l.isFree()
	l.mu.Unlock()
	l.free(free)
}

// next gives the next step, and nil when there is none: the goroutine then ends.
func (l *link) next() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.dying) > 0 {
		h := l.dying[0]
		l.dying = l.dying[1:]
		return func() { l.bury(h) }
	}
	h := l.current
	if h == nil || !h.answered {
		return l.settled() // there is nothing to move
	}
	w := l.wish
	switch {
	case h.told.groups != w.groups:
		h.told.groups = w.groups
		return func() { h.peer.Move(w.group) }
	case len(l.moved) > 0:
		return l.settled()
	case h.told.sendings != w.sendings:
		h.told.sendings = w.sendings
		return func() { h.peer.SetSending(w.sending) }
	case h.told.layouts != w.layouts:
		h.told.layouts = w.layouts
		return func() { h.peer.SetLayout(w.layout) }
	case !h.told.entered && w.entered:
		h.told.entered = true
		return func() { l.letIn(h) }
	}
	return l.settled()
}

// settled tells those who wait for a move, and ends the goroutine where nobody
// does; l.mu is held.
func (l *link) settled() func() {
	moved := l.moved
	if l.moved = nil; len(moved) > 0 {
		return func() {
			for _, then := range moved {
				then()
			}
		}
	}
	l.running = false
	return nil
}

func (l *link) bury(h *hookup) {
	defer close(h.gone)
	if err := h.peer.Close(); err != nil {
		l.log.Warn("closing a media connection failed", "participant", l.participant, "error", err)
	}
}

func (l *link) letIn(h *hookup) {
	ctx, cancel := context.WithTimeout(l.ctx, enterTime)
	defer cancel()
	if err := h.peer.Enter(ctx); err != nil && l.ctx.Err() == nil {
		l.log.Error("letting media in failed", "participant", l.participant, "error", err)
		l.lose(h, "media could not be let in")
	}
}

// lose says that a peer is gone for good, if it still is the current one.
func (l *link) lose(h *hookup, reason string) {
	if !l.drop(h) {
		return
	}
	l.setStatus(linkFailed)
	l.push(MediaLost{Reason: reason})
	l.changed()
}

func (l *link) setStatus(status linkStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
	if status == linkUp && l.conduct.up.IsZero() {
		l.conduct.up = time.Now()
	}
}

// setGrade notes how good the connection is, and says whether that still counts.
func (l *link) setGrade(h *hookup, bars Bars) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != h {
		return false
	}
	l.bars = bars
	l.conduct.graded(bars, time.Now())
	return true
}

// grade is how good the connection is.
func (l *link) grade() Bars {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bars
}

// send sends over the data channel, without waiting. It is false where that was not taken.
func (l *link) send(message []byte) bool {
	l.mu.Lock()
	h := l.current
	stands := h != nil && h.answered
	l.mu.Unlock()
	return stands && h.peer.Send(message)
}

// stats asks the media plane about the connection; empty while there is none.
func (l *link) stats() MediaStats {
	l.mu.Lock()
	h := l.current
	stands := h != nil && h.answered
	l.mu.Unlock()
	if !stands {
		return MediaStats{}
	}
	return h.peer.Stats()
}

// isCurrent says whether reports of a peer still count.
func (l *link) isCurrent(h *hookup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current == h
}
