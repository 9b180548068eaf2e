package cheap

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/srtp/v3"
)

// retransmit is the first DTLS retransmission, as package client has it.
const retransmit = 120 * time.Millisecond

// maxFlight is how many DTLS datagrams may wait to be read; a flight has fewer.
const maxFlight = 16

// errFingerprint says that the server is not who its answer says.
var errFingerprint = errors.New("the server's certificate does not match the fingerprint in its answer")

// fingerprintOf is the SHA-256 of a certificate as SDP writes it (RFC 8122).
func fingerprintOf(raw []byte) (string, error) {
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return "", fmt.Errorf("reading a DTLS certificate: %w", err)
	}
	print, err := fingerprint.Fingerprint(certificate, crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("hashing a DTLS certificate: %w", err)
	}
	return strings.ToUpper(print), nil
}

// keys are the SRTP contexts of one subscriber.
type keys struct{ local, remote *srtp.Context }

// handshake runs DTLS as the client and keeps nothing of it but the keys.
func (s *Subscriber) handshake(ctx context.Context, want string) (*keys, error) {
	pipe := newPipe(s)
	s.mu.Lock()
	s.dtls = pipe
	s.mu.Unlock()
	conn, err := dtls.ClientWithOptions(pipe, net.UDPAddrFromAddrPort(s.path.to), s.crowd.dtlsOptions(want)...)
	if err != nil {
		return nil, fmt.Errorf("starting DTLS: %w", err)
	}
	err = conn.HandshakeContext(ctx)
	// The goodbye of this close stays in the pipe: for the server the
	// association goes on, and nothing more is said over it.
	pipe.mute()
	state, ok := conn.ConnectionState()
	profile, chosen := conn.SelectedSRTPProtectionProfile()
	_ = conn.Close()
	switch {
	case err != nil:
		return nil, fmt.Errorf("DTLS handshake: %w", err)
	case !ok || !chosen:
		return nil, errors.New("DTLS handshake: no SRTP profile was agreed on")
	}
	return newKeys(&state, profile)
}

func newKeys(state *dtls.State, profile dtls.SRTPProtectionProfile) (*keys, error) {
	c := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := c.ExtractSessionKeysFromDTLS(state, true); err != nil {
		return nil, fmt.Errorf("taking the SRTP keys from DTLS: %w", err)
	}
	remote, err := srtp.CreateContext(c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt, c.Profile)
	if err != nil {
		return nil, fmt.Errorf("using the server's SRTP keys: %w", err)
	}
	local, err := srtp.CreateContext(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt, c.Profile)
	if err != nil {
		return nil, fmt.Errorf("using our SRTP keys: %w", err)
	}
	return &keys{local: local, remote: remote}, nil
}

func (c *Crowd) dtlsOptions(want string) []dtls.ClientOption {
	return []dtls.ClientOption{
		dtls.WithCertificates(c.certificate),
		dtls.WithCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithFlightInterval(retransmit),
		// The certificate is checked against the answer's fingerprint, not by a CA.
		dtls.WithInsecureSkipVerify(true),
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 {
				return errFingerprint
			}
			print, err := fingerprintOf(raw[0])
			if err == nil && print != want {
				err = errFingerprint
			}
			return err
		}),
		dtls.WithLoggerFactory(c.logs),
	}
}

// pipe is the packet connection of one handshake: the subscriber's reader puts
// DTLS records in, and what is written goes out by the nominated path.
type pipe struct {
	subscriber *Subscriber
	to         netip.AddrPort
	in         chan []byte
	closed     chan struct{}

	mu       sync.Mutex
	muted    bool
	expired  chan struct{} // closed when the read deadline is over
	deadline int           // counts them, so that a timer knows whether its own still holds
	timer    *time.Timer
}

func newPipe(s *Subscriber) *pipe {
	return &pipe{subscriber: s, to: s.path.to, in: make(chan []byte, maxFlight), closed: make(chan struct{}), expired: make(chan struct{})}
}

// put hands one record over; what nobody reads in time is lost, as on a line.
func (p *pipe) put(record []byte) {
	select {
	case p.in <- append([]byte(nil), record...):
	default:
	}
}

func (p *pipe) mute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.muted = true
}

// ReadFrom implements net.PacketConn.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	p.mu.Lock()
	expired := p.expired
	p.mu.Unlock()
	select {
	case record := <-p.in:
		return copy(b, record), net.UDPAddrFromAddrPort(p.to), nil
	case <-expired:
		return 0, nil, os.ErrDeadlineExceeded
	case <-p.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo implements net.PacketConn.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.muted {
		p.subscriber.send(b, p.to)
	}
	return len(b), nil
}

// Close implements net.PacketConn.
func (p *pipe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
		if p.timer != nil {
			p.timer.Stop()
		}
	}
	return nil
}

// LocalAddr implements net.PacketConn.
func (p *pipe) LocalAddr() net.Addr { return p.subscriber.socket.conn.LocalAddr() }

// SetDeadline implements net.PacketConn.
func (p *pipe) SetDeadline(at time.Time) error { return p.SetReadDeadline(at) }

// SetWriteDeadline implements net.PacketConn. Writes never wait.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn. It holds for the read under way
// too: that is how a handshake is ended.
func (p *pipe) SetReadDeadline(at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	select {
	case <-p.expired:
		p.expired = make(chan struct{})
	default:
	}
	p.deadline++
	mine := p.deadline
	if !at.IsZero() {
		p.timer = time.AfterFunc(time.Until(at), func() { p.expire(mine) })
	}
	return nil
}

// expire ends the reads of a deadline unless there has been another since.
func (p *pipe) expire(deadline int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline == deadline {
		close(p.expired)
	}
}
