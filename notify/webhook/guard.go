package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// ErrForbiddenAddress: a receiver's name leads to an address that is not public.
var ErrForbiddenAddress = errors.New("the address is not public")

// notPublic are the networks no delivery goes to unless the administrator
// allows it: this machine, private and link-local ones (where clouds keep their
// metadata), multicast, and all that the registries of special-purpose
// addresses (RFC 6890) keep from global use.
func notPublic() []netip.Prefix {
	texts := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20",
		"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	}
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// guard judges the addresses that deliveries would go to.
type guard struct {
	refused, allowed []netip.Prefix
}

// strict lets nothing through but what is allowed: for receivers without TLS.
func (g guard) strict() guard {
	return guard{[]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, g.allowed}
}

// check judges an address by what it really leads to: IPv4 inside IPv6 is taken out first.
func (g guard) check(addr netip.Addr) error {
	addr = plain(addr.WithZone(""))
	within := func(p netip.Prefix) bool { return p.Contains(addr) }
	if !slices.ContainsFunc(g.refused, within) || slices.ContainsFunc(g.allowed, within) {
		return nil
	}
	return fmt.Errorf("%w: %s; allow its network with --webhook-allow", ErrForbiddenAddress, addr)
}

// plain takes the IPv4 address out of one that is mapped (::ffff:0:0/96),
// translated (NAT64, 64:ff9b::/96, RFC 6052) or tunnelled (6to4, 2002::/16, RFC 3056).
func plain(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}

// control is asked by the dialer about each address right before it is
// dialled: what the name resolved to a moment ago does not matter.
func (g guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: no %s to receivers", ErrForbiddenAddress, network)
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForbiddenAddress, err)
	}
	return g.check(target.Addr())
}

// timeout bounds one attempt, the name's resolution included.
const timeout = 15 * time.Second

// newClient makes the client deliveries go out by: through no proxy, following no redirect.
func newClient(g guard, resolver *net.Resolver, roots *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: -1, Resolver: resolver, ControlContext: g.control}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        roots,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  timeout,
			MaxResponseHeaderBytes: 16 << 10,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // the body of an answer is not read
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
