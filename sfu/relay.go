package sfu

import (
	"net/netip"

	"palabre/sfu/transport"
)

// Relay opens a way into the media port for what a TURN server relays; see
// [transport.Host.Relay].
func (s *SFU) Relay(v6 bool, deliver func(datagram []byte)) (*transport.Relay, error) {
	return s.host.Relay(v6, deliver)
}

// MediaAddrs are the addresses of the media port that clients are told.
func (s *SFU) MediaAddrs() []netip.AddrPort { return s.host.MediaAddrs() }
