package rooms

import (
	"context"
	"fmt"
	"time"
)

// answerTime bounds one negotiation, waiting for the one before included.
const answerTime = 15 * time.Second

var errLinkClosed = &Error{Code: CodeUnavailable, Message: "The session has ended.", Err: ErrEnded}

// answer negotiates; the first offer opens the peer.
func (l *link) answer(ctx context.Context, offer Offer) (string, error) {
	if !l.begin() {
		return "", errLinkClosed
	}
	defer l.finish()
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return "", mediaError(fmt.Errorf("waiting for the offer before: %w", ctx.Err()))
	}
	h, err := l.open(ctx)
	if err != nil {
		return "", mediaError(err)
	}
	sdp, err := h.peer.Answer(ctx, offer)
	if err != nil {
		l.refused(h)
		return "", mediaError(fmt.Errorf("answering an offer: %w", err))
	}
	l.answered(h)
	return sdp, nil
}

// begin and finish bracket a negotiation, so that the link is not free before it ends.
func (l *link) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.busy++
	return true
}

func (l *link) finish() {
	l.mu.Lock()
	l.busy--
	free := l.isFree()
	l.mu.Unlock()
	l.free(free)
}

// open gives the peer, a new one if there is none.
func (l *link) open(ctx context.Context) (*hookup, error) {
	l.mu.Lock()
	h := l.current
	if h != nil {
		l.mu.Unlock()
		return h, nil
	}
	h = &hookup{gone: make(chan struct{})}
	after := l.after
	l.current = h
	l.mu.Unlock()

	if after != nil {
		select {
		case <-after:
		case <-ctx.Done():
			l.drop(h)
			return nil, fmt.Errorf("waiting for the media connection before: %w", ctx.Err())
		}
	}
	peer, err := l.media.Open(l.room, l.participant, report{l, h})
	if err != nil {
		l.drop(h)
		return nil, fmt.Errorf("opening a media connection: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h.peer = peer
	l.after = h.gone
	if l.current != h {
		l.dying = append(l.dying, h)
		l.kick()
		return nil, refuse(CodeUnavailable, "The media connection ended before it began.")
	}
	return h, nil
}

// refused lets go of a peer whose very first offer was no good; one that
// stands goes on as it was.
func (l *link) refused(h *hookup) {
	l.mu.Lock()
	first := !h.answered
	l.mu.Unlock()
	if first {
		l.drop(h)
	}
}

func (l *link) answered(h *hookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.answered = true
	l.kick()
}

// drop lets go of a peer, if it still is the current one.
func (l *link) drop(h *hookup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != h {
		return false
	}
	l.current, l.bars = nil, Bars{}
	l.conduct.speaks(false, time.Now())
	if h.peer != nil {
		l.dying = append(l.dying, h)
		l.kick()
	}
	return true
}
