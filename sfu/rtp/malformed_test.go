package rtp_test

import (
	"errors"
	"runtime"
	"testing"

	"palabre/sfu/rtp"
)

type malformedPacket struct {
	name string
	raw  []byte
	want error // nil: taken, and the extension elements after the trap are not read
}

// packetWith makes a packet with an extension block.
func packetWith(profile uint16, words int, block ...byte) []byte {
	raw := []byte{0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, byte(profile >> 8), byte(profile), byte(words >> 8), byte(words)}
	return append(raw, block...)
}

// malformed are the traps parsers are known to fall into.
func malformed() []malformedPacket {
	fixed := func(first byte, tail ...byte) []byte {
		return append([]byte{first, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, tail...)
	}
	return []malformedPacket{
		{"empty", nil, rtp.ErrShort},
		{"one byte", []byte{0x80}, rtp.ErrShort},
		{"three bytes", []byte{0x81, 0x81, 0x94}, rtp.ErrShort},
		{"eleven bytes", make([]byte, 11), rtp.ErrShort},
		{"too long", fixed(0x80, make([]byte, rtp.MaxPacket)...), rtp.ErrLong},
		{"version 0", fixed(0x00), rtp.ErrVersion},
		{"version 3", fixed(0xC0), rtp.ErrVersion},
		{"CSRC overrun", fixed(0x8F, 1, 2, 3, 4), rtp.ErrShort},
		{"CSRC overrun before an extension", fixed(0x9F, make([]byte, 58)...), rtp.ErrShort},
		{"extension bit without block", fixed(0x90), rtp.ErrShort},
		{"half a block head", fixed(0x90, 0xBE, 0xDE), rtp.ErrShort},
		{"block overrun", packetWith(0xBEDE, 2, 0x40, '0', 0, 0), rtp.ErrShort},
		{"block of 65535 words", packetWith(0xBEDE, 65535, 0x40), rtp.ErrShort},
		{"one-byte element overrun", packetWith(0xBEDE, 1, 0, 0, 0x4F, 1), rtp.ErrExtension},
		{"one-byte element of nothing", packetWith(0xBEDE, 1, 0, 0, 0, 0x40), rtp.ErrExtension},
		{"two-byte element overrun", packetWith(0x1000, 1, 4, 3, 1, 2), rtp.ErrExtension},
		{"two-byte element without length", packetWith(0x1000, 1, 0, 0, 0, 4), rtp.ErrExtension},
		{"id 15 before a mid", packetWith(0xBEDE, 1, 0xF0, 1, 0x40, '0'), nil},
		{"id 15 with a length beyond the block", packetWith(0xBEDE, 1, 0xFF, 1, 0x40, '0'), nil},
		{"id 0 with a length", packetWith(0xBEDE, 1, 0x0F, 1, 0x40, '0'), nil},
		{"a block of padding", packetWith(0xBEDE, 1, 0, 0, 0, 0), nil},
		{"an empty block", packetWith(0xBEDE, 0), nil},
		{"an unknown profile", packetWith(0x1234, 1, 0x40, '0', 0x40, '0'), nil},
		{"empty payload", fixed(0x80), nil},
		{"padding of zero", fixed(0xA0, 1, 2, 0), rtp.ErrPadding},
		{"padding larger than the payload", fixed(0xA0, 1, 2, 200), rtp.ErrPadding},
		{"padding over the header", fixed(0xA0, 13), rtp.ErrPadding},
		{"padding without payload", fixed(0xA0), rtp.ErrPadding},
	}
}

func TestMalformedHeaders(t *testing.T) {
	ids := chromium(t)
	corpus := malformed()
	failed, panics := 0, 0
	for _, c := range corpus {
		err, panicked := parseSafely(c.raw, ids)
		if panicked {
			panics++
		}
		if !errors.Is(err, c.want) {
			failed++
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	grown := heapAfter(func() {
		for range 10_000 {
			for _, c := range corpus {
				var h rtp.Header
				_ = rtp.Parse(c.raw, ids, &h)
			}
		}
	})
	if panics > 0 || failed > 0 || grown > 256<<10 {
		t.Errorf("%d panics, %d of %d kinds judged wrongly, heap +%d KiB; want none and at most 256", panics, failed, len(corpus), grown>>10)
	}
}

func parseSafely(raw []byte, ids *rtp.Extensions) (err error, panicked bool) {
	defer func() { panicked = recover() != nil }()
	var h rtp.Header
	if err = rtp.Parse(raw, ids, &h); err == nil && h.Present != 0 {
		err = errors.New("an element was read after the trap")
	}
	return err, false
}

// heapAfter is by how many bytes f allocated altogether.
func heapAfter(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
