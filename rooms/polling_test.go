package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"palabre/rooms/poll"
)

func lunch(change func(*poll.Question)) poll.Question {
	q := poll.Question{Text: "Lunch?", Options: []string{"Soup", "Salad", "Bread"}, Results: poll.Live}
	if change != nil {
		change(&q)
	}
	return q
}

// newest gives the polls as somebody was last told of them.
func (c *caller) newest() []PollView {
	c.t.Helper()
	c.pull()
	for i := len(c.seen) - 1; i >= 0; i-- {
		if polls, is := c.seen[i].Data.(Polls); is {
			return polls.Polls
		}
	}
	return nil
}

func counts(views []PollView) string {
	text := ""
	for _, v := range views {
		text += fmt.Sprintf("%s %s %v of %d mine %v;", v.Text, v.State, v.Counts, v.Count, v.Mine)
	}
	return text
}

func TestAPollIsAskedAnsweredAndClosed(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		host, ana, ben := h.person(Host, "Host"), h.person(Guest, "Ana"), h.person(Guest, "Ben")
		id, err := host.CreatePoll(bg, 7, lunch(nil), true)
		ok(t, err)
		if answer := only[Polls](t, host.pull()); !answer.Polls[0].Own || !answer.Polls[0].Manage {
			t.Errorf("the host was answered %+v", answer)
		}
		ok(t, ana.VotePoll(bg, 3, id, []int{2}))
		if got := counts(ana.newest()); got != "Lunch? open [0 0 1] of 1 mine [2];" {
			t.Errorf("who voted sees %s", got)
		}
		ok(t, ben.VotePoll(bg, 0, id, []int{0}))
		ok(t, ana.VotePoll(bg, 0, id, []int{0}))
		time.Sleep(pollsEvery)
		synctest.Wait()
		if got := counts(host.newest()); got != "Lunch? open [2 0 0] of 2 mine [];" {
			t.Errorf("the host sees %s", got)
		}
		late := h.mustOpen(Request{Role: Guest})
		ok(t, late.Join(bg, 1, "Late", Sending{}))
		if got := counts(late.newest()); got != "Lunch? open [2 0 0] of 2 mine [];" {
			t.Errorf("who comes late sees %s", got)
		}
		ok(t, host.ClosePoll(bg, 0, id))
		if got := counts(ben.newest()); got != "Lunch? closed [2 0 0] of 2 mine [0];" {
			t.Errorf("after the end %s", got)
		}
		wantCode(t, ben.VotePoll(bg, 0, id, []int{1}), CodeBadMessage)
		ok(t, ben.Ballots(bg, 9, id))
		if votes := only[Ballots](t, ben.pull()).Votes; len(votes) != 2 || votes[0].Name != "Ana" {
			t.Errorf("who chose what: %+v", votes)
		}
		ok(t, host.DeletePoll(bg, 0, id))
		if left := ben.newest(); len(left) != 0 {
			t.Errorf("a deleted poll is there: %+v", left)
		}
	})
}

func TestManyVotesAreToldTogether(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		host := h.person(Host, "Host")
		id, err := host.CreatePoll(bg, 0, lunch(nil), true)
		ok(t, err)
		time.Sleep(2 * pollsEvery)
		host.pull()
		for i := range 20 {
			ok(t, h.person(Guest, fmt.Sprint("G", i)).VotePoll(bg, 0, id, []int{i % 3}))
		}
		time.Sleep(3 * pollsEvery)
		synctest.Wait()
		if n := len(told[Polls](host.pull())); n > 2 || n == 0 {
			t.Errorf("20 votes at once were told in %d messages", n)
		}
		if got := counts(host.newest()); got != "Lunch? open [7 7 6] of 20 mine [];" {
			t.Errorf("the host sees %s", got)
		}
	})
}

func TestWhoMayDoWhatWithPolls(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		host, asker, other, guest, viewer := h.person(Host, "Host"), h.person(Presenter, "Asker"), h.person(Presenter, "Other"), h.person(Guest, "Guest"), h.person(Viewer, "Viewer")
		_, err := guest.CreatePoll(bg, 0, lunch(nil), true)
		wantCode(t, err, CodeForbidden)
		draft, err := asker.CreatePoll(bg, 0, lunch(func(q *poll.Question) { q.Results = poll.OnlyAsker }), false)
		ok(t, err)
		for _, c := range []*caller{other, guest} {
			if polls := c.newest(); len(polls) != 0 {
				t.Errorf("a draft is told: %+v", polls)
			}
			wantCode(t, c.OpenPoll(bg, 0, draft), CodeForbidden)
		}
		if polls := host.newest(); len(polls) != 1 || !polls[0].Manage {
			t.Errorf("the host sees %+v", polls)
		}
		wantCode(t, guest.VotePoll(bg, 0, draft, []int{0}), CodeBadMessage)
		ok(t, asker.OpenPoll(bg, 0, draft))
		ok(t, viewer.VotePoll(bg, 0, draft, []int{0}))
		time.Sleep(pollsEvery)
		synctest.Wait()
		for name, c := range map[string]*caller{"host": host, "guest": guest} {
			if polls := c.newest(); polls[0].Counts != nil || polls[0].Count != 1 {
				t.Errorf("a %s sees private results %+v", name, polls[0])
			}
			wantCode(t, c.Ballots(bg, 0, draft), CodeForbidden)
		}
		if polls := asker.newest(); fmt.Sprint(polls[0].Counts) != "[1 0 0]" {
			t.Errorf("who asked sees %v", polls[0].Counts)
		}
		wantCode(t, other.ClosePoll(bg, 0, draft), CodeForbidden)
		ok(t, host.ClosePoll(bg, 0, draft))
		ok(t, asker.SharePoll(bg, 0, draft))
		if polls := guest.newest(); fmt.Sprint(polls[0].Counts) != "[1 0 0]" || !polls[0].Shared {
			t.Errorf("shared results are seen as %+v", polls[0])
		}
		wantCode(t, host.OpenPoll(bg, 0, "nothing"), CodeNotFound)
		_, err = host.CreatePoll(bg, 0, poll.Question{Text: " \u202e ", Options: []string{"a", "b"}, Results: poll.Live}, true)
		wantCode(t, err, CodeBadMessage)
		_, err = host.CreatePoll(bg, 0, lunch(func(q *poll.Question) { q.Text = strings.Repeat("a", poll.MaxQuestion+1) }), true)
		wantCode(t, err, CodeTooLarge)
	})
}

func TestProgramsAskPolls(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		guest := h.person(Guest, "Guest")
		agent, err := h.rooms.Agent(bg, testRoom, Actor{Key: "k1", Name: "Bot", Role: Owner})
		ok(t, err)
		defer agent.Close()
		id, err := agent.CreatePoll(bg, 0, lunch(func(q *poll.Question) { q.Text = "Tea\r\n\x1b[31mor?" }), true)
		ok(t, err)
		if polls := guest.newest(); len(polls) != 1 || polls[0].Text != "Tea [31mor?" || polls[0].Asker.Name != "Bot" {
			t.Fatalf("the guest sees %+v", polls)
		}
		ok(t, guest.VotePoll(bg, 0, id, []int{1}))
		polls, err := agent.Polls(bg)
		if err != nil || len(polls) != 1 || !polls[0].Own || len(polls[0].Ballots) != 1 {
			t.Errorf("the program reads %+v, %v", polls, err)
		}
		empty, err := h.rooms.Agent(bg, "nobody-here", Actor{Key: "k1", Role: Owner})
		ok(t, err)
		defer empty.Close()
		_, err = empty.CreatePoll(bg, 0, lunch(nil), true)
		wantCode(t, err, CodeNotFound)
	})
}

// notebook is a memory that keeps facts when it is let.
type notebook struct {
	mu      sync.Mutex
	facts   []Fact
	pending []func()
	held    bool
	found   Recollection
}

func (n *notebook) Recall(context.Context, string) (Recollection, error) { return n.found, nil }

func (n *notebook) Full() bool { return false }

func (n *notebook) Keep(facts []Fact, kept func()) {
	n.mu.Lock()
	n.facts = append(n.facts, facts...)
	held := n.held
	if held {
		n.pending = append(n.pending, kept)
	}
	n.mu.Unlock()
	if !held {
		go kept()
	}
}

func (n *notebook) release() {
	n.mu.Lock()
	pending := n.pending
	n.pending, n.held = nil, false
	n.mu.Unlock()
	for _, kept := range pending {
		kept()
	}
}

func TestNobodyIsShownVotesThatAreNotKept(t *testing.T) {
	memory := &notebook{}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		host, guest := h.person(Host, "Host"), h.person(Guest, "Guest")
		id, err := host.CreatePoll(bg, 0, lunch(nil), true)
		ok(t, err)
		synctest.Wait()
		host.newest()
		memory.held = true
		ok(t, guest.VotePoll(bg, 1, id, []int{1}))
		time.Sleep(5 * pollsEvery)
		synctest.Wait()
		if got := len(told[Polls](append(host.pull(), guest.pull()...))); got != 0 {
			if views := guest.newest(); views[0].Count != 0 {
				t.Errorf("a vote that is not kept was told %d times", got)
			}
		}
		memory.release()
		time.Sleep(2 * pollsEvery)
		synctest.Wait()
		if got := counts(host.newest()); got != "Lunch? open [0 1 0] of 1 mine [];" {
			t.Errorf("once it is kept the host sees %q", got)
		}
	})
}

// TestAnonymousVotesAreNobodysInTheFacts looks at every fact as it is told to
// the world and as a store gets it.
func TestAnonymousVotesAreNobodysInTheFacts(t *testing.T) {
	memory := &notebook{}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		host, guest := h.person(Host, "Host"), h.person(Guest, "Guest")
		for _, anonymous := range []bool{true, false} {
			id, err := host.CreatePoll(bg, 0, lunch(func(q *poll.Question) { q.Anonymous, q.Text = anonymous, fmt.Sprint("Lunch ", anonymous) }), true)
			ok(t, err)
			ok(t, guest.VotePoll(bg, 0, id, []int{1}))
			ok(t, guest.VotePoll(bg, 0, id, []int{2}))
			ok(t, host.ClosePoll(bg, 0, id))
			if anonymous {
				wantCode(t, host.Ballots(bg, 0, id), CodeForbidden)
			}
		}
		votes := 0
		for _, fact := range memory.facts {
			vote, is := fact.Data.(PollVoted)
			if !is {
				continue
			}
			votes++
			text, err := json.Marshal(struct {
				By   Actor
				Data FactData
			}{fact.By, fact.Data})
			ok(t, err)
			tells := strings.Contains(string(text), guest.id())
			if tells == vote.Cast.Anonymous || (vote.Choice == nil) != vote.Cast.Anonymous || (vote.Cast.Choice == nil) != vote.Cast.Anonymous {
				t.Errorf("anonymous %v: the fact says %s", vote.Cast.Anonymous, text)
			}
		}
		if votes != 4 {
			t.Errorf("%d votes became facts", votes)
		}
	})
}

func TestPollsSurviveARestart(t *testing.T) {
	now := time.Now()
	question := lunch(func(q *poll.Question) { q.Anonymous = true })
	memory := &notebook{found: Recollection{
		Meeting: Meeting{ID: "m1", Started: now}, Seen: now,
		Polls: []poll.Poll{{ID: "p", Question: question, State: poll.Open, Counts: []int{0, 1, 0}, Voters: map[string]bool{"gus": true}}},
	}}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		memory.found.Meeting.Started, memory.found.Seen = time.Now(), time.Now()
		gus := h.mustOpen(Request{Role: Guest, Identity: "gus", Name: "Gus"})
		ok(t, gus.Join(bg, 1, "Gus", Sending{}))
		synctest.Wait()
		if polls := gus.newest(); len(polls) != 1 || !polls[0].Final || fmt.Sprint(polls[0].Counts) != "[0 1 0]" {
			t.Fatalf("after a restart gus sees %+v", polls)
		}
		wantCode(t, gus.VotePoll(bg, 0, "p", []int{0}), CodeForbidden)
		ok(t, h.person(Guest, "Ana").VotePoll(bg, 0, "p", []int{0}))
	})
}
