package sfu_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"palabre/internal/bench/player"
	"palabre/sfu"
	"palabre/sfu/udp"
)

func TestMain(m *testing.M) {
	if player.Main() { // for a benchmark
		return
	}
	goleak.VerifyTestMain(m)
}

// slow has the tests run on Pion's path.
var slow = flag.Bool("pion", false, "carry media by Pion")

// wait is how long a test waits for anything.
const wait = 15 * time.Second

// until polls until ok, or fails the test.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(wait); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", wait, what)
		}
		pause := time.NewTimer(5 * time.Millisecond)
		<-pause.C
	}
}

// server starts an SFU on loopback.
func server(t testing.TB, change ...func(*sfu.Config)) *sfu.SFU {
	t.Helper()
	c := sfu.Config{Pion: *slow, Shards: 2, HoldVoices: 5 * time.Millisecond}
	for _, f := range change {
		f(&c)
	}
	var err error
	if c.UDP == nil {
		if c.Sockets, err = udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"), c.Shards); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sfu.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// plain is a socket on loopback that Pion reads and writes.
func plain(t testing.TB) net.PacketConn {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

// listener is a Report that remembers.
type listener struct {
	mu                      sync.Mutex
	connected, disconnected int
	failed                  string
	seats                   []sfu.Seat
	seatings                int
	layers                  map[sfu.Source][]sfu.LayerWish
	speaking                []string
	dominant                string
	bars                    [][2]int
	messages                []string
	writable                int
}

func (l *listener) Connected()    { l.mu.Lock(); l.connected++; l.mu.Unlock() }
func (l *listener) Disconnected() { l.mu.Lock(); l.disconnected++; l.mu.Unlock() }
func (l *listener) Failed(reason string) {
	l.mu.Lock()
	l.failed = reason
	l.mu.Unlock()
}

func (l *listener) Seated(s []sfu.Seat) {
	l.mu.Lock()
	l.seats, l.seatings = s, l.seatings+1
	l.mu.Unlock()
}

func (l *listener) Layers(source sfu.Source, wishes []sfu.LayerWish) {
	l.mu.Lock()
	if l.layers == nil {
		l.layers = map[sfu.Source][]sfu.LayerWish{}
	}
	l.layers[source] = wishes
	l.mu.Unlock()
}

func (l *listener) Speakers(speaking []string, dominant string) {
	l.mu.Lock()
	l.speaking, l.dominant = speaking, dominant
	l.mu.Unlock()
}

func (l *listener) Quality(up, down int) {
	l.mu.Lock()
	l.bars = append(l.bars, [2]int{up, down})
	l.mu.Unlock()
}

func (l *listener) Message(data []byte) {
	l.mu.Lock()
	l.messages = append(l.messages, string(data))
	l.mu.Unlock()
}

func (l *listener) Writable() {
	l.mu.Lock()
	l.writable++
	l.mu.Unlock()
}

func (l *listener) isConnected() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.connected > 0 }
func (l *listener) failure() string   { l.mu.Lock(); defer l.mu.Unlock(); return l.failed }
func (l *listener) seat(participant string) (sfu.Seat, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.seats, func(s sfu.Seat) bool { return s.Participant == participant })
	if i < 0 {
		return sfu.Seat{}, false
	}
	return l.seats[i], true
}

// shape is what a client's offer holds.
type shape struct {
	microphone, camera, screen, screenAudio bool
	// rids are the camera's layers, screenRIDs the screen's.
	rids, screenRIDs []string
	// keepTwo: the client is one that must not be left with one layer.
	keepTwo               bool
	seats, stages, voices int
	// mime is the video codec sent; VP8 by default.
	mime string
	// burst is how many packets a frame has; 3 by default.
	burst int
	// careful asks again for what is lost, and for nothing else, as a browser
	// does. Pion's own way goes on asking for packets that came as retransmissions.
	careful bool
	// api makes the client's PeerConnection; one like newAPI's by default.
	api *webrtc.API
}

func person(seats int) shape {
	return shape{microphone: true, camera: true, rids: []string{"q", "h", "f"}, seats: seats, stages: 1, voices: 1}
}

// client is a participant with a real PeerConnection.
type client struct {
	t      testing.TB
	id     string
	pc     *webrtc.PeerConnection
	peer   *sfu.Peer
	heard  *listener
	offer  sfu.Offer
	shape  shape
	answer string

	microphone      *webrtc.TrackLocalStaticRTP
	camera, screens map[string]*webrtc.TrackLocalStaticRTP
	screenAudio     *webrtc.TrackLocalStaticRTP
	mids            struct{ microphone, camera, screen, screenAudio *webrtc.RTPTransceiver }
	seatLines       [][2]*webrtc.RTPTransceiver
	stageLines      [][2]*webrtc.RTPTransceiver
	voiceLines      []*webrtc.RTPTransceiver

	mu       sync.Mutex
	got      map[string]*inbox // by mid
	pending  sync.WaitGroup
	rtcp     map[string]int                   // feedback received by type
	pictured func(rtcp.PictureLossIndication) // told of every request for a picture
	over     chan struct{}
}

// inbox is what came in on one media section.
type inbox struct {
	mu      sync.Mutex
	packets []*rtp.Packet
	arrived []time.Time // of packets
	reports []rtcp.SenderReport
	stream  string
}

// report keeps the sender reports of the stream.
func (i *inbox) report(packets []rtcp.Packet) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, p := range packets {
		if sent, ok := p.(*rtcp.SenderReport); ok {
			i.reports = append(i.reports, *sent)
		}
	}
}

func (i *inbox) all() []*rtp.Packet {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.packets)
}

func (c *client) inbox(mid string) *inbox {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[mid]
}

// packets are what came in on seat i.
func (c *client) video(seat int) []*rtp.Packet { return c.inbox(c.seatLines[seat][1].Mid()).all() }
func (c *client) audio(seat int) []*rtp.Packet { return c.inbox(c.seatLines[seat][0].Mid()).all() }

type setting func(*webrtc.SettingEngine)

// connect makes a client of a room, negotiates, and waits until it is up.
func connect(t testing.TB, s *sfu.SFU, room, id string, sh shape, settings ...setting) *client {
	t.Helper()
	c := dial(t, s, room, id, sh, settings...)
	c.negotiate()
	until(t, id+" to connect", c.heard.isConnected)
	until(t, id+"'s own side to be up", c.up)
	return c
}

// up says that what the client sends from now on reaches the wire: Pion drops
// what is written before, without a word.
func (c *client) up() bool {
	for _, tr := range c.pc.GetTransceivers() {
		if sender := tr.Sender(); sender != nil {
			return sender.Transport().State() == webrtc.DTLSTransportStateConnected
		}
		if receiver := tr.Receiver(); receiver != nil {
			return receiver.Transport().State() == webrtc.DTLSTransportStateConnected
		}
	}
	return true
}

// join connects and enters.
func join(t testing.TB, s *sfu.SFU, room, id string, sh shape, settings ...setting) *client {
	t.Helper()
	c := connect(t, s, room, id, sh, settings...)
	c.peer.SetSending(sfu.Sending{Microphone: sh.microphone, Camera: sh.camera, Screen: sh.screen, ScreenAudio: sh.screenAudio})
	if err := c.peer.Enter(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func dial(t testing.TB, s *sfu.SFU, room, id string, sh shape, settings ...setting) *client {
	t.Helper()
	c := &client{t: t, id: id, heard: &listener{}, shape: sh, got: map[string]*inbox{}, rtcp: map[string]int{}, over: make(chan struct{}),
		camera: map[string]*webrtc.TrackLocalStaticRTP{}, screens: map[string]*webrtc.TrackLocalStaticRTP{}}
	if c.shape.mime == "" {
		c.shape.mime = webrtc.MimeTypeVP8
	}
	if c.shape.burst == 0 {
		c.shape.burst = 3
	}
	if c.shape.api == nil {
		c.shape.api = newAPI(t, sh.careful, settings...)
	}
	pc, err := c.shape.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	c.pc = pc
	pc.OnTrack(c.receive)
	if c.peer, err = s.Open(room, id, c.heard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	if sh.microphone {
		c.microphone, c.mids.microphone = c.sendAudio("microphone")
	}
	if sh.camera {
		c.mids.camera = c.sendVideo("camera", sh.rids, c.camera)
	}
	if sh.screen {
		c.mids.screen = c.sendVideo("screen", sh.screenRIDs, c.screens)
	}
	if sh.screenAudio {
		c.screenAudio, c.mids.screenAudio = c.sendAudio("screenAudio")
	}
	c.grow(sh.seats, sh.stages, sh.voices)
	if sh.careful {
		c.repair()
	}
	return c
}

func (c *client) close() {
	close(c.over)
	if err := c.peer.Close(); err != nil {
		c.t.Error(err)
	}
	if err := c.pc.GracefulClose(); err != nil {
		c.t.Error(err)
	}
	c.pending.Wait()
}

func (c *client) sendAudio(name string) (*webrtc.TrackLocalStaticRTP, *webrtc.RTPTransceiver) {
	c.t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, name, c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	return track, c.transceiver(track)
}

func (c *client) transceiver(track webrtc.TrackLocal) *webrtc.RTPTransceiver {
	c.t.Helper()
	tr, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		c.t.Fatal(err)
	}
	c.feedback(tr.Sender())
	return tr
}

func (c *client) sendVideo(name string, rids []string, into map[string]*webrtc.TrackLocalStaticRTP) *webrtc.RTPTransceiver {
	c.t.Helper()
	capability := webrtc.RTPCodecCapability{MimeType: c.shape.mime, ClockRate: 90000}
	if c.shape.mime == webrtc.MimeTypeH264 {
		capability.SDPFmtpLine = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	}
	if len(rids) == 0 {
		track, err := webrtc.NewTrackLocalStaticRTP(capability, name, c.id)
		if err != nil {
			c.t.Fatal(err)
		}
		into[""] = track
		return c.transceiver(track)
	}
	var tr *webrtc.RTPTransceiver
	for _, rid := range rids {
		track, err := webrtc.NewTrackLocalStaticRTP(capability, name, c.id, webrtc.WithRTPStreamID(rid))
		if err != nil {
			c.t.Fatal(err)
		}
		into[rid] = track
		if tr == nil {
			tr = c.transceiver(track)
			continue
		}
		if err := tr.Sender().AddEncoding(track); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, rid := range rids[1:] {
		c.pending.Go(func() {
			for {
				packets, _, err := tr.Sender().ReadSimulcastRTCP(rid)
				if err != nil {
					return
				}
				c.count(packets)
			}
		})
	}
	return tr
}

// feedback counts the RTCP a sender gets.
func (c *client) feedback(s *webrtc.RTPSender) {
	c.pending.Go(func() {
		for {
			packets, _, err := s.ReadRTCP()
			if err != nil {
				return
			}
			c.count(packets)
		}
	})
}

func (c *client) count(packets []rtcp.Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range packets {
		c.rtcp[fmt.Sprintf("%T", p)]++
		if pli, ok := p.(*rtcp.PictureLossIndication); ok && c.pictured != nil {
			c.pictured(*pli)
		}
	}
}

func (c *client) counted(p rtcp.Packet) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rtcp[fmt.Sprintf("%T", p)]
}

// grow adds seats up to these numbers.
func (c *client) grow(seats, stages, voices int) {
	c.t.Helper()
	for len(c.seatLines) < seats {
		c.seatLines = append(c.seatLines, [2]*webrtc.RTPTransceiver{c.recv(webrtc.RTPCodecTypeAudio), c.recv(webrtc.RTPCodecTypeVideo)})
	}
	for len(c.stageLines) < stages {
		c.stageLines = append(c.stageLines, [2]*webrtc.RTPTransceiver{c.recv(webrtc.RTPCodecTypeAudio), c.recv(webrtc.RTPCodecTypeVideo)})
	}
	for len(c.voiceLines) < voices {
		c.voiceLines = append(c.voiceLines, c.recv(webrtc.RTPCodecTypeAudio))
	}
}

func (c *client) recv(kind webrtc.RTPCodecType) *webrtc.RTPTransceiver {
	c.t.Helper()
	tr, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	if err != nil {
		c.t.Fatal(err)
	}
	return tr
}
