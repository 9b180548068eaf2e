// Package seal is the sending half of SRTP with AES-GCM (RFC 3711, RFC 7714).
//
// A [Sealer] writes header, sealed payload and tag in one go to where the
// packet leaves from. It holds one AES-GCM for its master key, builds nonce and
// additional data without allocating, and keeps for every SSRC the index that a
// receiver derives from the sequence numbers it sees. Only the header is
// authenticated in the clear; there is no key identifier (MKI) and no Cryptex.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	saltSize   = 12      // RFC 7714 §8.1
	fixedSize  = 12      // of an RTP header without CSRCs and extension (RFC 3550 §5.1)
	indexBound = 1 << 48 // a key is good for so many packets of one SSRC (RFC 7714 §14.2)
)

// Errors of [Sealer.RTP]. They are fixed values, so that a flood of them
// allocates nothing.
var (
	// ErrHeader: the header is not one whole RTP header and nothing else.
	ErrHeader = errors.New("seal: not exactly one RTP header")
	// ErrIndex: the sequence number lies before the first of its stream, or
	// after the last its key is good for.
	ErrIndex = errors.New("seal: sequence number outside of the stream")
)

// Sealer seals the packets of one direction of one connection. It belongs to
// one goroutine.
type Sealer struct {
	aead    cipher.AEAD
	salt8   uint64         // the first 8 bytes of the salt
	salt4   uint32         // the last 4
	nonce   [saltSize]byte // kept here, for on the stack it would escape
	streams map[uint32]*stream
}

// stream is what is known of one SSRC.
type stream struct {
	last int64 // highest index: rollover counter × 65 536 + sequence number
}

// New makes a sealer from the master key, 16 bytes for AEAD_AES_128_GCM or 32
// for AEAD_AES_256_GCM, and the master salt of 12 bytes, as DTLS exports them
// (RFC 7714 §12).
func New(masterKey, masterSalt []byte) (*Sealer, error) {
	if len(masterKey) != 16 && len(masterKey) != 32 {
		return nil, fmt.Errorf("seal: master key has %d bytes, AES-GCM needs 16 or 32", len(masterKey))
	}
	if len(masterSalt) != saltSize {
		return nil, fmt.Errorf("seal: master salt has %d bytes, AES-GCM needs %d", len(masterSalt), saltSize)
	}
	key, err := derive(masterKey, masterSalt, labelKey, len(masterKey))
	if err != nil {
		return nil, err
	}
	salt, err := derive(masterKey, masterSalt, labelSalt, saltSize)
	if err != nil {
		return nil, err
	}
	return fromSession(key, salt)
}

// fromSession makes a sealer from keys already derived.
func fromSession(key, salt []byte) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: set up AES with the session key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: set up GCM: %w", err)
	}
	return &Sealer{
		aead: aead, salt8: binary.BigEndian.Uint64(salt), salt4: binary.BigEndian.Uint32(salt[8:]),
		streams: map[uint32]*stream{},
	}, nil
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
	// RFC 7714 §8.1: two zero bytes, SSRC, rollover counter and sequence number, XOR the salt.
	binary.BigEndian.PutUint64(s.nonce[0:], s.salt8^(uint64(ssrc)<<16|uint64(index>>32)))
	binary.BigEndian.PutUint32(s.nonce[8:], s.salt4^uint32(index))
	start := len(dst)
	dst = append(dst, header...)
	return s.aead.Seal(dst, s.nonce[:], payload, dst[start:]), nil
}

// index is the packet's index as its receiver will estimate it (RFC 3711 §3.3.1):
// the one nearest to the highest so far. So a repair from before the sequence
// number wrapped is sealed under the rollover counter it was first sent with.
func (s *Sealer) index(ssrc uint32, number uint16) (index int64, ok bool) {
	known, ok := s.streams[ssrc]
	if !ok {
		s.streams[ssrc] = &stream{last: int64(number)}
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
