package transport

import (
	"errors"
	"fmt"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
)

// secured takes the keys over and says so.
func (c *Conn) secured(conn *dtls.Conn) error {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	if !ok {
		return errors.New("the client accepted no SRTP profile")
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return errors.New("DTLS ended before its keys were taken")
	}
	k, err := newKeys(&state, profile)
	if err != nil {
		return err
	}
	c.keys.Store(k)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.dtls, c.up = conn, true
	if c.icePath {
		c.handler.Connected()
	}
	return nil
}

// iceState follows the agent. Connected is said when both ICE and DTLS are up.
func (c *Conn) iceState(s ice.ConnectionState) {
	switch s {
	case ice.ConnectionStateConnected, ice.ConnectionStateCompleted:
		c.mu.Lock()
		news := !c.icePath
		c.icePath = true
		if news && c.up {
			c.handler.Connected()
		}
		c.mu.Unlock()
	case ice.ConnectionStateDisconnected:
		c.mu.Lock()
		news := c.icePath && c.up
		c.icePath = false
		if news {
			c.handler.Disconnected()
		}
		c.mu.Unlock()
	case ice.ConnectionStateFailed:
		c.fail(fmt.Sprintf("the client could not be reached for %v", c.host.config.Silence+c.host.config.Patience))
	}
}

func (c *Conn) fail(reason string) {
	c.failing.Do(func() { c.handler.Failed(reason) })
}

// WriteRTP sends one plain packet, given as its header and its payload.
func (c *Conn) WriteRTP(header, payload []byte) error {
	k, path := c.keys.Load(), c.path.Load()
	if k == nil || path == nil {
		return errNotReady
	}
	return k.sealRTP(header, payload, path.Write)
}

// WriteRTCP sends one plain compound packet.
func (c *Conn) WriteRTCP(packet []byte) error {
	k, path := c.keys.Load(), c.path.Load()
	if k == nil || path == nil {
		return errNotReady
	}
	return k.sealRTCP(packet, path.Write)
}

// Profile names the SRTP protection in use, empty before there is one.
func (c *Conn) Profile() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dtls == nil {
		return ""
	}
	p, _ := c.dtls.SelectedSRTPProtectionProfile()
	switch p {
	case dtls.SRTP_AEAD_AES_128_GCM:
		return "AEAD_AES_128_GCM"
	case dtls.SRTP_AEAD_AES_256_GCM:
		return "AEAD_AES_256_GCM"
	}
	return "AES128_CM_HMAC_SHA1_80"
}

// Close ends the connection, tells the client and waits until nothing of it runs.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		c.running.Wait()
		return nil
	}
	c.closed = true
	agent, p, conn := c.agent, c.pipe, c.dtls
	c.mu.Unlock()
	c.failing.Do(func() {}) // what comes now is our own doing
	c.cancel()
	if agent == nil {
		return nil
	}
	if conn != nil {
		_ = conn.Close() // close_notify, as far as there is a path
	}
	err := p.Close()
	if cerr := agent.GracefulClose(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	c.running.Wait()
	if err != nil {
		return fmt.Errorf("close a media connection: %w", err)
	}
	return nil
}
