package client

import (
	"errors"
	"strings"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"

	"palabre/signaling/protocol"
)

func TestEndpoints(t *testing.T) {
	for raw, want := range map[string]string{
		"http://localhost:8080":       "ws://localhost:8080/ws",
		"https://meet.example/":       "wss://meet.example/ws",
		"wss://meet.example/calls/ws": "wss://meet.example/calls/ws",
		"https://meet.example/#room":  "wss://meet.example/ws",
	} {
		got, err := endpoint(raw)
		if err != nil || got.String() != want {
			t.Errorf("%s leads to %v (%v), want %s", raw, got, err, want)
		}
	}
	for _, raw := range []string{"", "localhost:8080", "ftp://x", "http://", "http://[::1"} {
		if _, err := endpoint(raw); !errors.Is(err, ErrConfig) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{
		URL: "http://localhost", Room: "garden", Receive: DefaultReceive(),
		Send: []Send{{Source: protocol.SourceMicrophone}, {Source: protocol.SourceCamera, RIDs: []string{"q", "f"}}},
	}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for fault, spoil := range map[string]func(*Config){
		"begin with":    func(c *Config) { c.URL = "meet.example" },
		"Room is empty": func(c *Config) { c.Room = "" },
		"Seats is 50":   func(c *Config) { c.Receive.Seats = 50 },
		"Voices is -1":  func(c *Config) { c.Receive.Voices = -1 },
		"twice":         func(c *Config) { c.Send = []Send{c.Send[0], c.Send[0]} },
		"is unknown":    func(c *Config) { c.Send = []Send{{Source: "smell"}} },
		"cannot be":     func(c *Config) { c.Send = []Send{{Source: protocol.SourceCamera, Codec: "audio/opus"}} },
		"simulcast":     func(c *Config) { c.Send = []Send{{Source: protocol.SourceMicrophone, RIDs: []string{"a"}}} },
		"repeated":      func(c *Config) { c.Send = []Send{{Source: protocol.SourceCamera, RIDs: []string{"a", "a"}}} },
		"not among":     func(c *Config) { c.Codecs = []string{"audio/opus"} },
		`"video/x"`:     func(c *Config) { c.Codecs = append(SupportedCodecs(), "video/x") },
	} {
		c := good
		spoil(&c)
		err := c.Validate()
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), fault) {
			t.Errorf("want a complaint with %q, got %v", fault, err)
		}
	}
}

func TestSeatsGrowInSteps(t *testing.T) {
	for n, want := range map[int]int{0: 4, 1: 4, 4: 4, 5: 9, 16: 16, 17: 25, 26: 49, 49: 49, 300: 49} {
		if got := SeatsFor(n); got != want {
			t.Errorf("%d people: %d seats, want %d", n, got, want)
		}
	}
}

// Retransmissions of a simulcast layer name what they repair, and leave the
// responder's stored header as it was.
func TestRetransmissionsNameTheRepairedLayer(t *testing.T) {
	const rid, repaired, media, rtx = 5, 6, 100, 200
	info := &interceptor.StreamInfo{
		SSRC: media, SSRCRetransmission: rtx,
		RTPHeaderExtensions: []interceptor.RTPHeaderExtension{
			{URI: sdp.SDESRTPStreamIDURI, ID: rid}, {URI: sdp.SDESRepairRTPStreamIDURI, ID: repaired},
		},
	}
	var sent *rtp.Header
	made, err := repairFactory{}.NewInterceptor("")
	if err != nil {
		t.Fatal(err)
	}
	writer := made.BindLocalStream(info, interceptor.RTPWriterFunc(
		func(h *rtp.Header, _ []byte, _ interceptor.Attributes) (int, error) { sent = h; return 0, nil }))
	for ssrc, want := range map[uint32][2]string{media: {"h", ""}, rtx: {"", "h"}} {
		stored := &rtp.Header{Version: 2, SSRC: ssrc}
		if err := stored.SetExtension(rid, []byte("h")); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(stored, nil, nil); err != nil {
			t.Fatal(err)
		}
		got := [2]string{string(sent.GetExtension(rid)), string(sent.GetExtension(repaired))}
		if got != want {
			t.Errorf("SSRC %d was sent with rid %q and repaired rid %q", ssrc, got[0], got[1])
		}
		if string(stored.GetExtension(rid)) != "h" {
			t.Error("the stored header was changed")
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add([]byte(`{"type":"welcome","seq":1,"re":1,"data":{"participant":"p"}}`))
	f.Add([]byte(`{"type":"seats","data":{"seats":[{"kind":"seat","index":-1}]}}`))
	f.Add([]byte(`{"type":"joined","data":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		parsed, err := parseFrame(raw)
		if err != nil {
			return
		}
		s := &Session{config: Config{}, media: newMedia(Config{Receive: DefaultReceive()}, nil),
			events: make(chan Event, eventQueue), admitted: make(chan struct{}),
			kicks: make(chan struct{}, 1), end: func() {}, log: Config{}.logger()}
		s.receive(parsed)
		s.receive(parsed)
	})
}
