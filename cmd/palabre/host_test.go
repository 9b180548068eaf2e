package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/internal/catalogue"
	"palabre/signaling/protocol"
)

// withRole is a person with a token for a role.
func (s *server) withRole(role, name string) client.Config {
	c := s.config("spring-plan", name)
	c.Token = s.token("--room", "spring-plan", "--role", role, "--name", name, "--sub", name)
	return c
}

// refusedWith waits for the server's refusal of a command.
func (p *person) refusedWith(code protocol.ErrorCode, since int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.events[min(since, len(p.events)):], func(e client.Event) bool {
		failed, is := e.(client.Failed)
		return is && failed.Err.Code == code
	})
}

func (p *person) heardSoFar() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// TestW08_ARoleTakenIsGoneAtOnce takes the role of somebody who talks, and whose
// client goes on sending as if nothing had happened.
func TestW08_ARoleTakenIsGoneAtOnce(t *testing.T) {
	s := serve(t)
	ana, ben := enter(t, s.withRole("host", "ana")), enter(t, s.withRole("co-host", "ben"))
	cleo := enter(t, s.withRole("guest", "cleo"))
	for _, other := range []*person{ana, cleo} {
		other.seesAndHears(ben)
	}
	began := time.Now()
	if err := ana.Appoint(ben.ID(), protocol.RoleViewer); err != nil {
		t.Fatal(err)
	}
	until(t, "Ben to know", func() bool { return ben.About().Role == protocol.RoleViewer })
	told := time.Since(began)
	since := ben.heardSoFar()
	orders := map[string]func() error{
		"mute": func() error { return ben.Mute(cleo.ID()) }, "remove": func() error { return ben.Remove(cleo.ID()) },
		"chat": func() error { return ben.Say("still here", "n") }, "media": func() error { return ben.SetMedia(protocol.Media{Microphone: true, Camera: true}) },
		"lock": func() error { return ben.Lock(true) },
	}
	for name, order := range orders {
		at := ben.heardSoFar()
		if err := order(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		until(t, name+" to be refused", func() bool { return ben.refusedWith(protocol.CodeForbidden, at) })
	}
	powers := time.Since(began)
	// The client sends on; look for a second at what still comes of it.
	last := began
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		<-time.NewTimer(50 * time.Millisecond).C
	}
	for _, other := range []*person{ana, cleo} {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if at := other.of(ben.ID(), kind).last; at.After(last) {
				last = at
			}
		}
	}
	media := last.Sub(began)
	if ben.refusedWith(protocol.CodeInternal, since) {
		t.Error("an order of a viewer is an internal error")
	}
	catalogue.Report(t, catalogue.Item{
		ID:       "W8",
		Injected: "a co-host who talks and is seen is made a viewer; their client sends on and gives orders",
		Measured: fmt.Sprintf("told after %s, last order refused after %s, last packet of sound or picture after %s", told.Round(time.Millisecond), powers.Round(time.Millisecond), media.Round(time.Millisecond)),
		Bar:      "told, powers and media gone ≤ 1 s",
		Pass:     told <= time.Second && media <= time.Second && powers <= 2*time.Second,
	})
	// Given back, all of it is back, over the same lines.
	if err := ana.Appoint(ben.ID(), protocol.RoleMember); err != nil {
		t.Fatal(err)
	}
	until(t, "Ben to be a member", func() bool { return ben.About().Role == protocol.RoleMember })
	if err := ben.SetMedia(protocol.Media{Microphone: true, Camera: true}); err != nil {
		t.Fatal(err)
	}
	ana.seesAndHears(ben)
}

// TestAViewerWhoIsMadeAMemberIsHeard has somebody offer lines they may not
// send on, and be given a role that may.
func TestAViewerWhoIsMadeAMemberIsHeard(t *testing.T) {
	s := serve(t)
	ana, vic := enter(t, s.withRole("host", "ana")), enter(t, s.withRole("viewer", "vic"))
	if err := ana.Appoint(vic.ID(), protocol.RoleMember); err != nil {
		t.Fatal(err)
	}
	until(t, "Vic to be a member", func() bool { return vic.About().Role == protocol.RoleMember })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := vic.RestartICE(ctx); err != nil { // a new offer, as docs/protocol.md asks for
		t.Fatal(err)
	}
	if err := vic.SetMedia(protocol.Media{Microphone: true, Camera: true}); err != nil {
		t.Fatal(err)
	}
	ana.seesAndHears(vic)
}

// TestMutedOnTheServer mutes somebody whose client would send on, and has them unmute.
func TestMutedOnTheServer(t *testing.T) {
	s := serve(t)
	ana, ben := enter(t, s.withRole("host", "ana")), enter(t, s.withRole("guest", "ben"))
	ana.seesAndHears(ben)
	if err := ana.Mute(""); err != nil {
		t.Fatal(err)
	}
	muted := func() bool {
		return slices.ContainsFunc(ana.Participants(), func(p protocol.Participant) bool { return p.ID == ben.ID() && !p.Media.Microphone && p.Media.Camera })
	}
	until(t, "Ben to be muted", muted)
	ana.forgetGaps()
	<-time.NewTimer(700 * time.Millisecond).C
	before := ana.of(ben.ID(), webrtc.RTPCodecTypeAudio).packets
	<-time.NewTimer(700 * time.Millisecond).C
	if after := ana.of(ben.ID(), webrtc.RTPCodecTypeAudio).packets; after > before {
		t.Errorf("%d packets came of a muted microphone", after-before)
	}
	if err := ben.SetMedia(protocol.Media{Microphone: true, Camera: true}); err != nil {
		t.Fatal(err)
	}
	ana.seesAndHears(ben)
}
