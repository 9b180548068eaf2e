package api_test

import (
	"slices"
	"testing"
	"time"

	"palabre/rooms"
	"palabre/signaling/api/apitest"
)

// news reads a session's events until one is as wanted.
func news[D rooms.Data](t *testing.T, s *rooms.Session, wanted func(D) bool) D {
	t.Helper()
	for {
		events, err := s.Take(1)
		if err != nil {
			t.Fatalf("waiting for %T: %v", *new(D), err)
		}
		if len(events) == 0 {
			select {
			case <-s.Ready():
			case <-t.Context().Done():
				t.Fatalf("waiting for %T: %v", *new(D), t.Context().Err())
			}
			continue
		}
		if d, is := events[0].Data.(D); is && wanted(d) {
			return d
		}
	}
}

// TestAProgramModerates does by API all that a host does on the page.
func TestAProgramModerates(t *testing.T) {
	h := open(t)
	ana, ben := h.Join("oak", "ana", rooms.Host), h.Join("oak", "ben", rooms.Guest)
	at := "/rooms/oak/people/ben"

	h.Want(204, "POST "+at+"/mute", apitest.All, nil)
	news(t, ben, func(a rooms.Asked) bool { return a.What == rooms.AskedMuted })
	h.Want(204, "POST "+at+"/stop", apitest.All, map[string]string{"source": "camera"})
	news(t, ana, func(p rooms.Person) bool { return p.ID == "ben" && p.Sending == rooms.Sending{} })
	h.Want(204, "POST "+at+"/ask", apitest.All, map[string]string{"source": "microphone"})
	news(t, ben, func(a rooms.Asked) bool { return a.What == rooms.AskedUnmute })
	if err := ben.Hand(t.Context(), 0, true); err != nil {
		t.Fatal(err)
	}
	h.Want(204, "POST "+at+"/lower-hand", apitest.All, nil)
	news(t, ana, func(p rooms.Person) bool { return p.ID == "ben" && !p.Hand.IsZero() })
	news(t, ana, func(p rooms.Person) bool { return p.ID == "ben" && p.Hand.IsZero() })
	h.Want(204, "POST /rooms/oak/lower-hands", apitest.All, nil)
	h.Want(204, "POST /rooms/oak/mute-all", apitest.All, nil)
	news(t, ana, func(a rooms.Asked) bool { return a.What == rooms.AskedMuted })

	h.Want(204, "PUT "+at+"/role", apitest.All, map[string]string{"role": "co-host"})
	news(t, ben, func(a rooms.About) bool { return a.Role == rooms.CoHost })
	h.Want(403, "PUT /rooms/oak/people/ana/role", h.Token("oak", rooms.Host, "eve"), map[string]string{"role": "guest"})
	h.Want(204, "PATCH /rooms/oak/live/settings", apitest.All, map[string]any{"title": "Oaks", "lobby": true, "retentionDays": 2, "origins": []string{"https://chat.example"}})
	news(t, ana, func(a rooms.About) bool {
		return a.Title == "Oaks" && a.Lobby && a.Retention == 48*time.Hour && slices.Equal(a.Origins, []string{"https://chat.example"})
	})
	h.Want(204, "PUT /rooms/oak/lock", apitest.All, nil)
	news(t, ana, func(a rooms.About) bool { return a.Locked })
	h.Want(204, "DELETE /rooms/oak/lock", apitest.All, nil)

	h.Want(204, "POST "+at+"/ban", apitest.All, nil)
	news(t, ben, func(c rooms.Closed) bool { return c.Reason == rooms.ReasonBanned })
	var bans struct {
		Items []struct{ ID, Name, Identity string }
	}
	h.Want(200, "GET /rooms/oak/bans", apitest.All, nil).JSON(&bans)
	if len(bans.Items) != 1 || bans.Items[0].Identity != "ben" {
		t.Fatalf("the bans are %+v", bans)
	}
	// Their token is no good any more, not even over the API.
	if answer := h.Do("POST /rooms/oak/mute-all", h.Token("oak", rooms.CoHost, "ben"), nil); answer.Code() != "banned" {
		t.Errorf("a banned co-host mutes all: %d %s", answer.Status, answer.Body)
	}
	h.Want(204, "DELETE /rooms/oak/bans/"+bans.Items[0].ID, apitest.All, nil)
	h.Want(404, "DELETE /rooms/oak/bans/"+bans.Items[0].ID, apitest.All, nil)
	h.Want(404, "POST "+at+"/remove", apitest.All, nil)

	h.Want(204, "POST /rooms/oak/end", apitest.All, nil)
	news(t, ana, func(c rooms.Closed) bool { return c.Reason == rooms.ReasonEnded })
	h.Want(404, "POST /rooms/oak/end", apitest.All, nil)
}

func TestAProgramKeepsTheLobby(t *testing.T) {
	h := open(t)
	ana := h.Join("oak", "ana", rooms.Host)
	h.Want(204, "PATCH /rooms/oak/live/settings", apitest.All, map[string]any{"lobby": true})
	knock := func(name string) *rooms.Session {
		t.Helper()
		s, err := h.Rooms.Open(t.Context(), rooms.Request{Room: "oak", Role: rooms.Guest, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Join(t.Context(), 0, name, rooms.Sending{}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	ben, kim, lea := knock("Ben"), knock("Kim"), knock("Lea")
	h.Want(204, "POST /rooms/oak/lobby/"+ben.Welcome().Participant+"/admit", apitest.All, nil)
	news(t, ben, func(rooms.Joined) bool { return true })
	h.Want(204, "POST /rooms/oak/lobby/"+kim.Welcome().Participant+"/deny", apitest.All, nil)
	news(t, kim, func(c rooms.Closed) bool { return c.Reason == rooms.ReasonDenied })
	h.Want(204, "POST /rooms/oak/lobby/admit-all", apitest.All, nil)
	news(t, lea, func(rooms.Joined) bool { return true })
	h.Want(404, "POST /rooms/oak/lobby/admit-all", apitest.All, nil)
	h.Want(204, "POST /rooms/oak/people/"+lea.Welcome().Participant+"/remove", h.Token("oak", rooms.Host, "ana"), nil)
	news(t, ana, func(l rooms.Left) bool {
		return l.Participant == lea.Welcome().Participant && l.Reason == rooms.ReasonRemoved
	})
	if _, err := h.Rooms.Open(t.Context(), rooms.Request{Room: "oak", Role: rooms.Guest, Name: "Lea"}); err != nil {
		t.Errorf("who was removed may not come back: %v", err)
	}
}
