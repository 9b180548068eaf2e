package sfu_test

import (
	"errors"
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

// socketBuffer is what the kernel is asked to hold, in bytes, as by the server.
const socketBuffer = 4 << 20

// open starts a server of one shard whose packets go that way.
func (w way) open(t testing.TB) (*sfu.SFU, netip.AddrPort) {
	t.Helper()
	var at netip.AddrPort
	s := server(t, func(c *sfu.Config) {
		c.Shards, c.Loudest = 1, 6
		if c.Pion = w.pion; w.pion {
			socket := plain(t).(*net.UDPConn)
			if err := errors.Join(socket.SetReadBuffer(socketBuffer), socket.SetWriteBuffer(socketBuffer)); err != nil {
				t.Fatal(err)
			}
			c.UDP = socket
			at = socket.LocalAddr().(*net.UDPAddr).AddrPort()
		}
	})
	if !w.pion {
		at = s.MediaAddrs()[0]
	}
	return s, at
}
