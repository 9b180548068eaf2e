package rewrite_test

import (
	"testing"

	"palabre/internal/bench/floor"
	"palabre/sfu/cache"
)

// BenchmarkRewrite is what a further viewer of a packet costs before it is
// sealed: which numbers it gets, its header, and its picture id. The floor is a
// packet of a frame of six, sealed and sent.
func BenchmarkRewrite(b *testing.B) {
	const destinations, frame, payload = 64, 6, 1000
	to, shut, err := floor.Sinks(destinations)
	if err != nil {
		b.Fatal(err)
	}
	f, err := floor.New(to)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
		if err := shut(); err != nil {
			b.Error(err)
		}
	})
	w := newWay(b)
	packets := make([]*cache.Packet, destinations*frame)
	for n := range packets {
		packets[n] = w.receive(w.datagram(n), n)
	}
	floor.Turns(b, len(packets), func() {
		w.stream.Stop()
		w.stream.Want(1)
		for _, p := range packets {
			out, _ := w.stream.Forward(1, p)
			w.write(p, out)
		}
	}, func() {
		if err := f.Send(frame, payload); err != nil {
			b.Fatal(err)
		}
	})
}
