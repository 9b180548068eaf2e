package sfu

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/sfu/shard"
	"palabre/sfu/speakers"
	"palabre/sfu/transport"
	"palabre/sfu/udp"
)

// Config says what the media plane works with.
type Config struct {
	// Sockets are the bound sockets on the media port, one for each shard; see
	// package udp. The SFU closes them.
	Sockets []*udp.Socket
	// UDP is, without Sockets, the one bound socket for all media, which Pion
	// then carries. The SFU closes it.
	UDP net.PacketConn
	// Pion has Pion carry media in any case.
	Pion bool
	// TCP listens for ICE-TCP, best on the same number; nil for none. The SFU closes it.
	TCP net.Listener
	// Addrs are the addresses to advertise; empty for all usable ones of the
	// interfaces, loopback where there is nothing else.
	Addrs []netip.Addr
	// ICELite makes the server an ICE-lite agent. Full ICE connects as fast
	// with browsers and faster with clients that nominate late.
	ICELite bool
	// Loudest is how many voices a room forwards at once; 0 means 5.
	Loudest int
	// HoldVoices is how long voices may wait for each other where several people
	// speak, so that they leave together; 0 for not at all.
	HoldVoices time.Duration
	// Shards is how many goroutines share the forwarding; 0 means one a core.
	// With Sockets there is one for each of them.
	Shards  int
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	// TrackMetrics is how many streams the metrics show one by one; what more
	// there is they show together. 0 shows none one by one.
	TrackMetrics int
}

// SFU is the media plane of one server. It is safe for concurrent use.
type SFU struct {
	config  Config
	log     *slog.Logger
	host    *transport.Host
	engine  *shard.Engine
	metrics *collector

	mu     sync.Mutex
	closed bool
	rooms  map[string]*room
	peers  map[*Peer]struct{}
	opened uint64 // peers so far
}

// New starts the media plane on the sockets of c.
func New(c Config) (*SFU, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Loudest < 1 {
		c.Loudest = speakers.DefaultLoudest
	}
	host, err := transport.NewHost(transport.Config{Sockets: c.Sockets, UDP: c.UDP, Pion: c.Pion, TCP: c.TCP, Addrs: c.Addrs, Lite: c.ICELite, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	ports := make([]shard.Port, len(host.Ports()))
	for i, p := range host.Ports() {
		ports[i] = p
	}
	s := &SFU{
		config: c, log: c.Logger, host: host,
		engine: shard.New(shard.Config{Shards: c.Shards, Ports: ports, HoldVoices: c.HoldVoices, Logger: c.Logger}),
		rooms:  map[string]*room{}, peers: map[*Peer]struct{}{},
	}
	s.metrics = newCollector(s)
	if c.Metrics != nil {
		if err := c.Metrics.Register(s.metrics); err != nil {
			return nil, errors.Join(fmt.Errorf("start media: register the metrics: %w", err), s.Close())
		}
	}
	return s, nil
}

// Open makes a peer for one participant of a room. It costs no socket and no
// handshake before the first offer. Nothing is forwarded before [Peer.Enter].
func (s *SFU) Open(roomName, participant string, r Report) (*Peer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	rm := s.rooms[roomName]
	if rm == nil {
		rm = newRoom(s, roomName)
		s.rooms[roomName] = rm
	}
	rm.holders++
	p := newPeer(s, rm, participant, r)
	s.opened++
	p.number = s.opened
	s.peers[p] = struct{}{}
	return p, nil
}

// release forgets a peer, and its room after the last.
func (s *SFU) release(p *Peer) {
	s.mu.Lock()
	delete(s.peers, p)
	p.room.holders--
	last := p.room.holders == 0
	if last {
		delete(s.rooms, p.room.name)
	}
	s.mu.Unlock()
	if last {
		p.room.close()
	}
}

// Stats are the SFU's totals.
type Stats struct {
	Rooms, Peers, Tracks int
	// PacketsIn and PacketsOut count RTP, without retransmissions out.
	PacketsIn, PacketsOut uint64
}

// Stats gives the totals now.
func (s *SFU) Stats() Stats {
	s.mu.Lock()
	rooms, peers := len(s.rooms), len(s.peers)
	s.mu.Unlock()
	m := s.engine.Metrics
	return Stats{
		Rooms: rooms, Peers: peers, Tracks: int(m.Tracks.Load()),
		PacketsIn:  m.AudioIn.Packets.Load() + m.VideoIn.Packets.Load(),
		PacketsOut: m.AudioOut.Packets.Load() + m.VideoOut.Packets.Load(),
	}
}

// Close ends every peer and gives the sockets back.
func (s *SFU) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	var peers []*Peer
	for p := range s.peers {
		peers = append(peers, p)
	}
	s.mu.Unlock()
	var err error
	for _, p := range peers {
		err = errors.Join(err, p.Close())
	}
	s.engine.Close()
	if s.config.Metrics != nil {
		s.config.Metrics.Unregister(s.metrics)
	}
	return errors.Join(err, s.host.Close())
}
