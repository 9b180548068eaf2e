// Package transport carries one participant's media over ICE, DTLS and SRTP.
//
// A [Host] owns the one UDP port and its TCP twin; a [Conn] is one
// participant's connection on them. The client offers, the server answers with
// all of its candidates and never dials: it learns the client's addresses from
// connectivity checks alone (RFC 8445 section 7.3.1.3). The server is the DTLS
// server and puts AES-128-GCM first, which costs a sixth of AES-CM with SHA-1.
//
// A Conn gives decrypted packets to its [Handler] and takes plain ones to
// send. What reads and writes the socket can be replaced behind that seam.
package transport

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"

	"palabre/sfu/udp"
)

// Config says what a Host works with.
type Config struct {
	// Sockets are the bound sockets on the media port, one for each goroutine
	// that carries media (see [Host.Ports]). Where this system cannot do that,
	// or Pion is set, the first of them is used as UDP is. The Host closes them.
	Sockets []*udp.Socket
	// UDP is, without Sockets, the bound socket all media goes through, which
	// Pion's agents then carry. The Host closes it.
	UDP net.PacketConn
	// Pion has Pion's agents carry media in any case.
	Pion bool
	// TCP listens for ICE-TCP (RFC 6544); nil for none. The Host closes it.
	TCP net.Listener
	// Addrs are the addresses to advertise; empty for those of the interfaces.
	Addrs []netip.Addr
	// Lite makes the server an ICE-lite agent (RFC 8445 section 2.5).
	Lite bool
	// Silence is how long a client may say nothing before it counts as
	// disconnected; 0 means 5 s. Patience is how long after that it may still
	// come back on its own, while its consent lasts: 30 s from its last answer
	// to a check (RFC 7675); 0 means 25 s.
	Silence, Patience time.Duration
	// Settle is how long after its handshake DTLS is asked whether it may be
	// parked; 0 means 5 s.
	Settle time.Duration
	// Strange is how long a TCP connection may take to say whose it is; 0 means 5 s.
	Strange time.Duration
	Logger  *slog.Logger
}

func (c *Config) defaults() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Silence <= 0 {
		c.Silence = silence
	}
	if c.Settle <= 0 {
		c.Settle = settleTime
	}
	if c.Patience <= 0 {
		c.Patience = patience
	}
	if c.Strange <= 0 {
		c.Strange = tcpFirst
	}
}

const (
	// tcpFirst is how long a connection may take to send its first check, and
	// how long one that names nobody's credentials stays.
	tcpFirst = 5 * time.Second
	// tcpIdle ends a connection that says nothing: browsers check a path in use
	// every few seconds, and one in reserve every 25.
	tcpIdle = 60 * time.Second
)

// Host is the shared part of all connections. It is safe for concurrent use.
type Host struct {
	config      Config
	udp         *mux
	ports       []*Port
	sending     udp.Counters
	parking     Parking
	slow        string // why media goes by Pion
	tcp         *tcpDoor
	certificate tls.Certificate
	fingerprint string
	candidates  []string
	media       []netip.AddrPort
	logs        *loggers
	streams     streams
	vigil       *vigil
	messages    messages
	interfaces  interfaces
}

// NewHost starts listening on the sockets of c.
func NewHost(c Config) (*Host, error) {
	c.defaults()
	h := &Host{config: c, logs: &loggers{c.Logger}, streams: streams{whose: map[uint32]*Conn{}}, vigil: newVigil(c.Silence)}
	if err := h.certify(); err != nil {
		return nil, err
	}
	fast, segments, err := h.choosePath()
	if err != nil {
		return nil, err
	}
	if err := h.addresses(); err != nil {
		return nil, err
	}
	local := h.config.UDP
	var first *udp.Socket
	if fast {
		first = c.Sockets[0]
	}
	h.udp = newMux(local, first, oneAddress(local.LocalAddr()), h.stray, c.Logger)
	if fast {
		for _, s := range c.Sockets {
			h.ports = append(h.ports, newPort(h.udp, s, udp.Options{Segments: segments, Counters: &h.sending}, c.Logger))
		}
	}
	if c.TCP != nil {
		h.tcp = openTCP(h.udp, c.TCP, c.Strange, c.Logger)
	}
	return h, nil
}

// certify makes the certificate of every connection.
func (h *Host) certify() error {
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return fmt.Errorf("start media: make a DTLS certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return fmt.Errorf("start media: read the DTLS certificate back: %w", err)
	}
	print, err := fingerprint.Fingerprint(leaf, crypto.SHA256)
	if err != nil {
		return fmt.Errorf("start media: hash the DTLS certificate: %w", err)
	}
	// RFC 8122 section 5 wants upper-case hexadecimal, and Firefox insists.
	h.certificate, h.fingerprint = certificate, strings.ToUpper(print)
	return nil
}

// Close stops listening. Connections are to be closed before.
func (h *Host) Close() error {
	var err error
	if h.tcp != nil {
		err = h.tcp.Close()
	}
	err = errors.Join(err, h.udp.Close())
	for _, p := range h.ports {
		if closing := p.socket.Close(); !errors.Is(closing, net.ErrClosed) {
			err = errors.Join(err, closing)
		}
	}
	return err
}

// Ports are the sockets that connections' packets leave by, each for one
// goroutine that waits on it; none where Pion carries media.
func (h *Host) Ports() []*Port { return h.ports }

// Sending counts what left by the ports.
func (h *Host) Sending() *udp.Counters { return &h.sending }

// Parking counts how often DTLS was parked and went on.
func (h *Host) Parking() *Parking { return &h.parking }

// MediaAddrs are the addresses of the UDP candidates.
func (h *Host) MediaAddrs() []netip.AddrPort { return slices.Clone(h.media) }

// addresses writes the candidates of every answer, once.
func (h *Host) addresses() error {
	local, ok := h.config.UDP.LocalAddr().(*net.UDPAddr)
	if !ok {
		return fmt.Errorf("start media: the UDP socket has a %T for an address", h.config.UDP.LocalAddr())
	}
	addrs := h.config.Addrs
	if len(addrs) == 0 {
		var err error
		if addrs, err = usable(local.AddrPort().Addr().Unmap()); err != nil {
			return err
		}
	}
	for i, a := range addrs {
		h.media = append(h.media, netip.AddrPortFrom(a.Unmap(), uint16(local.Port)))
		h.candidates = append(h.candidates, fmt.Sprintf("candidate:%d 1 udp %d %s %d typ host", i+1, priority(126, i), a, local.Port))
	}
	if h.config.TCP == nil {
		return nil
	}
	listener, ok := h.config.TCP.Addr().(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("start media: the TCP listener has a %T for an address", h.config.TCP.Addr())
	}
	for i, a := range addrs {
		h.candidates = append(h.candidates, fmt.Sprintf("candidate:%d 1 tcp %d %s %d typ host tcptype passive", len(addrs)+i+1, priority(90, i), a, listener.Port))
	}
	return nil
}

// reflexive is the type preference of a peer-reflexive candidate (RFC 8445 section 5.1.2.2).
const reflexive = 110

// priority is RFC 8445 section 5.1.2.1.
func priority(preference uint32, index int) uint32 {
	return preference<<24 | uint32(65535-index)<<8 | 255
}

// usable lists the addresses a client may reach us at: the one the socket is
// bound to, else those of the interfaces, else loopback.
func usable(bound netip.Addr) ([]netip.Addr, error) {
	if !bound.IsUnspecified() {
		return []netip.Addr{bound}, nil
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("start media: list the interfaces' addresses (give --node-ip to do without): %w", err)
	}
	var addrs, loopback []netip.Addr
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		addr := prefix.Addr().Unmap()
		switch {
		case bound.Is4() && !addr.Is4(), addr.IsLinkLocalUnicast(), addr.IsMulticast():
		case addr.IsLoopback():
			loopback = append(loopback, addr)
		default:
			addrs = append(addrs, addr)
		}
	}
	if len(addrs) == 0 {
		addrs = loopback
	}
	if len(addrs) == 0 {
		return nil, errors.New("start media: no interface has a usable address; give --node-ip")
	}
	return addrs, nil
}

// oneAddress is what the ICE agent is shown of the socket: one address a family
// instead of one for every interface, as all of them are the same socket.
func oneAddress(socket net.Addr) []net.Addr {
	local, ok := socket.(*net.UDPAddr)
	if !ok {
		return nil
	}
	if !local.IP.IsUnspecified() {
		return []net.Addr{local}
	}
	addrs := []net.Addr{&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: local.Port}}
	if local.IP.To4() == nil {
		addrs = append(addrs, &net.UDPAddr{IP: net.IPv6loopback, Port: local.Port})
	}
	return addrs
}
