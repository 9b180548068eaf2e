package sfu_test

import (
	"net"
	"net/netip"
	"testing"

	"palabre/sfu"
)

// way is a way that packets can go through the server.
type way struct {
	name string
	pion bool
}

func ways() []way { return []way{{name: "fast"}, {name: "pion", pion: true}} }

// open starts a server of one shard whose packets go that way.
func (w way) open(t testing.TB) (*sfu.SFU, netip.AddrPort) {
	t.Helper()
	var at netip.AddrPort
	s := server(t, func(c *sfu.Config) {
		c.Shards = 1
		if c.Pion = w.pion; w.pion {
			c.UDP = plain(t)
			at = c.UDP.LocalAddr().(*net.UDPAddr).AddrPort()
		}
	})
	if !w.pion {
		at = s.MediaAddrs()[0]
	}
	return s, at
}
