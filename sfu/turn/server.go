// Package turn relays media for people whose network lets nothing through but
// TLS to port 443 (TURN, RFC 8656).
//
// It relays to the server's own media port and to nothing else, by
// construction: a relayed address is no socket but a way into the media port
// inside the process ([transport.Relay]). Pion's server speaks the protocol;
// what it is asked for beyond our own addresses is answered with 403.
//
// A credential is one participant's, ends with their session, and is good for
// a few allocations at once. Connections come behind TLS from whoever shares
// the port, by [Server.Take].
package turn

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	pion "github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"

	"palabre/sfu/tcp"
	"palabre/sfu/transport"
)

// realm names us in the challenge; it only separates passwords.
const realm = "palabre"

const (
	// maxAllocations is how many allocations one credential has at once. A
	// browser makes one for each network it sees, and as many again for each
	// ICE restart, while it keeps those before for half a minute.
	maxAllocations = 8
	// silent is how long nothing has come over an allocation that makes way for
	// another: one in use is heard every few seconds (RFC 7675 section 5.1).
	silent = 10 * time.Second
	// lifetime is how long a credential may be used to begin with; it ends
	// with its session in any case.
	lifetime = 24 * time.Hour
	// slow is how long a frame may take to come, and a stranger to get an allocation.
	slow = 8 * time.Second
	// idle ends a client that says nothing: browsers check a path in use every
	// few seconds, and one in reserve every 25.
	idle = 60 * time.Second
	// acceptAgain is the pause after a failure to accept: out of files, most likely.
	acceptAgain = 50 * time.Millisecond
	// refresh is the lifetime of an allocation that asks for none (RFC 8656 section 3.2).
	refresh = 10 * time.Minute
)

// Media is the media port that is relayed to.
type Media interface {
	// Relay opens a way in; see [transport.Host.Relay].
	Relay(v6 bool, deliver func(datagram []byte)) (*transport.Relay, error)
	// MediaAddrs are the addresses of the media port that clients are told.
	MediaAddrs() []netip.AddrPort
}

// Config says what a Server works with. Zero times mean the default.
type Config struct {
	Media Media
	// Lifetime is how long a credential is good; 0 means a day.
	Lifetime time.Duration
	// Slow is how long a frame may take, and a stranger to become a client; 0 means 8 s.
	Slow time.Duration
	// Idle is how long a client may say nothing; 0 means a minute.
	Idle time.Duration
	// Silent is how long nothing has come over an allocation that makes way for
	// another of its credential; 0 means 10 s.
	Silent  time.Duration
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Server relays. It is safe for concurrent use.
type Server struct {
	config   Config
	allowed  map[netip.AddrPort]bool
	peers    map[netip.Addr]bool
	register *register
	metrics  *collector
	inlet    *inlet
	pion     *pion.Server
	work     sync.WaitGroup

	mu      sync.Mutex
	serial  uint64
	clients map[net.Addr]*client // by the very value the connection gives
	byID    map[string]*client
}

// New starts a server without a port: see [Server.Take].
func New(c Config) (*Server, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for field, value := range map[*time.Duration]time.Duration{&c.Lifetime: lifetime, &c.Slow: slow, &c.Idle: idle, &c.Silent: silent} {
		if *field <= 0 {
			*field = value
		}
	}
	s := &Server{
		config: c, allowed: map[netip.AddrPort]bool{}, peers: map[netip.Addr]bool{},
		register: newRegister(c.Lifetime), metrics: newCollector(), clients: map[net.Addr]*client{}, byID: map[string]*client{},
	}
	for _, a := range c.Media.MediaAddrs() {
		s.allowed[a], s.peers[a.Addr()] = true, true
	}
	s.inlet = &inlet{server: s, conns: make(chan net.Conn), closed: make(chan struct{})}
	s.inlet.gate = tcp.NewGate(source{s.inlet}, c.Idle, c.Logger)
	var err error
	s.pion, err = pion.NewServer(pion.ServerConfig{
		ListenerConfigs: []pion.ListenerConfig{{
			Listener: s.inlet, RelayAddressGenerator: generator{s},
			PermissionHandler: func(_ net.Addr, peer net.IP) bool { return s.mayReach(peer) },
		}},
		Realm: realm, AuthHandler: s.authenticate, QuotaHandler: s.quota, AllocationLifetime: refresh,
		EventHandler: s.events(), LoggerFactory: transport.Loggers(c.Logger), InboundMTU: maxFrame + 1,
	})
	if err != nil {
		return nil, fmt.Errorf("start TURN: %w", err)
	}
	if c.Metrics != nil {
		if err := c.Metrics.Register(s.metrics); err != nil {
			return nil, errors.Join(fmt.Errorf("start TURN: register the metrics: %w", err), s.Close())
		}
	}
	return s, nil
}

// Grant makes a credential for one participant.
func (s *Server) Grant() Credential { return s.register.grant(time.Now()) }

// Take serves a connection whose TLS is done. It returns at once where it is
// refused, and else when the connection has been taken over.
func (s *Server) Take(conn net.Conn) { s.inlet.push(conn) }

// Serve takes connections of a listener until it is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.Take(conn)
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			s.config.Logger.Warn("could not accept a TURN connection", "error", err)
			<-time.NewTimer(acceptAgain).C
		}
	}
}

// Close ends every connection and waits until nothing of them runs.
func (s *Server) Close() error {
	err := s.pion.Close()
	s.work.Wait()
	if s.config.Metrics != nil {
		s.config.Metrics.Unregister(s.metrics)
	}
	if err != nil {
		return fmt.Errorf("stop TURN: %w", err)
	}
	return nil
}

// mayReach says whether an address is one of our own.
func (s *Server) mayReach(ip net.IP) bool {
	addr, ok := netip.AddrFromSlice(ip)
	return ok && s.peers[addr.Unmap()]
}

func (s *Server) authenticate(r *pion.RequestAttributes) (string, []byte, bool) {
	c := s.client(r.SrcAddr)
	if c == nil {
		return "", nil, false
	}
	h := s.register.find(r.Username, c, time.Now())
	if h == nil {
		c.denied = true
		return "", nil, false
	}
	c.asked = h
	return c.id, pion.GenerateAuthKey(h.username, r.Realm, h.password), true
}

// quota is asked before an allocation is made.
func (s *Server) quota(_, _ string, from net.Addr) bool {
	c := s.client(from)
	if c == nil {
		return false
	}
	left, ok := s.register.reserve(c, time.Now().Add(-s.config.Silent))
	if left != nil {
		_ = left.Close() // it was open, or closing
	}
	return ok
}

func (s *Server) events() pion.EventHandler {
	return pion.EventHandler{
		OnAuth: func(from, _ net.Addr, _, _, _, _ string, good bool) {
			if c := s.client(from); c != nil && good {
				s.register.enter(c.asked, c)
			} else if c != nil {
				c.denied = true
			}
		},
		OnChannelCreated: func(from, _ net.Addr, _, _, _ string, _, peer net.Addr, channel uint16) {
			if c, to := s.client(from), peerAddr(peer); c != nil {
				if a := c.relay.Load(); a != nil {
					a.bind(to, channel)
				}
			}
		},
		OnChannelDeleted: func(from, _ net.Addr, _, _, _ string, _, _ net.Addr, channel uint16) {
			if c := s.client(from); c != nil {
				if a := c.relay.Load(); a != nil {
					a.unbind(channel)
				}
			}
		},
	}
}

func peerAddr(a net.Addr) netip.AddrPort {
	if udp, ok := a.(*net.UDPAddr); ok {
		return plain(udp.AddrPort())
	}
	return netip.AddrPort{}
}

func (s *Server) client(from net.Addr) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients[from]
}

// left forgets a client that closed.
func (s *Server) left(c *client) {
	s.mu.Lock()
	delete(s.clients, c.remote)
	delete(s.byID, c.id)
	s.mu.Unlock()
	s.register.leave(c)
	s.metrics.connections.Add(-1)
	s.work.Done()
}

func (s *Server) released(c *client) {
	s.register.release(c)
	s.metrics.allocations.Add(-1)
}
