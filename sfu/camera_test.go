package sfu_test

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	// pictureEvery is a camera's pace, 25 pictures a second.
	pictureEvery = 40 * time.Millisecond
	// fullPacket is the payload of a full video packet, in bytes: a browser's
	// have 1200 with their headers, two less because they may be sent again as
	// RTX, and one extension more than these clients' (abs-send-time).
	fullPacket = 1172
	// keyFactor is how much larger a key frame is than other pictures. The next
	// ones are smaller by the same, at most by half each: encoders keep their rate.
	keyFactor = 5
)

// stamp ends every payload: the layer's name, the picture's number and when it was sent.
type stamp struct {
	layer   byte
	picture uint32
	sent    time.Time
}

const stampSize = 13

func (s stamp) append(b []byte) []byte {
	b = append(b, s.layer)
	b = binary.BigEndian.AppendUint32(b, s.picture)
	return binary.BigEndian.AppendUint64(b, uint64(s.sent.UnixNano()))
}

func stampOf(payload []byte) (s stamp, ok bool) {
	if len(payload) < stampSize {
		return s, false
	}
	b := payload[len(payload)-stampSize:]
	return stamp{b[0], binary.BigEndian.Uint32(b[1:]), time.Unix(0, int64(binary.BigEndian.Uint64(b[5:])))}, true
}

// layer is one encoding of a camera: its name, height and bit/s.
type encoding struct {
	rid    string
	height int
	rate   int
}

// layers3 are what a browser makes of a 720p camera.
func layers3() []encoding {
	return []encoding{{"q", 180, 150_000}, {"h", 360, 500_000}, {"f", 720, 1_500_000}}
}

// record has a client's camera send, key frames only when asked for.
func (c *client) record(encodings ...encoding) *source {
	s := &source{stop: make(chan struct{})}
	wanted := map[string]*atomic.Bool{}
	for _, e := range encodings {
		wanted[e.rid] = &atomic.Bool{}
	}
	bySSRC := map[uint32]string{}
	for _, p := range c.mids.camera.Sender().GetParameters().Encodings {
		bySSRC[uint32(p.SSRC)] = p.RID
	}
	c.mu.Lock()
	c.pictured = func(pli rtcp.PictureLossIndication) {
		if w := wanted[bySSRC[pli.MediaSSRC]]; w != nil {
			w.Store(true)
		}
	}
	c.mu.Unlock()
	for _, e := range encodings {
		s.done.Go(func() { e.send(c.camera[e.rid], wanted[e.rid], s.stop) })
	}
	return s
}

// send sends pictures until stopped, the packets of each spread over its time
// as browsers pace them.
func (e encoding) send(track *webrtc.TrackLocalStaticRTP, wanted *atomic.Bool, stop <-chan struct{}) {
	plain := e.rate / 8 / int(time.Second/pictureEvery)
	sequence, over := uint16(0), 0
	pace := time.NewTimer(pictureEvery) // is set anew before anybody waits for it
	defer pace.Stop()
	for n := uint32(0); ; n++ {
		key, size := wanted.Swap(false) || n == 0, plain
		if key {
			size *= keyFactor
			over += size - plain
		} else {
			less := min(over, plain/2)
			size, over = size-less, over-less
		}
		packets := (size + fullPacket - 1) / fullPacket
		for i := range packets {
			fill := min(size, fullPacket)
			size -= fill
			_ = track.WriteRTP(&rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: n * 3600, Marker: size == 0},
				Payload: e.payload(n, key, i == 0, fill),
			})
			sequence++
			pace.Reset(pictureEvery / time.Duration(packets))
			select {
			case <-stop:
				return
			case <-pace.C:
			}
		}
	}
}

// payload is that of one packet of the nth picture, about size bytes.
func (e encoding) payload(n uint32, key, first bool, size int) []byte {
	b := vp8(key, first, uint16(n)&0x7FFF, max(0, size-14-stampSize))
	binary.LittleEndian.PutUint16(b[10:], uint16(e.height*16/9))
	binary.LittleEndian.PutUint16(b[12:], uint16(e.height))
	name := byte('-')
	if e.rid != "" {
		name = e.rid[0]
	}
	return stamp{name, n, time.Now()}.append(b)
}

// speak has a client's microphone send a packet every 20 ms.
func (c *client) speak() *source {
	s := &source{stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		for n := uint32(0); ; n++ {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			_ = c.microphone.WriteRTP(&rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: n * 960},
				Payload: stamp{'a', n, time.Now()}.append(make([]byte, 60)),
			})
		}
	})
	return s
}
