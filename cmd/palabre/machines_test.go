package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	sample "github.com/pion/webrtc/v4/pkg/media"

	"palabre/client"
	"palabre/signaling/protocol"
)

const (
	sdpType      = "application/sdp"
	fragmentType = "application/trickle-ice-sdpfrag"
)

// machine is an encoder (WHIP) or a player (WHEP): a plain PeerConnection and HTTP.
type machine struct {
	*webrtc.PeerConnection
	s            *server
	token        string
	location     string
	etag, answer string
	audio, video atomic.Int64 // packets received
	work         sync.WaitGroup
}

func newMachine(t *testing.T, s *server, token string) *machine {
	t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{PeerConnection: pc, s: s, token: token}
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
		m.work.Wait()
	})
	return m
}

// encoder sends sound and picture as soon as it is connected.
func encoder(t *testing.T, s *server, token string) *machine {
	t.Helper()
	m := newMachine(t, s, token)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, mime := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8} {
		codec := webrtc.RTPCodecCapability{MimeType: mime}
		track, err := webrtc.NewTrackLocalStaticSample(codec, mime[:5], "studio")
		if err != nil {
			t.Fatal(err)
		}
		sendOnly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
		if _, err := m.AddTransceiverFromTrack(track, sendOnly); err != nil {
			t.Fatal(err)
		}
		m.work.Go(func() { shoot(ctx, track, &film{codec: mime}) })
	}
	return m
}

func shoot(ctx context.Context, track *webrtc.TrackLocalStaticSample, f *film) {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		_ = track.WriteSample(sample.Sample{Data: frame.Data, Duration: frame.Duration})
		select {
		case <-ctx.Done():
			return
		case <-time.After(frame.Duration):
		}
	}
}

// player counts what arrives.
func player(t *testing.T, s *server, token string) *machine {
	t.Helper()
	m := newMachine(t, s, token)
	m.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		count := &m.audio
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			count = &m.video
		}
		m.work.Go(func() {
			for {
				if _, _, err := track.ReadRTP(); err != nil {
					return
				}
				count.Add(1)
			}
		})
	})
	recvOnly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := m.AddTransceiverFromKind(kind, recvOnly); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// offer makes an offer and sets it.
func (m *machine) offer(options *webrtc.OfferOptions) string {
	m.s.t.Helper()
	offer, err := m.CreateOffer(options)
	if err != nil {
		m.s.t.Fatal(err)
	}
	if err := m.SetLocalDescription(offer); err != nil {
		m.s.t.Fatal(err)
	}
	return offer.SDP
}

func (m *machine) accept(answer string) {
	m.s.t.Helper()
	m.answer = answer
	if err := m.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		m.s.t.Fatal(err)
	}
}

// begin posts the offer, and takes the answer where there is one.
func (m *machine) begin(path string) *http.Response {
	m.s.t.Helper()
	res, answer := m.s.do(http.MethodPost, path, m.offer(nil), "Content-Type", sdpType, "Authorization", "Bearer "+m.token)
	if res.StatusCode != http.StatusCreated {
		m.s.t.Fatalf("POST %s: %d %s", path, res.StatusCode, answer)
	}
	m.location, m.etag = res.Header.Get("Location"), res.Header.Get("ETag")
	if m.location == "" || m.etag == "" || res.Header.Get("Content-Type") != sdpType {
		m.s.t.Errorf("POST %s: headers %v", path, res.Header)
	}
	m.accept(answer)
	return res
}

func (m *machine) patch(fragment, match string) (*http.Response, string) {
	m.s.t.Helper()
	return m.s.do(http.MethodPatch, m.location, fragment, "Content-Type", fragmentType, "Authorization", "Bearer "+m.token, "If-Match", match)
}

func (m *machine) remove() *http.Response {
	m.s.t.Helper()
	res, _ := m.s.do(http.MethodDelete, m.location, "", "Authorization", "Bearer "+m.token)
	return res
}

// restart restarts ICE as RFC 9725 section 4.3.3 has it.
func (m *machine) restart() {
	m.s.t.Helper()
	offer := m.offer(&webrtc.OfferOptions{ICERestart: true})
	res, fragment := m.patch(attributes(offer, "ice-ufrag", "ice-pwd"), "*")
	if res.StatusCode != http.StatusOK || res.Header.Get("ETag") == m.etag || res.Header.Get("Content-Type") != fragmentType {
		m.s.t.Fatalf("ICE restart: %d %v %s", res.StatusCode, res.Header, fragment)
	}
	m.etag = res.Header.Get("ETag")
	answer := m.answer
	for _, name := range []string{"ice-ufrag", "ice-pwd"} {
		answer = strings.ReplaceAll(answer, attribute(m.answer, name), attribute(fragment, name))
	}
	m.accept(answer)
}

// attributes writes the first of each attribute of a description as a fragment.
func attributes(sdp string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "a=%s:%s\r\n", name, attribute(sdp, name))
	}
	return b.String()
}

func attribute(sdp, name string) string {
	_, rest, _ := strings.Cut(sdp, "a="+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// receives waits until more sound and picture have come.
func (m *machine) receives() {
	m.s.t.Helper()
	audio, video := m.audio.Load(), m.video.Load()
	until(m.s.t, "sound and picture at the player", func() bool { return m.audio.Load() > audio+10 && m.video.Load() > video+10 })
}

func TestEncoderComesAndGoes(t *testing.T) {
	s := serve(t)
	ana := enter(t, s.config("garden", "Ana"))
	studio := encoder(t, s, s.token("--room", "garden", "--sub", "studio", "--name", "Studio"))
	studio.begin("/whip/garden")
	joined := await(ana, "the studio", func(p client.ParticipantChanged) bool { return p.ID == "studio" })
	if joined.Name != "Studio" || !joined.Media.Camera || !joined.Media.Microphone {
		t.Errorf("Ana sees %+v", joined)
	}
	ana.seesAndHearsID("studio")

	trickle := attributes(studio.LocalDescription().SDP, "ice-ufrag", "ice-pwd") +
		"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host\r\na=end-of-candidates\r\n"
	if res, body := studio.patch(trickle, studio.etag); res.StatusCode != http.StatusNoContent {
		t.Errorf("trickle: %d %s", res.StatusCode, body)
	}
	studio.restart()
	ana.seesAndHearsID("studio")
	if res := studio.remove(); res.StatusCode != http.StatusOK {
		t.Errorf("DELETE: %d", res.StatusCode)
	}
	left := await(ana, "the studio's end", func(l client.ParticipantLeft) bool { return l.Participant == "studio" })
	mustEqual(t, "the reason", left.Reason, protocol.ReasonLeft)
	if res := studio.remove(); res.StatusCode != http.StatusNotFound {
		t.Errorf("a second DELETE: %d", res.StatusCode)
	}
}

func TestEncoderThatVanishesLeaves(t *testing.T) {
	s := serve(t)
	ana := enter(t, s.config("garden", "Ana"))
	studio := encoder(t, s, s.token("--room", "garden", "--sub", "studio"))
	studio.begin("/whip/garden")
	ana.seesAndHearsID("studio")
	if err := studio.Close(); err != nil { // says goodbye over DTLS
		t.Fatal(err)
	}
	await(ana, "the studio's end", func(l client.ParticipantLeft) bool { return l.Participant == "studio" })
}

func TestPlayerIsShownTheMeeting(t *testing.T) {
	s := serve(t)
	viewer := s.token("--room", "garden", "--role", "viewer")
	absent := func() int {
		res, _ := s.do(http.MethodPost, "/whep/garden?participant=studio", player(t, s, viewer).offer(nil),
			"Content-Type", sdpType, "Authorization", "Bearer "+viewer)
		return res.StatusCode
	}
	mustEqual(t, "WHEP of the absent", absent(), http.StatusNotFound)

	ana := enter(t, s.config("garden", "Ana"))
	encoder(t, s, s.token("--room", "garden", "--sub", "studio")).begin("/whip/garden")
	await(ana, "the studio", func(p client.ParticipantChanged) bool { return p.ID == "studio" })
	stage, one := player(t, s, viewer), player(t, s, viewer)
	stage.begin("/whep/garden")
	one.begin("/whep/garden?participant=studio")
	stage.receives()
	one.receives()
	one.restart()
	one.receives()
	if res := one.remove(); res.StatusCode != http.StatusOK {
		t.Errorf("DELETE: %d", res.StatusCode)
	}
	until(t, "the player to be let go", func() bool { return one.ConnectionState() != webrtc.PeerConnectionStateConnected })
	stage.receives()
	if people := ana.ids(); len(people) != 2 {
		t.Errorf("Ana sees %v; players are seen by nobody", people)
	}
}

func TestMachinesAreRefused(t *testing.T) {
	s := serve(t)
	ana := enter(t, s.config("garden", "Ana"))
	good, viewer := s.token("--room", "garden"), s.token("--room", "garden", "--role", "viewer")
	publish, watch := encoder(t, s, good).offer(nil), player(t, s, viewer).offer(nil)
	for name, c := range map[string]struct {
		path, token, offer string
		status             int
	}{
		"no token":             {"/whip/garden", "", publish, http.StatusUnauthorized},
		"a forged token":       {"/whip/garden", good[:len(good)-4] + "AAAA", publish, http.StatusUnauthorized},
		"another room":         {"/whip/other", good, publish, http.StatusForbidden},
		"a viewer publishes":   {"/whip/garden", viewer, publish, http.StatusForbidden},
		"player, no token":     {"/whep/garden", "", watch, http.StatusUnauthorized},
		"player, another room": {"/whep/other", viewer, watch, http.StatusForbidden},
		"no SDP":               {"/whip/garden", good, "hello", http.StatusBadRequest},
		"no fingerprint":       {"/whip/garden", good, strings.ReplaceAll(publish, "a=fingerprint:", "a=x-finger:"), http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"Content-Type", sdpType}
			if c.token != "" {
				headers = append(headers, "Authorization", "Bearer "+c.token)
			}
			res, body := s.do(http.MethodPost, c.path, c.offer, headers...)
			if res.StatusCode != c.status || !strings.Contains(res.Header.Get("Content-Type"), "problem+json") {
				t.Errorf("%d %s, want %d", res.StatusCode, body, c.status)
			}
		})
	}
	// What was refused was never seen: the next thing Ana hears is her own line.
	if err := ana.Say("quiet here", ""); err != nil {
		t.Fatal(err)
	}
	await(ana, "Ana's line", func(client.ChatReceived) bool { return true })
	for _, p := range happened[client.ParticipantChanged](ana) {
		if p.ID != ana.ID() {
			t.Errorf("Ana saw %+v come", p)
		}
	}
	for _, l := range happened[client.ParticipantLeft](ana) {
		t.Errorf("Ana saw %+v", l)
	}
}

func TestPagesOfOtherSitesMayPublishAndPlay(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/whip/garden", "/whep/garden"} {
		res, _ := s.do(http.MethodOptions, path, "", "Origin", "https://studio.example",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		h := res.Header
		if res.StatusCode != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Location") {
			t.Errorf("%s: %d %v", path, res.StatusCode, h)
		}
	}
}
