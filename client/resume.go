package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// Pauses between attempts to come back, doubled from the first to the last
// and spread by half, so that a room does not come back all at once.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 3 * time.Second
	// repairPause is between attempts to mend the media path on a good link.
	repairPause = 2 * time.Second
)

// repairNeed says what the media path needs, the worse the larger.
type repairNeed int

const (
	repairNothing repairNeed = iota
	repairOffer              // an offer was not answered
	repairRestart            // the path is lost: restart ICE
	repairRebuild            // the PeerConnection is lost
)

// restartWait is the server's announcement that it goes away.
type restartWait struct {
	pending bool
	delay   time.Duration
}

// supervise owns the link and the media path until the session ends.
func (s *Session) supervise() {
	defer s.cleanUp()
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-s.current().done:
			if s.life.Err() != nil || !s.comeBack() {
				return
			}
		case <-s.kicks:
			s.mend(retry)
		case <-retry.C:
			s.mend(retry)
		}
	}
}

func (s *Session) cleanUp() {
	s.end()
	s.current().close()
	if err := s.media.close(); err != nil {
		s.log.Debug("the media path did not close cleanly", "error", err)
	}
	s.hush(s.because(ErrClosed))
	close(s.done)
}

// mend repairs the media path over a link that stands.
func (s *Session) mend(retry *time.Timer) {
	if err := s.repairMedia(s.life); err != nil {
		s.log.Info("media path not mended yet", "error", err)
		retry.Reset(repairPause)
	}
}

// need notes what the media path needs and wakes the supervisor.
func (s *Session) need(n repairNeed) {
	s.mu.Lock()
	s.repair = max(s.repair, n)
	s.mu.Unlock()
	select {
	case s.kicks <- struct{}{}:
	default:
	}
}

// repairMedia does what need noted.
func (s *Session) repairMedia(ctx context.Context) error {
	s.mu.Lock()
	n := s.repair
	s.repair = repairNothing
	s.mu.Unlock()
	var err error
	switch n {
	case repairNothing:
		return nil
	case repairRebuild:
		s.dropMedia()
		err = s.negotiate(ctx, false)
	default:
		err = s.negotiate(ctx, n == repairRestart)
	}
	if err != nil {
		s.mu.Lock()
		s.repair = max(s.repair, n)
		s.mu.Unlock()
	}
	return err
}

// negotiate makes one offer and applies its answer.
func (s *Session) negotiate(ctx context.Context, restartICE bool) error {
	if s.media.empty() {
		return nil
	}
	select {
	case s.negotiating <- struct{}{}:
		defer func() { <-s.negotiating }()
	case <-ctx.Done():
		return fmt.Errorf("negotiating media: %w", ctx.Err())
	}
	offer, err := s.media.offer(restartICE)
	if err != nil {
		return err
	}
	reply, err := s.current().ask(ctx, protocol.TypeOffer, offer)
	if err != nil {
		return err
	}
	if reply.Type != protocol.TypeAnswer {
		return fmt.Errorf("the server answered the offer with %s", reply.Type)
	}
	answer, err := decode[protocol.Answer](reply)
	if err != nil {
		return err
	}
	return s.media.accept(answer.SDP)
}

// dropMedia closes a PeerConnection that is of no use any more; the next offer
// makes another.
func (s *Session) dropMedia() {
	if err := s.media.close(); err != nil {
		s.log.Debug("the old media path did not close cleanly", "error", err)
	}
	s.note(webrtc.PeerConnectionStateNew)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repair = repairNothing // what was needed was needed by the one dropped
}

// note keeps the media state and wakes who waits for it.
func (s *Session) note(state webrtc.PeerConnectionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	close(s.moved)
	s.moved = make(chan struct{})
}

// mediaChanged reacts to the PeerConnection's state. A lost path gets an ICE
// restart at once, a failed one a new PeerConnection.
func (s *Session) mediaChanged(state webrtc.PeerConnectionState) {
	s.note(state)
	s.emit(MediaChanged{state})
	switch state {
	case webrtc.PeerConnectionStateDisconnected:
		s.need(repairRestart)
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		s.need(repairRebuild)
	}
}

// comeBack finds the server again, or ends the session and returns false.
func (s *Session) comeBack() bool {
	lost := s.current()
	lost.close()
	s.emit(Disconnected{Err: lost.reason()})
	s.mu.Lock()
	after := s.after
	s.after = restartWait{}
	s.mu.Unlock()
	if after.pending && !s.pause(after.delay) {
		return false
	}
	deadline := time.Now().Add(s.config.resumeWindow())
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		err := s.resumeOnce()
		if err == nil {
			return true
		}
		asked, again := retryAfter(err)
		if !again {
			s.finish(err)
			return false
		}
		if time.Now().After(deadline) {
			s.finish(fmt.Errorf("%w: %w", ErrLost, err))
			return false
		}
		s.log.Info("server not reached yet", "error", err)
		if !s.pause(max(asked, wait/2+rand.N(wait/2+1))) {
			return false
		}
	}
}

// pause waits, or returns false when the session ends meanwhile.
func (s *Session) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.life.Done():
		return false
	}
}

// resumeOnce tries once to come back and to be where the session was.
func (s *Session) resumeOnce() error {
	ctx, cancel := context.WithTimeout(s.life, 2*callTimeout)
	defer cancel()
	resumed, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := s.restore(ctx, resumed); err != nil {
		// The next attempt opens its own link.
		s.current().close()
		return fmt.Errorf("taking the seat again: %w", err)
	}
	return nil
}

// restore brings media and room back to where they were.
func (s *Session) restore(ctx context.Context, r protocol.Resumed) error {
	s.mu.Lock()
	connected := s.state == webrtc.PeerConnectionStateConnected
	inside, layout, sending := s.inside, s.layout, s.sending
	s.mu.Unlock()
	switch {
	case !r.Media:
		s.dropMedia()
	case !connected:
		s.need(repairRestart)
	}
	if r.Fresh {
		if !inside {
			return nil
		}
		return s.enter(ctx)
	}
	if !r.Media && s.media.negotiated() {
		s.need(repairRebuild)
	}
	if err := s.repairMedia(ctx); err != nil {
		return err
	}
	if !inside {
		return nil
	}
	// What was changed while nobody listened is told again.
	return errors.Join(s.tell(protocol.TypeLayout, layout), s.tell(protocol.TypeMedia, sending))
}

// connect opens a link and says hello: as who we were, when we were somebody.
func (s *Session) connect(ctx context.Context) (protocol.Resumed, error) {
	l, err := dial(ctx, s.config, s.receive)
	if err != nil {
		return protocol.Resumed{}, err
	}
	resumed, err := s.hello(ctx, l)
	if err != nil {
		l.close()
		return protocol.Resumed{}, err
	}
	s.mu.Lock()
	s.link = l
	close(s.linked)
	s.linked = make(chan struct{})
	s.mu.Unlock()
	return resumed, nil
}

func (s *Session) hello(ctx context.Context, l *link) (protocol.Resumed, error) {
	s.mu.Lock()
	hello := protocol.Hello{
		Room: s.config.Room, Token: s.config.Token, Name: s.name, Client: s.config.Client,
		Resume: s.resume, LastSeq: s.lastSeq,
	}
	s.mu.Unlock()
	reply, err := l.ask(ctx, protocol.TypeHello, hello)
	var refused *ServerError
	if hello.Resume != "" && errors.As(err, &refused) && refused.Code == protocol.CodeResumeFailed {
		hello.Resume, hello.LastSeq = "", 0
		reply, err = l.ask(ctx, protocol.TypeHello, hello)
	}
	if err != nil {
		return protocol.Resumed{}, fmt.Errorf("saying hello: %w", err)
	}
	switch reply.Type {
	case protocol.TypeWelcome:
		return protocol.Resumed{Fresh: true}, nil
	case protocol.TypeResumed:
		return decode[protocol.Resumed](reply)
	default:
		return protocol.Resumed{}, fmt.Errorf("the server answered hello with %s", reply.Type)
	}
}
