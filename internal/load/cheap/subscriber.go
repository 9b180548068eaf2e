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
	// receiveBuffer is what the system keeps while the generator is busy.
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
	socket *net.UDPConn

	running  sync.WaitGroup
	closing  sync.Once
	nextPing time.Time // used by the crowd alone
	extra    atomic.Uint64

	mu       sync.Mutex
	path     path
	dtls     *pipe
	keys     *keys
	early    [][]byte
	streams  []*stream
	bySSRC   map[uint32]*stream
	last     *stream // whose packet came last
	repairs  map[uint32]int
	number   uint8 // id of the transport-wide number's extension
	feedback feedback
	sample   int // only every so many packets come in; 0 and 1 mean all
	packet   Packet
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
	s.socket, err = net.ListenUDP(network, nil)
	if err != nil {
		return fmt.Errorf("opening a UDP socket: %w", err)
	}
	_ = s.socket.SetReadBuffer(receiveBuffer) // with the smaller one it works too
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
	now := time.Now()
	for _, datagram := range s.early {
		s.media(datagram, now)
	}
	s.early = nil
}

// read takes datagrams until the socket is closed.
func (s *Subscriber) read() {
	err := s.crowd.inbox.each(s.socket, s.datagram)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		s.crowd.log.Warn("a subscriber's socket cannot be read", "error", err)
	}
}

// datagram sorts by the first byte (RFC 7983).
func (s *Subscriber) datagram(b []byte, from netip.AddrPort) {
	if len(b) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch first := b[0]; {
	case first < 4:
		s.stun(b, from)
	case first >= 20 && first < 64:
		if s.dtls != nil {
			s.dtls.put(b)
		}
	case first < 128 || first > 191 || len(b) < rtpHeader:
	case s.keys != nil:
		s.media(b, time.Now())
	case len(s.early) < maxEarly:
		s.early = append(s.early, slices.Clone(b))
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

// Sample makes the kernel throw away all RTP packets but those whose number is
// a multiple of n, a power of two, so that they cost this process nothing. The
// watcher sees only these from now on, and reports to the server count each
// for n. It works on Linux; elsewhere it returns an error.
func (s *Subscriber) Sample(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == nil {
		return errors.New("sampling: the subscriber is not connected")
	}
	if err := attachFilter(s.socket, n); err != nil {
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
	_, _ = s.socket.WriteToUDPAddrPort(b, to)
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
		if s.socket != nil {
			_ = s.socket.Close()
		}
		s.running.Wait()
	})
}
