// Package gate decides who may knock at all, before anything of the protocol
// is read: where a request comes from, whether a page of another site sent it,
// and whether its address has failed or hoarded too much.
package gate

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Address is where a request comes from. X-Forwarded-For is believed only as
// far as it was written by trusted proxies: read from the right, the first
// address that is not one of them. Without an address it is the zero Addr,
// which all limits treat as one stranger.
func Address(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !contains(trusted, addr) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

// Secure says whether the person's own connection is TLS: ours, or that of a
// trusted proxy that says so.
func Secure(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && contains(trusted, peer.Addr().Unmap().WithZone("")) && r.Header.Get("X-Forwarded-Proto") == "https"
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Truncated is an address as logs may keep it: the network it is in (/24 of
// IPv4, /48 of IPv6), never the person's own address.
func Truncated(addr netip.Addr) string { return network(addr, 24, 48) }

// network names the network of an address; a prefix of whole length is one host.
func network(addr netip.Addr, bits4, bits6 int) string {
	bits := bits6
	if addr.Is4() {
		bits = bits4
	}
	p, err := addr.Prefix(bits)
	if err != nil || !p.IsValid() {
		return "unknown"
	}
	return p.String()
}
