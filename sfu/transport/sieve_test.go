package transport

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/pion/dtls/v3/pkg/protocol/recordlayer"
	"pgregory.net/rapid"
)

// record writes a DTLS record.
func record(kind byte, epoch uint16, number uint64, content []byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{kind, 0xFE, 0xFD}, uint64(epoch)<<48|number)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(content))), content...)
}

// fragment writes a piece of a handshake message.
func fragment(kind byte, at uint16, body []byte, from, to int) []byte {
	b := []byte{kind, 0, byte(len(body) >> 8), byte(len(body))}
	b = binary.BigEndian.AppendUint16(b, at)
	b = append(b, 0, byte(from>>8), byte(from), 0, byte((to-from)>>8), byte(to-from))
	return append(b, body[from:to]...)
}

func whole(kind byte, at uint16, body []byte) []byte { return fragment(kind, at, body, 0, len(body)) }

// hello is a ClientHello with these cipher suites and what else we insist on.
func hello(random byte, suites ...uint16) []byte {
	b := append([]byte{0xFE, 0xFD}, bytes.Repeat([]byte{random}, 32)...)
	b = binary.BigEndian.AppendUint16(append(b, 0, 0), uint16(2*len(suites)))
	for _, s := range suites {
		b = binary.BigEndian.AppendUint16(b, s)
	}
	extensions := []byte{0, 10, 0, 4, 0, 2, 0, 29, 0, 14, 0, 5, 0, 2, 0, 7, 0, 0, 23, 0, 0}
	b = binary.BigEndian.AppendUint16(append(b, 1, 0), uint16(len(extensions)))
	return append(b, extensions...)
}

var promised = []byte("the certificate of the offer")

func certificate(der []byte) []byte {
	n := byte(len(der))
	return append([]byte{0, 0, n + 3, 0, 0, n}, der...)
}

// honest is what a client sends in the clear: the bodies by message_seq.
func honest() [4][]byte {
	return [4][]byte{
		hello(1, 0x1301, 0xC02B), certificate(promised), append([]byte{32}, make([]byte, 32)...), append([]byte{4, 3, 0, 70}, make([]byte, 70)...),
	}
}

var kinds = [4]byte{1, 11, 16, 15}

func newSieve() *sieve {
	return &sieve{known: func(c []byte) bool { return bytes.Equal(c, promised) }}
}

// passes hands a datagram in and wants every record of it handed on, or none.
func passes(t *testing.T, s *sieve, what string, datagram []byte, finished, want bool) []byte {
	t.Helper()
	clean, kept := s.sift(datagram, finished)
	if want != (len(clean) > 0) || want != (kept == 0) {
		t.Errorf("%s: %d bytes handed on and %d records kept back, want it handed on: %v", what, len(clean), kept, want)
	}
	return bytes.Clone(clean)
}

// forgeries is what somebody can send who knows a client's address alone.
func forgeries() map[string][]byte {
	sealed := bytes.Repeat([]byte{0xA5}, 60)
	return map[string][]byte{
		"a ClientHello with null ciphers":     record(22, 0, 9, whole(1, 0, hello(9, 1, 2, 0x3B))),
		"a ClientHello cut short":             record(22, 0, 9, whole(1, 0, hello(9, 0xC02B)[:40])),
		"a ClientHello without our SRTP":      record(22, 0, 9, whole(1, 0, hello(9, 0xC02B)[:len(hello(9, 0xC02B))-13])),
		"a goodbye in the clear":              record(21, 0, 9, []byte{1, 0}),
		"a fatal alert in the clear":          record(21, 0, 9, []byte{2, 40}),
		"data in the clear":                   record(23, 0, 9, []byte("data")),
		"an unknown record":                   record(60, 0, 9, []byte("data")),
		"a heartbeat":                         record(24, 0, 9, []byte{1, 0, 4, 1, 2, 3, 4}),
		"a connection id":                     record(25, 1, 9, sealed),
		"a wrong change of ciphers":           record(20, 0, 9, []byte{2}),
		"an early change of ciphers":          record(20, 0, 9, []byte{1}),
		"an early key":                        record(22, 0, 9, whole(16, 2, honest()[2])),
		"another's certificate":               record(22, 0, 9, whole(11, 1, certificate([]byte("another")))),
		"a broken certificate":                record(22, 0, 9, whole(11, 1, []byte{0, 0, 3, 0xFF, 0xFF, 0xFF})),
		"a message of no length":              record(22, 0, 9, whole(15, 3, nil)),
		"a message far ahead":                 record(22, 0, 9, whole(1, 1000, hello(9, 0xC02B))),
		"a server's message":                  record(22, 0, 9, whole(2, 0, hello(9, 0xC02B))),
		"a fragment of nothing":               record(22, 0, 9, fragment(1, 0, hello(9, 0xC02B), 5, 5)),
		"something encrypted":                 record(22, 1, 9, sealed),
		"an epoch that never comes":           record(22, 7, 9, sealed),
		"a version of old":                    append([]byte{22, 3, 3}, record(22, 0, 9, whole(1, 0, hello(9, 0xC02B)))[3:]...),
		"a record longer than its datagram":   {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1},
		"a handshake message without an end":  record(22, 0, 9, whole(1, 0, hello(9, 0xC02B))[:30]),
		"a number at the end of all numbers ": record(22, 0, 1<<48-1, whole(1, 0, hello(9, 1))),
	}
}

func TestNothingForgedGetsToDTLS(t *testing.T) {
	for what, datagram := range forgeries() {
		s, flight := newSieve(), honest()
		passes(t, s, what+", first of all", datagram, false, false)
		for i, body := range flight {
			passes(t, s, what+", then the client", record(22, 0, uint64(i), whole(kinds[i], uint16(i), body)), false, true)
			if i < 2 {
				passes(t, s, what+", amid the handshake", datagram, false, what == "an early key")
				if what == "an early key" {
					break // it is what it should be, and not early any more
				}
			}
		}
		passes(t, s, what+", after the handshake", datagram, true, what == "something encrypted")
	}
}

func TestTheClientsFlightPassesOnceAndAgain(t *testing.T) {
	s := newSieve()
	var flight []byte
	for i, body := range honest() {
		flight = append(flight, record(22, 0, uint64(i)+1<<40, whole(kinds[i], uint16(i), body))...)
	}
	finished := append(record(20, 0, 9, []byte{1}), record(22, 1, 0, make([]byte, 40))...)
	next := uint64(0)
	for range 2 { // the second time is a repetition
		clean := passes(t, s, "the flight", append(bytes.Clone(flight), finished...), false, true)
		records, err := recordlayer.UnpackDatagram(clean)
		if err != nil || len(records) != 6 {
			t.Fatalf("%d records handed on: %v", len(records), err)
		}
		for _, r := range records[:5] {
			if got := binary.BigEndian.Uint64(r[3:]); got != next {
				t.Errorf("a record in the clear is number %d, want %d", got, next)
			}
			next++
		}
	}
	passes(t, s, "another ClientHello", record(22, 0, 1, whole(1, 0, hello(2, 0xC02B))), false, false)
	passes(t, s, "the flight after the handshake", flight, true, false)
	passes(t, s, "encryption after the handshake", finished[14:], true, true)
}

// TestFragmentsFindTogether cuts a ClientHello up, in any order and with
// repetitions, among fragments that somebody forged.
func TestFragmentsFindTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, body := newSieve(), hello(1, 0xC02B)
		cuts := rapid.Permutation([]int{0, 1, 2, 3}).Draw(t, "order")
		size := (len(body) + 3) / 4
		var got []byte
		for _, part := range append(cuts, rapid.SliceOfN(rapid.IntRange(0, 3), 0, 4).Draw(t, "again")...) {
			for range rapid.IntRange(0, 2).Draw(t, "forged") {
				other := bytes.Repeat([]byte{0xEE}, len(body))
				from := rapid.IntRange(0, len(body)-2).Draw(t, "from")
				if clean, _ := s.sift(record(22, 0, 5, fragment(1, 0, other, from, from+1)), false); len(clean) > 0 {
					t.Fatal("a forged message was handed on")
				}
			}
			clean, _ := s.sift(record(22, 0, 5, fragment(1, 0, body, part*size, min(len(body), (part+1)*size))), false)
			if len(clean) > 0 {
				got = bytes.Clone(clean)
			}
		}
		// Forged fragments may have cost this try its place; the client's next does it.
		for i := 0; i < 4 && got == nil; i++ {
			if clean, _ := s.sift(record(22, 0, 6, fragment(1, 0, body, i*size, min(len(body), (i+1)*size))), false); len(clean) > 0 {
				got = bytes.Clone(clean)
			}
		}
		if got == nil || !bytes.Equal(got[25:], body) {
			t.Fatalf("the ClientHello did not come through: %x", got)
		}
	})
}

// FuzzSieve reads any datagrams, before and after a handshake.
func FuzzSieve(f *testing.F) {
	for _, datagram := range forgeries() {
		f.Add(datagram, datagram, false)
	}
	f.Add(record(22, 0, 0, whole(1, 0, honest()[0])), record(22, 0, 1, fragment(11, 1, honest()[1], 0, 5)), false)
	f.Fuzz(func(t *testing.T, first, second []byte, finished bool) {
		s := newSieve()
		for _, b := range [][]byte{first, second, first} {
			clean, _ := s.sift(b, finished)
			if len(clean) > maxSifted {
				t.Fatalf("%d bytes at once", len(clean))
			}
			if len(clean) == 0 {
				continue
			}
			records, err := recordlayer.UnpackDatagram(clean)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				if epoch := binary.BigEndian.Uint16(r[3:]); r[0] == 21 && epoch == 0 || finished && epoch != 1 {
					t.Fatalf("handed on %x", r)
				}
			}
		}
	})
}

// TestParkedSieve passes alerts and data that look encrypted, and no handshake.
func TestParkedSieve(t *testing.T) {
	s := newSieve()
	s.park()
	for kind, passes := range map[byte]bool{20: false, 21: true, 22: false, 23: true} {
		if clean, _ := s.sift(record(kind, 1, 5, make([]byte, 40)), true); len(clean) > 0 != passes {
			t.Errorf("a record of kind %d passed: %v", kind, len(clean) > 0)
		}
	}
}
