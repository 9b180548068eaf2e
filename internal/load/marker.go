package load

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// markerSize is how many bytes at the end of every payload carry a [marker].
// The end is what a server must not touch: it may rewrite the RTP header and
// the codec's payload descriptor, which stands at the front.
const markerSize = 24

// markerMagic begins a marker, so that other people's packets are not counted.
const markerMagic = 0x504c4252 // "PLBR"

// marker says which packet this was when it was sent.
type marker struct {
	source  sourceID
	counter uint32 // per source, without gaps
	sent    int64  // nanoseconds on this process's clock
}

// sourceID names one stream of one publisher.
type sourceID uint32

const audioStream = 0xff

func newSource(publisher int, layer uint8) sourceID { return sourceID(publisher)<<8 | sourceID(layer) }

// publisher returns who sent the stream.
func (s sourceID) publisher() int { return int(s >> 8) }

// audio says whether the stream is a voice.
func (s sourceID) audio() bool { return s&0xff == audioStream }

// put writes the marker to the last bytes of payload, which has room for it.
func (m marker) put(payload []byte) {
	b := payload[len(payload)-markerSize:]
	binary.BigEndian.PutUint32(b[0:], markerMagic)
	binary.BigEndian.PutUint32(b[4:], uint32(m.source))
	binary.BigEndian.PutUint32(b[8:], m.counter)
	binary.BigEndian.PutUint64(b[12:], uint64(m.sent))
	binary.BigEndian.PutUint32(b[20:], crc32.ChecksumIEEE(b[:20]))
}

// readMarker finds the marker of a payload, if it has one.
func readMarker(payload []byte) (marker, bool) {
	if len(payload) < markerSize {
		return marker{}, false
	}
	b := payload[len(payload)-markerSize:]
	if binary.BigEndian.Uint32(b) != markerMagic || binary.BigEndian.Uint32(b[20:]) != crc32.ChecksumIEEE(b[:20]) {
		return marker{}, false
	}
	return marker{
		source:  sourceID(binary.BigEndian.Uint32(b[4:])),
		counter: binary.BigEndian.Uint32(b[8:]),
		sent:    int64(binary.BigEndian.Uint64(b[12:])),
	}, true
}

// clock is this process's time in nanoseconds since it was made. Senders and
// receivers share one, so latency needs no synchronised clocks and no step of
// the wall clock can spoil it.
type clock struct{ began time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) now() int64 { return c.at(time.Now()) }

func (c clock) at(t time.Time) int64 { return int64(t.Sub(c.began)) }
