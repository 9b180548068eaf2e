package transport

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
)

// Once its keys are taken DTLS has nothing to do until the end, unless the
// client draws. It would keep four goroutines, their stacks and a fifth of what
// a viewer costs in memory for that, all of which the garbage collector looks
// through. So a connection nobody needs is parked: its state is kept, it ends
// in silence, and a new one goes on from there when a record comes in.

const (
	// settleTime is how long after the handshake a connection may be parked, if an
	// authentic packet has come by then: a client that sends one has our last flight
	// and will not ask for it again (RFC 6347 section 4.2.4).
	settleTime = 5 * time.Second
	// settleMost bounds the pause until that is looked at again; each is twice the last.
	settleMost = 80 * time.Second
)

// parked is what there is of a DTLS connection while it does not run. Who takes
// it off its Conn answers for the connection's place in Conn.running.
type parked struct {
	state dtls.State
	// farewell is the close_notify by which the last one ended, sent when this one does.
	farewell []byte
}

// Parking counts what became of DTLS after the handshake: how often a connection
// nobody needed was parked, and how often one went on for a record that came in.
type Parking struct{ Parked, Resumed atomic.Uint64 }

// converse hears what comes over DTLS until the client closes the connection,
// which is false, or until it is parked.
func (c *Conn) converse(conn *dtls.Conn, p *pipe) bool {
	wait := c.host.config.Settle
	_ = conn.SetReadDeadline(time.Now().Add(wait)) // never fails
	buffer := make([]byte, 2048)
	for {
		n, err := conn.Read(buffer)
		var timeout net.Error
		switch {
		case err == nil:
			_ = conn.SetReadDeadline(time.Time{}) // SCTP comes this way: it stays
			c.application(buffer[:n])
		case errors.As(err, &timeout) && timeout.Timeout() && c.ctx.Err() == nil:
			if c.heard.Load() {
				return c.park(conn, p)
			}
			wait = min(2*wait, settleMost)
			_ = conn.SetReadDeadline(time.Now().Add(wait))
		default:
			c.ended()
			return false
		}
	}
}

// ended says that the client closed the connection, unless we did.
func (c *Conn) ended() {
	if c.ctx.Err() == nil {
		c.fail("the client closed the connection")
	}
}

// park ends the DTLS connection without telling the client, and keeps what is
// needed to go on. The state is read after the last record was made: whatever
// goes on from there does not use a record number twice.
func (c *Conn) park(conn *dtls.Conn, p *pipe) bool {
	c.secure.Store(nil)
	p.muted.Store(true)
	_ = conn.Close() // no error: nothing leaves
	state, ok := conn.ConnectionState()
	if !ok {
		c.fail("DTLS ended before it could be parked")
		return false
	}
	state.PeerCertificates = nil // it has been checked
	c.reading.Lock()
	c.sieve.park()
	c.reading.Unlock()
	c.parked.Store(&parked{state: state, farewell: p.kept})
	c.host.parking.Parked.Add(1)
	if c.ctx.Err() != nil { // Close may have looked before
		c.leave()
	}
	return true
}

// unpark has DTLS go on for a record that came in; Conn.reading is held. Only
// what looks encrypted gets here, and who forges it makes us go on once in a settleTime.
func (c *Conn) unpark() {
	k := c.parked.Swap(nil)
	if k == nil {
		return
	}
	p := newPipe(&c.now)
	c.pipe.Store(p)
	c.host.parking.Resumed.Add(1)
	go func() {
		if !c.resume(k, p) {
			c.running.Done()
		}
	}()
}

// resume runs DTLS from where it was parked; true where it is parked again.
func (c *Conn) resume(k *parked, p *pipe) bool {
	conn, err := dtls.ResumeWithOptions(&k.state, p, p.RemoteAddr(), dtls.WithLoggerFactory(c.host.logs))
	if err != nil {
		c.fail(fmt.Sprintf("DTLS could not go on: %v", err))
		return false
	}
	// The handshake is over, so that this only fails where a farewell is read first.
	if err := conn.HandshakeContext(c.ctx); err != nil {
		_ = conn.Close()
		c.ended()
		return false
	}
	c.secure.Store(conn)
	if c.ctx.Err() != nil { // Close may have looked before
		_ = conn.Close()
		return false
	}
	return c.converse(conn, p)
}

// leave tells the client of a parked connection that it is over.
func (c *Conn) leave() {
	if k := c.parked.Swap(nil); k != nil {
		_ = c.now.Load().agent.write(k.farewell) // as far as there is a path
		c.running.Done()
	}
}
