package shard_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"palabre/sfu/codec"
	"palabre/sfu/rtp"
)

// TestEverybodyHasNumbersOfTheirOwn: the packets of a frame go to all viewers with
// the same picture in them, under picture ids of each viewer's own count, whether
// those fit where the publisher's were or not, and padded to one size or not.
func TestEverybodyHasNumbersOfTheirOwn(t *testing.T) {
	const viewers, frames, each = 5, 40, 3
	for name, counters := range map[string]func(n int) []byte{
		"of 15 bits": func(n int) []byte { return []byte{0xE0, 0x80 | byte(n>>8), byte(n), byte(n)} },
		"of 7 bits":  func(n int) []byte { return []byte{0xE0, byte(n), byte(n)} },
		"of TL0":     func(n int) []byte { return []byte{0x60, byte(n)} },
	} {
		for _, step := range []int{0, 4, 100} { // bytes from one packet to the next: padded, or not
			t.Run(fmt.Sprint(name, ", ", step), func(t *testing.T) {
				a := newAudience(viewers)
				var shown [][]byte
				for n := range frames {
					for i := range each {
						descriptor := append([]byte{0x80}, counters(n)...)
						if i == 0 {
							descriptor[0] |= 0x10
						}
						body := bytes.Repeat([]byte{byte(1 + n), byte(i)}, 200-step*i/2)
						body[0] |= 1 // no key frame
						payload := append(append(descriptor, 0), body...)
						o := rtp.Outgoing{SSRC: 7, PayloadType: 96, SequenceNumber: uint16(2 + n*each + i), Timestamp: uint32(1000+n) * 3000, Marker: i == each-1, MID: "0"}
						a.publisher.Receive(append(rtp.AppendHeader(nil, extensions(), &o), payload...), a.engine.Now())
						shown = append(shown, payload)
					}
					a.engine.Pass(33 * time.Millisecond)
				}
				firsts := map[uint32]bool{}
				for viewer := range uint32(viewers) {
					at := a.of(viewer, pictureLine)
					if len(at) != len(shown) {
						t.Fatalf("viewer %d got %d packets of %d", viewer, len(at), len(shown))
					}
					var first codec.Frame
					for n, i := range at {
						var got codec.Frame
						if err := codec.Counters(codec.VP8, a.sent[i].payload, &got); err != nil {
							t.Fatal(err)
						}
						if n == 0 {
							first = got
							firsts[uint32(got.PictureID)<<8|uint32(got.TL0)] = true
						}
						id, tl0 := (first.PictureID+uint16(n/each))&0x7FFF, first.TL0+uint8(n/each)
						if want := codec.AppendPayload(nil, codec.VP8, shown[n], id, tl0); !bytes.Equal(a.sent[i].payload, want) {
							t.Fatalf("viewer %d got %x as packet %d, want %x", viewer, a.sent[i].payload, n, want)
						}
					}
				}
				if name != "of TL0" && len(firsts) < 2 { // TL0PICIDX alone is passed on as it is
					t.Errorf("all count from the same number on")
				}
			})
		}
	}
}
