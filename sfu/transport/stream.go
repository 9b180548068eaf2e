package transport

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"palabre/sfu/tcp"
)

// tcpDoor takes clients in over TCP (ICE-TCP, RFC 6544, passive candidates;
// framing of RFC 4571). Each connection is a [Relay]: to its agent the client
// is somebody on a UDP address that is on no network, so that an agent costs
// nothing for TCP until a client comes that way.
type tcpDoor struct {
	udp     *mux
	gate    *tcp.Gate
	strange time.Duration
	log     *slog.Logger
	running sync.WaitGroup
}

// openTCP lets clients in by a listener. One that has not proved within strange
// whose it is is shown out.
func openTCP(udp *mux, l net.Listener, strange time.Duration, log *slog.Logger) *tcpDoor {
	d := &tcpDoor{udp: udp, gate: tcp.NewGate(l, tcpIdle, log), strange: strange, log: log}
	d.running.Go(d.accept)
	return d
}

func (d *tcpDoor) accept() {
	for {
		c, err := d.gate.Accept()
		if err != nil {
			return // the gate goes on whatever happens but its end
		}
		d.running.Go(func() { d.serve(c) })
	}
}

// Close shows everybody out and waits until nobody is left.
func (d *tcpDoor) Close() error {
	err := d.gate.Close()
	d.running.Wait()
	return err
}

func (d *tcpDoor) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	if err := c.SetReadDeadline(time.Now().Add(d.strange)); err != nil {
		return
	}
	b := make([]byte, maxDatagram)
	n, err := readFrame(c, b)
	if err != nil || !isSTUN(b[:n]) || !isRequest(b[:n]) {
		return
	}
	ufrag, named := localUfrag(b[:n])
	v6, known := d.udp.family(string(ufrag))
	if !named || !known {
		return
	}
	s := &stream{conn: c}
	r, err := d.udp.relay(v6, s.send)
	if err != nil {
		d.log.Warn("a client over TCP was shown out", "error", err)
		return
	}
	defer func() { _ = r.Close() }()
	r.stream, r.left = true, func() { _ = c.Close() }
	d.pass(c, r, b, n)
}

// pass hands on what a client sends. Until its agent has answered it, which it
// does to nobody who lacks the password, the deadline of strangers stands.
func (d *tcpDoor) pass(c net.Conn, r *Relay, b []byte, n int) {
	proved := false
	for {
		r.Send(b[:n])
		if !proved && d.udp.owned(r.addr) {
			proved = true
			if err := c.SetReadDeadline(time.Time{}); err != nil { // the gate's own from now on
				return
			}
		}
		var err error
		if n, err = readFrame(c, b); err != nil {
			return
		}
	}
}

// readFrame reads one packet behind its length (RFC 4571 section 2). One that is
// larger than any we take ends the connection.
func readFrame(c io.Reader, b []byte) (int, error) {
	var head [2]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n == 0 || n > len(b) {
		return 0, io.ErrShortBuffer
	}
	return io.ReadFull(c, b[:n])
}

// stream is the way back to a client over TCP.
type stream struct {
	conn net.Conn

	mu    sync.Mutex
	frame []byte
}

// send writes a packet behind its length. The connection takes it whole or,
// where it does not keep up, not at all; it never blocks and keeps nothing of b.
func (s *stream) send(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame = append(binary.BigEndian.AppendUint16(s.frame[:0], uint16(len(b))), b...)
	_, _ = s.conn.Write(s.frame) // what is lost is lost as on UDP
}

// family says by which address family an agent may be reached.
func (m *mux) family(ufrag string) (v6, known bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.v4[ufrag] != nil {
		return false, true
	}
	return true, m.v6[ufrag] != nil
}

// owned says whether an agent has answered somebody at an address.
func (m *mux) owned(a netip.AddrPort) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.owners[a]) > 0
}

// isStream says whether an address stands for a client over TCP.
func (m *mux) isStream(a netip.AddrPort) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.relays[a]
	return r != nil && r.stream
}
