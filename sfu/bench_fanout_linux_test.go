package sfu_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"palabre/internal/bench"
	"palabre/internal/bench/floor"
	"palabre/internal/bench/player"
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
	step          = beat / words
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
	apart              time.Duration // from one packet of a picture to the next
}

// scenes are one who shows themselves to 20 and to 200, once more to 200 over a
// line of 20 Mbit/s, six who all see each other, and three voices for 100.
func scenes() []scene {
	return []scene{
		{name: "1x20", publishers: 1, viewers: 20, pictures: true},
		{name: "6x6", publishers: 6, pictures: true, everyone: true},
		{name: "1x200", publishers: 1, viewers: 200, pictures: true},
		{name: "1x200at20Mbit", publishers: 1, viewers: 200, pictures: true, apart: 500 * time.Microsecond},
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

// published is how many packets the publishers send in a window.
func (s scene) published() int {
	each := words
	if s.pictures {
		each += frames * framePackets
	}
	return each * windowBeats * s.publishers
}

// BenchmarkFanOut is a packet's whole way through the server, from the
// publishers' sockets to the viewers', at the pace of real pictures and voices:
// the processor time of this process by packet sent, while another one sends
// for the publishers. The floor sends the same frames to the same
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
	server, at := w.open(b)
	h := newHall(b, s)
	h.joinAll(server, at)
	h.count, h.want = func() uint64 { return server.Stats().PacketsOut }, s.published()*s.copies()
	reference := h.reference(b)
	h.pace = func() float64 { return reference(true) }
	h.measure(b, func() float64 { return reference(false) })
	if datagrams, messages := sfu.Messages(server); messages > 0 {
		b.ReportMetric(float64(datagrams)/float64(messages), "packets/message")
	}
}

// measure plays windows and reports the median of what they cost.
func (h *hall) measure(b *testing.B, reference func() float64) {
	h.engage()
	h.settle()
	allocated := tally{quiet: h.quiet()}
	var ours, theirs, ratios, paced []float64
	disturbed := 0
	for more := true; more || len(ours) < leastWindows; {
		more = more && b.Loop()
		h.load(false)
		them := reference()
		var us float64
		var whole bool
		allocs := h.allocations(func() { us, whole = h.window() })
		if !whole { // the machine stood still, and the server let frames go
			if disturbed++; disturbed > leastWindows {
				b.Fatalf("%d windows did not go out whole, %d did", disturbed, len(ours))
			}
			h.settle() // who misses a frame waits for a key frame
			continue
		}
		ours, theirs, ratios = append(ours, us), append(theirs, them), append(ratios, us/them)
		if h.pace != nil {
			paced = append(paced, us/h.pace())
		}
		allocated.add(allocs)
	}
	if h.pace != nil {
		b.ReportMetric(bench.Median(paced), bench.Paced)
	}
	floor.Report(b, bench.Median(ours), allocated.each(h.want), bench.Median(theirs), bench.Median(ratios))
}

// tally counts allocations by window. Connectivity checks and the runtime
// allocate too, many at a time and seldom: what packets allocate shows both in
// the least window and in the sum over as much time without media.
type tally struct {
	quiet, least, sum float64 // quiet in a window's time
	windows           int
}

func (t *tally) add(allocations float64) {
	if t.windows == 0 || allocations < t.least {
		t.least = allocations
	}
	t.sum += allocations
	t.windows++
}

// each is how many a packet makes, of so many in a window, in fifths: what is
// less comes with time, not with packets. Even one that a received packet makes
// shows where it has five viewers; [BenchmarkIngress] counts those alone.
func (t *tally) each(packets int) float64 {
	extra := min(t.least, t.sum/float64(t.windows)-t.quiet)
	return float64(int(5*max(0, extra)/float64(packets))) / 5
}

// quiet is how many allocations the time of a window has without media.
func (h *hall) quiet() float64 {
	const windows = 4 // over a second: connectivity checks come once in one
	return h.allocations(func() { h.rest(windows * windowBeats * beat) }) / windows
}

// hall is a server with a scene played on it.
type hall struct {
	b       testing.TB
	scene   scene
	clients []*light
	streams []*lightStream // of the publishers: voice, picture, voice, picture, …
	// count is how many packets went their whole way so far, want how many are to in a window.
	count func() uint64
	want  int
	// rush sends each 20 ms' packets at once, and the next after a twentieth of that.
	rush   bool
	player *player.Player // is the clients once all have joined
	// pace is the floor at the same pace as the server, which finds memory as cold; nil without.
	pace func() float64
}

func newHall(b testing.TB, s scene) *hall {
	b.Helper()
	h := &hall{b: b, scene: s, clients: make([]*light, s.publishers+s.viewers)}
	certificate := lightCertificate(b)
	for i := range h.clients {
		c := newLight(b, certificate, i)
		h.clients[i] = c
		b.Cleanup(c.close)
		if i < s.publishers {
			h.streams = append(h.streams, &lightStream{l: c, publisher: i, ssrc: uint32(2*i + 1), payload: 98, mid: '0'},
				&lightStream{l: c, publisher: i, ssrc: uint32(2*i + 2), payload: 96, mid: '1', video: true})
		}
	}
	return h
}

// joining is how many clients join at once: a join is mostly waiting.
const joining = 16

// joinAll has the clients take part, the publishers first.
func (h *hall) joinAll(server *sfu.SFU, at netip.AddrPort) {
	h.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all errgroup.Group
	all.SetLimit(joining)
	for i, c := range h.clients {
		peer, err := server.Open("hall", fmt.Sprint(i), &listener{})
		if err != nil {
			h.b.Fatal(err)
		}
		h.b.Cleanup(func() {
			if err := peer.Close(); err != nil {
				h.b.Error(err)
			}
		})
		all.Go(func() error { return h.join(ctx, peer, c, i, at) })
	}
	if err := all.Wait(); err != nil {
		h.b.Fatal(err)
	}
}

// join has client i take part.
func (h *hall) join(ctx context.Context, peer *sfu.Peer, c *light, i int, at netip.AddrPort) error {
	answer, err := peer.Answer(ctx, h.scene.offer(c, i))
	if err == nil {
		err = c.dial(ctx, answer, at)
	}
	if err != nil {
		return err
	}
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
	return peer.Enter(ctx)
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
		o.Microphone = add("audio", "sendonly", opus+fmt.Sprintf("a=ssrc:%d cname:light\r\n", 2*i+1))
		o.Camera = add("video", "sendonly", vp8+fmt.Sprintf("a=ssrc:%d cname:light\r\n", 2*i+2))
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

// engage has a process of its own be the clients, so that none of their time is counted.
func (h *hall) engage() {
	h.b.Helper()
	sockets := make([]player.Socket, len(h.clients))
	for i, c := range h.clients {
		sockets[i] = player.Socket{Conn: c.conn, To: c.server, Password: c.ours[1]}
	}
	var err error
	if h.player, err = player.Start(sockets); err != nil {
		h.b.Fatal(err)
	}
	for _, c := range h.clients {
		c.retire()
	}
	h.b.Cleanup(func() {
		if err := h.player.Close(); err != nil {
			h.b.Error(err)
		}
	})
}

// load hands the player a window's packets, before its time is taken.
func (h *hall) load(key bool) {
	h.b.Helper()
	all := h.seal(key)
	slices.SortStableFunc(all, func(a, b player.Datagram) int { return cmp.Compare(a.At, b.At) })
	if err := h.player.Load(all); err != nil {
		h.b.Fatal(err)
	}
}

// cue is when in a window a stream's next frame is due, of packets of size bytes.
type cue struct {
	at            time.Duration
	stream        int
	packets, size int
}

// cues are those of a window, in steps of 20 ms.
func (h *hall) cues() (steps [windowBeats * words][]cue) {
	for n := range steps {
		for i, s := range h.streams {
			// Nobody speaks or moves in step with the others.
			c := cue{at: time.Duration(n)*step + time.Duration(i)*step/time.Duration(len(h.streams)), stream: i, packets: 1, size: voicePayload}
			if s.video {
				if !h.scene.pictures || n%words >= frames {
					continue
				}
				c.at += time.Duration(n%words) * (beat/frames - step)
				c.packets, c.size = framePackets, videoPayload
			}
			steps[n] = append(steps[n], c)
		}
	}
	return steps
}

// rushStep is how long a rush takes for what is said and shown in 20 ms.
const rushStep = time.Millisecond

// seal makes the packets of a window.
func (h *hall) seal(key bool) (all []player.Datagram) {
	if h.rush {
		h.rest(windowBeats * beat / 4) // nobody may send much faster than pictures come
	}
	for n, cues := range h.cues() {
		for _, c := range cues {
			s := h.streams[c.stream]
			sealed, err := s.frame(nil, c.packets, c.size, key && n%words == 0)
			if err != nil {
				h.b.Fatal(err)
			}
			if h.rush {
				c.at = time.Duration(n) * rushStep
			}
			for i, datagram := range sealed {
				all = append(all, player.Datagram{At: c.at + time.Duration(i)*h.scene.apart, Socket: s.publisher, Bytes: datagram})
			}
		}
	}
	return all
}

// window plays what was loaded and gives the server's processor time by packet
// that went its whole way, and whether all did.
func (h *hall) window() (nanoseconds float64, whole bool) {
	want := h.count() + uint64(h.want)
	began := floor.Process()
	h.play()
	h.await(want)
	used := floor.Process() - began
	return float64(used) / float64(h.want), h.count() == want
}

const (
	// linger is how long the server has to be through with a window before we look.
	linger = 3 * time.Millisecond
	// hopeless is after how long what has not come through will not.
	hopeless = time.Second
)

// await waits until so many packets went their way, or it is hopeless.
func (h *hall) await(count uint64) {
	for deadline := time.Now().Add(hopeless); h.count() < count && time.Now().Before(deadline); {
		h.rest(linger)
	}
}

// play plays what was loaded.
func (h *hall) play() {
	h.b.Helper()
	if err := h.player.Play(linger); err != nil {
		h.b.Fatal(err)
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
		before := h.count()
		h.load(true)
		h.play()
		h.rest(20 * time.Millisecond)
		if h.count()-before == uint64(h.want) {
			if h.rush {
				h.fill()
			}
			return
		}
	}
	h.b.Fatal("not everybody gets everything")
}

// fill plays until the caches of who publishes have grown to their size: what
// one allocates is not a packet's. It gives up on what goes on allocating.
func (h *hall) fill() {
	for range 40 {
		h.load(false)
		if h.allocations(h.play) < float64(h.scene.published()/20) {
			return
		}
	}
}

// reference has the floor send what the server sends in a window, to the same
// sockets, and gives nanoseconds by packet: of all of it without a pause, or of
// each frame when it is due.
func (h *hall) reference(b *testing.B) func(paced bool) float64 {
	b.Helper()
	var to []netip.AddrPort
	for _, c := range h.clients[len(h.clients)-h.scene.copies():] {
		to = append(to, c.conn.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	f, err := floor.New(to)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	var cues []cue
	for _, c := range h.cues() {
		cues = append(cues, c...)
	}
	slices.SortStableFunc(cues, func(a, b cue) int { return cmp.Compare(a.at, b.at) })
	return func(paced bool) float64 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		used, began := time.Duration(0), time.Now()
		for _, c := range cues {
			if ahead := c.at - time.Since(began); paced && ahead > 0 {
				h.rest(ahead)
			}
			start := floor.Thread()
			if err := f.Send(c.packets, c.size); err != nil {
				b.Fatal(err)
			}
			used += floor.Thread() - start
		}
		return float64(used) / float64(h.want)
	}
}

// allocations is how many do makes.
func (h *hall) allocations(do func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}
