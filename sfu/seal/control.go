package seal

import (
	"encoding/binary"
	"errors"
)

// ErrSpent: a stream has had all the reports its key is good for.
var ErrSpent = errors.New("seal: no SRTCP index is left")

// controlSealer seals RTCP.
type controlSealer struct {
	session
	aad     [controlHeaderSize + wordSize]byte // kept here, for on the stack it would escape
	streams []controlStream
}

// controlStream is what is known of one SSRC.
type controlStream struct {
	ssrc uint32
	next uint32 // SRTCP index
}

// RTCP appends a compound packet to dst, sealed: all but its first 8 bytes, then
// tag and SRTCP index. The packet may lie in dst's spare capacity at dst's
// end; otherwise it must lie elsewhere. It allocates nothing when dst has room,
// but for the first packet of an SSRC, and nothing is appended when it returns
// an error.
func (s *Sealer) RTCP(dst, packet []byte) ([]byte, error) {
	if len(packet) < controlHeaderSize || packet[0]>>6 != 2 {
		return dst, ErrHeader
	}
	c, ssrc := &s.control, binary.BigEndian.Uint32(packet[4:])
	next := c.next(ssrc)
	if *next >= encrypted {
		return dst, ErrSpent
	}
	index := *next
	*next++
	copy(c.aad[:], packet[:controlHeaderSize])
	binary.BigEndian.PutUint32(c.aad[controlHeaderSize:], index|encrypted)
	dst = append(dst, packet[:controlHeaderSize]...)
	dst = c.aead.Seal(dst, c.nonceOf(ssrc, int64(index)), packet[controlHeaderSize:], c.aad[:])
	return append(dst, c.aad[controlHeaderSize:]...), nil
}

// next is the index of an SSRC's next packet. Each has its own (RFC 3711 §3.2.1),
// from 0 on; they are few, as only streams that are sent report.
func (c *controlSealer) next(ssrc uint32) *uint32 {
	for i := range c.streams {
		if c.streams[i].ssrc == ssrc {
			return &c.streams[i].next
		}
	}
	c.streams = append(c.streams, controlStream{ssrc: ssrc})
	return &c.streams[len(c.streams)-1].next
}
