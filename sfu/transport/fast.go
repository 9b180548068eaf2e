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
	"palabre/sfu/seal"
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
	for _, s := range c.Sockets[1:] { // what the kernel would give them nobody would read
		if err := s.Conn().Close(); err != nil {
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
// is sealed with the keys of our side.
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

func sealedIsOpened(server, client *dtls.Conn) error {
	ours, theirs := srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm}, srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm}
	for conn, c := range map[*dtls.Conn]*srtp.Config{server: &ours, client: &theirs} {
		state, ok := conn.ConnectionState()
		if !ok {
			return errors.New("DTLS gave no keys")
		}
		if err := c.ExtractSessionKeysFromDTLS(&state, conn == client); err != nil {
			return fmt.Errorf("take the SRTP keys from DTLS: %w", err)
		}
	}
	sealer, err := seal.New(ours.Keys.LocalMasterKey, ours.Keys.LocalMasterSalt)
	if err != nil {
		return err
	}
	opener, err := srtp.CreateContext(theirs.Keys.RemoteMasterKey, theirs.Keys.RemoteMasterSalt, theirs.Profile)
	if err != nil {
		return fmt.Errorf("use the SRTP keys: %w", err)
	}
	header, payload := []byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, []byte("palabre")
	sealed, err := sealer.RTP(nil, header, payload)
	if err != nil {
		return err
	}
	plain, err := opener.DecryptRTP(nil, sealed, nil)
	if err != nil {
		return fmt.Errorf("open what was sealed: %w", err)
	}
	if !bytes.Equal(plain, append(header, payload...)) {
		return errors.New("what was opened is not what was sealed")
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
