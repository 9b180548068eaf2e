// Package seal is SRTP and SRTCP with AES-GCM (RFC 3711, RFC 7714).
//
// A [Sealer] writes header, sealed payload and tag in one go to where the
// packet leaves from, and keeps for every SSRC the index that a receiver derives
// from the sequence numbers it sees. An [Opener] is that receiver: it opens
// packets where they lie, each once. Both build nonce and additional data
// without allocating. Only the header is authenticated in the clear; there is no
// key identifier (MKI) and no Cryptex.
package seal

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"palabre/sfu/prefetch"
)

const (
	saltSize   = 12      // RFC 7714 §8.1
	fixedSize  = 12      // of an RTP header without CSRCs and extension (RFC 3550 §5.1)
	indexBound = 1 << 48 // a key is good for so many packets of one SSRC (RFC 7714 §14.2)
)

// Errors of a [Sealer]. They are fixed values, so that a flood of them
// allocates nothing.
var (
	// ErrHeader: the header is not one whole RTP header and nothing else, or the
	// packet is no RTCP.
	ErrHeader = errors.New("seal: not exactly one RTP header")
	// ErrIndex: the sequence number lies before the first of its stream, or
	// after the last its key is good for.
	ErrIndex = errors.New("seal: sequence number outside of the stream")
)

// Sealer seals the packets of one direction of one connection. It belongs to
// one goroutine.
type Sealer struct {
	session
	// streams are few and next to each other: a map would be several cache misses
	// for every viewer's packet. at is the one of the last packet, which mostly is
	// the next one's too.
	streams []stream
	at      int
	control controlSealer
}

// stream is what is known of one SSRC.
type stream struct {
	last int64 // highest index: rollover counter × 65 536 + sequence number
	ssrc uint32
}

// New makes a sealer from the master key, 16 bytes for AEAD_AES_128_GCM or 32
// for AEAD_AES_256_GCM, and the master salt of 12 bytes, as DTLS exports them
// (RFC 7714 §12).
func New(masterKey, masterSalt []byte) (*Sealer, error) {
	media, err := newSession(masterKey, masterSalt, labelKey, labelSalt)
	if err != nil {
		return nil, err
	}
	control, err := newSession(masterKey, masterSalt, labelControlKey, labelControlSalt)
	if err != nil {
		return nil, err
	}
	return &Sealer{session: media, control: controlSealer{session: control}}, nil
}

// RTP appends the packet to dst: header as it is, payload sealed, tag. The payload
// may lie in dst's spare capacity exactly where it goes, len(header) behind
// dst's end; otherwise it must lie elsewhere. It allocates nothing when dst has
// room, and nothing is appended when it returns an error.
//
// A packet sent again must be the same, byte for byte: with other contents under
// one sequence number GCM would give its key away.
func (s *Sealer) RTP(dst, header, payload []byte) ([]byte, error) {
	if len(header) < fixedSize || len(header) != headerSize(header) {
		return dst, ErrHeader
	}
	ssrc := binary.BigEndian.Uint32(header[8:])
	index, ok := s.index(ssrc, binary.BigEndian.Uint16(header[2:]))
	if !ok {
		return dst, ErrIndex
	}
	start := len(dst)
	dst = append(dst, header...)
	return s.aead.Seal(dst, s.nonceOf(ssrc, index), payload, dst[start:]), nil
}

// Prefetch asks for the memory that [Sealer.RTP] needs, in two steps: what the
// second asks for is found in what the first did.
func (s *Sealer) Prefetch(step int) {
	if step == 0 {
		prefetch.Part(s, 0, unsafe.Offsetof(s.control))
		return
	}
	prefetch.Range(s.state.at, min(scheduleSize, s.state.size))
	prefetch.Range(unsafe.Add(s.state.at, s.state.tables), s.state.size-s.state.tables)
	if s.at < len(s.streams) {
		prefetch.Value(&s.streams[s.at])
	}
}

// index is the packet's index as its receiver will estimate it (RFC 3711 §3.3.1):
// the one nearest to the highest so far. So a repair from before the sequence
// number wrapped is sealed under the rollover counter it was first sent with.
func (s *Sealer) index(ssrc uint32, number uint16) (index int64, ok bool) {
	known := s.find(ssrc)
	if known == nil {
		s.at = len(s.streams)
		s.streams = append(s.streams, stream{last: int64(number), ssrc: ssrc})
		return int64(number), true
	}
	ahead := int64(int16(number - uint16(known.last)))
	if ahead == -1<<15 && uint16(known.last) < 1<<15 {
		ahead = 1 << 15 // half a turn away: the RFC stays with the rollover counter it has
	}
	index = known.last + ahead
	if index < 0 || index >= indexBound {
		return 0, false
	}
	known.last = max(known.last, index)
	return index, true
}

// find gives what is known of a stream, nil when that is nothing.
func (s *Sealer) find(ssrc uint32) *stream {
	if s.at < len(s.streams) && s.streams[s.at].ssrc == ssrc {
		return &s.streams[s.at]
	}
	for i := range s.streams {
		if s.streams[i].ssrc == ssrc {
			s.at = i
			return &s.streams[i]
		}
	}
	return nil
}

// headerSize is the size a header says it has (RFC 3550 §5.1, §5.3.1); 0 when
// it is not RTP or ends before it can tell.
func headerSize(header []byte) int {
	const version, versionMask, extension, sources = 0x80, 0xC0, 0x10, 0x0F
	first := header[0]
	size := fixedSize + 4*int(first&sources)
	if first&versionMask != version {
		return 0
	}
	if first&extension == 0 {
		return size
	}
	if len(header) < size+4 {
		return 0
	}
	return size + 4 + 4*int(binary.BigEndian.Uint16(header[size+2:]))
}
