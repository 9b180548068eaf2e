package seal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/pion/srtp/v3"
	"pgregory.net/rapid"
)

// opener is the other end, by another hand.
func opener(t rapid.TB, key, salt []byte) *srtp.Context {
	t.Helper()
	profile := srtp.ProtectionProfileAeadAes128Gcm
	if len(key) == 32 {
		profile = srtp.ProtectionProfileAeadAes256Gcm
	}
	context, err := srtp.CreateContext(key, salt, profile, srtp.SRTPNoReplayProtection())
	if err != nil {
		t.Fatal(err)
	}
	return context
}

func sealer(t rapid.TB, key, salt []byte) *Sealer {
	t.Helper()
	s, err := New(key, salt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func header(ssrc uint32, number uint16) []byte {
	h := []byte{0x80, 96, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[2:], number)
	binary.BigEndian.PutUint32(h[8:], ssrc)
	return h
}

// mustOpen seals one packet and has the other end open it.
func mustOpen(t rapid.TB, s *Sealer, open *srtp.Context, header, payload []byte) {
	t.Helper()
	sealed, err := s.RTP(nil, header, payload)
	if err != nil {
		t.Fatalf("seal %d of %08x: %v", binary.BigEndian.Uint16(header[2:]), binary.BigEndian.Uint32(header[8:]), err)
	}
	if len(sealed) != len(header)+len(payload)+tagSize {
		t.Fatalf("%d + %d bytes became %d", len(header), len(payload), len(sealed))
	}
	plain, err := open.DecryptRTP(nil, sealed, nil)
	if err != nil {
		t.Fatalf("open %d of %08x: %v", binary.BigEndian.Uint16(header[2:]), binary.BigEndian.Uint32(header[8:]), err)
	}
	if !bytes.Equal(plain, append(bytes.Clone(header), payload...)) {
		t.Fatal("opened to something else")
	}
}

// TestVectorsOfTheRFC are RFC 7714 §16.1.1 and §16.2.1: keys of the session, rollover counter 0.
func TestVectorsOfTheRFC(t *testing.T) {
	plain := unhex(t, "8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e697320646976697361 20696e207061727465732074726573")
	for _, c := range []struct {
		name, key, sealed string
	}{
		{
			"AEAD_AES_128_GCM", "000102030405060708090a0b0c0d0e0f",
			`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
			0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
		},
		{
			"AEAD_AES_256_GCM", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			`8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238
			9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			of, err := sessionOf(unhex(t, c.key), unhex(t, "517569642070726f2071756f"))
			if err != nil {
				t.Fatal(err)
			}
			s := &Sealer{session: of}
			sealed, err := s.RTP(nil, plain[:12], plain[12:])
			if err != nil || !bytes.Equal(sealed, unhex(t, c.sealed)) {
				t.Errorf("sealed to %x, error %v", sealed, err)
			}
		})
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOpensElsewhere: whatever header and payload, wherever they lie, in whatever
// order numbers are sent around the wrap, another implementation opens it.
func TestOpensElsewhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key")
		if rapid.Bool().Draw(t, "256 bits") {
			key = append(key, rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "more key")...)
		}
		salt := rapid.SliceOfN(rapid.Byte(), saltSize, saltSize).Draw(t, "salt")
		s, open := sealer(t, key, salt), opener(t, key, salt)
		ssrcs := rapid.SliceOfNDistinct(rapid.Uint32(), 1, 5, rapid.ID).Draw(t, "ssrcs")
		highest := map[uint32]uint64{}
		for _, ssrc := range ssrcs {
			highest[ssrc] = uint64(rapid.Uint16().Draw(t, "first"))
			mustOpen(t, s, open, header(ssrc, uint16(highest[ssrc])), []byte("first"))
		}
		for range rapid.IntRange(1, 40).Draw(t, "packets") {
			ssrc := rapid.SampledFrom(ssrcs).Draw(t, "ssrc")
			back := uint64(rapid.IntRange(0, 2000).Draw(t, "back"))
			if rapid.Bool().Draw(t, "forward") || highest[ssrc] < 1<<16 {
				highest[ssrc] += uint64(rapid.IntRange(1, 30_000).Draw(t, "step"))
				back = 0
			}
			h := drawHeader(t, ssrc, uint16(highest[ssrc]-back))
			mustOpen(t, s, open, h, rapid.SliceOfN(rapid.Byte(), 0, 1400).Draw(t, "payload"))
		}
	})
}

// drawHeader has CSRCs and an extension or not.
func drawHeader(t *rapid.T, ssrc uint32, number uint16) []byte {
	h := header(ssrc, number)
	h[1] = rapid.Byte().Draw(t, "marker and type")
	sources := rapid.IntRange(0, 15).Draw(t, "sources")
	h[0] |= byte(sources)
	h = append(h, rapid.SliceOfN(rapid.Byte(), 4*sources, 4*sources).Draw(t, "csrcs")...)
	if rapid.Bool().Draw(t, "extension") {
		words := rapid.IntRange(0, 20).Draw(t, "words")
		h[0] |= 0x10
		h = append(h, 0xBE, 0xDE, 0, byte(words))
		h = append(h, bytes.Repeat([]byte{0x10, 7, 0, 0}, words)...) // one element and padding, again and again
	}
	return h
}

func TestRepairFromBeforeTheWrapKeepsItsRolloverCounter(t *testing.T) {
	key, salt := make([]byte, 16), make([]byte, saltSize)
	s, open := sealer(t, key, salt), opener(t, key, salt)
	first := map[uint16][]byte{}
	for i := range 40 {
		number := uint16(65_520 + i)
		sealed, err := s.RTP(nil, header(1, number), []byte{byte(number)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open.DecryptRTP(nil, sealed, nil); err != nil {
			t.Fatalf("number %d: %v", number, err)
		}
		first[number] = sealed
	}
	for _, number := range []uint16{65_530, 3, 65_535, 0, 65_520} {
		again, err := s.RTP(nil, header(1, number), []byte{byte(number)})
		if err != nil || !bytes.Equal(again, first[number]) {
			t.Errorf("number %d sent again is another packet than before, error %v", number, err)
		}
	}
	mustOpen(t, s, open, header(1, 100), []byte("on it goes"))
}

// TestIndexFollowsTheRFC compares with RFC 3711 §3.3.1, written out as it is there.
func TestIndexFollowsTheRFC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roc := rapid.Int64Range(1, 1<<32-2).Draw(t, "rollover counter")
		last := rapid.Uint16().Draw(t, "last")
		number := rapid.OneOf(rapid.Uint16(), rapid.Map(rapid.Uint16Range(0, 3), func(d uint16) uint16 {
			return last + 1<<15 - 1 + d // around half a turn
		})).Draw(t, "number")
		want := roc
		if last < 32_768 {
			if int(number)-int(last) > 32_768 {
				want = roc - 1
			}
		} else if int(last)-32_768 > int(number) {
			want = roc + 1
		}
		s := sealer(t, make([]byte, 16), make([]byte, saltSize))
		s.streams, s.at = []stream{{ssrc: 1, last: roc<<16 | int64(last)}}, 0
		if index, ok := s.index(1, number); !ok || index != want<<16|int64(number) {
			t.Fatalf("after %d/%d number %d became %d/%d, want %d", roc, last, number, index>>16, index&0xFFFF, want)
		}
	})
}

func TestOutsideOfTheStream(t *testing.T) {
	s := sealer(t, make([]byte, 16), make([]byte, saltSize))
	if _, err := s.RTP(nil, header(1, 5), nil); err != nil {
		t.Fatal(err)
	}
	if out, err := s.RTP([]byte("kept"), header(1, 65_000), nil); !errors.Is(err, ErrIndex) || string(out) != "kept" {
		t.Errorf("a number before the first: %q, error %v", out, err)
	}
	s.streams = append(s.streams, stream{ssrc: 2, last: indexBound - 1})
	if _, err := s.RTP(nil, header(2, 0), nil); !errors.Is(err, ErrIndex) {
		t.Errorf("a number after the last of the key: error %v", err)
	}
}

func TestMisuse(t *testing.T) {
	whole := header(1, 1)
	with := func(first byte, more ...byte) []byte {
		h := append(bytes.Clone(whole), more...)
		h[0] = first
		return h
	}
	for name, h := range map[string][]byte{
		"nothing":                   nil,
		"eleven bytes":              whole[:11],
		"version 1":                 with(0x40),
		"version 3":                 with(0xC0),
		"CSRC missing":              with(0x81),
		"extension missing":         with(0x90),
		"extension cut":             with(0x90, 0xBE, 0xDE, 0),
		"extension shorter":         with(0x90, 0xBE, 0xDE, 0, 1),
		"payload behind the header": with(0x80, 1, 2, 3),
		"payload behind extension":  with(0x90, 0xBE, 0xDE, 0, 0, 9),
	} {
		s := sealer(t, make([]byte, 16), make([]byte, saltSize))
		if out, err := s.RTP([]byte("kept"), h, []byte("payload")); !errors.Is(err, ErrHeader) || string(out) != "kept" {
			t.Errorf("%s: %q, error %v", name, out, err)
		}
		if len(s.streams) != 0 {
			t.Errorf("%s left a stream behind", name)
		}
	}
	for _, keys := range [][2]int{{0, 12}, {15, 12}, {24, 12}, {16, 14}, {16, 0}} {
		if _, err := New(make([]byte, keys[0]), make([]byte, keys[1])); err == nil {
			t.Errorf("key of %d, salt of %d bytes were taken", keys[0], keys[1])
		}
	}
}

func TestSealsInPlaceWithoutAllocating(t *testing.T) {
	key, salt := make([]byte, 16), make([]byte, saltSize)
	s, open := sealer(t, key, salt), opener(t, key, salt)
	h, payload := header(1, 1), bytes.Repeat([]byte{7}, 1100)
	arena := make([]byte, 2000)
	number := uint16(0)
	var sealed []byte
	pack := func() {
		number++
		binary.BigEndian.PutUint16(h[2:], number)
		inPlace := arena[3+len(h):][:len(payload)]
		copy(inPlace, payload)
		sealed, _ = s.RTP(arena[:3], h, inPlace)
	}
	if n := testing.AllocsPerRun(200, pack); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	plain, err := open.DecryptRTP(nil, sealed[3:], nil)
	if err != nil || !bytes.Equal(plain[len(h):], payload) {
		t.Errorf("sealed in place it opens to %d bytes, error %v", len(plain), err)
	}
	if &sealed[0] != &arena[0] {
		t.Error("sealed elsewhere than in the arena")
	}
}

// FuzzRTP: no header crashes it; what it seals, the other end opens.
func FuzzRTP(f *testing.F) {
	f.Add(header(1, 1), []byte("payload"))
	f.Add(append([]byte{0x91}, make([]byte, 19)...), []byte{})
	f.Fuzz(func(t *testing.T, h, payload []byte) {
		key, salt := make([]byte, 16), make([]byte, saltSize)
		sealed, err := sealer(t, key, salt).RTP(nil, h, payload)
		if err != nil {
			return
		}
		if len(sealed) != len(h)+len(payload)+tagSize {
			t.Fatalf("%d + %d bytes became %d", len(h), len(payload), len(sealed))
		}
		// Broken extension elements are nothing to the sealer, but the other end refuses them.
		if h[0]&0x10 == 0 {
			mustOpen(t, sealer(t, key, salt), opener(t, key, salt), h, payload)
		}
	})
}
