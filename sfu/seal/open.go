package seal

import (
	"encoding/binary"
	"errors"
	"iter"
)

const (
	tagSize           = 16      // RFC 7714 §13.2
	controlHeaderSize = 8       // of RTCP, up to and with the sender's SSRC (RFC 3550 §6.4.1)
	wordSize          = 4       // of the E flag and the SRTCP index (RFC 3711 §3.4)
	encrypted         = 1 << 31 // the E flag
)

// Errors of an [Opener]. They are fixed values, so that a flood of them
// allocates nothing.
var (
	// ErrForged: the packet is not what the owner of the key sealed: made up,
	// changed, cut, or not RTP at all.
	ErrForged = errors.New("seal: not authentic")
	// ErrReplayed: the packet was opened before, or is too old to tell.
	ErrReplayed = errors.New("seal: seen before or too old")
	// ErrStreams: the packet is of one more stream than the opener takes.
	ErrStreams = errors.New("seal: too many streams")
)

// Opener opens the packets of one direction of one connection. It belongs to
// one goroutine.
type Opener struct {
	media, control receiver
	limit          int
	fresh          func(ssrc uint32)
	// Kept here, for on the stack they would escape.
	aad [controlHeaderSize + wordSize]byte
	tag [tagSize]byte
}

// NewOpener makes an opener from a master key and salt as [New] takes them. It
// opens RTP of at most limit SSRCs, and RTCP of as many. fresh is told of each
// of either with its first authentic packet; before that it costs nothing.
func NewOpener(masterKey, masterSalt []byte, limit int, fresh func(ssrc uint32)) (*Opener, error) {
	media, err := newSession(masterKey, masterSalt, labelKey, labelSalt)
	if err != nil {
		return nil, err
	}
	control, err := newSession(masterKey, masterSalt, labelControlKey, labelControlSalt)
	if err != nil {
		return nil, err
	}
	return &Opener{media: receiver{session: media}, control: receiver{session: control}, limit: limit, fresh: fresh}, nil
}

// RTP opens an SRTP packet where it lies and gives the RTP packet in it. It
// allocates nothing but for the first packet of a stream. After an error the
// packet's contents are undefined, and nothing else has changed.
func (o *Opener) RTP(packet []byte) ([]byte, error) {
	if len(packet) < fixedSize {
		return nil, ErrForged
	}
	ssrc, number := binary.BigEndian.Uint32(packet[8:]), binary.BigEndian.Uint16(packet[2:])
	known, err := o.media.stream(ssrc, o.limit)
	if err != nil {
		return nil, err
	}
	size := headerSize(packet)
	if size == 0 || len(packet) < size+tagSize {
		return nil, ErrForged
	}
	index := int64(number)
	if known != nil {
		index = estimate(known.last, number)
		if !known.isNew(index) {
			return nil, ErrReplayed
		}
	}
	if _, err := o.media.aead.Open(packet[size:size], o.media.nonceOf(ssrc, index), packet[size:], packet[:size]); err != nil {
		return nil, ErrForged
	}
	o.accept(&o.media, known, ssrc, index)
	return packet[:len(packet)-tagSize], nil
}

// RTCP opens an SRTCP packet in the way of RTP. One that is only authenticated
// (RFC 7714 §9.3) is taken, too: whoever has the key decides that.
func (o *Opener) RTCP(packet []byte) ([]byte, error) {
	if len(packet) < controlHeaderSize {
		return nil, ErrForged
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	known, err := o.control.stream(ssrc, o.limit)
	if err != nil {
		return nil, err
	}
	end := len(packet) - wordSize
	if end < controlHeaderSize+tagSize || packet[0]>>6 != 2 {
		return nil, ErrForged
	}
	word := binary.BigEndian.Uint32(packet[end:])
	index := int64(word &^ encrypted)
	if known != nil && !known.isNew(index) {
		return nil, ErrReplayed
	}
	if word&encrypted != 0 {
		copy(o.aad[:], packet[:controlHeaderSize])
		copy(o.aad[controlHeaderSize:], packet[end:])
		_, err = o.control.aead.Open(packet[controlHeaderSize:controlHeaderSize], o.control.nonceOf(ssrc, index), packet[controlHeaderSize:end], o.aad[:])
	} else {
		// What is authenticated is all but the tag in the middle: the end takes its place.
		copy(o.tag[:], packet[end-tagSize:])
		copy(packet[end-tagSize:], packet[end:])
		_, err = o.control.aead.Open(nil, o.control.nonceOf(ssrc, index), o.tag[:], packet[:end-tagSize+wordSize])
	}
	if err != nil {
		return nil, ErrForged
	}
	o.accept(&o.control, known, ssrc, index)
	return packet[:end-tagSize], nil
}

// accept notes an authentic packet.
func (o *Opener) accept(r *receiver, known *window, ssrc uint32, index int64) {
	if known != nil {
		known.add(index)
		return
	}
	known = &window{last: index}
	known.add(index)
	r.streams = append(r.streams, received{ssrc, known})
	o.fresh(ssrc)
}

// Streams are the SSRCs of which authentic packets came; one of both RTP and
// RTCP comes twice.
func (o *Opener) Streams() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, r := range []*receiver{&o.media, &o.control} {
			for _, s := range r.streams {
				if !yield(s.ssrc) {
					return
				}
			}
		}
	}
}

// receiver is what opens RTP, or RTCP.
type receiver struct {
	session
	// streams are in the order of their first packets; latest is the one of the
	// last packet, which most often is the next one's, too. They are few.
	streams []received
	latest  int
}

type received struct {
	ssrc uint32
	*window
}

// stream gives what is known of an SSRC: nil before its first authentic packet,
// and an error where it would be one too many.
func (r *receiver) stream(ssrc uint32, limit int) (*window, error) {
	if r.latest < len(r.streams) && r.streams[r.latest].ssrc == ssrc {
		return r.streams[r.latest].window, nil
	}
	for i := range r.streams {
		if r.streams[i].ssrc == ssrc {
			r.latest = i
			return r.streams[i].window, nil
		}
	}
	if len(r.streams) >= limit {
		return nil, ErrStreams
	}
	return nil, nil
}
