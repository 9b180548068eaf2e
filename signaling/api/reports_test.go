package api_test

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/api/apitest"
)

// eventually asks until an answer is as wanted: facts are written beside rooms.
func eventually(t *testing.T, wanted string, look func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !look() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", wanted)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func rowsOf(t *testing.T, a apitest.Answer) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
	if err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
	return rows
}

func TestAttendanceByAPI(t *testing.T) {
	h := open(t)
	evil := `=HYPERLINK("http://x","a")`
	host := h.Join("garden", "ana", rooms.Host)
	guest := h.Join("garden", evil, rooms.Guest)
	if err := guest.Leave(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := host.Leave(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var meetings struct{ Items []struct{ ID, Ended string } }
	eventually(t, "the meeting has ended", func() bool {
		h.Want(200, "GET /rooms/garden/meetings", apitest.All, nil).JSON(&meetings)
		return len(meetings.Items) == 1 && meetings.Items[0].Ended != ""
	})
	path := "GET /rooms/garden/meetings/" + meetings.Items[0].ID + "/attendance"
	var attendance struct {
		Meeting struct{ People int }
		People  []struct {
			Name, Role, Left string
			Quality          float64
			JoinSeconds      *float64
		}
	}
	h.Want(200, path, h.Token("garden", rooms.Host, "zoe"), nil).JSON(&attendance)
	if len(attendance.People) != 2 || attendance.Meeting.People != 2 || attendance.People[0].Name != "ana" || attendance.People[1].Left == "" ||
		attendance.People[0].JoinSeconds != nil || attendance.People[0].Quality != 1 {
		t.Errorf("attendance is %+v", attendance)
	}
	answer := h.Want(200, path+"?format=csv", apitest.All, nil)
	rows := rowsOf(t, answer)
	if len(rows) != 3 || rows[2][0] != "'"+evil || !strings.Contains(answer.Header.Get("Content-Disposition"), "attendance-") {
		t.Errorf("the table is %q, %v", rows, answer.Header)
	}
	for who, bearer := range map[string]string{"a guest": h.Token("garden", rooms.Guest, "gus"), "another room's host": h.Token("pond", rooms.Host, "zoe")} {
		if answer := h.Do(path, bearer, nil); answer.Status != 403 && answer.Status != 401 {
			t.Errorf("%s reads attendance: %d", who, answer.Status)
		}
	}
	h.Want(404, "GET /rooms/pond/meetings/"+meetings.Items[0].ID+"/attendance", apitest.All, nil)
}

func TestUsageByAPI(t *testing.T) {
	h := open(t, withKeys(apitest.APIKeys{
		apitest.All: {ID: "all", Scopes: identity.Scopes()}, "plk_one": {ID: "one", Scopes: []identity.Scope{identity.AttendanceRead}},
	}))
	host := h.Join("garden", "ana", rooms.Host)
	defer func() { _ = host.Leave(t.Context(), 0) }()
	type usage struct {
		Items []struct {
			Day                                 string
			Meetings, Joins, People, MostAtOnce int
		}
	}
	var today string // the newest day, or at midnight the one before
	eventually(t, "somebody was counted", func() bool {
		var days usage
		h.Want(200, "GET /usage", apitest.All, nil).JSON(&days)
		for _, day := range days.Items[len(days.Items)-2:] {
			if day.Joins == 1 && day.People == 1 && day.Meetings == 1 && day.MostAtOnce == 1 {
				today = day.Day
			}
		}
		return len(days.Items) == 30 && today != ""
	})
	rows := rowsOf(t, h.Want(200, "GET /rooms/garden/usage?format=csv&from="+today+"&to="+today, "plk_one", nil))
	if len(rows) != 2 || rows[1][0] != today || rows[1][3] != "1" {
		t.Errorf("the room's day is %q", rows)
	}
	h.Want(403, "GET /usage", "plk_one", nil)
	h.Want(400, "GET /usage?from=yesterday", apitest.All, nil)
	h.Want(400, "GET /usage?from=2020-01-01&to=2026-01-01", apitest.All, nil)
}

func TestPollsByAPI(t *testing.T) {
	h := open(t)
	lunch := map[string]any{"question": "Lunch?", "options": []string{"=Soup", "Salad"}, "results": "private", "open": true}
	h.Want(404, "POST /rooms/garden/polls", apitest.All, lunch) // nobody is in
	guest := h.Join("garden", "gus", rooms.Guest)
	defer func() { _ = guest.Leave(t.Context(), 0) }()
	var poll struct{ ID string }
	h.Want(201, "POST /rooms/garden/polls", apitest.All, lunch, "Idempotency-Key", "one").JSON(&poll)
	h.Want(201, "POST /rooms/garden/polls", apitest.All, lunch, "Idempotency-Key", "one")
	path := " /rooms/garden/polls/" + poll.ID
	h.Want(204, "PUT"+path+"/vote", h.Token("garden", rooms.Guest, "gus"), map[string]any{"choice": []int{1}})
	h.Want(204, "PUT"+path+"/vote", h.Token("garden", rooms.Guest, "gus"), map[string]any{"choice": []int{0}})
	h.Want(400, "PUT"+path+"/vote", h.Token("garden", rooms.Guest, "gus"), map[string]any{"choice": []int{0, 1}})
	h.Want(403, "POST"+path+"/close", h.Token("garden", rooms.Guest, "gus"), nil)
	type polls struct {
		Items []struct {
			State  string
			People int
			Counts []int
			Votes  []struct{ Name string }
		}
	}
	var seen polls
	h.Want(200, "GET /rooms/garden/polls", h.Token("garden", rooms.Host, "zoe"), nil).JSON(&seen)
	if len(seen.Items) != 1 || seen.Items[0].Counts != nil || seen.Items[0].Votes != nil || seen.Items[0].People != 1 {
		t.Errorf("a host sees of a private poll %+v", seen)
	}
	h.Want(204, "POST"+path+"/close", h.Token("garden", rooms.Host, "zoe"), nil)
	h.Want(204, "POST"+path+"/share", apitest.All, nil)
	h.Want(200, "GET /rooms/garden/polls", h.Token("garden", rooms.Viewer, "vic"), nil).JSON(&seen)
	if fmt.Sprint(seen.Items[0].Counts) != "[1 0]" || seen.Items[0].State != "closed" {
		t.Errorf("a viewer sees of shared results %+v", seen)
	}
	var meetings struct{ Items []struct{ ID string } }
	h.Want(200, "GET /rooms/garden/meetings", apitest.All, nil).JSON(&meetings)
	export := "GET /rooms/garden/meetings/" + meetings.Items[0].ID + "/polls"
	eventually(t, "the poll is stored closed and shared", func() bool {
		rows := rowsOf(t, h.Want(200, export+"?format=csv", apitest.All, nil))
		return len(rows) == 3 && rows[1][4] == "closed" && rows[1][8] == "'=Soup" && rows[1][9] == "1" && rows[1][10] == "gus"
	})
	h.Want(204, "DELETE"+path, apitest.All, nil)
	h.Want(404, "DELETE"+path, apitest.All, nil)
}

// Whose poll is private was told that nobody else sees the results: an export
// holds them for who asked and for keys whose scope says so, while the meeting is on and after.
func TestPrivateResultsTakeAScope(t *testing.T) {
	h := open(t, withKeys(apitest.APIKeys{
		apitest.All:   {ID: "all", Scopes: identity.Scopes()},
		"plk_reader":  {ID: "reader", Scopes: []identity.Scope{identity.PollsRead, identity.PollsWrite}},
		"plk_auditor": {ID: "auditor", Scopes: []identity.Scope{identity.PollsRead, identity.PollsPrivate}},
		"plk_half":    {ID: "half", Scopes: []identity.Scope{identity.PollsPrivate}},
	}))
	gus, ana := h.Join("garden", "gus", rooms.Guest), h.Join("garden", "ana", rooms.Host)
	// On a busy machine the room may be asked before its memory is read.
	eventually(t, "the room takes polls", func() bool {
		made := h.Do("POST /rooms/garden/polls", apitest.All, map[string]any{"question": "Ready?", "options": []string{"Yes", "No"}})
		if made.Status != 201 {
			return false
		}
		h.Want(204, "DELETE "+strings.TrimPrefix(made.Header.Get("Location"), "/api/v1"), apitest.All, nil)
		return true
	})
	asked := map[string]string{h.Token("garden", rooms.Host, "ana"): "Ana asks", "plk_reader": "A program asks"}
	for bearer, question := range asked {
		var made struct{ ID string }
		h.Want(201, "POST /rooms/garden/polls", bearer, map[string]any{
			"question": question, "options": []string{"Yes", "No"}, "results": "private", "open": true,
		}).JSON(&made)
		h.Want(204, "PUT /rooms/garden/polls/"+made.ID+"/vote", h.Token("garden", rooms.Guest, "gus"), map[string]any{"choice": []int{1}})
	}
	h.Want(201, "POST /rooms/garden/polls", h.Token("garden", rooms.Host, "ana"), map[string]any{"question": "Ana drafts", "options": []string{"Yes", "No"}})
	var meetings struct{ Items []struct{ ID, Ended string } }
	h.Want(200, "GET /rooms/garden/meetings", apitest.All, nil).JSON(&meetings)
	export := "GET /rooms/garden/meetings/" + meetings.Items[0].ID + "/polls"
	// shown gives what an export holds: each question, and its votes where they are there.
	shown := func(bearer string) string {
		var polls struct {
			Items []struct {
				Question string
				People   int
				Counts   []int
				Votes    []struct{ Name string }
			}
		}
		h.Want(200, export, bearer, nil).JSON(&polls)
		var all []string
		for _, p := range polls.Items {
			all = append(all, fmt.Sprintf("%s %d%v%v", p.Question, p.People, p.Counts, p.Votes))
		}
		slices.Sort(all)
		return strings.Join(all, "; ")
	}
	wanted := map[string]string{
		"plk_auditor":                            "A program asks 1[0 1][{gus}]; Ana asks 1[0 1][{gus}]; Ana drafts 0[0 0][]",
		"plk_reader":                             "A program asks 1[0 1][{gus}]; Ana asks 1[][]",
		h.Token("garden", rooms.Host, "ana"):     "A program asks 1[][]; Ana asks 1[0 1][{gus}]",
		h.Token("garden", rooms.Host, "another"): "A program asks 1[][]; Ana asks 1[][]",
	}
	look := func(when string) {
		eventually(t, "all is stored", func() bool { return shown("plk_auditor") == wanted["plk_auditor"] })
		for bearer, want := range wanted {
			if got := shown(bearer); got != want {
				t.Errorf("%s %.12s is shown %q, want %q", when, bearer, got, want)
			}
		}
		if table := string(h.Want(200, export+"?format=csv", "plk_reader", nil).Body); strings.Count(table, "gus") != 1 {
			t.Errorf("%s the table names who voted in another's private poll:\n%s", when, table)
		}
	}
	look("while the meeting is on")
	for _, session := range []*rooms.Session{gus, ana} {
		if err := session.Leave(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the meeting has ended", func() bool {
		h.Want(200, "GET /rooms/garden/meetings", apitest.All, nil).JSON(&meetings)
		return meetings.Items[0].Ended != ""
	})
	look("after the meeting")
	h.Want(403, export, "plk_half", nil)
}

func TestTheAuditLogByAPI(t *testing.T) {
	h := open(t)
	h.Want(201, "PUT /rooms/garden", apitest.All, nil)
	h.Want(401, "GET /rooms/garden", "plk_forged", nil)
	h.Want(403, "DELETE /rooms/garden", h.Token("garden", rooms.Guest, "gus"), nil)
	type log struct {
		Items []struct {
			Seq                           int
			Action, Room, Target, Outcome string
			Prev, Hash                    string
			Actor                         struct{ Key, Identity, Address string }
			Detail                        map[string]any
		}
		Next string
	}
	var all log
	h.Want(200, "GET /audit", apitest.All, nil).JSON(&all)
	if len(all.Items) != 3 {
		t.Fatalf("the log holds %+v", all)
	}
	deleted, forged, added := all.Items[0], all.Items[1], all.Items[2]
	if deleted.Outcome != "refused" || deleted.Actor.Identity != "gus" || deleted.Target != "DELETE /rooms/{room}" || deleted.Detail["code"] != "forbidden" {
		t.Errorf("what was refused is %+v", deleted)
	}
	if forged.Outcome != "refused" || forged.Detail["code"] != "unauthorized" || forged.Actor.Address == "" {
		t.Errorf("a forged key is %+v", forged)
	}
	if added.Actor.Key != "all" || added.Room != "garden" || added.Outcome != "done" || forged.Prev != added.Hash {
		t.Errorf("what was done is %+v", added)
	}
	var page log
	h.Want(200, "GET /audit?limit=1&outcome=refused", apitest.All, nil).JSON(&page)
	if len(page.Items) != 1 || page.Next == "" {
		t.Errorf("the first page is %+v", page)
	}
	h.Want(200, "GET /audit?outcome=refused&cursor="+page.Next, apitest.All, nil).JSON(&page)
	if len(page.Items) != 1 || page.Items[0].Seq != forged.Seq {
		t.Errorf("the second page is %+v", page)
	}
	h.Want(400, "GET /audit?cursor=x", apitest.All, nil)
	h.Want(401, "GET /audit", "", nil)
	h.Want(403, "GET /audit", h.Token("garden", rooms.Owner, "ana"), nil)
}
