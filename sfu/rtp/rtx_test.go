package rtp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"palabre/sfu/rtp"
)

// wrap makes a retransmission of the packet as a sender would (RFC 4588 §4).
func wrap(ids *rtp.Extensions, h *rtp.Header, raw []byte) []byte {
	o := rtp.Outgoing{
		SSRC: 0xAAAA, PayloadType: 97, SequenceNumber: 1, Timestamp: h.Timestamp, Marker: h.Marker,
		MID: string(h.MID(raw)), Values: h.Values,
	}
	return append(binary.BigEndian.AppendUint16(rtp.AppendHeader(nil, ids, &o), h.SequenceNumber), h.Payload(raw)...)
}

func TestUnwrapGivesTheOriginal(t *testing.T) {
	ids, raw := chromium(t), videoPacket(t)
	var h, again, fresh rtp.Header
	if err := rtp.Parse(raw, ids, &h); err != nil {
		t.Fatal(err)
	}
	repeat := wrap(ids, &h, raw)
	if err := rtp.Parse(repeat, ids, &again); err != nil {
		t.Fatal(err)
	}
	original, err := rtp.Unwrap(repeat, &again, h.SSRC, h.PayloadType)
	if err != nil {
		t.Fatal(err)
	}
	if err := rtp.Parse(original, ids, &fresh); err != nil {
		t.Fatal(err)
	}
	if fresh != again {
		t.Errorf("the header changed along is %+v, parsed anew %+v", again, fresh)
	}
	if again.SequenceNumber != h.SequenceNumber || again.SSRC != h.SSRC || again.PayloadType != h.PayloadType ||
		!again.Marker || again.Timestamp != h.Timestamp {
		t.Errorf("unwrapped %+v, sent %+v", again, h)
	}
	if !bytes.Equal(again.Payload(original), h.Payload(raw)) || string(again.MID(original)) != "2" {
		t.Errorf("payload %q, mid %q", again.Payload(original), again.MID(original))
	}
}

func TestUnwrapRefusesWhatCarriesNothing(t *testing.T) {
	ids := chromium(t)
	padding := rtp.AppendPadding(nil, ids, &rtp.Outgoing{}, 100)
	one := append(rtp.AppendHeader(nil, ids, &rtp.Outgoing{}), 1)
	for _, raw := range [][]byte{padding, one} {
		var h rtp.Header
		if err := rtp.Parse(raw, ids, &h); err != nil {
			t.Fatal(err)
		}
		if _, err := rtp.Unwrap(raw, &h, 1, 96); !errors.Is(err, rtp.ErrNoOSN) {
			t.Errorf("error %v, want %v", err, rtp.ErrNoOSN)
		}
	}
}

func TestUnwrapDoesNotAllocate(t *testing.T) {
	ids, raw := chromium(t), videoPacket(t)
	var h, parsed rtp.Header
	if err := rtp.Parse(raw, ids, &h); err != nil {
		t.Fatal(err)
	}
	repeat := wrap(ids, &h, raw)
	if n := testing.AllocsPerRun(100, func() {
		if err := rtp.Parse(repeat, ids, &parsed); err != nil {
			t.Fatal(err)
		}
		// Unwrapping moves the header by two bytes; work on the same memory each time.
		if _, err := rtp.Unwrap(repeat, &parsed, 1, 96); err != nil {
			t.Fatal(err)
		}
		copy(repeat, repeat[2:2+parsed.HeaderSize()])
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// FuzzRTX unwraps whatever parses: the result must parse, be two bytes shorter
// and carry the number that was wrapped.
func FuzzRTX(f *testing.F) {
	ids, raw := chromium(f), videoPacket(f)
	var h rtp.Header
	if err := rtp.Parse(raw, ids, &h); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(wrap(ids, &h, raw))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h, again rtp.Header
		if rtp.Parse(raw, ids, &h) != nil {
			return
		}
		before := h
		payload := bytes.Clone(h.Payload(raw))
		original, err := rtp.Unwrap(raw, &h, 5, 96)
		if err != nil {
			if len(payload) >= 2 {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if err := rtp.Parse(original, ids, &again); err != nil || again != h {
			t.Fatalf("the original: %v, %+v, want %+v", err, again, h)
		}
		if len(original)+2 != len(raw) || !bytes.Equal(payload[2:], h.Payload(original)) {
			t.Fatal("the payload is another")
		}
		if h.SequenceNumber != uint16(payload[0])<<8|uint16(payload[1]) || h.Timestamp != before.Timestamp || h.Marker != before.Marker {
			t.Fatalf("the numbers are others: %+v", h)
		}
	})
}
