//go:build amd64 || arm64

package udp

import (
	"fmt"
	"testing"

	"palabre/internal/bench/floor"
)

// BenchmarkFlush is what it costs to send what lies sealed in the arena: so many
// datagrams of a picture to each of 64 viewers. The floor sends the same.
func BenchmarkFlush(b *testing.B) {
	const viewers, payload, size = 64, 1100, floor.HeaderSize + 1100 + 16
	for _, packets := range []int{1, 2, 4, 8, 16, 32} {
		b.Run(fmt.Sprint(packets), func(b *testing.B) {
			to, shut, err := floor.Sinks(viewers)
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
			routes := make([]Route, viewers)
			for i := range routes {
				routes[i].Set(to[i])
			}
			var counters Counters
			out := NewOutbox(listenOn(b, "127.0.0.1:0", 1)[0], Options{Segments: true, Counters: &counters})
			floor.Turns(b, viewers*packets, func() {
				for i := range routes {
					for range packets {
						out.Add(&routes[i], out.Space(size)[:size])
					}
				}
				out.Flush()
			}, func() {
				if err := f.Flush(packets, payload); err != nil {
					b.Fatal(err)
				}
			})
			if n := counters.Dropped.Load(); n > 0 {
				b.Errorf("%d of %d datagrams were dropped", n, counters.Datagrams.Load())
			}
		})
	}
}
