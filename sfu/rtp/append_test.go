package rtp_test

import (
	"bytes"
	"testing"

	oracle "github.com/pion/rtp"
	"pgregory.net/rapid"

	"palabre/sfu/rtp"
)

// outgoing draws a header to write.
func outgoing(t *rapid.T) rtp.Outgoing {
	o := rtp.Outgoing{
		SSRC: rapid.Uint32().Draw(t, "ssrc"), Timestamp: rapid.Uint32().Draw(t, "timestamp"),
		SequenceNumber: rapid.Uint16().Draw(t, "sequence"), PayloadType: rapid.Uint8Range(0, 127).Draw(t, "type"),
		Marker:               rapid.Bool().Draw(t, "marker"),
		MID:                  rapid.StringMatching(`[a-z0-9]{0,20}`).Draw(t, "mid"),
		DependencyDescriptor: rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "descriptor"),
	}
	o.Present = rtp.Set(rapid.Uint16().Draw(t, "present"))
	o.TransportSequence, o.AbsSendTime = rapid.Uint16().Draw(t, "twcc"), rapid.Uint32Range(0, 1<<24-1).Draw(t, "send time")
	o.AudioLevel, o.Voice = rapid.Uint8Range(0, 127).Draw(t, "level"), rapid.Bool().Draw(t, "voice")
	o.PlayoutDelay = rapid.Uint32Range(0, 1<<24-1).Draw(t, "playout")
	o.Orientation, o.ContentType = rapid.Uint8().Draw(t, "orientation"), rapid.Uint8().Draw(t, "content")
	o.AbsCaptureTime, o.CaptureOffset = rapid.Uint64().Draw(t, "capture"), rapid.Int64().Draw(t, "offset")
	return o
}

const values = 1<<rtp.AudioLevel | 1<<rtp.TransportSequence | 1<<rtp.AbsSendTime | 1<<rtp.AbsCaptureTime |
	1<<rtp.PlayoutDelay | 1<<rtp.Orientation | 1<<rtp.ContentType

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := outgoing(t)
		var ids rtp.Extensions
		next := uint8(1)
		for e := rtp.MID; e.URI() != ""; e++ {
			if !rapid.Bool().Draw(t, "negotiated") {
				continue
			}
			if rapid.IntRange(0, 20).Draw(t, "wide") == 0 {
				next = max(next, 16)
			}
			if err := ids.Bind(e, next); err != nil {
				t.Fatal(err)
			}
			if next++; next == 15 {
				next++
			}
		}
		raw := append(rtp.AppendHeader(nil, &ids, &o), "payload"...)
		var h rtp.Header
		if err := rtp.Parse(raw, &ids, &h); err != nil {
			t.Fatalf("own header refused: %v (%x)", err, raw)
		}
		if h.SSRC != o.SSRC || h.Timestamp != o.Timestamp || h.SequenceNumber != o.SequenceNumber ||
			h.PayloadType != o.PayloadType || h.Marker != o.Marker || string(h.Payload(raw)) != "payload" {
			t.Fatalf("wrote %+v, read %+v", o, h)
		}
		if ids.ID(rtp.MID) != 0 && string(h.MID(raw)) != o.MID {
			t.Fatalf("mid %q, want %q", h.MID(raw), o.MID)
		}
		if ids.ID(rtp.DependencyDescriptor) != 0 && !bytes.Equal(h.DependencyDescriptor(raw), o.DependencyDescriptor) {
			t.Fatalf("descriptor %x, want %x", h.DependencyDescriptor(raw), o.DependencyDescriptor)
		}
		sameValues(t, &ids, &h, &o)
		var p oracle.Packet
		if err := p.Unmarshal(raw); err != nil {
			t.Fatalf("the reference implementation refuses it: %v (%x)", err, raw)
		}
	})
}

// sameValues compares the values that were there and negotiated.
func sameValues(t *rapid.T, ids *rtp.Extensions, h *rtp.Header, o *rtp.Outgoing) {
	want := o.Values
	want.Present &= values
	for e := rtp.MID; e.URI() != ""; e++ {
		if ids.ID(e) == 0 {
			want.Present &^= rtp.SetOf(e)
		}
	}
	got := h.Values
	got.Present &= values
	if got.Present != want.Present {
		t.Fatalf("present %b, want %b", got.Present, want.Present)
	}
	blank := func(v rtp.Values) rtp.Values {
		if !v.Has(rtp.AudioLevel) {
			v.AudioLevel, v.Voice = 0, false
		}
		if !v.Has(rtp.TransportSequence) {
			v.TransportSequence = 0
		}
		if !v.Has(rtp.AbsSendTime) {
			v.AbsSendTime = 0
		}
		if !v.Has(rtp.AbsCaptureTime) {
			v.AbsCaptureTime, v.CaptureOffset = 0, 0
		}
		if !v.Has(rtp.PlayoutDelay) {
			v.PlayoutDelay = 0
		}
		if !v.Has(rtp.Orientation) {
			v.Orientation = 0
		}
		if !v.Has(rtp.ContentType) {
			v.ContentType = 0
		}
		return v
	}
	if blank(got) != blank(want) {
		t.Fatalf("values %+v, want %+v", blank(got), blank(want))
	}
}

func TestAppendPaddingIsAPacketOfPadding(t *testing.T) {
	for _, size := range []uint8{0, 1, 255} {
		o := rtp.Outgoing{SequenceNumber: 7, MID: "1"}
		ids := chromium(t)
		raw := rtp.AppendPadding([]byte("before"), ids, &o, size)[len("before"):]
		var h rtp.Header
		if err := rtp.Parse(raw, ids, &h); err != nil {
			t.Fatal(err)
		}
		if h.PayloadSize() != 0 || h.Padding != max(size, 1) || h.SequenceNumber != 7 {
			t.Errorf("size %d: %+v", size, h)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	ids, o, dst := chromium(t), exampleOutgoing(), make([]byte, 0, rtp.MaxPacket)
	if n := testing.AllocsPerRun(1000, func() {
		dst = rtp.AppendHeader(dst[:0], ids, &o)
		dst = rtp.AppendPadding(dst[:0], ids, &o, 200)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func exampleOutgoing() rtp.Outgoing {
	o := rtp.Outgoing{SSRC: 1, Timestamp: 2, SequenceNumber: 3, PayloadType: 96, Marker: true, MID: "12"}
	o.SetTransportSequence(4)
	o.SetAbsSendTime(5)
	return o
}

func BenchmarkAppendHeader(b *testing.B) {
	ids, o, dst := chromium(b), exampleOutgoing(), make([]byte, 0, rtp.MaxPacket)
	b.ReportAllocs()
	for b.Loop() {
		dst = rtp.AppendHeader(dst[:0], ids, &o)
	}
}
