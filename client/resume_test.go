package client_test

import (
	"errors"
	"testing"
	"time"

	"palabre/client"
	"palabre/signaling/protocol"
)

// meeting is one publisher and one viewer with media flowing.
func meeting(t *testing.T, url string) (speaker, viewer *client.Session, got *counts) {
	t.Helper()
	got = &counts{}
	speaker = join(t, client.Config{URL: url, Name: "Ada", Send: voiceAndCamera})
	viewer = join(t, client.Config{
		URL: url, Name: "Bob", Receive: client.Receive{Seats: 4}, OnPacket: got.take,
	})
	feed(t, speaker.Line(protocol.SourceMicrophone), []byte{0x78, 1, 2, 3}, 480)
	feed(t, speaker.Line(protocol.SourceCamera), []byte{0x10, 0, 0, 0}, 900)
	got.grow(t, "media at first")
	return speaker, viewer, got
}

func TestLostLinkKeepsIdentityAndMedia(t *testing.T) {
	server := newServer(t)
	speaker, viewer, got := meeting(t, server.URL)
	ids := []string{speaker.ID(), viewer.ID()}
	offers := server.Offers()
	server.DropLinks()
	await[client.Disconnected](t, viewer, nil)
	back := await[client.Resumed](t, viewer, nil)
	await[client.Resumed](t, speaker, nil)
	if !back.Media || back.Fresh {
		t.Errorf("resumed as %+v, want media kept", back)
	}
	if speaker.ID() != ids[0] || viewer.ID() != ids[1] {
		t.Error("identities changed over a lost WebSocket")
	}
	got.grow(t, "media after the link came back")
	if server.Offers() != offers {
		t.Errorf("a lost WebSocket cost %d offers", server.Offers()-offers)
	}
}

func TestRestartedServerIsJoinedAgain(t *testing.T) {
	server := newServer(t)
	speaker, viewer, got := meeting(t, server.URL)
	id := speaker.ID()
	server.Restart()
	back := await[client.Resumed](t, viewer, nil)
	if !back.Fresh || back.Media {
		t.Errorf("resumed as %+v, want fresh", back)
	}
	got.grow(t, "media after the server restarted")
	if speaker.ID() != id {
		t.Error("identity changed over a restart")
	}
	until(t, "both to know each other", func() bool {
		return len(viewer.Participants()) == 2 && len(speaker.Participants()) == 2
	})
}

func TestForgottenTokenMeansANewParticipant(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, Name: "Ada"})
	old := s.ID()
	server.ForgetTokens()
	server.DropLinks()
	await[client.Joined](t, s, nil)
	until(t, "a new identity", func() bool { return s.ID() != old })
}

func TestAnnouncedRestartIsWaitedFor(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, Name: "Ada"})
	server.Tell(protocol.TypeRestarting, protocol.Restarting{After: 300})
	await[client.Restarting](t, s, nil)
	began := time.Now()
	server.DropLinks()
	await[client.Resumed](t, s, nil)
	if waited := time.Since(began); waited < 300*time.Millisecond {
		t.Errorf("came back after %v, was asked to wait 300 ms", waited)
	}
}

func TestLostServerEndsTheSession(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL, ResumeWindow: 200 * time.Millisecond})
	server.Close()
	select {
	case <-s.Done():
	case <-time.After(patience):
		t.Fatal("the session did not give up")
	}
	if !errors.Is(s.Err(), client.ErrLost) {
		t.Errorf("ended with %v, want ErrLost", s.Err())
	}
}

func TestRefusedReturnEndsTheSession(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL})
	server.Refuse(protocol.CodeForbidden)
	server.DropLinks()
	closed := await[client.Closed](t, s, nil)
	var refused *client.ServerError
	if !errors.As(closed.Err, &refused) || refused.Code != protocol.CodeForbidden {
		t.Errorf("ended with %v, want forbidden", closed.Err)
	}
}

func TestICERestartKeepsMedia(t *testing.T) {
	server := newServer(t)
	_, viewer, got := meeting(t, server.URL)
	if err := viewer.RestartICE(within(t)); err != nil {
		t.Fatal(err)
	}
	got.grow(t, "media after an ICE restart")
	before := server.Offers()
	server.Tell(protocol.TypeICERestart, nil)
	until(t, "the offers the server asked for", func() bool { return server.Offers() == before+2 })
	got.grow(t, "media after the restart the server asked for")
}

func TestSlowReaderOfEventsMissesSome(t *testing.T) {
	server := newServer(t)
	s := join(t, client.Config{URL: server.URL})
	for range 400 {
		server.Tell(protocol.TypeReaction, protocol.Reaction{Participant: "p", Emoji: "👏"})
	}
	server.Tell(protocol.TypePreview, protocol.Preview{Count: 7})
	until(t, "the queue to fill", func() bool { return len(s.Events()) == cap(s.Events()) })
	seen := 0
	missed := client.Missed{}
	until(t, "events to be counted", func() bool {
		server.Tell(protocol.TypeReaction, protocol.Reaction{})
		for {
			select {
			case e := <-s.Events():
				seen++
				if m, ok := e.(client.Missed); ok {
					missed = m
				}
			default:
				return missed.Count > 0
			}
		}
	})
	if seen < 256 || missed.Count < 1 {
		t.Errorf("saw %d events and missed %d", seen, missed.Count)
	}
}
