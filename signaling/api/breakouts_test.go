package api_test

import (
	"testing"

	"palabre/rooms"
	"palabre/signaling/api/apitest"
)

// TestAProgramRunsBreakouts does by API all that a host does on the page.
func TestAProgramRunsBreakouts(t *testing.T) {
	h := open(t)
	ana, ben := h.Join("oak", "ana", rooms.Host), h.Join("oak", "ben", rooms.Guest)
	at := "/rooms/oak/breakouts"
	type state struct {
		Rooms           []struct{ ID, Name string }
		Open, Closing   bool
		Assigned, Where map[string]string
		Calls           []struct{ Participant, Room string }
	}
	get := func() (s state) {
		t.Helper()
		h.Want(200, "GET "+at, apitest.All, nil).JSON(&s)
		return s
	}
	if s := get(); len(s.Rooms) > 0 || s.Open {
		t.Errorf("before anything: %+v", s)
	}
	h.Want(403, "PUT "+at, h.Token("oak", rooms.Member, "kim"), map[string]any{"rooms": []any{}, "way": "hand"})
	h.Want(409, "POST "+at+"/close", apitest.All, nil)
	h.Want(404, "POST "+at+"/open", apitest.All, nil)
	h.Want(400, "PUT "+at, apitest.All, map[string]any{"rooms": []any{}, "way": "somehow"})
	plan := map[string]any{"rooms": []any{map[string]string{"name": "Red"}, map[string]string{"name": "Blue"}}, "way": "hand", "return": true, "length": 600}
	h.Want(204, "PUT "+at, apitest.All, plan)
	h.Want(204, "POST "+at+"/shuffle", apitest.All, nil)
	blue := get().Rooms[1].ID
	h.Want(404, "POST "+at+"/assign", apitest.All, map[string]any{"people": []string{"ben"}, "room": "no such"})
	h.Want(204, "POST "+at+"/assign", apitest.All, map[string]any{"people": []string{"ben", "late@example"}, "room": blue})
	h.Want(204, "POST "+at+"/open", apitest.All, nil)
	moved := news(t, ana, func(p rooms.Person) bool { return p.ID == "ben" && p.Group != "" })
	s := get()
	if blue = s.Rooms[1].ID; moved.Group != blue || s.Where["ben"] != blue || s.Where["ana"] != "" || s.Assigned["late@example"] != blue || !s.Open {
		t.Errorf("ben is in %q of %+v", moved.Group, s)
	}
	if err := ben.AskForHelp(t.Context(), 0, true); err != nil {
		t.Fatal(err)
	}
	if s := get(); len(s.Calls) != 1 || s.Calls[0].Participant != "ben" || s.Calls[0].Room != blue {
		t.Errorf("ben asks for help: %+v", s.Calls)
	}
	h.Want(204, "POST "+at+"/calls/ben/answer", apitest.All, nil)
	h.Want(204, "POST "+at+"/broadcast", apitest.All, map[string]string{"text": "Five minutes."})
	news(t, ben, func(n rooms.BreakoutNotice) bool { return n.Text == "Five minutes." })
	h.Want(204, "POST "+at+"/extend", apitest.All, map[string]int{"by": 60})
	h.Want(400, "POST "+at+"/extend", apitest.All, map[string]int{"by": 1 << 40})
	h.Want(204, "POST "+at+"/close", apitest.All, map[string]int{"countdown": 0})
	news(t, ana, func(p rooms.Person) bool { return p.ID == "ben" && p.Group == "" })
	h.Want(204, "DELETE "+at, apitest.All, nil)
	if s := get(); len(s.Rooms) > 0 {
		t.Errorf("after the plan was taken away: %+v", s)
	}
}
