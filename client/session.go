package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// Session is one participant's presence at a server. Its methods may be
// called from any goroutine.
type Session struct {
	config Config
	log    *slog.Logger
	media  *media

	life     context.Context // ends with the session
	end      context.CancelFunc
	done     chan struct{}
	events   chan Event
	emitting sync.Mutex // guards missed and the order of events
	missed   int
	silent   bool // events is closed

	negotiating chan struct{} // holds one token: offers go one at a time
	kicks       chan struct{} // wakes the supervisor to repair the media path

	mu       sync.Mutex
	link     *link
	linked   chan struct{} // closed and replaced when link is another
	welcome  protocol.Welcome
	about    protocol.Room
	resume   string
	lastSeq  uint64
	layout   protocol.Layout
	sending  protocol.Media
	name     string
	inside   bool
	people   []protocol.Participant
	seats    []protocol.Seat
	admitted chan struct{} // closed by joined
	moved    chan struct{} // closed and replaced when the media state changes
	state    webrtc.PeerConnectionState
	repair   repairNeed
	after    restartWait
	cause    error
}

// Join opens a session and enters the room; it waits while a host must admit.
// ctx bounds the joining only: end the session with Close or Leave.
func Join(ctx context.Context, c Config) (*Session, error) {
	s, err := Open(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.Join(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Open connects to the server and stops at the room's door, from where
// [Session.Welcome] tells who is inside. ctx bounds the opening only.
func Open(ctx context.Context, c Config) (*Session, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &Session{
		config: c, log: c.logger().With("room", c.Room), life: life, end: end,
		done: make(chan struct{}), events: make(chan Event, eventQueue),
		negotiating: make(chan struct{}, 1), kicks: make(chan struct{}, 1),
		layout: c.Layout, sending: c.media(), name: c.Name,
		admitted: make(chan struct{}), moved: make(chan struct{}), linked: make(chan struct{}),
		state: webrtc.PeerConnectionStateNew,
	}
	if s.layout.Mode == "" {
		s.layout.Mode = protocol.LayoutGrid
	}
	s.media = newMedia(c, s.mediaChanged)
	for _, line := range s.media.lines {
		line.connected = s.WaitMedia
	}
	if _, err := s.connect(ctx); err != nil {
		end()
		return nil, fmt.Errorf("opening room %s: %w", c.Room, err)
	}
	go s.supervise()
	return s, nil
}

// Join enters the room with the declared lines and waits while a host must
// admit, also when the connection is lost and comes back meanwhile.
func (s *Session) Join(ctx context.Context) error {
	ctx, cancel := s.during(ctx)
	defer cancel()
	for {
		before := s.current()
		err := s.enter(ctx)
		if errors.Is(err, errLinkLost) && s.waitLink(ctx, before) == nil {
			continue
		}
		if err != nil {
			return fmt.Errorf("joining room %s: %w", s.config.Room, s.because(err))
		}
		return nil
	}
}

// waitLink returns when there is another link than before.
func (s *Session) waitLink(ctx context.Context, before *link) error {
	for {
		s.mu.Lock()
		now, linked := s.link, s.linked
		s.mu.Unlock()
		if now != before {
			return nil
		}
		select {
		case <-linked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter negotiates and joins on the present link.
func (s *Session) enter(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	prepare := s.Welcome().Prepare
	negotiated := make(chan error, 1)
	negotiate := func() {
		err := s.negotiate(ctx, false)
		if err != nil {
			cancel() // do not wait in the lobby of a room we could not hear
		}
		negotiated <- err
	}
	if prepare {
		go negotiate() // both answers are awaited together, which saves a round trip
	}
	err := s.ask(ctx)
	if !prepare && err == nil {
		negotiate()
	}
	if prepare || err == nil {
		err = errors.Join(<-negotiated, err)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.inside = true
	layout := s.layout
	s.mu.Unlock()
	return s.tell(protocol.TypeLayout, layout)
}

// ask sends join and waits until the session is inside.
func (s *Session) ask(ctx context.Context) error {
	s.mu.Lock()
	l, admitted := s.link, s.admitted
	join := protocol.Join{Name: s.name, Media: s.sending}
	s.mu.Unlock()
	reply, err := l.ask(ctx, protocol.TypeJoin, join)
	if err != nil {
		select {
		case <-admitted: // while the link was lost; there is nothing left to ask
			return nil
		default:
			return err
		}
	}
	if reply.Type != protocol.TypeJoined && reply.Type != protocol.TypeWaiting {
		return fmt.Errorf("the server answered join with %s", reply.Type)
	}
	select {
	case <-admitted:
		return nil
	case <-l.done:
		return fmt.Errorf("waiting to be admitted: %w", errLinkLost)
	case <-ctx.Done():
		return fmt.Errorf("waiting to be admitted: %w", ctx.Err())
	}
}

// during bounds ctx by the session's life.
func (s *Session) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// because prefers the session's own end to the error it caused.
func (s *Session) because(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return s.cause
	}
	return err
}

// Welcome returns what the server said when the session was opened.
func (s *Session) Welcome() protocol.Welcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.welcome
}

// ID returns the session's identity in the room.
func (s *Session) ID() string { return s.Welcome().Participant }

// Participants returns everybody in the room, in the order they came.
func (s *Session) Participants() []protocol.Participant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.people)
}

// Seats returns the last seating.
func (s *Session) Seats() []protocol.Seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seats)
}

// Line returns the declared line of a source, or nil.
func (s *Session) Line(source protocol.Source) *Line {
	for _, line := range s.media.lines {
		if line.Source() == source {
			return line
		}
	}
	return nil
}

// Events returns what happens to the session, in order. The channel is closed
// when the session has ended. Reading it is optional.
func (s *Session) Events() <-chan Event { return s.events }

// Done is closed when the session has ended and nothing of it runs any more.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session ended, nil while it has not: [ErrClosed] after
// Close, a [ClosedError] when the server ended it, [ErrLost] when it was gone.
func (s *Session) Err() error {
	select {
	case <-s.done:
		return s.because(ErrClosed)
	default:
		return nil
	}
}

// Leave tells the room goodbye and closes the session.
func (s *Session) Leave(ctx context.Context) error {
	ctx, cancel := s.during(ctx)
	defer cancel()
	_, err := s.current().ask(ctx, protocol.TypeLeave, nil)
	if err != nil {
		err = s.because(err) // the goodbye may end the session before it answers
	}
	var closed *ClosedError
	if errors.As(err, &closed) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

// Close ends the session without a word: the room sees it as lost after a
// while. It returns when nothing of the session runs any more.
func (s *Session) Close() error {
	s.finish(ErrClosed)
	<-s.done
	return nil
}

// finish ends the session for the given cause, the first of which stays.
func (s *Session) finish(cause error) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = cause
	}
	s.mu.Unlock()
	s.end()
}

func (s *Session) current() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

// emit queues an event, or counts it when nobody reads.
func (s *Session) emit(e Event) {
	s.emitting.Lock()
	defer s.emitting.Unlock()
	if s.silent {
		return
	}
	if s.missed > 0 {
		select {
		case s.events <- Missed{Count: s.missed}:
			s.missed = 0
		default:
			s.missed++
			return
		}
	}
	select {
	case s.events <- e:
	default:
		s.missed++
	}
}

// hush sends the last event and closes the channel.
func (s *Session) hush(cause error) {
	s.emitting.Lock()
	defer s.emitting.Unlock()
	for s.silent = true; ; {
		select {
		case s.events <- Closed{Err: cause}:
			close(s.events)
			return
		default: // nobody reads; the oldest event makes room
			select {
			case <-s.events:
			default:
			}
		}
	}
}
