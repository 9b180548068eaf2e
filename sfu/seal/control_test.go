package seal

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestReportVectorsOfTheRFC are RFC 7714 §17.1 to §17.4: index 0x5D4, session keys as of §16.
func TestReportVectorsOfTheRFC(t *testing.T) {
	plain := unhex(t, `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
		deadbeef deadbeef deadbeef deadbeef deadbeef`)
	for _, c := range []struct {
		name, key, encrypted, tagged string
	}{
		{
			"AEAD_AES_128_GCM", "000102030405060708090a0b0c0d0e0f",
			`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded
			0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
			`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef
			deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4`,
		},
		{
			"AEAD_AES_256_GCM", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			`81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 c61de047
			6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
			`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef
			deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			of, err := sessionOf(unhex(t, c.key), unhex(t, "517569642070726f2071756f"))
			if err != nil {
				t.Fatal(err)
			}
			s := &Sealer{control: controlSealer{session: of, streams: []controlStream{{0x4d617273, 0x5D4}}}}
			sealed, err := s.RTCP(nil, plain)
			if err != nil || !bytes.Equal(sealed, unhex(t, c.encrypted)) {
				t.Errorf("sealed to %x, error %v", sealed, err)
			}
			for _, text := range []string{c.encrypted, c.tagged} {
				o := &Opener{control: receiver{session: of}, limit: 1, fresh: func(uint32) {}}
				if opened, err := o.RTCP(unhex(t, text)); err != nil || !bytes.Equal(opened, plain) {
					t.Errorf("opened to %x, error %v", opened, err)
				}
			}
		})
	}
}

// TestReportsOpenElsewhere: whatever they hold and wherever they lie, another
// implementation opens the reports of several streams, each once.
func TestReportsOpenElsewhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := bytes.Repeat([]byte{9}, rapid.SampledFrom([]int{16, 32}).Draw(t, "key"))
		salt := rapid.SliceOfN(rapid.Byte(), saltSize, saltSize).Draw(t, "salt")
		s, like := sealer(t, key, salt), model{pion(t, key, salt), [2]map[uint32]bool{{}, {}}}
		arena := make([]byte, 2000)
		for range rapid.IntRange(1, 30).Draw(t, "reports") {
			packet := report(rapid.Uint32Range(1, streams).Draw(t, "ssrc"), 4*rapid.IntRange(2, 300).Draw(t, "words"))
			from := packet
			if rapid.Bool().Draw(t, "in place") {
				from = arena[5:][:copy(arena[5:], packet)]
			}
			sealed, err := s.RTCP(arena[:5], from)
			if err != nil || &sealed[0] != &arena[0] {
				t.Fatalf("sealed elsewhere than in the arena, or not: %v", err)
			}
			plain, err := like.open(sealed[5:], true)
			if err != nil || !bytes.Equal(plain, packet) {
				t.Fatalf("%x opened to %x, error %v", packet, plain, err)
			}
		}
	})
}

func TestReportsHaveIndexesOfTheirStream(t *testing.T) {
	s := sealer(t, make([]byte, 16), make([]byte, saltSize))
	for i, ssrc := range []uint32{1, 1, 2, 1, 2} {
		sealed, err := s.RTCP(nil, report(ssrc, 8))
		if want := []byte{0, 1, 0, 2, 1}[i]; err != nil || !bytes.Equal(sealed[24:], []byte{0x80, 0, 0, want}) {
			t.Errorf("report %d of %d ends in %x, want index %d; error %v", i, ssrc, sealed[24:], want, err)
		}
	}
	s.control.streams[0].next = 1<<31 - 1
	if _, err := s.RTCP(nil, report(1, 8)); err != nil {
		t.Errorf("the last report: %v", err)
	}
	if out, err := s.RTCP([]byte("kept"), report(1, 8)); !errors.Is(err, ErrSpent) || string(out) != "kept" {
		t.Errorf("one after the last: %q, error %v", out, err)
	}
	for _, packet := range [][]byte{nil, report(1, 8)[:7], {0x40, 200, 0, 1, 0, 0, 0, 3}} {
		if out, err := s.RTCP([]byte("kept"), packet); !errors.Is(err, ErrHeader) || string(out) != "kept" {
			t.Errorf("%x was sealed: %q, error %v", packet, out, err)
		}
	}
}

func TestReportsAreSealedWithoutAllocating(t *testing.T) {
	s, arena, packet := sealer(t, make([]byte, 16), make([]byte, saltSize)), make([]byte, 200), report(1, 40)
	if n := testing.AllocsPerRun(200, func() { _, _ = s.RTCP(arena[:0], packet) }); n != 0 {
		t.Errorf("%v allocations a report", n)
	}
}
