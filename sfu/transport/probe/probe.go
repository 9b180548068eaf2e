// Package probe is a client with bare hands for tests: real ICE, real DTLS,
// real SRTP keys, and any bytes its owner likes. Browsers and Pion's own
// PeerConnection are too well behaved to attack a server with.
package probe

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"
)

// Client is one connection to a server. Its methods but Close are for one goroutine.
type Client struct {
	// Media is called with every sealed RTP or RTCP datagram that comes in; set it before Dial.
	Media func(datagram []byte)
	// Record is called with every DTLS datagram that comes in; set it before Dial.
	Record func(datagram []byte)
	// OnPath is called when there is a path, before the DTLS handshake; set it before Dial.
	OnPath func()

	network     ice.NetworkType
	over        ice.UDPMux // nil for sockets of its own
	agent, old  *ice.Agent
	conn        atomic.Pointer[ice.Conn] // where packets leave
	readers     sync.WaitGroup
	dtls        *dtls.Conn
	certificate tls.Certificate
	out         *srtp.Context
	in          *packetio.Buffer
	heard       chan struct{}
	deaf        atomic.Bool
}

// New makes a client that reaches the server over network on loopback.
func New(network ice.NetworkType) (*Client, error) { return start(network, nil) }

// Over makes a client that reaches the server by a socket of its owner's, which
// may be no socket at all.
func Over(mux ice.UDPMux) (*Client, error) { return start(ice.NetworkTypeUDP4, mux) }

func start(network ice.NetworkType, over ice.UDPMux) (*Client, error) {
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	agent, err := newAgent(network, over)
	if err != nil {
		return nil, err
	}
	return &Client{network: network, over: over, agent: agent, certificate: certificate, in: packetio.NewBuffer(), heard: make(chan struct{})}, nil
}

func newAgent(network ice.NetworkType, over ice.UDPMux) (*ice.Agent, error) {
	options := []ice.AgentOption{ice.WithNetworkTypes([]ice.NetworkType{network}), ice.WithIncludeLoopback(),
		ice.WithInterfaceFilter(func(name string) bool { return name == "lo" }), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithHostAcceptanceMinWait(0), ice.WithCheckInterval(20 * time.Millisecond)}
	if over != nil {
		options = append(options, ice.WithUDPMux(over), ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}))
	}
	agent, err := ice.NewAgentWithOptions(options...)
	if err != nil {
		return nil, fmt.Errorf("make an ICE agent: %w", err)
	}
	return agent, nil
}

// Restart begins an ICE restart, as a browser does: the old path goes on until
// [Client.Move]. [Client.Transport] tells of the new credentials from now on.
func (c *Client) Restart() error {
	agent, err := newAgent(c.network, c.over)
	if err != nil {
		return err
	}
	c.old, c.agent = c.agent, agent
	return nil
}

// Move finds the new path and sends there from now on. What comes over the old
// one is heard until Close.
func (c *Client) Move(ctx context.Context, answer string) error {
	if err := c.path(ctx, answer); err != nil {
		return err
	}
	c.readers.Go(c.receive)
	return nil
}

// LoseOld cuts the path that a restart is to replace.
func (c *Client) LoseOld() { _ = c.old.GracefulClose() }

// Transport is what the client's offer says of its transport, as SDP lines of the session.
func (c *Client) Transport() (string, error) {
	ufrag, pwd, err := c.agent.GetLocalUserCredentials()
	if err != nil {
		return "", fmt.Errorf("read the client's ICE credentials: %w", err)
	}
	return "a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + pwd + "\r\na=fingerprint:sha-256 " + c.print() + "\r\na=setup:actpass\r\n", nil
}

func (c *Client) print() string {
	sum := sha256.Sum256(c.certificate.Certificate[0])
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// Dial connects to the server that gave answer and takes the keys.
func (c *Client) Dial(ctx context.Context, answer string) error {
	if err := c.path(ctx, answer); err != nil {
		return err
	}
	c.readers.Go(c.receive)
	if c.OnPath != nil {
		c.OnPath()
	}
	var err error
	c.dtls, err = dtls.ClientWithOptions(pipe{c}, c.conn.Load().RemoteAddr(), dtls.WithCertificates(c.certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_128_GCM))
	if err != nil {
		return fmt.Errorf("start DTLS: %w", err)
	}
	if err := c.dtls.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("DTLS handshake: %w", err)
	}
	go c.listen()
	return c.keys()
}

// path finds the way to the server.
func (c *Client) path(ctx context.Context, answer string) error {
	gathered := make(chan struct{})
	err := c.agent.OnCandidate(func(candidate ice.Candidate) {
		if candidate == nil {
			close(gathered)
		}
	})
	if err = errors.Join(err, c.agent.GatherCandidates()); err != nil {
		return fmt.Errorf("gather candidates: %w", err)
	}
	<-gathered
	for _, line := range regexp.MustCompile(`a=candidate:(.*)\r\n`).FindAllStringSubmatch(answer, -1) {
		candidate, err := ice.UnmarshalCandidate(line[1])
		if err == nil {
			err = c.agent.AddRemoteCandidate(candidate)
		}
		if err != nil {
			return fmt.Errorf("use the server's candidate %q: %w", line[1], err)
		}
	}
	conn, err := c.agent.Dial(ctx, Attribute(answer, "ice-ufrag"), Attribute(answer, "ice-pwd"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c.conn.Store(conn)
	return nil
}

func (c *Client) keys() error {
	state, ok := c.dtls.ConnectionState()
	profile, agreed := c.dtls.SelectedSRTPProtectionProfile()
	if !ok || !agreed {
		return errors.New("the server agreed to no SRTP profile")
	}
	config := &srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := config.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return fmt.Errorf("take the keys: %w", err)
	}
	var err error
	if c.out, err = srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile); err != nil {
		return fmt.Errorf("use the keys: %w", err)
	}
	return nil
}

// receive tells apart what comes in until the connection closes.
func (c *Client) receive() {
	conn := c.conn.Load()
	b := make([]byte, 2000)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		switch {
		case n == 0:
		case b[0] >= 20 && b[0] <= 63:
			if c.Record != nil {
				c.Record(b[:n])
			}
			_, _ = c.in.Write(b[:n])
		case b[0] >= 128 && c.Media != nil:
			c.Media(b[:n])
		}
	}
}

// listen waits for the server's close_notify.
func (c *Client) listen() {
	defer close(c.heard)
	b := make([]byte, 2000)
	for {
		if _, err := c.dtls.Read(b); err != nil {
			return
		}
	}
}

// Ended is closed when the server said that it closes the connection.
func (c *Client) Ended() <-chan struct{} { return c.heard }

// SealRTP gives what goes on the wire for a plain packet. A packet that cannot
// be sealed, since its header cannot be read, is given a tag of zeros.
func (c *Client) SealRTP(packet []byte) []byte {
	sealed, err := c.out.EncryptRTP(nil, packet, nil)
	if err != nil {
		return append(append([]byte(nil), packet...), make([]byte, 16)...)
	}
	return sealed
}

// SealRTCP is SealRTP for a compound RTCP packet.
func (c *Client) SealRTCP(packet []byte) ([]byte, error) { return c.out.EncryptRTCP(nil, packet, nil) }

// Write sends any datagram.
func (c *Client) Write(datagram []byte) error {
	_, err := c.conn.Load().Write(datagram)
	return err
}

// Say sends a packet over DTLS itself.
func (c *Client) Say(packet []byte) error {
	_, err := c.dtls.Write(packet)
	return err
}

// Vanish makes the client fall silent without a word: what a cut cable does.
func (c *Client) Vanish() {
	c.deaf.Store(true)
	_ = c.in.Close()
	_ = c.agent.GracefulClose()
}

// Part says goodbye (close_notify) and leaves the path open: Pion's TCP
// connections close without sending what they were given last.
func (c *Client) Part() {
	_ = c.in.Close()
	if c.dtls != nil && !c.deaf.Load() {
		_ = c.dtls.Close()
	}
}

// Close ends the connection and waits until nothing of it runs.
func (c *Client) Close() {
	c.Part()
	_ = c.agent.GracefulClose()
	if c.old != nil {
		_ = c.old.GracefulClose()
	}
	c.readers.Wait()
	if c.out != nil {
		<-c.heard
	}
}

// Attribute is the value of the first attribute key in a description.
func Attribute(text, key string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "a="+key+":"); ok {
			return v
		}
	}
	return ""
}

// pipe is the DTLS side of a client.
type pipe struct{ c *Client }

func (p pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.c.in.Read(b)
	return n, p.c.conn.Load().RemoteAddr(), err
}
func (p pipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.c.conn.Load().Write(b) }
func (p pipe) Close() error                              { return p.c.in.Close() }
func (p pipe) LocalAddr() net.Addr                       { return p.c.conn.Load().LocalAddr() }
func (p pipe) SetDeadline(t time.Time) error             { return p.c.in.SetReadDeadline(t) }
func (p pipe) SetReadDeadline(t time.Time) error         { return p.c.in.SetReadDeadline(t) }
func (p pipe) SetWriteDeadline(time.Time) error          { return nil }
