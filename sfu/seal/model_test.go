package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/pion/srtp/v3"
	"pgregory.net/rapid"
)

// model is an opener made of pion/srtp.
type model struct {
	context *srtp.Context
	known   [2]map[uint32]bool // RTP, RTCP
}

func (m *model) open(packet []byte, control bool) (plain []byte, err error) {
	known, at := m.known[0], 8
	if control {
		known, at = m.known[1], 4
	}
	if len(packet) < at+4 {
		return nil, ErrForged
	}
	ssrc := binary.BigEndian.Uint32(packet[at:])
	if !known[ssrc] && len(known) >= streams {
		return nil, ErrStreams
	}
	if control {
		plain, err = m.context.DecryptRTCP(nil, packet, nil)
	} else {
		plain, err = m.context.DecryptRTP(nil, packet, nil)
	}
	if inner := errors.Unwrap(err); inner != nil && inner.Error() == "duplicated packet" {
		return nil, ErrReplayed
	}
	if err != nil {
		return nil, ErrForged
	}
	known[ssrc] = true
	return plain, nil
}

// sent is one packet on the wire.
type sent struct {
	packet  []byte
	control bool
}

// sender is a client whose packets have numbers that jump and wrap.
type sender struct {
	context, bare *srtp.Context // bare: its reports are only authenticated
	numbers       map[uint32]uint16
}

func (s *sender) send(t *rapid.T) sent {
	ssrc := rapid.Uint32Range(1, streams+1).Draw(t, "ssrc")
	if rapid.IntRange(0, 2).Draw(t, "report") == 0 {
		context := s.context
		if rapid.IntRange(0, 3).Draw(t, "authenticated only") == 0 {
			context = s.bare
		}
		if rapid.IntRange(0, 9).Draw(t, "skip") == 0 {
			index, _ := context.Index(ssrc)
			context.SetIndex(ssrc, index+rapid.SampledFrom([]uint32{1, 63, 64, 1022, 1023, 1024, 5000}).Draw(t, "index"))
		}
		sealed, err := context.EncryptRTCP(nil, report(ssrc, 4*rapid.IntRange(2, 20).Draw(t, "words")), nil)
		return sent{must(t, sealed, err), true}
	}
	number, ok := s.numbers[ssrc]
	if !ok {
		number = rapid.OneOf(rapid.Uint16(), rapid.SampledFrom([]uint16{0, 1, 32_767, 32_768, 65_500, 65_535})).Draw(t, "first")
	}
	number += rapid.OneOf(rapid.Uint16Range(1, 3), rapid.SampledFrom([]uint16{64, 1022, 1023, 1024, 1025, 9000, 32_766, 32_767, 32_768, 32_769, 60_000})).Draw(t, "step")
	s.numbers[ssrc] = number
	packet := append(drawHeader(t, ssrc, number), rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "payload")...)
	sealed, err := s.context.EncryptRTP(nil, packet, nil)
	return sent{must(t, sealed, err), false}
}

// spoil does to a packet what somebody on the way might; most are left alone.
func (s sent) spoil(t *rapid.T) sent {
	b := bytes.Clone(s.packet)
	switch rapid.IntRange(0, 15).Draw(t, "spoil") {
	case 0:
		b = b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]
	case 1:
		b = append(b, rapid.SliceOfN(rapid.Byte(), 1, 8).Draw(t, "more")...)
	case 2: // but not the first two bytes and extensions, which Pion reads before it looks for replays
		at := rapid.SampledFrom([]int{2, 3, 4, 5, 6, 7, len(b) - 1, len(b) - 4, len(b) - 5, len(b) - 16}).Draw(t, "byte")
		b[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	case 3:
		return sent{b, !s.control}
	}
	return sent{b, s.control}
}

// TestOpensAsPionDoes has a client send, and a network lose, repeat, delay and
// spoil, to an opener and to its model: they open the same packets to the same, and
// refuse the others for the same reasons.
func TestOpensAsPionDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := bytes.Repeat([]byte{9}, rapid.SampledFrom([]int{16, 32}).Draw(t, "key"))
		salt := rapid.SliceOfN(rapid.Byte(), saltSize, saltSize).Draw(t, "salt")
		from := sender{pion(t, key, salt), pion(t, key, salt, srtp.SRTCPNoEncryption()), map[uint32]uint16{}}
		like := model{pion(t, key, salt, srtp.SRTPReplayProtection(Window), srtp.SRTCPReplayProtection(Window)), [2]map[uint32]bool{{}, {}}}
		opener := opens(t, key, salt)
		var wire []sent
		for range rapid.IntRange(1, 60).Draw(t, "packets") {
			if len(wire) == 0 || rapid.IntRange(0, 2).Draw(t, "old") > 0 {
				wire = append(wire, from.send(t))
			}
			if rapid.IntRange(0, 4).Draw(t, "lost") == 0 {
				continue
			}
			back := min(len(wire)-1, rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 20}).Draw(t, "back"))
			got := wire[len(wire)-1-back].spoil(t)
			want, refused := like.open(got.packet, got.control)
			open := opener.RTP
			if got.control {
				open = opener.RTCP
			}
			plain, err := open(bytes.Clone(got.packet))
			if !bytes.Equal(plain, want) || !errors.Is(err, refused) {
				t.Fatalf("%x (report %v) opened to %x, error %v; Pion says %x, %v", got.packet, got.control, plain, err, want, refused)
			}
		}
	})
}
