package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/dpipe"

	"palabre/sfu/negotiate"
	"palabre/sfu/udp"
)

// Why media goes by Pion, as metrics say it.
const (
	slowSetting = "setting"   // it is set so
	slowSystem  = "system"    // the operating system has no batches
	slowTest    = "self-test" // the self-test failed
)

// choosePath decides whether media goes by our ports or by Pion's agents, and
// says why in the log. segments: one message may carry many packets.
func (h *Host) choosePath() (fast, segments bool, err error) {
	c := &h.config
	if len(c.Sockets) == 0 {
		if c.UDP == nil {
			return false, false, errors.New("start media: no UDP socket given")
		}
		h.slow = slowSetting
		return false, false, nil
	}
	c.UDP = c.Sockets[0].Conn()
	if c.Pion {
		h.slow = slowSetting
	} else if segments, err = h.tryFast(); err == nil {
		if !segments {
			c.Logger.Warn("media takes one message a packet: the kernel sends no UDP in segments")
		}
		return true, segments, nil
	} else {
		c.Logger.Warn("media goes the slow way", "why", h.slow, "error", err)
	}
	c.UDP = c.Sockets[0].Release()
	for _, s := range c.Sockets[1:] { // what the kernel would give them nobody would read
		if err := s.Close(); err != nil {
			return false, false, fmt.Errorf("start media: close a socket: %w", err)
		}
	}
	return false, false, nil
}

// tryFast checks that this system and the libraries do what ports rely on.
func (h *Host) tryFast() (segments bool, err error) {
	h.slow = slowSystem
	if err := udp.Supported(); err != nil {
		return false, err
	}
	h.slow = slowTest
	if err := h.trySealing(); err != nil {
		return false, err
	}
	if segments, _, err = udp.Probe(); err != nil {
		return false, err
	}
	h.slow = ""
	return segments, nil
}

// tryTime is how long the handshake of the self-test may take.
const tryTime = 5 * time.Second

// trySealing makes a handshake with ourselves, and has Pion's client open what
// is sealed with the keys of our side, and the other way round.
func (h *Host) trySealing() error {
	ctx, cancel := context.WithTimeout(context.Background(), tryTime)
	defer cancel()
	near, far := dpipe.Pipe()
	client, err := dtls.ClientWithOptions(packets{far}, far.RemoteAddr(), dtls.WithCertificates(h.certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM), dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret), dtls.WithLoggerFactory(h.logs))
	if err != nil {
		return fmt.Errorf("start a DTLS client: %w", err)
	}
	shaken := make(chan error, 1)
	go func() { shaken <- client.HandshakeContext(ctx) }()
	conn := &Conn{host: h, prints: []negotiate.Fingerprint{{Algorithm: "sha-256", Value: h.fingerprint}}}
	server, err := dtls.ServerWithOptions(packets{near}, near.RemoteAddr(), conn.dtlsOptions()...)
	if err == nil {
		err = server.HandshakeContext(ctx)
	}
	err = errors.Join(err, <-shaken)
	if err == nil {
		err = sealedIsOpened(server, client)
	}
	if server != nil {
		_ = server.Close() // both are ours
	}
	_ = client.Close()
	return err
}

// protection is one end's SRTP.
type protection interface {
	sealRTP(dst, header, payload []byte) ([]byte, error)
	sealRTCP(dst, packet []byte) ([]byte, error)
	openRTP(b []byte) ([]byte, Drop, bool)
	openRTCP(b []byte) ([]byte, Drop, bool)
}

func sealedIsOpened(server, client *dtls.Conn) error {
	near, ok := server.ConnectionState()
	far, farOK := client.ConnectionState()
	if !ok || !farOK {
		return errors.New("DTLS gave no keys")
	}
	nobody := func(uint32) {}
	ours, err := newKeys(&near, dtls.SRTP_AEAD_AES_128_GCM, true, nobody)
	if err != nil {
		return err
	}
	c := srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm}
	if err := c.ExtractSessionKeysFromDTLS(&far, true); err != nil {
		return fmt.Errorf("take the SRTP keys from DTLS: %w", err)
	}
	theirs, err := newContexts(c, nobody)
	if err != nil {
		return err
	}
	if err := opened(ours, theirs); err != nil {
		return fmt.Errorf("have Pion open what we seal: %w", err)
	}
	if err := opened(theirs, ours); err != nil {
		return fmt.Errorf("open what Pion seals: %w", err)
	}
	return nil
}

// opened has one end seal a packet of each kind and the other open it.
func opened(from, to protection) error {
	packet := []byte("\x80\x60\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03palabre!")
	sealed, err := from.sealRTP(nil, packet[:12], packet[12:])
	if err != nil {
		return err
	}
	if plain, why, ok := to.openRTP(sealed); !ok || !bytes.Equal(plain, packet) {
		return fmt.Errorf("an RTP packet did not come through (%v)", why)
	}
	report := []byte("\x80\xCC\x00\x04\x00\x00\x00\x03testpalabre!")
	if sealed, err = from.sealRTCP(nil, report); err != nil {
		return err
	}
	if plain, why, ok := to.openRTCP(sealed); !ok || !bytes.Equal(plain, report) {
		return fmt.Errorf("an RTCP packet did not come through (%v)", why)
	}
	return nil
}

// packets is a connection as a [net.PacketConn].
type packets struct{ net.Conn }

func (p packets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.Read(b)
	return n, p.RemoteAddr(), err
}

func (p packets) WriteTo(b []byte, _ net.Addr) (int, error) { return p.Write(b) }
