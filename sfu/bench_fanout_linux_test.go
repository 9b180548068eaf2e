package sfu_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"palabre/internal/bench"
	"palabre/internal/bench/floor"
	"palabre/sfu"
)

const (
	// A picture comes 30 times a second in framePackets packets of equal size,
	// 1.6 Mbit/s; a voice in 50 packets a second.
	framePackets = 6
	videoPayload = 1100
	voicePayload = 80
	// A beat is the least whole number of both: three pictures and five packets
	// of sound. What is measured at once is a window of beats.
	beat          = 100 * time.Millisecond
	frames, words = 3, 5
	windowBeats   = 3
	// leastWindows is how many a figure is the median of, at least.
	leastWindows = 7
)

// scene is who sends what to whom.
type scene struct {
	name               string
	publishers         int
	viewers            int // who only watch
	pictures, everyone bool
}

// scenes are one who shows themselves to 20 and to 200, six who all see each
// other, and three voices for 100.
func scenes() []scene {
	return []scene{
		{name: "1x20", publishers: 1, viewers: 20, pictures: true},
		{name: "6x6", publishers: 6, pictures: true, everyone: true},
		{name: "1x200", publishers: 1, viewers: 200, pictures: true},
		{name: "3x100", publishers: 3, viewers: 100},
	}
}

// copies is how many are sent of a packet.
func (s scene) copies() int {
	if s.everyone {
		return s.publishers - 1
	}
	return s.viewers
}

// packets is how many are sent in a window.
func (s scene) packets() int {
	each := words
	if s.pictures {
		each += frames * framePackets
	}
	return each * windowBeats * s.publishers * s.copies()
}

// BenchmarkFanOut is a packet's whole way through the server, from the
// publishers' sockets to the viewers', at the pace of real pictures and voices:
// the processor time of this process, without the thread that plays the
// publishers, by packet sent. The floor sends the same frames to the same
// sockets in turns with it.
func BenchmarkFanOut(b *testing.B) {
	for _, s := range scenes() {
		b.Run(s.name, func(b *testing.B) {
			for _, way := range ways() {
				b.Run(way.name, func(b *testing.B) { fanOut(b, s, way) })
			}
		})
	}
}

func fanOut(b *testing.B, s scene, w way) {
	h := newHall(b, s, w)
	h.settle()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	quiet := h.allocations(func() { h.rest(windowBeats * beat) })
	var ours, theirs, ratios, allocated []float64
	disturbed := 0
	for round := 0; b.Loop() || round < leastWindows; round++ {
		packets := h.seal(false)
		them := h.reference()
		var us float64
		var whole bool
		allocs := h.allocations(func() { us, whole = h.window(packets) })
		if !whole { // the machine stood still, and the server let frames go
			if disturbed++; disturbed > leastWindows {
				b.Fatalf("%d of %d windows did not go out whole", disturbed, round+1)
			}
			continue
		}
		ours, theirs, ratios = append(ours, us), append(theirs, them), append(ratios, us/them)
		allocated = append(allocated, float64(allocs)-float64(quiet))
	}
	floor.Report(b, bench.Median(ours), allocations(allocated, s.packets()), bench.Median(theirs), bench.Median(ratios))
}

// allocations a packet, by window: over those of as long a time without media,
// as connectivity checks and the runtime allocate now and then. What packets
// allocate shows in every window, so the least one tells.
func allocations(windows []float64, packets int) float64 {
	least := windows[0]
	for _, n := range windows {
		least = min(least, n)
	}
	return float64(int(100*max(0, least)/float64(packets))) / 100
}

// hall is a server with a scene played on it.
type hall struct {
	b       testing.TB
	scene   scene
	sfu     *sfu.SFU
	clients []*light
	streams []*lightStream // of the publishers: voice, picture, voice, picture, …
	floor   *floor.Floor
}

func newHall(b testing.TB, s scene, w way) *hall {
	b.Helper()
	server, at := w.open(b)
	h := &hall{b: b, scene: s, sfu: server}
	certificate := lightCertificate(b)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var to []netip.AddrPort
	for i := range s.publishers + s.viewers {
		c := newLight(b, certificate, i)
		b.Cleanup(c.close)
		h.clients = append(h.clients, c)
		h.join(ctx, c, i, at)
		if i >= s.publishers || s.everyone {
			to = append(to, c.conn.LocalAddr().(*net.UDPAddr).AddrPort())
		}
		if i < s.publishers {
			h.streams = append(h.streams, &lightStream{l: c, ssrc: uint32(2*i + 1), payload: 98, mid: '0'},
				&lightStream{l: c, ssrc: uint32(2*i + 2), payload: 96, mid: '1', video: true})
		}
	}
	var err error
	if h.floor, err = floor.New(to); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := h.floor.Close(); err != nil {
			b.Error(err)
		}
	})
	return h
}

// join has client i take part.
func (h *hall) join(ctx context.Context, c *light, i int, at netip.AddrPort) {
	h.b.Helper()
	heard := &listener{}
	peer, err := h.sfu.Open("hall", fmt.Sprint(i), heard)
	if err != nil {
		h.b.Fatal(err)
	}
	h.b.Cleanup(func() {
		if err := peer.Close(); err != nil {
			h.b.Error(err)
		}
	})
	offer := h.scene.offer(c, i)
	answer, err := peer.Answer(ctx, offer)
	if err == nil {
		err = c.dial(ctx, answer, at)
	}
	if err != nil {
		h.b.Fatal(err)
	}
	until(h.b, "a light client to connect", heard.isConnected)
	if i < h.scene.publishers {
		peer.SetSending(sfu.Sending{Microphone: true, Camera: h.scene.pictures})
	}
	layout := sfu.Layout{Mode: sfu.LayoutTiles}
	for j := range h.scene.publishers {
		if j != i && h.scene.pictures {
			layout.Tiles = append(layout.Tiles, sfu.Tile{Participant: fmt.Sprint(j), Source: sfu.Camera, Width: 640, Height: 360})
		}
	}
	peer.SetLayout(layout)
	if err := peer.Enter(ctx); err != nil {
		h.b.Fatal(err)
	}
}

// offer is what participant i offers.
func (s scene) offer(c *light, i int) sfu.Offer {
	section := func(kind, direction string, mid int, codec string) string {
		return fmt.Sprintf("m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=mid:%d\r\na=%s\r\n"+
			"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n%s",
			kind, codec[:len("96")], mid, direction, codec[len("96"):])
	}
	const (
		opus = "98a=rtpmap:98 opus/48000/2\r\na=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
		vp8  = "96a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\n"
	)
	o, text, mids := sfu.Offer{}, "", 0
	add := func(kind, direction, codec string) string {
		text += section(kind, direction, mids, codec)
		mids++
		return fmt.Sprint(mids - 1)
	}
	if i < s.publishers {
		o.Microphone = add("audio", "sendonly", opus)
		o.Camera = add("video", "sendonly", vp8)
	}
	if i >= s.publishers || s.everyone {
		for range s.publishers {
			if !s.pictures {
				o.Voices = append(o.Voices, add("audio", "recvonly", opus))
				continue
			}
			o.Seats = append(o.Seats, sfu.Pair{Audio: add("audio", "recvonly", opus), Video: add("video", "recvonly", vp8)})
		}
	}
	bundle := "a=group:BUNDLE"
	for m := range mids {
		bundle += fmt.Sprint(" ", m)
	}
	o.SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + bundle + "\r\n" + c.transport() + text
	return o
}

// due is a datagram and when in its window it leaves.
type due struct {
	at     time.Duration
	from   *light
	sealed []byte
}

// seal makes the packets of a window, before its time is taken.
func (h *hall) seal(key bool) (all []due) {
	for n := range windowBeats * words { // in steps of 20 ms
		for i, s := range h.streams {
			// Nobody speaks or moves in step with the others.
			at := time.Duration(n)*beat/words + time.Duration(i)*beat/words/time.Duration(len(h.streams))
			packets, size := 1, voicePayload
			if s.video {
				if packets, size = framePackets, videoPayload; !h.scene.pictures || n%words >= frames {
					continue
				}
				at += time.Duration(n%words) * (beat/frames - beat/words)
			}
			sealed, err := s.frame(nil, packets, size, key && n%words == 0)
			if err != nil {
				h.b.Fatal(err)
			}
			for _, datagram := range sealed {
				all = append(all, due{at, s.l, datagram})
			}
		}
	}
	return all
}

// window plays packets and gives the server's processor time by packet sent,
// and whether all were sent. It is for a goroutine with a thread of its own.
func (h *hall) window(packets []due) (nanoseconds float64, whole bool) {
	before := h.sfu.Stats().PacketsOut
	all, own := floor.Process(), floor.Thread()
	h.play(packets)
	want := before + uint64(h.scene.packets())
	for deadline := time.Now().Add(wait); h.sfu.Stats().PacketsOut < want && time.Now().Before(deadline); {
		h.rest(time.Millisecond)
	}
	h.rest(2 * time.Millisecond) // for the last ones to leave
	used := floor.Process() - all - (floor.Thread() - own)
	return float64(used) / float64(h.scene.packets()), h.sfu.Stats().PacketsOut == want
}

// play sends each packet when it is due, or as soon as it can after that: a
// frame that is late makes the following ones late, they do not pile up.
func (h *hall) play(packets []due) {
	began, late := time.Now(), time.Duration(0)
	for _, p := range packets {
		if ahead := p.at + late - time.Since(began); ahead > 0 {
			h.rest(ahead)
		} else {
			late -= ahead
		}
		if _, err := p.from.conn.WriteToUDPAddrPort(p.sealed, p.from.server); err != nil {
			h.b.Fatal(err)
		}
	}
}

// rest stands still without the runtime's timers, whose work would be counted
// as the server's.
func (h *hall) rest(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal may cut it short
}

// settle plays until everybody gets everything.
func (h *hall) settle() {
	h.b.Helper()
	for range 50 {
		before := h.sfu.Stats().PacketsOut
		h.play(h.seal(true))
		h.rest(20 * time.Millisecond)
		if h.sfu.Stats().PacketsOut-before == uint64(h.scene.packets()) {
			return
		}
	}
	h.b.Fatal("not everybody gets everything")
}

// reference has the floor send what a window sends, and gives nanoseconds by packet.
func (h *hall) reference() float64 {
	began := floor.Thread()
	send := func(times, packets, size int) {
		for range times * h.scene.publishers {
			if err := h.floor.Send(packets, size); err != nil {
				h.b.Fatal(err)
			}
		}
	}
	for range windowBeats {
		send(words, 1, voicePayload)
		if h.scene.pictures {
			send(frames, framePackets, videoPayload)
		}
	}
	per := h.scene.packets()
	if h.scene.everyone { // the floor sends everybody's frames to everybody, themselves too
		per = per * h.scene.publishers / h.scene.copies()
	}
	return float64(floor.Thread()-began) / float64(per)
}

// allocations is how many do makes.
func (h *hall) allocations(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}
