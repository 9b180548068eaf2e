package webhook

import (
	"errors"
	"net/netip"
	"testing"
)

func TestAddressesThatAreNotPublic(t *testing.T) {
	g := guard{refused: notPublic()}
	for _, text := range []string{
		"0.0.0.0", "127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
		"64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "100::1", "2001::1", "2001:db8::1", "3fff::1",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		if err := g.check(netip.MustParseAddr(text)); !errors.Is(err, ErrForbiddenAddress) {
			t.Errorf("%s is called: %v", text, err)
		}
	}
	for _, text := range []string{"9.9.9.9", "172.32.0.1", "192.167.255.255", "100.128.0.1", "::ffff:9.9.9.9", "64:ff9b::909:909", "2002:909:909::1", "2620:fe::fe"} {
		if err := g.check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
}

func TestAllowedNetworks(t *testing.T) {
	g := guard{refused: notPublic(), allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for text, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "9.9.9.9": true} {
		if got := g.check(netip.MustParseAddr(text)) == nil; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	// Without TLS only what is allowed, public or not.
	for text, want := range map[string]bool{"10.1.2.3": true, "10.2.0.1": false, "9.9.9.9": false} {
		if got := g.strict().check(netip.MustParseAddr(text)) == nil; got != want {
			t.Errorf("%s without TLS: %v", text, got)
		}
	}
}

// Whatever an address looks like, what is called is public after all wrapping is taken off.
func FuzzGuard(f *testing.F) {
	for _, text := range []string{"::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "9.9.9.9", "fe80::1"} {
		f.Add(netip.MustParseAddr(text).AsSlice())
	}
	g := guard{refused: notPublic()}
	f.Fuzz(func(t *testing.T, raw []byte) {
		addr, ok := netip.AddrFromSlice(raw)
		if !ok || g.check(addr) != nil {
			return
		}
		inner := plain(addr)
		if inner.IsLoopback() || inner.IsPrivate() || inner.IsLinkLocalUnicast() || inner.IsMulticast() || inner.IsUnspecified() || plain(inner) != inner && g.check(plain(inner)) != nil {
			t.Errorf("%s is called, which is %s", addr, inner)
		}
	})
}
