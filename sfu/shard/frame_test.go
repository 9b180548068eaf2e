package shard_test

import (
	"testing"
	"time"
)

// opening is the first of a frame's two packets, rest the second.
func (a *audience) opening(sequence uint16) {
	packet := picture(sequence, false)
	packet[1] &^= 0x80 // the marker
	a.publisher.Receive(packet, a.engine.Now())
}

func (a *audience) rest(sequence uint16) {
	packet := picture(sequence, false)
	copy(packet[4:8], picture(sequence-1, false)[4:8]) // the timestamp
	packet[len(picture(sequence, false))-10] &^= 0x10  // the start of the partition
	a.publisher.Receive(packet, a.engine.Now())
}

// What belongs to one frame comes in several reads, and leaves in one call a
// viewer: neither what is due meanwhile nor what clients report cuts it in two.
func TestAFrameLeavesWhole(t *testing.T) {
	const viewers = 20
	for name, come := range map[string]func(*audience){
		"in two turns": func(a *audience) {
			a.opening(2)
			a.engine.Settle()
		},
		"with a report between": func(a *audience) {
			a.opening(2)
			a.publisher.Control(senderReport(), a.engine.Now())
			a.engine.Settle()
		},
		"with a tick": func(a *audience) {
			a.opening(2)
			a.engine.Pass(20 * time.Millisecond)
		},
		"with a tick between": func(a *audience) {
			a.engine.Pass(19900 * time.Microsecond)
			a.opening(2)
			a.engine.Settle()
			a.engine.Pass(200 * time.Microsecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAudience(viewers)
			come(a)
			if len(a.sent) > 0 {
				t.Fatalf("%d packets left before the rest of their frame came", len(a.sent))
			}
			a.rest(3)
			a.engine.Settle()
			for viewer := range uint32(viewers) {
				if at := a.of(viewer, pictureLine); len(at) != 2 || at[1] != at[0]+1 {
					t.Errorf("viewer %d is sent the frame at %v", viewer, at)
				}
			}
		})
	}
}

// A frame whose rest does not come waits a millisecond, and not at all for a few viewers.
func TestTheRestOfAFrameIsNotWaitedForLong(t *testing.T) {
	for viewers, longest := range map[int]time.Duration{2: 0, 8: time.Millisecond, 400: time.Millisecond} {
		a := newAudience(viewers)
		a.opening(2)
		a.engine.Settle()
		if longest > 0 {
			a.engine.Pass(longest - time.Microsecond)
			if len(a.sent) > 0 {
				t.Errorf("%d viewers: %d packets left before %v", viewers, len(a.sent), longest)
			}
			a.engine.Pass(time.Microsecond)
		}
		if len(a.sent) != viewers {
			t.Errorf("%d viewers: %d packets left after %v", viewers, len(a.sent), longest)
		}
	}
}

// What is due does not wait for frames, however many wait for their rest.
func TestFramesHoldUpNoTick(t *testing.T) {
	const viewers = 20
	a := newAudience(viewers)
	before := a.reports
	for n := range uint16(4000) { // there is always one that waits
		a.opening(2 + n)
		a.engine.Settle()
		a.engine.Pass(500 * time.Microsecond)
	}
	if told := a.reports - before; told < viewers || told > 3*viewers {
		t.Errorf("%d sender reports in 2 s for %d viewers, want one a second each", told, viewers)
	}
}

// Somebody who leaves in the middle of a frame does not have the others get the
// end of it before its beginning.
func TestAFrameKeepsItsOrder(t *testing.T) {
	const viewers = 20
	a := newAudience(viewers)
	a.opening(2)
	a.engine.Settle()
	a.camera.Leave(viewers - 1)
	a.rest(3)
	a.engine.Settle()
	a.engine.Pass(5 * time.Millisecond)
	for viewer := range uint32(viewers - 1) {
		if at := a.of(viewer, pictureLine); len(at) != 2 || a.sent[at[1]].sequence != a.sent[at[0]].sequence+1 {
			t.Fatalf("viewer %d is sent %v of %+v", viewer, at, a.sent)
		}
	}
}
