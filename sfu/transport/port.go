package transport

import (
	"log/slog"
	"net/netip"
	"runtime/debug"
	"time"

	"palabre/sfu/udp"
)

// arrivals is how many reads one look at a socket makes at most.
const arrivals = 32

// Port is one of the sockets on the media port, with what its goroutine
// received by it and is about to send. All of its methods but Wake are for
// that one goroutine, and so are the writes of connections opened on it.
type Port struct {
	mux    *mux
	socket *udp.Socket
	in     *udp.Inbox
	out    *udp.Outbox
	take   func(datagram []byte, from netip.AddrPort, at time.Time)
	log    *slog.Logger
}

func newPort(m *mux, s *udp.Socket, o udp.Options, log *slog.Logger) *Port {
	p := &Port{mux: m, socket: s, in: udp.NewInbox(arrivals), out: udp.NewOutbox(s, o), log: log}
	p.take = p.takeOne
	return p
}

// Wait blocks until datagrams have come, until the deadline, zero for none, or
// until Wake, and gives the time then.
func (p *Port) Wait(until time.Time) (time.Time, error) {
	err := p.socket.Receive(p.in, until)
	return time.Now(), err
}

// Take hands the datagrams that have come to whom they are for, and says whether
// there were any, and whether those were all.
func (p *Port) Take(now time.Time) (some, all bool) {
	p.in.Each(now, p.take)
	return p.in.Len() > 0, !p.in.Full()
}

func (p *Port) takeOne(datagram []byte, from netip.AddrPort, at time.Time) {
	defer func() {
		if v := recover(); v != nil {
			p.log.Error("panic over a datagram", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	p.mux.take(datagram, from, at)
}

// Wake ends a Wait from another goroutine.
func (p *Port) Wake() { p.socket.Wake() }

// Flush sends what connections have written.
func (p *Port) Flush() { p.out.Flush() }

// space is room for one sealed packet.
func (p *Port) space() []byte { return p.out.Space(maxPacket + overhead) }
