package transport

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/pion/dtls/v3"

	"palabre/sfu/prefetch"
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
	k, err := newKeys(&state, profile, c.port != nil, func(ssrc uint32) { c.host.streams.add(ssrc, c) })
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.keys.Store(k)
	c.secure.Store(conn)
	c.profile, c.up = name(profile), true
	c.consider(c.ways.next)
	c.tell()
	return nil
}

func (c *Conn) fail(reason string) {
	c.failing.Do(func() { c.handler.Failed(reason) })
}

// WriteRTP sends one plain packet, given as its header and its payload. Where
// the connection has a port the packet leaves with its next [Port.Flush], and
// only the port's goroutine may call this; else one goroutine at a time may.
func (c *Conn) WriteRTP(header, payload []byte) error {
	k := c.keys.Load()
	if k == nil {
		return errNotReady
	}
	if len(header)+len(payload) > maxPacket {
		return fmt.Errorf("send a packet of %d bytes: more than %d", len(header)+len(payload), maxPacket)
	}
	if c.direct() {
		sealed, err := k.sealRTP(c.port.space(), header, payload)
		if err == nil {
			c.port.out.Add(&c.route, sealed)
		}
		return err
	}
	sealed, err := k.sealRTP(k.scratch[:0], header, payload)
	if err == nil {
		err = c.now.Load().agent.write(sealed)
	}
	return err
}

// Prefetch asks for the memory that WriteRTP needs, in steps from 0 to 3: what a
// step asks for is found in what those before it did.
func (c *Conn) Prefetch(step int) {
	if step == 0 {
		prefetch.Part(c, 0, unsafe.Offsetof(c.host))
		return
	}
	k, w := c.keys.Load(), c.now.Load()
	switch {
	case k == nil || w == nil:
	case step == 1:
		prefetch.Value(k)
		far := unsafe.Offsetof(w.far)
		prefetch.Part(w, far, far+unsafe.Sizeof(w.far))
	case k.sealer != nil:
		k.sealer.Prefetch(step - 2)
	}
}

// WriteRTCP sends one plain compound packet, in the way of WriteRTP.
func (c *Conn) WriteRTCP(packet []byte) error {
	k := c.keys.Load()
	if k == nil {
		return errNotReady
	}
	if len(packet) > maxPacket {
		return fmt.Errorf("send an RTCP packet of %d bytes: more than %d", len(packet), maxPacket)
	}
	if c.direct() {
		sealed, err := k.sealRTCP(c.port.space(), packet)
		if err == nil {
			c.port.out.Add(&c.route, sealed)
		}
		return err
	}
	sealed, err := k.sealRTCP(k.scratch[:0], packet)
	if err == nil {
		err = c.now.Load().agent.write(sealed)
	}
	return err
}

// direct says whether packets leave by the connection's port, and aims it at
// where the client is now.
func (c *Conn) direct() bool {
	if c.port == nil {
		return false
	}
	far := c.now.Load().far.Load()
	if far != c.heading { // else there is nothing to see there
		c.heading, c.headed = far, far != nil && far.direct
		if c.headed && c.route.To() != far.addr {
			c.route.Set(far.addr)
		}
	}
	return c.headed
}

// Path names how packets leave, and why that is not the fast way: "fast" by a
// [Port], else by Pion: "udp", "tcp", or "relay" for TURN; empty before there is a way.
func (c *Conn) Path() (path, why string) {
	w := c.now.Load()
	if w == nil {
		return "", ""
	}
	far := w.far.Load()
	switch {
	case far == nil:
		return "", ""
	case c.host.udp.isStream(far.addr):
		return "tcp", "client"
	case isRelayed(far.addr.Addr()):
		return "relay", "client"
	case far.direct && c.port != nil:
		return "fast", ""
	case c.port != nil:
		return "udp", "address"
	}
	return "udp", c.host.slow
}

// Profile names the SRTP protection in use, empty before there is one.
func (c *Conn) Profile() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.profile
}

// name is a profile's in the registry (RFC 7714 section 14.2, RFC 5764 section 4.1.2).
func name(p dtls.SRTPProtectionProfile) string {
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
	open := c.ways
	c.mu.Unlock()
	c.failing.Do(func() {}) // what comes now is our own doing
	c.cancel()
	if open.current == nil {
		return nil
	}
	c.leave()
	if conn := c.secure.Load(); conn != nil {
		_ = conn.Close() // close_notify, as far as there is a path
	}
	err := c.pipe.Load().Close()
	for _, w := range []*way{open.current, open.next} {
		if w != nil {
			c.host.vigil.remove(w)
			err = errors.Join(err, w.agent.close())
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
