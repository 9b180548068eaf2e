package rewrite_test

import (
	"net/netip"
	"testing"

	"palabre/internal/bench/floor"
	"palabre/sfu/cache"
	"palabre/sfu/rewrite"
)

// BenchmarkRewrite is what a further viewer of a packet costs before it is
// sealed: which numbers it gets, its header, and its picture id. The floor is
// sealing it: like rewriting, and unlike sending, that is the processor's work alone,
// so that the ratio is much the same on one machine and another.
func BenchmarkRewrite(b *testing.B) {
	const payload = 1000
	f, err := floor.New([]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}) // nothing is sent
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	w := newWay(b)
	packets := make([]*cache.Packet, 384)
	for n := range packets {
		packets[n] = w.receive(w.datagram(n), n)
	}
	floor.Turns(b, len(packets), func() {
		w.stream.Stop()
		w.stream.Want(1)
		for _, p := range packets {
			var out rewrite.Out
			w.stream.Forward(1, p, &out)
			w.write(p, &out)
		}
	}, func() {
		for range packets {
			f.Seal(0, payload)
		}
	})
}
