package sfu_test

import (
	"math/rand/v2"
	"net"
	"sync"
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
		if err != nil || !l.loses(b[:n]) {
			return n, from, err
		}
	}
}

func (l *lossy) WriteTo(b []byte, to net.Addr) (int, error) {
	if l.loses(b) {
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, to)
}

func TestLossIsRepairedBothWays(t *testing.T) {
	s := server(t, func(c *sfu.Config) {
		c.UDP = &lossy{PacketConn: c.UDP, share: 0.04, rand: rand.New(rand.NewPCG(1, 2))}
	})
	viewer, publisher := join(t, s, "room", "viewer", person(1)), join(t, s, "room", "publisher", person(1))
	film := publisher.film(publisher.camera, 50, 100)
	<-time.NewTimer(4 * time.Second).C
	film.end()
	<-time.NewTimer(500 * time.Millisecond).C
	packets := viewer.video(0)
	if len(packets) < 200 {
		t.Fatalf("only %d packets came", len(packets))
	}
	have := map[uint16]bool{}
	first := packets[0].SequenceNumber
	last := first
	for _, p := range packets {
		have[p.SequenceNumber] = true
		if int16(p.SequenceNumber-last) > 0 {
			last = p.SequenceNumber
		}
	}
	span := int(last-first) + 1
	missing := span - len(have)
	t.Logf("%d of %d packets missing in the end; publisher was asked %d times", missing, span, publisher.counted(&rtcp.TransportLayerNack{}))
	if missing*100 > span {
		t.Errorf("%d of %d packets missing after 4 %% loss each way, want under 1 %%", missing, span)
	}
	if publisher.counted(&rtcp.TransportLayerNack{}) == 0 {
		t.Error("the publisher was never asked to send again")
	}
	if publisher.counted(&rtcp.TransportLayerCC{}) == 0 {
		t.Error("the publisher got no transport-wide feedback")
	}
}
