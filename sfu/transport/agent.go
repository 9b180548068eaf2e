package transport

import (
	"context"
	"errors"
	"net/netip"

	"palabre/sfu/negotiate"
)

// errNoPath says that nothing is known of where the client is.
var errNoPath = errors.New("there is no path to the client")

// agent is the ICE agent of one way (RFC 8445): ours ([checks]) where ports read
// the sockets, else Pion's. It says where the client is by [way.follow]; whether
// the client is still there, and wants packets, is the [vigil]'s to find out.
type agent interface {
	// take is given what is STUN and for the way, or comes from an address it
	// writes to; false where the agent would read it from its lane.
	take(b []byte, from netip.AddrPort) bool
	// write sends to where the client is, or gives errNoPath. It never blocks.
	write(b []byte) error
	// beckon has it look at an address that sent an authentic packet: nothing but
	// checks goes to one that has not consented (RFC 7675).
	beckon(from netip.AddrPort) error
	// look does what is due by itself, five times a second.
	look()
	close() error
}

// open starts the way's agent for the credentials of an offer.
func (w *way) open(ctx context.Context, o *negotiate.Offer) error {
	if w.conn.host.udp.fast != nil {
		return openChecks(w)
	}
	return openPion(ctx, w, o)
}
