package sfu_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v4/packetio"

	"palabre/internal/bench/floor"
	"palabre/internal/bench/player"
	"palabre/sfu/transport/probe"
)

// light is a client that costs next to nothing, so that hundreds of them on the
// machine of the server leave its processor time readable: it answers
// connectivity checks, does one DTLS handshake, and has the kernel throw away
// all media that comes (floor.Deaf).
type light struct {
	conn        *net.UDPConn
	server      netip.AddrPort
	certificate tls.Certificate
	// ours and theirs are ICE credentials: user name fragment and password.
	ours, theirs [2]string
	in           *packetio.Buffer
	dtls         *dtls.Conn
	out          *srtp.Context
	checked      chan struct{} // closed when the server has answered a check
	read, heard  chan struct{} // closed when the readers have ended
}

// lightCertificate makes the certificate that all light clients of a benchmark share.
func lightCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func newLight(t testing.TB, certificate tls.Certificate, number int) *light {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := floor.Deaf(conn); err != nil {
		t.Fatal(err)
	}
	return &light{
		conn: conn, certificate: certificate, in: packetio.NewBuffer(),
		ours:    [2]string{fmt.Sprintf("light%06d", number), fmt.Sprintf("password%022d", number)},
		checked: make(chan struct{}), read: make(chan struct{}), heard: make(chan struct{}),
	}
}

// transport is what the client's offer says of its transport.
func (l *light) transport() string {
	sum := sha256.Sum256(l.certificate.Certificate[0])
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return "a=ice-ufrag:" + l.ours[0] + "\r\na=ice-pwd:" + l.ours[1] + "\r\na=fingerprint:sha-256 " + strings.Join(parts, ":") + "\r\na=setup:actpass\r\n"
}

// dial connects to the server that gave answer.
func (l *light) dial(ctx context.Context, answer string, server netip.AddrPort) error {
	l.server = server
	l.theirs = [2]string{probe.Attribute(answer, "ice-ufrag"), probe.Attribute(answer, "ice-pwd")}
	go l.receive()
	if err := l.check(ctx); err != nil {
		return err
	}
	var err error
	l.dtls, err = dtls.ClientWithOptions(lightPipe{l}, net.UDPAddrFromAddrPort(server), dtls.WithCertificates(l.certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret), dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM))
	if err == nil {
		err = l.dtls.HandshakeContext(ctx)
	}
	if err != nil {
		return fmt.Errorf("DTLS handshake: %w", err)
	}
	go l.listen()
	return l.keys()
}

// check asks the server for a path, and nominates it, until it answers.
func (l *light) check(ctx context.Context) error {
	for {
		request, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(l.theirs[0]+":"+l.ours[0]), ice.UseCandidate(),
			ice.AttrControlling(1), ice.PriorityAttr(1<<30), stun.NewShortTermIntegrity(l.theirs[1]), stun.Fingerprint)
		if err == nil {
			_, err = l.conn.WriteToUDPAddrPort(request.Raw, l.server)
		}
		if err != nil {
			return fmt.Errorf("send a connectivity check: %w", err)
		}
		again := time.NewTimer(50 * time.Millisecond)
		select {
		case <-l.checked:
			again.Stop()
			return nil
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("connect: %w", ctx.Err())
		}
	}
}

func (l *light) keys() error {
	state, ok := l.dtls.ConnectionState()
	profile, agreed := l.dtls.SelectedSRTPProtectionProfile()
	if !ok || !agreed {
		return errors.New("the server agreed to no SRTP profile")
	}
	config := &srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	err := config.ExtractSessionKeysFromDTLS(&state, true)
	if err == nil {
		l.out, err = srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	}
	if err != nil {
		return fmt.Errorf("take the keys: %w", err)
	}
	return nil
}

// receive answers checks and passes handshakes on until the socket closes.
func (l *light) receive() {
	defer close(l.read)
	b := make([]byte, 2048)
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil || n == 0:
		case b[0] >= 20:
			_, _ = l.in.Write(b[:n])
		default:
			l.answer(b[:n], from)
		}
	}
}

func (l *light) answer(b []byte, from netip.AddrPort) {
	m := &stun.Message{Raw: b}
	switch {
	case m.Decode() != nil:
	case m.Type == stun.BindingSuccess:
		select {
		case <-l.checked:
		default:
			close(l.checked)
		}
	case m.Type == stun.BindingRequest:
		if reply, err := player.Reply(m, from, l.ours[1]); err == nil {
			_, _ = l.conn.WriteToUDPAddrPort(reply, from)
		}
	}
}

// listen waits for the server's close_notify.
func (l *light) listen() {
	defer close(l.heard)
	b := make([]byte, 2048)
	for {
		if _, err := l.dtls.Read(b); err != nil {
			return
		}
	}
}

// retire leaves the socket to another process, which has it already.
func (l *light) retire() {
	_ = l.conn.Close()
	<-l.read
}

// close ends the connection and waits until nothing of it runs.
func (l *light) close() {
	if l.out != nil {
		_ = l.dtls.Close()
		<-l.heard
	}
	_ = l.in.Close()
	_ = l.conn.Close()
	if l.server.IsValid() {
		<-l.read
	}
}

// lightPipe is the DTLS side of a light client.
type lightPipe struct{ l *light }

func (p lightPipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.l.in.Read(b)
	return n, net.UDPAddrFromAddrPort(p.l.server), err
}
func (p lightPipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	return p.l.conn.WriteToUDPAddrPort(b, p.l.server)
}
func (p lightPipe) Close() error                      { return p.l.in.Close() }
func (p lightPipe) LocalAddr() net.Addr               { return p.l.conn.LocalAddr() }
func (p lightPipe) SetDeadline(t time.Time) error     { return p.l.in.SetReadDeadline(t) }
func (p lightPipe) SetReadDeadline(t time.Time) error { return p.l.in.SetReadDeadline(t) }
func (p lightPipe) SetWriteDeadline(time.Time) error  { return nil }

// lightStream makes the sealed packets of one of a light client's streams.
type lightStream struct {
	l         *light
	publisher int
	ssrc      uint32
	payload   byte // type
	mid       byte
	video     bool
	sequence  uint16
	time      uint32
	picture   uint16
	plain     []byte
}

// frame seals the next frame into dst, packet by packet: so many packets, each
// with size bytes of payload.
func (s *lightStream) frame(dst [][]byte, packets, size int, key bool) ([][]byte, error) {
	step := uint32(960)
	if s.video {
		step = 3000
		s.picture = (s.picture + 1) & 0x7FFF
	}
	s.time += step
	for i := range packets {
		s.sequence++
		s.plain = append(s.plain[:0], 0x90, s.payload, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xBE, 0xDE, 0, 1, 0x10, s.mid, 0x20, 0xA0)
		if i == packets-1 && s.video {
			s.plain[1] |= 0x80
		}
		binary.BigEndian.PutUint16(s.plain[2:], s.sequence)
		binary.BigEndian.PutUint32(s.plain[4:], s.time)
		binary.BigEndian.PutUint32(s.plain[8:], s.ssrc)
		body := len(s.plain)
		if s.video {
			s.plain = append(s.plain, vp8(key, i == 0, s.picture, 0)...)
		}
		s.plain = append(s.plain, make([]byte, size-(len(s.plain)-body))...)
		sealed, err := s.l.out.EncryptRTP(nil, s.plain, nil)
		if err != nil {
			return nil, fmt.Errorf("seal a packet: %w", err)
		}
		dst = append(dst, sealed)
	}
	return dst, nil
}
