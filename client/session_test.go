package client_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

var voiceAndCamera = []client.Send{{Source: protocol.SourceMicrophone}, {Source: protocol.SourceCamera}}

// feed writes packets to a line until the test ends.
func feed(t *testing.T, line *client.Line, payload []byte, step uint32) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			p := &rtp.Packet{Payload: payload}
			p.SequenceNumber, p.Timestamp, p.Marker = n, uint32(n)*step, true
			for _, layer := range line.Layers() {
				_ = layer.WriteRTP(p)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
}

// counts are packets received, by what they carry.
type counts struct{ audio, video atomic.Int64 }

func (c *counts) take(r *client.Receiver, _ *rtp.Packet) {
	if r.Kind() == webrtc.RTPCodecTypeVideo {
		c.video.Add(1)
	} else {
		c.audio.Add(1)
	}
}

func (c *counts) grow(t *testing.T, what string) {
	t.Helper()
	audio, video := c.audio.Load()+5, c.video.Load()+5
	until(t, what, func() bool { return c.audio.Load() > audio && c.video.Load() > video })
}

func TestPublisherIsHeardAndSeen(t *testing.T) {
	server := newServer(t)
	speaker := join(t, client.Config{URL: server.URL, Name: "Ada", Send: voiceAndCamera})
	var got counts
	viewer := join(t, client.Config{
		URL: server.URL, Name: "Bob", Receive: client.DefaultReceive(), OnPacket: got.take,
	})
	feed(t, speaker.Line(protocol.SourceMicrophone), []byte{0x78, 1, 2, 3}, 480)
	feed(t, speaker.Line(protocol.SourceCamera), []byte{0x10, 0, 0, 0}, 900)
	if err := viewer.WaitMedia(within(t)); err != nil {
		t.Fatal(err)
	}
	got.grow(t, "sound and picture")
	if n := len(viewer.Participants()); n != 2 {
		t.Errorf("viewer knows of %d people, want 2", n)
	}
	if seats := viewer.Seats(); seats[0].Participant != speaker.ID() {
		t.Errorf("seat 0 holds %q, want %q", seats[0].Participant, speaker.ID())
	}
	if server.Offers() != 2 {
		t.Errorf("%d offers for two people, want 2", server.Offers())
	}
}

func TestKeyFrameRequestsReachTheLayer(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, Send: []client.Send{{Source: protocol.SourceCamera}}})
	camera := s.Line(protocol.SourceCamera)
	feed(t, camera, []byte{0x10, 0, 0, 0}, 900)
	if err := s.WaitMedia(within(t)); err != nil {
		t.Fatal(err)
	}
	until(t, "a key frame request", func() bool {
		server.AskKeyFrames()
		select {
		case <-camera.Layers()[0].KeyFrames():
			return true
		default:
			return false
		}
	})
}

func TestSimulcastOffersEveryLayer(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, Send: []client.Send{
		{Source: protocol.SourceCamera, RIDs: []string{"q", "h", "f"}},
	}})
	camera := s.Line(protocol.SourceCamera)
	wish := protocol.LayerWish{RID: "h", MaxWidth: 640, MaxHeight: 384, MaxFramerate: 15}
	server.Tell(protocol.TypeLayers, protocol.Layers{Source: protocol.SourceCamera, RIDs: []string{"q", "h"}, Wishes: []protocol.LayerWish{{RID: "q"}, wish}})
	until(t, "layer f to be unwanted", func() bool { return !camera.Layers()[2].Wanted() })
	if !camera.Layers()[0].Wanted() || !camera.Layers()[1].Wanted() {
		t.Error("layers q and h must stay wanted")
	}
	if got := camera.Layers()[1].Wish(); got != wish {
		t.Errorf("of layer h %+v is wished", got)
	}
	server.Tell(protocol.TypeLayers, protocol.Layers{Source: protocol.SourceCamera, RIDs: []string{"q", "h", "f"}})
	select {
	case <-camera.Layers()[2].KeyFrames():
	case <-time.After(patience):
		t.Error("a layer that is wanted again must begin with a key frame")
	}
}

func TestOnlyLayerOfALineIsWantedByAnyName(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, Send: []client.Send{{Source: protocol.SourceCamera}}})
	layer := s.Line(protocol.SourceCamera).Layers()[0]
	server.Tell(protocol.TypeLayers, protocol.Layers{Source: protocol.SourceCamera, RIDs: []string{}})
	until(t, "the camera to be unwanted", func() bool { return !layer.Wanted() })
	server.Tell(protocol.TypeLayers, protocol.Layers{Source: protocol.SourceCamera, RIDs: []string{""}})
	until(t, "the camera to be wanted", layer.Wanted)
}

func TestDataThatCannotBeSentYetIsRefused(t *testing.T) {
	server := newServer(t)
	s, err := client.Open(within(t), client.Config{URL: server.URL, Room: "garden", Send: voiceAndCamera})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Line(protocol.SourceCamera).WriteRTP(&rtp.Packet{}); !errors.Is(err, client.ErrNotConnected) {
		t.Errorf("writing before joining gave %v, want ErrNotConnected", err)
	}
	if s.Line(protocol.SourceScreen) != nil {
		t.Error("a line that was not declared must be nil")
	}
}

func TestLobby(t *testing.T) {
	server := newServer(t)
	server.SetLobby(true)
	s, err := client.Open(within(t), client.Config{URL: server.URL, Room: "garden", Receive: client.DefaultReceive()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	joined := make(chan error, 1)
	go func() { joined <- s.Join(within(t)) }()
	await[client.Waiting](t, s, nil)
	server.AdmitAll()
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if err := s.WaitMedia(within(t)); err != nil {
		t.Error(err)
	}
}

func TestJoinGivesUpWithItsContext(t *testing.T) {
	server := newServer(t)
	server.SetLobby(true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := client.Join(ctx, client.Config{URL: server.URL, Room: "garden"})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}

func TestRefusals(t *testing.T) {
	server := newServer(t)
	server.Refuse(protocol.CodeUnauthorized)
	_, err := client.Join(within(t), client.Config{URL: server.URL, Room: "garden"})
	var refused *client.ServerError
	if !errors.As(err, &refused) || refused.Code != protocol.CodeUnauthorized {
		t.Errorf("got %v, want unauthorized", err)
	}
	server.Refuse("")
	s := join(t, client.Config{URL: server.URL})
	if err := s.Say(strings.Repeat("x", protocol.MaxChat+1), ""); err != nil {
		t.Fatal(err)
	}
	failed := await[client.Failed](t, s, nil)
	if failed.Err.Code != protocol.CodeTooLarge {
		t.Errorf("got %v, want too-large", failed.Err)
	}
}

func TestChatLeaveAndEvents(t *testing.T) {
	server := newServer(t)
	a := join(t, client.Config{URL: server.URL, Name: "Ada"})
	b := join(t, client.Config{URL: server.URL, Name: "Bob"})
	came := await(t, a, func(e client.ParticipantChanged) bool { return e.ID == b.ID() })
	if came.Name != "Bob" {
		t.Errorf("newcomer is called %q", came.Name)
	}
	if err := a.Say("hello", "n1"); err != nil {
		t.Fatal(err)
	}
	if line := await[client.ChatReceived](t, b, nil); line.Text != "hello" || line.Nonce != "n1" {
		t.Errorf("got %+v", line)
	}
	if err := b.Leave(within(t)); err != nil {
		t.Fatal(err)
	}
	var closed *client.ClosedError
	if !errors.As(b.Err(), &closed) || closed.Reason != protocol.ReasonLeft {
		t.Errorf("after leaving Err is %v", b.Err())
	}
	await(t, a, func(e client.ParticipantLeft) bool { return e.Left.Participant == b.ID() })
	if n := len(a.Participants()); n != 1 {
		t.Errorf("%d people left, want 1", n)
	}
}

func TestGrowAddsSeatsInOneNegotiation(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, Receive: client.Receive{Seats: 4}})
	if err := s.WaitMedia(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Grow(within(t), client.Receive{Seats: 9, Stages: 1}); err != nil {
		t.Fatal(err)
	}
	until(t, "nine seats", func() bool { return len(s.Seats()) == 9 })
	if server.Offers() != 2 {
		t.Errorf("%d offers, want 2", server.Offers())
	}
}
