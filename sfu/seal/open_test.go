package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/pion/srtp/v3"
	"pgregory.net/rapid"
)

// streams is how many SSRCs an opener of these tests takes.
const streams = 4

func opens(t rapid.TB, key, salt []byte) *Opener {
	t.Helper()
	o, err := NewOpener(key, salt, streams, func(uint32) {})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// pion is the other end: it seals for an opener, or opens as one is to do.
func pion(t rapid.TB, key, salt []byte, options ...srtp.ContextOption) *srtp.Context {
	t.Helper()
	profile := srtp.ProtectionProfileAeadAes128Gcm
	if len(key) == 32 {
		profile = srtp.ProtectionProfileAeadAes256Gcm
	}
	c, err := srtp.CreateContext(key, salt, profile, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// report is a plain RTCP packet.
func report(ssrc uint32, size int) []byte {
	b := []byte{0x8F, 205, 0, byte(size/4 - 1), 0, 0, 0, 0}
	binary.BigEndian.PutUint32(b[4:], ssrc)
	for len(b) < size {
		b = append(b, byte(len(b)))
	}
	return b
}

func must(t rapid.TB, sealed []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// wire is a sender by another hand and what it sealed.
type wire struct {
	t    *testing.T
	from *srtp.Context
	to   *Opener
}

// wires have keys of both sizes.
func wires(t *testing.T, options []srtp.ContextOption, do func(w wire)) {
	for _, size := range []int{16, 32} {
		t.Run(fmt.Sprintf("%d bits", 8*size), func(t *testing.T) {
			key, salt := bytes.Repeat([]byte{7}, size), []byte("salt of this")
			do(wire{t, pion(t, key, salt, options...), opens(t, key, salt)})
		})
	}
}

// forms are those of SRTCP.
func forms() map[string][]srtp.ContextOption {
	return map[string][]srtp.ContextOption{"encrypted": nil, "authenticated only": {srtp.SRTCPNoEncryption()}}
}

func (w wire) rtp(ssrc uint32, number uint16) []byte {
	w.t.Helper()
	sealed, err := w.from.EncryptRTP(nil, append(header(ssrc, number), "something said"...), nil)
	return must(w.t, sealed, err)
}

func (w wire) rtcp(ssrc uint32) []byte {
	w.t.Helper()
	sealed, err := w.from.EncryptRTCP(nil, report(ssrc, 40), nil)
	return must(w.t, sealed, err)
}

// expect opens a copy of an RTP packet.
func (w wire) expect(what string, sealed []byte, want error) {
	w.t.Helper()
	plain, err := w.to.RTP(bytes.Clone(sealed))
	w.check(what, plain, err, want, append(sealed[:12:12], "something said"...))
}

// expectControl opens a copy of an RTCP packet.
func (w wire) expectControl(what string, sealed []byte, want error) {
	w.t.Helper()
	plain, err := w.to.RTCP(bytes.Clone(sealed))
	w.check(what, plain, err, want, report(binary.BigEndian.Uint32(sealed[4:]), 40))
}

func (w wire) check(what string, plain []byte, err, want error, packet []byte) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("%s: error %v, want %v", what, err, want)
	}
	if err == nil && !bytes.Equal(plain, packet) || err != nil && plain != nil {
		w.t.Errorf("%s opened to %x", what, plain)
	}
}

func TestPacketsAreOpenedOnce(t *testing.T) {
	wires(t, nil, func(w wire) {
		first, second := w.rtp(1, 100), w.rtp(1, 101)
		w.expect("the second first", second, nil)
		w.expect("the first", first, nil)
		w.expect("the second again", second, ErrReplayed)
		w.expect("the first again", first, ErrReplayed)
		w.expect("the same number of another stream", w.rtp(2, 100), nil)
	})
}

func TestTheWindow(t *testing.T) {
	wires(t, nil, func(w wire) {
		var all [][]byte
		for n := range uint16(5000) {
			all = append(all, w.rtp(1, n))
		}
		w.expect("1", all[1], nil)
		w.expect("1024", all[1024], nil)
		w.expect("0, 1024 back", all[0], ErrReplayed)
		w.expect("1, opened, 1023 back", all[1], ErrReplayed)
		w.expect("2, 1022 back", all[2], nil)
		w.expect("1025, whose place 1 had", all[1025], nil)
		w.expect("2, opened, 1023 back", all[2], ErrReplayed)
		w.expect("2030, past the places of 2 to 1006", all[2030], nil)
		for n := 2029; n > 2030-Window; n-- {
			want := error(nil)
			if n == 1024 || n == 1025 {
				want = ErrReplayed
			}
			w.expect(fmt.Sprintf("%d, %d back", n, 2030-n), all[n], want)
		}
		w.expect("4999, more than a window ahead", all[4999], nil)
		w.expect("4000, which nothing is known of", all[4000], nil)
		w.expect("4000 again", all[4000], ErrReplayed)
	})
}

func TestSequenceNumbersWrap(t *testing.T) {
	wires(t, nil, func(w wire) {
		w.expect("the first", w.rtp(1, 30_000), nil)
		for range 3 {
			sealed := map[uint16][]byte{}
			for n := uint16(65_500); n != 100; n++ {
				sealed[n] = w.rtp(1, n)
			}
			w.expect("before the wrap", sealed[65_530], nil)
			w.expect("after the wrap", sealed[5], nil)
			w.expect("late, from before the wrap", sealed[65_520], nil)
			w.expect("that again", sealed[65_520], ErrReplayed)
			w.expect("after the wrap again", sealed[5], ErrReplayed)
			w.expect("the first after it", sealed[0], nil)
			w.expect("the last before it", sealed[65_535], nil)
			w.expect("on it goes", sealed[99], nil)
			w.expect("a third of the way", w.rtp(1, 22_000), nil)
			w.expect("two thirds of it", w.rtp(1, 44_000), nil)
		}
	})
}

// TestTheFirstWrapIsNotBeforeTheFirst: early in a stream a number far ahead is not one of before.
func TestTheFirstWrapIsNotBeforeTheFirst(t *testing.T) {
	wires(t, nil, func(w wire) {
		w.expect("the first", w.rtp(1, 5), nil)
		w.expect("after a long silence", w.rtp(1, 40_000), nil)
		w.expect("the next", w.rtp(1, 40_001), nil)
	})
}

// TestOneThatIsForgedChangesNothing: neither the window nor the rollover counter, and no stream begins.
func TestOneThatIsForgedChangesNothing(t *testing.T) {
	wires(t, nil, func(w wire) {
		forged := w.rtp(1, 9)
		forged[len(forged)-1] ^= 1
		w.expect("of no stream yet", forged, ErrForged)
		control := w.rtcp(1)
		control[len(control)-5] ^= 1
		w.expectControl("a report of no stream yet", control, ErrForged)
		if n := len(slices.Collect(w.to.Streams())); n != 0 {
			t.Errorf("%d streams", n)
		}
		late := w.rtp(1, 60_000)
		w.expect("the first", w.rtp(1, 65_000), nil)
		for _, number := range []uint16{65_001, 20, 30_000} { // ahead, after the wrap
			forged := append(header(1, number), make([]byte, 40)...)
			w.expect("a number ahead", forged, ErrForged)
		}
		w.expect("too old for the window", late, ErrReplayed)
		w.expect("the next", w.rtp(1, 65_001), nil)
		w.expect("after the wrap", w.rtp(1, 20), nil)
	})
}

func TestWhatIsNotWhatWasSealed(t *testing.T) {
	wires(t, nil, func(w wire) {
		media, control := w.rtp(1, 1), w.rtcp(1)
		for i := range media {
			w.expect(fmt.Sprintf("%d bytes of it", i), media[:i], ErrForged)
			changed := bytes.Clone(media)
			changed[i] ^= 1
			w.expect(fmt.Sprintf("byte %d changed", i), changed, ErrForged)
		}
		for i := range control {
			w.expectControl(fmt.Sprintf("%d bytes of it", i), append(control[:i:i], make([]byte, max(0, 8-i))...), ErrForged)
			changed := bytes.Clone(control)
			changed[i] ^= 1
			w.expectControl(fmt.Sprintf("byte %d of a report changed", i), changed, ErrForged)
		}
		w.expect("with a key identifier behind", append(bytes.Clone(media), 0, 0, 0, 1), ErrForged)
		w.expectControl("a report with a key identifier behind", append(bytes.Clone(control), 0, 0, 0, 1), ErrForged)
		w.expect("itself", media, nil)
		w.expectControl("the report itself", control, nil)
		for _, size := range []int{0, 1, 7, 8, 11} {
			if _, err := w.to.RTP(make([]byte, size)); !errors.Is(err, ErrForged) {
				t.Errorf("%d bytes of RTP: %v", size, err)
			}
			if _, err := w.to.RTCP(make([]byte, size)); !errors.Is(err, ErrForged) {
				t.Errorf("%d bytes of RTCP: %v", size, err)
			}
		}
	})
}

func TestReportsAreOpenedOnce(t *testing.T) {
	for name, options := range forms() {
		t.Run(name, func(t *testing.T) {
			wires(t, options, func(w wire) {
				var all [][]byte
				for range 3000 {
					all = append(all, w.rtcp(1))
				}
				w.expectControl("the sixth", all[5], nil)
				w.expectControl("one before", all[3], nil)
				w.expectControl("the sixth again", all[5], ErrReplayed)
				w.expectControl("the one before again", all[3], ErrReplayed)
				w.expectControl("far ahead", all[2999], nil)
				w.expectControl("the last that can be told", all[2999-Window+1], nil)
				w.expectControl("too old", all[2999-Window], ErrReplayed)
				w.expectControl("of another stream", w.rtcp(2), nil)
			})
		})
	}
}

// TestTheEndOfTheIndexes: the last packets a key is good for.
func TestTheEndOfTheIndexes(t *testing.T) {
	wires(t, nil, func(w wire) {
		w.from.SetIndex(1, 1<<31-3)
		for range 2 {
			w.expectControl("one of the last reports", w.rtcp(1), nil)
		}
		w.expect("the first", w.rtp(1, 65_000), nil)
		w.to.media.streams[0].last = indexBound - 1
		w.expect("after the last", w.rtp(1, 5), ErrReplayed)
	})
}

func TestNoMoreStreamsThanTheLimit(t *testing.T) {
	wires(t, nil, func(w wire) {
		var told []uint32
		w.to.fresh = func(ssrc uint32) { told = append(told, ssrc) }
		for ssrc := range uint32(streams) {
			w.expect("within the limit", w.rtp(ssrc, 1), nil)
			w.expectControl("a report within the limit", w.rtcp(ssrc+10), nil)
		}
		w.expect("one too many", w.rtp(streams, 1), ErrStreams)
		w.expectControl("a report too many", w.rtcp(1), ErrStreams)
		w.expect("an old one", w.rtp(2, 2), nil)
		if want := []uint32{0, 10, 1, 11, 2, 12, 3, 13}; !slices.Equal(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
		if got := slices.Collect(w.to.Streams()); !slices.Equal(got, []uint32{0, 1, 2, 3, 10, 11, 12, 13}) {
			t.Errorf("streams %v", got)
		}
		for range w.to.Streams() {
			break
		}
	})
}

func TestKeysOfOtherSizesAreRefused(t *testing.T) {
	for _, sizes := range [][2]int{{0, 12}, {15, 12}, {24, 12}, {16, 14}, {16, 0}} {
		if _, err := NewOpener(make([]byte, sizes[0]), make([]byte, sizes[1]), 1, nil); err == nil {
			t.Errorf("key of %d, salt of %d bytes were taken", sizes[0], sizes[1])
		}
	}
}

func TestOpensInPlaceWithoutAllocating(t *testing.T) {
	for name, options := range forms() {
		t.Run(name, func(t *testing.T) {
			wires(t, options, func(w wire) {
				var media, control [][]byte
				for i := range uint16(202) {
					media, control = append(media, w.rtp(1, i)), append(control, w.rtcp(1))
				}
				open := func() {
					packet, report := media[0], control[0]
					media, control = media[1:], control[1:]
					if plain, err := w.to.RTP(packet); err != nil || &plain[0] != &packet[0] {
						t.Fatal("RTP is not opened in its place", err)
					}
					if plain, err := w.to.RTCP(report); err != nil || &plain[0] != &report[0] {
						t.Fatal("RTCP is not opened in its place", err)
					}
					if _, err := w.to.RTP(packet); err == nil { // what is refused costs nothing either
						t.Fatal("opened twice")
					}
				}
				open()
				if n := testing.AllocsPerRun(200, open); n != 0 {
					t.Errorf("%v allocations for three packets", n)
				}
			})
		})
	}
}

// TestEstimateFollowsTheRFC compares with RFC 3711 §3.3.1, written out as it is there.
func TestEstimateFollowsTheRFC(t *testing.T) {
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
		if index := estimate(roc<<16|int64(last), number); index != want<<16|int64(number) {
			t.Fatalf("after %d/%d number %d became %d/%d, want %d", roc, last, number, index>>16, index&0xFFFF, want)
		}
	})
}
