//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"palabre/client"
	"palabre/signaling/protocol"
)

// asked is the polls of a room as somebody's token shows them.
type asked struct {
	Items []struct {
		ID, Question, State string
		People              int
		Counts              []int
		Votes               []struct{ Name string }
	}
}

// ask asks the API as somebody, and wants an answer. A server that cannot read
// its store in time says so, and is asked again, as its clients do.
func (s *server) ask(status int, method, path, token, body string) string {
	s.t.Helper()
	var res *http.Response
	var text string
	until(s.t, "the server to read its store", func() bool {
		res, text = s.do(method, "/api/v1/rooms/garden"+path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
		return res.StatusCode != http.StatusServiceUnavailable || status == http.StatusServiceUnavailable
	})
	if res.StatusCode != status {
		s.t.Fatalf("%s %s: %d %s, want %d", method, path, res.StatusCode, text, status)
	}
	return text
}

// TestPollsAndAttendanceSurviveAKill kills a server while people vote.
func TestPollsAndAttendanceSurviveAKill(t *testing.T) {
	data := t.TempDir()
	first := boot(t, data, "127.0.0.1:0")
	ana, bob := first.as("garden", "host", "Ana"), first.as("garden", "member", "Bob")
	enter(t, ana)
	enter(t, bob)
	var ids [2]string
	for i, anonymous := range []bool{false, true} {
		var made struct{ ID string }
		text := first.ask(http.StatusCreated, http.MethodPost, "/polls", ana.Token,
			fmt.Sprintf(`{"question":"Lunch %d?","options":["Soup","Salad"],"anonymous":%v,"open":true}`, i, anonymous))
		if err := json.Unmarshal([]byte(text), &made); err != nil {
			t.Fatal(err)
		}
		ids[i] = made.ID
		for _, choice := range []string{"[0]", "[1]"} { // the second replaces the first
			first.ask(http.StatusNoContent, http.MethodPut, "/polls/"+made.ID+"/vote", bob.Token, `{"choice":`+choice+`}`)
		}
	}
	want := "Lunch 0? open 1 [0 1] [{Bob}];Lunch 1? open 1 [0 1] [];"
	stored := func(s *server, path string) string {
		var polls asked
		if err := json.Unmarshal([]byte(s.ask(http.StatusOK, http.MethodGet, path, ana.Token, "")), &polls); err != nil {
			t.Fatal(err)
		}
		seen := ""
		for _, p := range polls.Items {
			seen += fmt.Sprintf("%s %s %d %v %v;", p.Question, p.State, p.People, p.Counts, p.Votes)
		}
		return seen
	}
	var meetings struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(first.ask(http.StatusOK, http.MethodGet, "/meetings", ana.Token, "")), &meetings); err != nil || len(meetings.Items) != 1 {
		t.Fatalf("the meetings are %+v, %v", meetings, err)
	}
	meeting := "/meetings/" + meetings.Items[0].ID
	until(t, "the votes to be stored", func() bool { return stored(first.server, meeting+"/polls") == want })

	_ = first.kill(syscall.SIGKILL)
	second := boot(t, data, first.vacated())
	until(t, "the polls to be back", func() bool { return stored(second.server, "/polls") == want })
	second.ask(http.StatusForbidden, http.MethodPut, "/polls/"+ids[1]+"/vote", bob.Token, `{"choice":[0]}`) // it stands
	second.ask(http.StatusNoContent, http.MethodPut, "/polls/"+ids[0]+"/vote", bob.Token, `{"choice":[0]}`)
	second.ask(http.StatusNoContent, http.MethodPost, "/polls/"+ids[1]+"/close", ana.Token, "")
	until(t, "both people in the attendance", func() bool {
		people := second.ask(http.StatusOK, http.MethodGet, meeting+"/attendance?format=csv", ana.Token, "")
		return strings.Contains(people, "Ana,host") && strings.Contains(people, "Bob,member")
	})
}

// TestTamperingIsSaidOnTheCommandLine verifies a log, one that was cut short
// and one in which somebody has written.
func TestTamperingIsSaidOnTheCommandLine(t *testing.T) {
	s := serve(t)
	createKey(t, s)
	createKey(t, s)
	createKey(t, s)
	code, out, errs := command(t, "audit", "verify", "--data-dir", s.data)
	_, newest, found := strings.Cut(strings.TrimSpace(out), "Newest: ")
	if code != 0 || !found {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	lines := s.auditExport()
	file := filepath.Join(s.data, "export.jsonl")
	verify := func(flags ...string) (int, string) {
		code, _, errs := command(t, append([]string{"audit", "verify", "--file", file}, flags...)...)
		return code, errs
	}
	for name, test := range map[string]struct {
		log   []string
		flags []string
		fails string
	}{
		"sound":     {lines, []string{"--known", newest}, ""},
		"changed":   {[]string{lines[0], strings.Replace(lines[1], "W15", "W16", 1), lines[2]}, nil, "entry 2"},
		"reordered": {[]string{lines[1], lines[0], lines[2]}, nil, "entry 1"},
		"deleted":   {[]string{lines[0], lines[2]}, nil, "entry 3"},
		"cut short": {lines[:2], []string{"--known", newest}, "entry 3"},
	} {
		if err := os.WriteFile(file, []byte(strings.Join(test.log, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, errs := verify(test.flags...)
		if (code != 0) != (test.fails != "") || !strings.Contains(errs, test.fails) {
			t.Errorf("%s: exit %d: %s", name, code, errs)
		}
	}
}

// TestPollsAndLinksByClients has the Go client ask, vote and invite.
func TestPollsAndLinksByClients(t *testing.T) {
	s := boot(t, t.TempDir(), "127.0.0.1:0")
	ana, bob := enter(t, s.as("garden", "host", "Ana")), enter(t, s.as("garden", "member", "Bob"))
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(ana.CreatePoll(protocol.PollCreate{Question: "Lunch?", Options: []string{"Soup", "Salad"}, Results: protocol.ResultsLive, Open: true}))
	open := await(bob, "the poll", func(p client.PollsChanged) bool { return len(p.Polls.Polls) == 1 })
	done(bob.Vote(open.Polls.Polls[0].ID, 1))
	await(ana, "Bob's vote", func(p client.PollsChanged) bool { return len(p.Polls.Polls) == 1 && p.Polls.Polls[0].People == 1 })
	done(ana.AskBallots(open.Polls.Polls[0].ID))
	await(ana, "who chose what", func(b client.BallotsShown) bool { return len(b.Votes) == 1 })
	done(ana.CreateLink(protocol.LinkWish{Role: protocol.RoleGuest, Name: "Cleo", Once: true}))
	made := await(ana, "the link", func(l client.LinkChanged) bool { return l.Token != "" })
	done(ana.RevokeLink(made.ID))
	done(ana.ListLinks(""))
	await(ana, "the revoked link", func(l client.LinksListed) bool {
		return slices.ContainsFunc(l.Links.Links, func(l protocol.Link) bool { return l.ID == made.ID && l.Revoked > 0 })
	})
}
