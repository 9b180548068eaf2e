package transport

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"

	"palabre/sfu/negotiate"
	"palabre/sfu/udp"
)

// Handler is told what comes in over a connection. RTP, RTCP and Panicked are
// called one at a time, and so is Application, beside them; packets are only
// valid during the call. The other
// methods come from any goroutine and must not call Close.
type Handler interface {
	// Connected: packets can be sent, for the first time or again.
	Connected()
	// Disconnected: the client does not answer any more; an ICE restart may mend it.
	Disconnected()
	// Failed: the connection is gone for good.
	Failed(reason string)
	RTP(packet []byte, at time.Time)
	RTCP(packet []byte, at time.Time)
	// Application is what came over DTLS itself: SCTP, from a client that was
	// answered so, and whatever else another sends.
	Application(packet []byte)
	Dropped(why Drop)
	Panicked(value any, stack []byte)
}

// Times of a connection.
const (
	// silence is how long a client may say nothing before it counts as disconnected.
	silence = 5 * time.Second
	// patience is how long after that it may still come back on its own.
	patience = 25 * time.Second
	// handshakeTime is how long DTLS may take once ICE has a path.
	handshakeTime = 30 * time.Second
	// retransmit is the first DTLS retransmission (RFC 9147 recommends 100 to
	// 400 ms where the round trip is not known).
	retransmit = 150 * time.Millisecond
	// gatherTime is how long the local candidates may take; they are local.
	gatherTime = 5 * time.Second
	// checkInterval is how often ICE looks at its checks before it has a path.
	checkInterval = 50 * time.Millisecond
)

// ErrClosed says that the connection was closed.
var ErrClosed = errors.New("the connection is closed")

// errNotReady says that there are no keys yet.
var errNotReady = errors.New("the connection is not up")

// ErrReplaced says that an offer came from a new RTCPeerConnection while this
// connection stood. It has been reported as failed; the client offers again.
var ErrReplaced = errors.New("the offer is of a new connection while an older one stands: offer again")

// Conn is one participant's connection. Answer and Close are safe for
// concurrent use with everything.
type Conn struct {
	// port is what packets leave by where the client is reached directly; nil
	// where Pion carries everything. route is its goroutine's, as are heading, where
	// it was set to last, and headed: that lies where packets can leave by the port.
	port    *Port
	keys    atomic.Pointer[keys]
	now     atomic.Pointer[way] // where packets leave
	heading *end
	headed  bool
	route   udp.Route

	host    *Host
	handler Handler
	secure  atomic.Pointer[dtls.Conn] // nil before the handshake is over, and while parked
	parked  atomic.Pointer[parked]
	opened  chan struct{} // closed when there is a path for the first time
	opening sync.Once
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	failing sync.Once
	// reading is held while a packet is taken in: during an ICE restart two
	// ways are read at once. It guards the sieve.
	reading  sync.Mutex
	sieve    sieve
	pipe     atomic.Pointer[pipe] // of the DTLS connection that runs, or ran last
	heard    atomic.Bool          // an authentic packet came
	beckoned atomic.Int64         // when, in Unix nanoseconds

	mu      sync.Mutex
	closed  bool
	ways    ways
	profile string // the SRTP protection profile's name; empty before there is one
	session uint64
	version uint64
	prints  []negotiate.Fingerprint
	// connected is what the handler was told last.
	connected, up bool
}

// Open makes a connection for one participant, whose packets leave by the port
// of this number where there are ports. It costs nothing before the first offer.
func (h *Host) Open(handler Handler, port int) *Conn {
	ctx, cancel := context.WithCancel(context.Background())
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	c := &Conn{
		host: h, handler: handler, ctx: ctx, cancel: cancel, opened: make(chan struct{}),
		session: binary.BigEndian.Uint64(id[:]) >> 2,
	}
	if len(h.ports) > 0 {
		c.port = h.ports[port%len(h.ports)]
	}
	return c
}

// Answer answers an offer with uses saying what each media section is for. The
// first one starts the connection; a later one with new ICE credentials
// restarts ICE: the path that stands carries media until the new one does.
func (c *Conn) Answer(ctx context.Context, o *negotiate.Offer, uses map[string]negotiate.Use) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return "", ErrClosed
	}
	switch {
	case c.ways.newest == nil:
		c.prints = o.Fingerprints
	case !slices.Equal(c.prints, o.Fingerprints):
		// Another certificate is another RTCPeerConnection: this one has no client any more.
		c.fail("the client made a new connection")
		return "", ErrReplaced
	}
	if w := c.ways.newest; w == nil || w.remote != [2]string{o.Ufrag, o.Pwd} {
		if err := c.begin(ctx, o); err != nil {
			return "", err
		}
	}
	c.version++
	return o.Answer(negotiate.Local{
		SessionID: c.session, Version: c.version, Ufrag: c.ways.newest.ufrag, Pwd: c.ways.newest.pwd, Fingerprint: c.host.fingerprint,
		Candidates: c.host.candidates, Lite: c.host.config.Lite, Uses: uses,
	}), nil
}

// handshake runs DTLS, and stays to hear what comes over it.
func (c *Conn) handshake(p *pipe) {
	if conn := c.shake(p); conn == nil || !c.converse(conn, p) {
		c.running.Done()
	}
}

// shake runs the handshake; nil where it came to nothing.
func (c *Conn) shake(p *pipe) *dtls.Conn {
	select {
	case <-c.opened:
	case <-c.ctx.Done():
		return nil
	}
	conn, err := dtls.ServerWithOptions(p, p.RemoteAddr(), c.dtlsOptions()...)
	if err != nil {
		c.fail(fmt.Sprintf("DTLS could not start: %v", err))
		return nil
	}
	ctx, cancel := context.WithTimeout(c.ctx, handshakeTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		if c.ctx.Err() == nil {
			c.fail(fmt.Sprintf("DTLS handshake failed: %v", err))
		}
		return nil
	}
	if err := c.secured(conn); err != nil {
		_ = conn.Close()
		c.fail(err.Error())
		return nil
	}
	return conn
}

func (c *Conn) application(packet []byte) {
	defer c.guard()
	c.handler.Application(packet)
}

// WriteApplication sends one packet over DTLS itself. Any goroutine may call it.
func (c *Conn) WriteApplication(packet []byte) error {
	conn := c.secure.Load()
	if conn == nil {
		return errNotReady
	}
	if _, err := conn.Write(packet); err != nil {
		return fmt.Errorf("send over DTLS: %w", err)
	}
	return nil
}

func (c *Conn) dtlsOptions() []dtls.ServerOption {
	return []dtls.ServerOption{
		dtls.WithCertificates(c.host.certificate),
		dtls.WithCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
		dtls.WithSRTPProtectionProfiles(profiles()...),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithFlightInterval(retransmit),
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		// ICE proved the address: the cookie exchange would only cost a round trip.
		dtls.WithInsecureSkipVerifyHello(true),
		// The certificate is checked against the fingerprint of the offer, not by a CA.
		dtls.WithInsecureSkipVerify(true),
		dtls.WithVerifyPeerCertificate(c.verify),
		dtls.WithLoggerFactory(c.host.logs),
	}
}

// verify compares the client's certificate with its offer (RFC 8122 section 6.2).
func (c *Conn) verify(raw [][]byte, _ [][]*x509.Certificate) error {
	if len(raw) == 0 {
		return errors.New("the client showed no certificate")
	}
	certificate, err := x509.ParseCertificate(raw[0])
	if err != nil {
		return fmt.Errorf("read the client's certificate: %w", err)
	}
	for _, want := range c.prints {
		if want.Algorithm == "sha-1" || want.Algorithm == "md5" {
			continue
		}
		hash, err := fingerprint.HashFromString(want.Algorithm)
		if err != nil {
			continue
		}
		if got, err := fingerprint.Fingerprint(certificate, hash); err == nil && strings.EqualFold(got, want.Value) {
			return nil
		}
	}
	return errors.New("the client's certificate does not match the fingerprint in its offer")
}

// secret makes an ICE credential of n characters, 5 bits each.
func secret(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}
