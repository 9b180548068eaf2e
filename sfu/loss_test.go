package sfu_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"palabre/sfu"
)

// lossy loses a share of the media packets, both ways.
type lossy struct {
	net.PacketConn
	share float64
	mu    sync.Mutex
	rand  *rand.Rand
	// in and out count what was lost on the way to the server and from it.
	in, out atomic.Int64
	// dark: nothing comes in at all.
	dark atomic.Bool
}

func (l *lossy) loses(b []byte) bool {
	if len(b) < 2 || b[0] < 128 || b[0] > 191 || b[1] >= 192 && b[1] <= 223 {
		return false // not RTP
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.Float64() < l.share
}

func (l *lossy) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := l.PacketConn.ReadFrom(b)
		if err != nil || !l.dark.Load() && !l.loses(b[:n]) {
			return n, from, err
		}
		l.in.Add(1)
	}
}

func (l *lossy) WriteTo(b []byte, to net.Addr) (int, error) {
	if l.loses(b) {
		l.out.Add(1)
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, to)
}

// losing runs a meeting in virtual time whose server loses a share of the media packets.
func losing(t *testing.T, share float64, do func(m *meeting, way *lossy)) {
	t.Helper()
	way := &lossy{share: share, rand: rand.New(rand.NewPCG(1, 2))}
	simulated(t, func(m *meeting) { do(m, way) }, func(c net.PacketConn) net.PacketConn {
		way.PacketConn = c
		return way
	})
}

// TestLossIsRepairedBothWays loses packets on the way to the server and on the
// way from it, retransmissions too: in the end nothing is missing, and not
// much more was sent again than was lost.
func TestLossIsRepairedBothWays(t *testing.T) {
	for _, share := range []float64{0.05, 0.10} {
		t.Run(fmt.Sprintf("%.0f%%", share*100), func(t *testing.T) {
			losing(t, share, func(m *meeting, way *lossy) {
				viewer, publisher := m.join("viewer", shape{seats: 1, careful: true}), m.join("publisher", shape{camera: true})
				film := publisher.film(publisher.camera, 50, 100)
				m.pass(6 * time.Second)
				film.end()
				m.pass(700 * time.Millisecond)
				packets := viewer.video(0)
				if len(packets) < 600 {
					t.Fatalf("only %d packets came", len(packets))
				}
				span, missing := len(packets), len(lostOf(packets))
				asked, again := sfu.Repairs(m.sfu)
				in, out := way.in.Load(), way.out.Load()
				t.Logf("%d of %d packets missing; lost %d in and %d out, asked for %d, sent %d again", missing, span, in, out, asked, again)
				// A few in a thousand may be lost every time they are sent again.
				if missing*300 > span {
					t.Errorf("%d of %d packets missing", missing, span)
				}
				if float64(again) > 1.3*float64(out) {
					t.Errorf("%d packets sent again for %d lost", again, out)
				}
				if float64(asked) > 1.3*float64(in) {
					t.Errorf("%d packets asked for, %d lost", asked, in)
				}
				if publisher.counted(&rtcp.TransportLayerCC{}) == 0 {
					t.Error("the publisher got no transport-wide feedback")
				}
			})
		})
	}
}

// TestOutageEndsWithAKeyFrame has a publisher's path fail for a moment: the
// server asks for a key frame by itself, before any viewer complains.
func TestOutageEndsWithAKeyFrame(t *testing.T) {
	losing(t, 0, func(m *meeting, way *lossy) {
		viewer, publisher := m.join("viewer", shape{seats: 1}), m.join("publisher", shape{camera: true, burst: 8})
		film := publisher.film(publisher.camera, 0, 100)
		defer film.end()
		until(m, "the viewer to see", func() bool { return len(viewer.video(0)) > 100 })
		asked := publisher.counted(&rtcp.PictureLossIndication{})
		way.dark.Store(true)
		m.pass(1500 * time.Millisecond) // of 400 packets a second
		way.dark.Store(false)
		start := time.Now()
		until(m, "the publisher to be asked", func() bool { return publisher.counted(&rtcp.PictureLossIndication{}) > asked })
		if took := time.Since(start); took > 300*time.Millisecond {
			t.Errorf("asked after %v", took)
		}
	})
}
