// Package red reads and writes redundant audio (RFC 2198): packets that carry,
// before their own sound, that of a few packets before, so that a receiver
// does not hear single losses. It neither allocates nor trusts a length it reads.
package red

import "errors"

const (
	// MaxBlocks bounds the blocks of a packet, the primary one included.
	// Browsers send two or three.
	MaxBlocks = 8

	headerSize  = 4    // bytes of the header of a redundant block
	follows     = 0x80 // F: another block follows
	maxOffset   = 1<<14 - 1
	maxDataSize = 1<<10 - 1
)

// ErrMalformed is the error for every payload that is not redundant audio.
var ErrMalformed = errors.New("red: malformed redundant audio")

// Block is the sound of one packet.
type Block struct {
	// Data is a part of the payload it was read from.
	Data []byte
	// Offset is how many ticks before the packet's timestamp it begins, at most 16383.
	Offset uint16
}

// Read reads a payload into blocks, oldest first, and gives their number. The
// last one is the packet's own. All must be of payload type pt.
func Read(payload []byte, pt uint8, blocks *[MaxBlocks]Block) (int, error) {
	n, at, total := 0, 0, 0
	var sizes [MaxBlocks]int
	for at < len(payload) && payload[at]&follows != 0 {
		if at+headerSize > len(payload) || n == MaxBlocks-1 || payload[at]&^follows != pt {
			return 0, ErrMalformed
		}
		blocks[n].Offset = uint16(payload[at+1])<<6 | uint16(payload[at+2]>>2)
		sizes[n] = int(payload[at+2]&3)<<8 | int(payload[at+3])
		total += sizes[n]
		at += headerSize
		n++
	}
	if at >= len(payload) || payload[at] != pt {
		return 0, ErrMalformed
	}
	at++
	if at+total >= len(payload) { // a packet without sound of its own is none
		return 0, ErrMalformed
	}
	for i, size := range sizes[:n] {
		blocks[i].Data = payload[at : at+size : at+size]
		at += size
	}
	blocks[n] = Block{Data: payload[at:]}
	return n + 1, nil
}

// Primary is the packet's own sound, for a receiver that does not take
// redundancy; nil when the payload is malformed.
func Primary(payload []byte) []byte {
	at, before := 0, 0
	for at+headerSize <= len(payload) && payload[at]&follows != 0 {
		before += int(payload[at+2]&3)<<8 | int(payload[at+3])
		at += headerSize
	}
	at += 1 + before
	if at >= len(payload) {
		return nil
	}
	return payload[at:]
}

// AppendRenamed appends a well-formed payload with all its blocks of payload type pt.
func AppendRenamed(dst, payload []byte, pt uint8) []byte {
	begin := len(dst)
	dst = append(dst, payload...)
	for at := begin; at < len(dst); at += headerSize {
		if dst[at]&follows == 0 {
			dst[at] = pt
			break
		}
		dst[at] = follows | pt
	}
	return dst
}

// Append appends the payload of blocks, oldest first, of payload type pt.
// Redundant blocks that are too long or too old to be written are left out.
func Append(dst []byte, pt uint8, blocks []Block) []byte {
	if len(blocks) == 0 {
		return dst
	}
	last := len(blocks) - 1
	for _, b := range blocks[:last] {
		if b.fits() {
			size := len(b.Data)
			dst = append(dst, follows|pt, byte(b.Offset>>6), byte(b.Offset<<2)|byte(size>>8), byte(size))
		}
	}
	dst = append(dst, pt)
	for _, b := range blocks[:last] {
		if b.fits() {
			dst = append(dst, b.Data...)
		}
	}
	return append(dst, blocks[last].Data...)
}

func (b Block) fits() bool { return b.Offset <= maxOffset && len(b.Data) <= maxDataSize }
