package rewrite

import (
	"testing"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/rtp"
)

// TestRoomFollowsTheRate sends packets at several rates: what went out while it
// is still cached is found, and room is taken for little more.
func TestRoomFollowsTheRate(t *testing.T) {
	for _, c := range []struct{ rate, room int }{{5, 64}, {50, 64}, {130, 256}, {300, 512}, {2000, 512}} {
		s := New(Config{ClockRate: 90000})
		s.Want(1)
		var at time.Duration
		var last Out
		for n := range 10 * c.rate {
			at = time.Duration(n) * time.Second / time.Duration(c.rate)
			raw := append(rtp.AppendHeader(nil, &rtp.Extensions{}, &rtp.Outgoing{Timestamp: uint32(at.Seconds() * 90000), Marker: true}), 1, 2, 3)
			p := &cache.Packet{Sequence: 1<<16 + uint64(n), Capture: at, Frame: codec.Frame{KeyFrame: n == 0, Start: true, End: true}}
			if err := rtp.Parse(raw, &rtp.Extensions{}, &p.Header); err != nil {
				t.Fatal(err)
			}
			if verdict := s.Forward(1, p, &last); verdict != Send {
				t.Fatalf("packet %d at %d a second: verdict %d", n, c.rate, verdict)
			}
		}
		cached := min(max(int(cache.MaxAge.Seconds()*float64(c.rate)), cache.MinPackets), VideoHistory, 10*c.rate)
		for back := range cached {
			if _, ok := s.Lookup(last.Sequence-uint16(back), at, 0); !ok {
				t.Errorf("at %d a second the packet before %d others is not found", c.rate, back)
				break
			}
		}
		if got := len(s.sent.entries); got != c.room {
			t.Errorf("at %d a second there is room for %d packets, want %d", c.rate, got, c.room)
		}
	}
}
