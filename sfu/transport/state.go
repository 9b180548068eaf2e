package transport

import (
	"errors"
	"fmt"

	"github.com/pion/dtls/v3"
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
	k, err := newKeys(&state, profile, func(ssrc uint32) { c.host.streams.add(ssrc, c) })
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.keys.Store(k)
	c.dtls, c.up = conn, true
	c.consider(c.ways.next)
	c.tell()
	return nil
}

func (c *Conn) fail(reason string) {
	c.failing.Do(func() { c.handler.Failed(reason) })
}

// WriteRTP sends one plain packet, given as its header and its payload.
func (c *Conn) WriteRTP(header, payload []byte) error {
	k := c.keys.Load()
	if k == nil {
		return errNotReady
	}
	return k.sealRTP(header, payload, c.now.Load().path)
}

// WriteRTCP sends one plain compound packet.
func (c *Conn) WriteRTCP(packet []byte) error {
	k := c.keys.Load()
	if k == nil {
		return errNotReady
	}
	return k.sealRTCP(packet, c.now.Load().path)
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
	open, p, conn := c.ways, c.pipe, c.dtls
	c.mu.Unlock()
	c.failing.Do(func() {}) // what comes now is our own doing
	c.cancel()
	if open.current == nil {
		return nil
	}
	if conn != nil {
		_ = conn.Close() // close_notify, as far as there is a path
	}
	err := p.Close()
	for _, w := range []*way{open.current, open.next} {
		if w != nil {
			err = errors.Join(err, w.agent.GracefulClose())
		}
	}
	c.running.Wait()
	if k := c.keys.Load(); k != nil {
		c.reading.Lock()
		c.host.streams.remove(k, c)
		c.reading.Unlock()
	}
	if err != nil {
		return fmt.Errorf("close a media connection: %w", err)
	}
	return nil
}
