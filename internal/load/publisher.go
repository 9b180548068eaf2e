package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

// The shape of generated sound: Opus in its usual frames.
const (
	audioInterval = 20 * time.Millisecond
	audioStep     = 960  // RTP ticks a frame at 48 kHz
	audioPayload  = 80   // bytes, 32 kbit/s
	opusTOC       = 0x78 // hybrid full band, 20 ms, mono, one frame (RFC 6716 section 3.1)
	speechLevel   = 20   // -dBov of the loudest publisher
	silenceLevel  = 100
	// talkTurn is how long one publisher speaks in the speaker layout.
	talkTurn = 3 * time.Second
)

// publisher generates one participant's sound and picture.
type publisher struct {
	index   int
	options Options
	clock   clock
	session *client.Session

	packets, bytes [2]atomic.Uint64 // by audioKind and videoKind
	late           atomic.Uint64    // ticks that came too late to keep the rate
	running        sync.WaitGroup
}

const (
	audioKind = 0
	videoKind = 1
)

// declared are the lines a publisher offers.
func (o Options) declared() []client.Send {
	lines := []client.Send{{Source: protocol.SourceMicrophone}}
	if o.AudioOnly {
		return lines
	}
	camera := client.Send{Source: protocol.SourceCamera, Codec: webrtc.MimeTypeVP8}
	if o.Simulcast {
		for _, l := range o.layers() {
			camera.RIDs = append(camera.RIDs, l.rid)
		}
	}
	return append(lines, camera)
}

// start sends until ctx ends.
func (p *publisher) start(ctx context.Context) {
	p.running.Go(func() { p.speak(ctx) })
	if !p.options.AudioOnly {
		p.running.Go(func() { p.film(ctx) })
	}
}

// speak sends 50 packets of sound a second.
func (p *publisher) speak(ctx context.Context) {
	line := p.session.Line(protocol.SourceMicrophone)
	stream := newOutput(p, line.Layers()[0], newSource(p.index, audioStream), audioKind)
	payload := make([]byte, audioPayload)
	for i := range payload {
		payload[i] = byte(rand.Uint32())
	}
	payload[0] = opusTOC
	p.every(ctx, audioInterval, func(time.Duration) {
		line.SetLevel(p.level())
		stream.packet.Timestamp += audioStep
		stream.packet.Marker = false
		stream.send(payload)
	})
}

// level makes the order of loudness stable in the grid, so that the choice of
// the loudest does not wander, and lets one after the other speak otherwise.
func (p *publisher) level() (dBov uint8, voice bool) {
	if p.options.Layout != protocol.LayoutSpeaker {
		return uint8(min(speechLevel+p.index, silenceLevel-1)), true
	}
	turn := int(time.Duration(p.clock.now())/talkTurn) % p.options.Publishers
	if turn == p.index {
		return speechLevel, true
	}
	return silenceLevel, false
}

// film sends every layer of the picture, 30 frames a second.
func (p *publisher) film(ctx context.Context) {
	layers := p.session.Line(protocol.SourceCamera).Layers()
	cameras := make([]*camera, len(layers))
	for i, shape := range p.options.layers() {
		source := newSource(p.index, uint8(i))
		cameras[i] = &camera{
			output: newOutput(p, layers[i], source, videoKind),
			vp8:    newVP8(shape.width, shape.height, shape.bitrate, uint64(source)+1),
			key:    true,
		}
		cameras[i].vp8.whole = p.options.WholePackets
	}
	p.every(ctx, time.Second/frameRate, func(at time.Duration) {
		for _, c := range cameras {
			c.shoot(at)
		}
	})
}

// camera is one layer's encoder and its stream.
type camera struct {
	output *output
	vp8    *vp8
	key    bool // the next frame must be a key frame
	first  uint32
	parts  [][]byte
}

// shoot sends one frame, a key frame when somebody asked for one or none came through yet.
func (c *camera) shoot(at time.Duration) {
	select {
	case <-c.output.layer.KeyFrames():
		c.key = true
		c.output.publisher.options.logger().Debug("key frame asked for",
			"publisher", c.output.publisher.index, "layer", c.output.layer.RID())
	default:
	}
	if !c.output.layer.Wanted() {
		return
	}
	if c.first == 0 {
		c.first = rand.Uint32() | 1
	}
	c.parts = c.vp8.frame(c.key, c.parts)
	c.output.packet.Timestamp = c.first + uint32(at*videoRate/time.Second)
	for i, part := range c.parts {
		c.output.packet.Marker = i == len(c.parts)-1
		if !c.output.send(part) {
			return // not connected: the frame that gets through is a key frame
		}
	}
	c.key = false
}

// output is one RTP stream with its markers.
type output struct {
	publisher *publisher
	layer     *client.Layer
	kind      int
	marker    marker
	packet    rtp.Packet
}

func newOutput(p *publisher, l *client.Layer, source sourceID, kind int) *output {
	o := &output{publisher: p, layer: l, kind: kind, marker: marker{source: source}}
	o.packet.SequenceNumber = uint16(rand.Uint32())
	o.packet.Timestamp = rand.Uint32()
	return o
}

// send writes one packet and counts it when it went out.
func (o *output) send(payload []byte) bool {
	o.marker.sent = o.publisher.clock.now()
	o.marker.put(payload)
	o.packet.Payload = payload
	err := o.layer.WriteRTP(&o.packet)
	if errors.Is(err, client.ErrNotConnected) {
		return false
	}
	if err != nil {
		o.publisher.options.logger().Debug("packet not sent", "error", err)
		return false
	}
	o.packet.SequenceNumber++
	o.marker.counter++
	o.publisher.packets[o.kind].Add(1)
	o.publisher.bytes[o.kind].Add(uint64(len(payload)))
	return true
}

// every calls do at a steady rate until ctx ends, with the time since the
// first call. It begins at a moment of its own, so that publishers do not send
// in step, and skips what it was more than a second late for.
func (p *publisher) every(ctx context.Context, interval time.Duration, do func(time.Duration)) {
	began := time.Now().Add(rand.N(interval))
	timer := time.NewTimer(time.Until(began))
	defer timer.Stop()
	for next := time.Duration(0); ; next += interval {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		do(next)
		if behind := time.Since(began) - next; behind > time.Second {
			skipped := behind / interval
			p.late.Add(uint64(skipped))
			next += skipped * interval
		}
		timer.Reset(time.Until(began.Add(next + interval)))
	}
}
