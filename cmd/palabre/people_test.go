package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

// person is somebody in a meeting through the Go client, who remembers what
// happened and what was seen and heard of whom.
type person struct {
	*client.Session
	t *testing.T

	mu      sync.Mutex
	events  []client.Event
	streams map[string]*stream
	playing context.CancelFunc
	busy    sync.WaitGroup
}

// stream is what came of one participant's sound or picture.
type stream struct {
	packets int
	last    time.Time
	gap     time.Duration // the widest since gaps were last forgotten
}

// config is a person with microphone and camera who sees four others.
func (s *server) config(room, name string) client.Config {
	return client.Config{
		URL: s.url, Room: room, Name: name, Receive: client.DefaultReceive(),
		Send: []client.Send{{Source: protocol.SourceMicrophone}, {Source: protocol.SourceCamera}},
	}
}

// enter joins a room and starts to send sound and picture.
func enter(t *testing.T, c client.Config) *person {
	t.Helper()
	p := open(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Join(ctx); err != nil {
		t.Fatalf("%s joins: %v", c.Name, err)
	}
	p.play()
	return p
}

// open goes as far as the door.
func open(t *testing.T, c client.Config) *person {
	t.Helper()
	p := &person{t: t, streams: map[string]*stream{}}
	c.OnPacket = p.packet
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if p.Session, err = client.Open(ctx, c); err != nil {
		t.Fatalf("%s comes to the door: %v", c.Name, err)
	}
	p.busy.Go(p.listen)
	t.Cleanup(func() {
		if p.playing != nil {
			p.playing()
		}
		goodbye, done := context.WithTimeout(context.Background(), time.Second)
		_ = p.Leave(goodbye) // a server without people stops at once
		done()
		p.busy.Wait()
	})
	return p
}

func (p *person) listen() {
	for e := range p.Events() {
		p.mu.Lock()
		p.events = append(p.events, e)
		p.mu.Unlock()
	}
}

func (p *person) packet(r *client.Receiver, _ *rtp.Packet) {
	who := r.Participant()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.streams[who+" "+r.Kind().String()]
	if s == nil {
		s = &stream{}
		p.streams[who+" "+r.Kind().String()] = s
	}
	now := time.Now()
	if !s.last.IsZero() {
		s.gap = max(s.gap, now.Sub(s.last))
	}
	s.packets, s.last = s.packets+1, now
}

// play sends a tone and a film until the test ends.
func (p *person) play() {
	ctx, cancel := context.WithCancel(context.Background())
	p.playing = cancel
	for _, source := range []protocol.Source{protocol.SourceMicrophone, protocol.SourceCamera} {
		if line := p.Line(source); line != nil {
			p.busy.Go(func() { _ = line.Play(ctx, &film{codec: line.Codec()}) })
		}
	}
}

// of is what came of somebody so far.
func (p *person) of(who string, kind webrtc.RTPCodecType) stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.streams[who+" "+kind.String()]; s != nil {
		return *s
	}
	return stream{}
}

// forgetGaps begins to measure gaps anew.
func (p *person) forgetGaps() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.streams {
		s.gap = 0
	}
}

// seesAndHears waits until some more sound and picture of somebody came.
func (p *person) seesAndHears(other *person) {
	p.t.Helper()
	p.seesAndHearsID(other.ID())
}

func (p *person) seesAndHearsID(id string) {
	p.t.Helper()
	defer p.explain(id)
	audio, video := p.of(id, webrtc.RTPCodecTypeAudio).packets, p.of(id, webrtc.RTPCodecTypeVideo).packets
	until(p.t, "sound of "+id, func() bool { return p.of(id, webrtc.RTPCodecTypeAudio).packets > audio+10 })
	until(p.t, "picture of "+id, func() bool { return p.of(id, webrtc.RTPCodecTypeVideo).packets > video+10 })
}

// explain says after a failure what p was told of somebody's media.
func (p *person) explain(id string) {
	if !p.t.Failed() {
		return
	}
	if seats := happened[client.Seated](p); len(seats) > 0 {
		p.t.Logf("of %s %s has %+v and %+v, and was seated %d times, last %+v", id, p.ID(),
			p.of(id, webrtc.RTPCodecTypeAudio), p.of(id, webrtc.RTPCodecTypeVideo), len(seats), seats[len(seats)-1].Seats)
	}
	p.t.Logf("quality %+v, connection %+v, resumed %d times", last(happened[client.QualityChanged](p)), last(happened[client.MediaChanged](p)), len(happened[client.Resumed](p)))
}

// last is the newest of some events.
func last[E any](events []E) (newest E) {
	if n := len(events); n > 0 {
		newest = events[n-1]
	}
	return newest
}

// ids lists who is in the room for p, sorted.
func (p *person) ids() []string {
	var list []string
	for _, other := range p.Participants() {
		list = append(list, other.ID)
	}
	slices.Sort(list)
	return list
}

// happened gives the events of one type so far.
func happened[E client.Event](p *person) []E {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []E
	for _, e := range p.events {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// await waits until an event that satisfies ok has happened.
func await[E client.Event](p *person, what string, ok func(E) bool) E {
	p.t.Helper()
	var found E
	until(p.t, what, func() bool {
		list := happened[E](p)
		at := slices.IndexFunc(list, ok)
		if at >= 0 {
			found = list[at]
		}
		return at >= 0
	})
	return found
}

// film is endless sound or picture: 50 Opus frames a second, or 25 VP8 frames
// with a key frame every second one.
type film struct {
	codec  string
	frames int
}

func (f *film) Codec() string { return f.codec }

func (f *film) ReadFrame() (client.Frame, error) {
	f.frames++
	if strings.HasPrefix(f.codec, "audio/") {
		return client.Frame{Data: opusFrame(), Duration: 20 * time.Millisecond}, nil
	}
	return client.Frame{Data: vp8Frame(f.frames%2 == 1), Duration: 40 * time.Millisecond}, nil
}

// opusFrame is 20 ms of something in stereo.
func opusFrame() []byte { return append([]byte{0xfc}, bytes.Repeat([]byte{0x5a}, 60)...) }

// vp8Frame has the header of a frame of 64x48, and noise behind it.
func vp8Frame(key bool) []byte {
	head := []byte{0x11, 0, 0}
	if key {
		head = []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0}
	}
	return append(head, bytes.Repeat([]byte{7}, 600)...)
}
