package cheap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"palabre/signaling/protocol"
)

const (
	// receiveBuffer is what the system keeps between two looks, and while the
	// generator is busy: seconds of a line.
	receiveBuffer = 2 << 20
	maxPacket     = 1500
	// maxEarly is how many packets may come before our half of the handshake
	// is done; the server may send as soon as its own is.
	maxEarly = 256
)

// Subscriber is one cheap participant.
type Subscriber struct {
	crowd  *Crowd
	watch  Watcher
	turn   int
	signal *signal
	socket *socket

	running  sync.WaitGroup
	closing  sync.Once
	nextPing time.Time // used by the crowd alone
	extra    atomic.Uint64
	overflow atomic.Uint64

	mu       sync.Mutex
	path     path
	dtls     *pipe
	keys     *keys
	early    []datagram
	streams  []*stream
	bySSRC   map[uint32]*stream
	last     *stream // whose packet came last
	repairs  map[uint32]int
	number   uint8 // id of the transport-wide number's extension
	feedback feedback
	sample   int // only every so many packets come in; 0 and 1 mean all
	packet   Packet
}

// datagram is one as it came. Its data are valid during the call that hands it over.
type datagram struct {
	data    []byte
	from    netip.AddrPort
	at      time.Time // when it came
	dropped uint32    // how many before it found no room in the socket, or did not pass its filter
}

// Times are a subscriber's first steps.
type Times struct{ Joined, Connected time.Time }

// Join enters the room and connects. Watch is asked once for every line.
func (c *Crowd) Join(ctx context.Context, name string, watch Watcher) (*Subscriber, Times, error) {
	link, err := c.dial(ctx)
	if err != nil {
		return nil, Times{}, err
	}
	s := &Subscriber{crowd: c, watch: watch, signal: link, path: newPath(), bySSRC: map[uint32]*stream{}, nextPing: time.Now().Add(pingEvery)}
	s.packet.subscriber = s
	s.running.Go(link.read)
	times, err := s.enter(ctx, name)
	if err == nil {
		err = s.socket.detach(&s.mu)
	}
	if err == nil {
		err = c.admit(s)
	}
	if err != nil {
		s.close()
		return nil, Times{}, fmt.Errorf("%s: %w", name, err)
	}
	return s, times, nil
}

// enter walks through the signalling: hello, offer and join at once where the
// server lets people prepare, layout.
func (s *Subscriber) enter(ctx context.Context, name string) (times Times, err error) {
	c := s.crowd.config
	hello := protocol.Hello{Room: c.Room, Token: c.Token, Name: name, Client: c.Client}
	if _, err := s.signal.tell(protocol.TypeHello, true, hello); err != nil {
		return times, err
	}
	var welcome protocol.Welcome
	if err := s.await(ctx, protocol.TypeWelcome, &welcome); err != nil {
		return times, err
	}
	if welcome.Prepare {
		if _, err := s.signal.tell(protocol.TypeOffer, true, s.crowd.offer(s.path.own)); err != nil {
			return times, err
		}
	}
	if _, err := s.signal.tell(protocol.TypeJoin, true, protocol.Join{Name: name}); err != nil {
		return times, err
	}
	return s.settle(ctx, welcome.Prepare)
}

// settle takes the answers to join and offer in whichever order they come.
func (s *Subscriber) settle(ctx context.Context, offered bool) (times Times, err error) {
	for times.Joined.IsZero() || times.Connected.IsZero() {
		f, err := s.signal.next(ctx)
		if err != nil {
			return times, err
		}
		switch f.Type {
		case protocol.TypeAnswer:
			if err := s.connect(ctx, f); err != nil {
				return times, err
			}
			times.Connected = time.Now()
		case protocol.TypeJoined:
			times.Joined = time.Now()
			_, err = s.signal.tell(protocol.TypeLayout, false, protocol.Layout{Mode: s.crowd.config.Layout})
			if err == nil && !offered {
				_, err = s.signal.tell(protocol.TypeOffer, true, s.crowd.offer(s.path.own))
			}
			if err != nil {
				return times, err
			}
		}
	}
	return times, nil
}

// await skips to a message of one type and decodes it.
func (s *Subscriber) await(ctx context.Context, kind protocol.ServerType, data any) error {
	for {
		f, err := s.signal.next(ctx)
		if err != nil {
			return err
		}
		if f.Type != kind {
			continue
		}
		if err := json.Unmarshal(f.Data, data); err != nil {
			return fmt.Errorf("reading the server's %s: %w", kind, err)
		}
		return nil
	}
}

// connect brings the media path up from the server's answer.
func (s *Subscriber) connect(ctx context.Context, f frame) error {
	var text protocol.Answer
	if err := json.Unmarshal(f.Data, &text); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	a, err := readAnswer(text.SDP, len(s.crowd.lines))
	if err != nil {
		return err
	}
	network, candidates := a.network()
	s.socket, err = s.crowd.openSocket(network)
	if err != nil {
		return err
	}
	s.take(a)
	s.running.Go(s.read)
	if err := s.findPath(ctx, candidates); err != nil {
		return err
	}
	k, err := s.handshake(ctx, a.fingerprint)
	if err != nil {
		return err
	}
	s.open(k)
	return nil
}

// take notes what an answer says.
func (s *Subscriber) take(a answer) {
	s.path.remote, s.repairs, s.number = a.remote, a.repairs, a.arrivals
	for ssrc, at := range a.media {
		l := &stream{section: s.crowd.lines[at], ssrc: ssrc}
		l.watch = s.watch(l.seat, l.index, l.video)
		s.bySSRC[ssrc] = l
		s.streams = append(s.streams, l)
	}
	slices.SortFunc(s.streams, func(a, b *stream) int { return a.index - b.index })
	s.feedback = newFeedback(s.crowd.config.Arrivals && a.arrivals != 0, time.Now())
}

// open begins to take media in, what came too early first.
func (s *Subscriber) open(k *keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.dtls = k, nil
	for _, d := range s.early {
		s.media(d.data, d.at)
	}
	s.early = nil
}

// read takes datagrams until somebody looks after the socket otherwise, or it is closed.
func (s *Subscriber) read() {
	err := s.socket.wait(func(list []datagram) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.came(list)
	})
	if err != nil && !errors.Is(err, net.ErrClosed) {
		s.crowd.log.Warn("a subscriber's socket cannot be read", "error", err)
	}
}

// look takes what has come since the last look.
func (s *Subscriber) look(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket.look(b, s.came)
}

// came sorts datagrams by their first byte (RFC 7983).
func (s *Subscriber) came(list []datagram) {
	for _, d := range list {
		if d.dropped != 0 && s.sample <= 1 {
			s.overflow.Add(uint64(d.dropped))
		}
		if len(d.data) == 0 {
			continue
		}
		switch first := d.data[0]; {
		case first < 4:
			s.stun(d.data, d.from)
		case first >= 20 && first < 64:
			if s.dtls != nil {
				s.dtls.put(d.data)
			}
		case first < 128 || first > 191 || len(d.data) < rtpHeader:
		case s.keys != nil:
			s.media(d.data, d.at)
		case len(s.early) < maxEarly:
			d.data = slices.Clone(d.data)
			s.early = append(s.early, d)
		}
	}
}

// media takes SRTP and SRTCP (told apart by RFC 5761 section 4).
func (s *Subscriber) media(b []byte, at time.Time) {
	if kind := b[1]; kind >= 192 && kind < 224 {
		s.controlled(b, at)
		return
	}
	p := &s.packet
	p.SSRC = uint32(b[8])<<24 | uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11])
	p.Number = uint16(b[2])<<8 | uint16(b[3])
	if s.feedback.arrivals != nil {
		if number, ok := element(b, s.number); ok {
			s.feedback.arrivals.Record(p.SSRC, number, at.Sub(s.feedback.began).Microseconds())
		}
	}
	l := s.last
	if l == nil || l.ssrc != p.SSRC {
		if l = s.bySSRC[p.SSRC]; l == nil {
			s.extra.Add(1)
			return
		}
		s.last = l
	}
	start, ok := payloadStart(b)
	if !ok || s.sample > 1 && int(p.Number)%s.sample != 0 {
		return // of the second kind are those that came before the filter
	}
	l.note(p.Number, s.step())
	p.Size, p.At, p.Step, p.raw = max(len(b)-start-authTag, 0), at, int(s.step()), b
	waits := l.watch.Packet(p)
	if waits && !l.waitsKey {
		l.ask = at.Add(firstAsk)
	}
	l.waitsKey = waits
}

// step is how many packets one stands for.
func (s *Subscriber) step() uint32 { return uint32(max(s.sample, 1)) }

// Extra is how many packets came beside the media: retransmissions and probes.
func (s *Subscriber) Extra() uint64 { return s.extra.Load() }

// Overflow is how many datagrams found no room in the socket because this
// process did not read it in time: what they carried is missing, but by no
// fault of the server's. It is counted until the kernel samples, whose count of
// what it dropped holds what it was to throw away, too.
func (s *Subscriber) Overflow() uint64 { return s.overflow.Load() }

// errNotConnected says that there is no media path (yet).
var errNotConnected = errors.New("the subscriber is not connected")

// Sample makes the kernel throw away all RTP packets but those whose number is
// a multiple of n, a power of two, so that they cost this process nothing. The
// watcher sees only these from now on, and reports to the server count each
// for n. It works on Linux; elsewhere it returns an error.
func (s *Subscriber) Sample(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == nil {
		return errNotConnected
	}
	if err := s.socket.sample(n); err != nil {
		return err
	}
	s.sample = n
	for _, l := range s.streams {
		l.restart()
	}
	return nil
}

// send sends one datagram; what the system does not take is lost.
func (s *Subscriber) send(b []byte, to netip.AddrPort) {
	s.socket.send(b, to)
}

// Leave says goodbye and ends the session.
func (s *Subscriber) Leave(ctx context.Context) error {
	s.crowd.release(s)
	defer s.close()
	if _, err := s.signal.tell(protocol.TypeLeave, true, nil); err != nil {
		return err
	}
	select {
	case <-s.signal.gone:
	case <-ctx.Done():
		return fmt.Errorf("leaving: %w", ctx.Err())
	}
	return nil
}

// close ends all that runs for the subscriber and waits for it.
func (s *Subscriber) close() {
	s.closing.Do(func() {
		_ = s.signal.socket.Close()
		if s.socket == nil {
			s.running.Wait()
			return
		}
		s.socket.stop()
		s.running.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.socket.close()
	})
}
