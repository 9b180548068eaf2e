package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"palabre/rooms/breakout"
	"palabre/rooms/chat"
)

// split is a host and others in breakout rooms by hand: the first two in Red,
// the next in Blue.
type split struct {
	*house
	host   *caller
	others []*caller
	red    string
	blue   string
}

func (h *house) split(names ...string) *split {
	s := &split{house: h, host: h.person(Host, "Ada")}
	for _, name := range names {
		s.others = append(s.others, h.person(Guest, name))
	}
	ok(h.t, s.host.PlanBreakouts(bg, 1, plan(breakout.ByHand, "Red", "Blue")))
	synctest.Wait()
	groups := s.host.breakouts(h.t).Groups
	ok(h.t, s.host.AssignBreakout(bg, 2, []string{s.others[0].id(), s.others[1].id()}, groups[0].ID))
	ok(h.t, s.host.AssignBreakout(bg, 3, []string{s.others[2].id()}, groups[1].ID))
	return s
}

// open opens the groups and has everybody know.
func (s *split) open() {
	s.t.Helper()
	ok(s.t, s.host.OpenBreakouts(bg, 4))
	synctest.Wait()
	groups := s.host.breakouts(s.t).Groups
	s.red, s.blue = groups[0].ID, groups[1].ID
	s.everybodyPulls()
}

func (s *split) everybodyPulls() {
	s.t.Helper()
	synctest.Wait()
	for _, c := range append([]*caller{s.host}, s.others...) {
		c.pull()
	}
}

func plan(way breakout.Way, names ...string) breakout.Plan {
	p := breakout.Plan{Way: way}
	for _, name := range names {
		p.Groups = append(p.Groups, breakout.Group{Name: name})
	}
	return p
}

// newest is the last somebody was told of the breakout rooms.
func (c *caller) breakouts(t testing.TB) Breakouts {
	t.Helper()
	c.pull()
	list := told[Breakouts](c.seen)
	if len(list) == 0 {
		t.Fatalf("%s was told of no breakout rooms", c.id())
	}
	return list[len(list)-1]
}

// in says in which group a client thinks people are.
func (c *caller) in(t testing.TB, who *caller, group string) {
	t.Helper()
	c.pull()
	if got := c.people[who.id()].Group; got != group {
		t.Errorf("%s is in %q for %s, want %q", who.people[who.id()].Name, got, c.people[c.id()].Name, group)
	}
}

func TestBreakoutsFromOpeningToClosing(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		s := h.split("Ben", "Cy", "Dee")
		ben, cy, dee := s.others[0], s.others[1], s.others[2]
		synctest.Wait()
		if got := told[Breakouts](ben.pull()); slices.ContainsFunc(got, func(b Breakouts) bool { return len(b.Groups) > 0 }) {
			t.Errorf("a guest was told of a plan: %+v", got)
		}
		s.open()
		for _, reader := range []*caller{s.host, ben, dee} {
			reader.in(t, s.host, "")
			reader.in(t, ben, s.red)
			reader.in(t, cy, s.red)
			reader.in(t, dee, s.blue)
		}
		if b := ben.breakouts(t); !b.Open || b.Own != s.red || len(b.Groups) != 2 || b.Assigned != nil {
			t.Errorf("Ben knows %+v", b)
		}

		ok(t, s.host.CloseBreakouts(bg, 5, breakout.Countdown))
		synctest.Wait()
		if b := ben.breakouts(t); !b.Open || !b.Closing || time.Until(b.Ends) != breakout.Countdown {
			t.Errorf("while they close Ben knows %+v", b)
		}
		time.Sleep(breakout.Countdown - time.Millisecond)
		s.everybodyPulls()
		dee.in(t, ben, s.red)
		time.Sleep(time.Millisecond)
		s.everybodyPulls()
		for _, reader := range []*caller{s.host, ben, dee} {
			for _, who := range []*caller{ben, cy, dee} {
				reader.in(t, who, "")
			}
		}
		if b := ben.breakouts(t); b.Open || len(b.Groups) > 0 {
			t.Errorf("afterwards Ben knows %+v", b)
		}
		if b := s.host.breakouts(t); b.Open || len(b.Groups) != 2 || len(b.Assigned) != 3 {
			t.Errorf("the plan is gone: %+v", b)
		}
	})
}

func TestWhatIsSaidStaysInTheGroup(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		s := h.split("Ben", "Cy", "Dee")
		ben, cy, dee := s.others[0], s.others[1], s.others[2]
		ok(t, ben.Hand(bg, 0, true))
		s.open()
		if !dee.people[ben.id()].Hand.IsZero() {
			t.Error("the hand is still raised after moving")
		}
		ok(t, ben.Say(bg, 1, "in red", ""))
		ok(t, ben.React(bg, 2, "👍"))
		ok(t, ben.Hand(bg, 3, true))
		ok(t, s.host.Say(bg, 4, "in the main room", ""))
		synctest.Wait()
		for _, c := range []struct {
			reader           *caller
			lines, reactions int
			hand             bool
		}{{cy, 1, 1, true}, {dee, 0, 0, false}, {s.host, 1, 0, false}} {
			events := c.reader.pull()
			if lines := told[Line](events); len(lines) != c.lines || len(told[Reaction](events)) != c.reactions {
				t.Errorf("%s was told %s", c.reader.people[c.reader.id()].Name, describe(events))
			}
			if raised := !c.reader.people[ben.id()].Hand.IsZero(); raised != c.hand {
				t.Errorf("for %s Ben's hand is raised: %v", c.reader.people[c.reader.id()].Name, raised)
			}
		}
		// Who comes to the group reads what was said there, and sees the hand.
		ok(t, s.host.AssignBreakout(bg, 5, []string{dee.id()}, s.red))
		synctest.Wait()
		events := dee.pull()
		history := only[History](t, events).Lines
		if !slices.ContainsFunc(history, func(l chat.Line) bool { return l.Text == "in red" }) {
			t.Errorf("Dee came and reads %+v", history)
		}
		if dee.people[ben.id()].Hand.IsZero() {
			t.Error("Dee came and does not see the raised hand")
		}
		ok(t, s.host.CloseBreakouts(bg, 6, 0))
		synctest.Wait()
		if history := only[History](t, ben.pull()).Lines; slices.ContainsFunc(history, func(l chat.Line) bool { return l.Text == "in red" }) {
			t.Errorf("back in the main room Ben reads %+v", history)
		}
	})
}

// TestToldOnceMediaHasMoved holds the media plane up while people go.
func TestToldOnceMediaHasMoved(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		s := h.split("Ben", "Cy", "Dee")
		ben, cy := s.others[0], s.others[1]
		for _, c := range []*caller{ben, cy} {
			if _, err := c.Negotiate(bg, Offer{SDP: "offer"}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		slow := h.media.of(t, ben.id())
		slow.hold = make(chan struct{})
		s.open()
		time.Sleep(tellWithin)
		s.everybodyPulls()
		s.host.in(t, ben, "")
		s.host.in(t, cy, s.red)
		if got := h.media.of(t, cy.id()).group; got != s.red {
			t.Errorf("Cy's media is in %q", got)
		}
		close(slow.hold)
		synctest.Wait()
		s.host.in(t, ben, s.red)
		// A connection made anew is in the group before anything flows.
		slow.report.Failed("gone")
		synctest.Wait()
		if _, err := ben.Negotiate(bg, Offer{SDP: "again"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if fresh := h.media.of(t, ben.id()); fresh == slow || fresh.group != s.red || !fresh.entered {
			t.Errorf("the new connection is in %q", fresh.group)
		}
	})
}

func TestWhoMayGoWhere(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		s := h.split("Ben", "Cy", "Dee")
		ben := s.others[0]
		for _, err := range []error{
			ben.PlanBreakouts(bg, 1, plan(breakout.ByHand)), ben.AssignBreakout(bg, 1, []string{ben.id()}, ""), ben.ShuffleBreakouts(bg, 1),
			ben.OpenBreakouts(bg, 1), ben.ExtendBreakouts(bg, 1, time.Minute), ben.CloseBreakouts(bg, 1, 0),
			ben.BroadcastToBreakouts(bg, 1, "hi"), ben.AnswerHelp(bg, 1, ben.id()),
		} {
			wantCode(t, err, CodeForbidden)
		}
		wantCode(t, ben.AskForHelp(bg, 1, true), CodeConflict)
		s.open()
		wantCode(t, ben.JoinBreakout(bg, 1, s.blue), CodeForbidden)
		wantCode(t, ben.JoinBreakout(bg, 1, ""), CodeForbidden)
		wantCode(t, s.host.PlanBreakouts(bg, 1, plan(breakout.ByChoice, "a")), CodeConflict)
		wantCode(t, s.host.AssignBreakout(bg, 1, []string{ben.id()}, "no such"), CodeNotFound)

		ok(t, ben.AskForHelp(bg, 2, true))
		s.everybodyPulls()
		if calls := s.host.breakouts(t).Calls; len(calls) != 1 || calls[0].Participant != ben.id() || calls[0].Group != s.red || calls[0].Name != "Ben" {
			t.Errorf("the host is told of %+v", calls)
		}
		if b := s.others[1].breakouts(t); b.Calls != nil || b.Asking {
			t.Errorf("Cy is told who asks for help: %+v", b)
		}
		ok(t, s.host.JoinBreakout(bg, 3, s.red))
		s.everybodyPulls()
		ben.in(t, s.host, s.red)
		if b := s.host.breakouts(t); len(b.Calls) > 0 || ben.breakouts(t).Asking {
			t.Errorf("the host came and there still is %+v", b.Calls)
		}
		ok(t, s.host.BroadcastToBreakouts(bg, 4, " five \n minutes "))
		s.everybodyPulls()
		for _, c := range append(s.others, s.host) {
			notices := told[BreakoutNotice](c.seen)
			if len(notices) != 1 || notices[0].Text != "five minutes" || notices[0].Name != "Ada" {
				t.Errorf("%s was told %+v", c.id(), notices)
			}
		}
	})
}

// TestWhoComesLate has a program open the groups, for people with identities.
func TestWhoComesLate(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Host, "Ada")
		program, err := h.rooms.Agent(bg, testRoom, Actor{Key: "k", Role: Host})
		ok(t, err)
		defer program.Close()
		ok(t, program.PlanBreakouts(bg, 0, plan(breakout.ByHand, "Red", "Blue")))
		view, err := program.Breakouts(bg)
		ok(t, err)
		ok(t, program.AssignBreakout(bg, 0, []string{"ben@example"}, view.Groups[1].ID))
		ok(t, program.OpenBreakouts(bg, 0))
		wantCode(t, program.JoinBreakout(bg, 0, ""), CodeNotAdmitted)
		view, err = program.Breakouts(bg)
		ok(t, err)
		blue := view.Groups[1].ID
		ben := h.mustOpen(Request{Role: Guest, Identity: "ben@example"})
		if _, err := ben.Negotiate(bg, Offer{SDP: "offer"}); err != nil {
			t.Fatal(err)
		}
		ok(t, ben.Join(bg, 1, "Ben", Sending{}))
		cy := h.person(Guest, "Cy")
		synctest.Wait()
		ben.pull()
		for _, reader := range []*caller{ada, ben, cy} {
			reader.in(t, ben, blue)
			reader.in(t, cy, "")
		}
		if peer := h.media.of(t, ben.id()); peer.group != blue || !peer.entered {
			t.Errorf("Ben's media is in %q", peer.group)
		}
		if b := cy.breakouts(t); !b.Open || b.Own != "" {
			t.Errorf("Cy knows %+v", b)
		}
	})
}

func TestRandomLeavesHostsWhereTheyAre(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		host := h.person(Host, "Ada")
		var others []*caller
		for i := range 7 {
			others = append(others, h.person(Guest, fmt.Sprint("P", i)))
		}
		p := plan(breakout.AtRandom, "Red", "Blue", "Green")
		p.Length = time.Minute
		ok(t, host.PlanBreakouts(bg, 1, p))
		ok(t, host.ShuffleBreakouts(bg, 1))
		ok(t, host.OpenBreakouts(bg, 1))
		synctest.Wait()
		host.pull()
		count := map[string]int{}
		for _, c := range others {
			count[host.people[c.id()].Group]++
		}
		host.in(t, host, "")
		for _, g := range host.breakouts(t).Groups {
			if n := count[g.ID]; n < 2 || n > 3 {
				t.Errorf("%d of seven people are in %s", n, g.Name)
			}
		}
		ok(t, host.ExtendBreakouts(bg, 1, time.Minute))
		time.Sleep(90 * time.Second)
		synctest.Wait()
		if !host.breakouts(t).Open {
			t.Error("they closed though there was more time")
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if host.breakouts(t).Open {
			t.Error("they did not close when the time was up")
		}
		for _, c := range others {
			host.in(t, c, "")
		}
	})
}

// diary is a memory that keeps the newest state of the meeting as a store would.
type diary struct {
	mu    sync.Mutex
	found Recollection
	kinds []string
}

func (d *diary) Recall(context.Context, string) (Recollection, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var again Recollection
	text, err := json.Marshal(d.found.Meeting)
	if err == nil {
		err = json.Unmarshal(text, &again.Meeting)
	}
	again.Seen = d.found.Seen
	return again, err
}

func (d *diary) Full() bool { return false }

func (d *diary) Keep(facts []Fact, kept func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range facts {
		d.kinds = append(d.kinds, f.Data.Kind())
		d.found.Seen = f.At
		switch data := f.Data.(type) {
		case MeetingStarted:
			d.found.Meeting = data.Meeting
		case MeetingChanged:
			d.found.Meeting = data.Meeting
		case MeetingEnded:
			d.found.Meeting = Meeting{}
		}
	}
	go kept()
}

func TestARestartKeepsTheGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, tokens := &diary{}, &fakeTokens{}
		remembers := func(c *Config) { c.Memory = memory }
		h := newHouse(t, tokens, remembers)
		s := h.split("Ben", "Cy", "Dee")
		s.open()
		ok(t, s.host.ExtendBreakouts(bg, 1, 10*time.Minute))
		s.everybodyPulls()
		ok(t, h.rooms.Drain(bg, time.Second))
		h.close()

		time.Sleep(20 * time.Second)
		again := newHouse(t, tokens, remembers)
		var back []*caller
		for _, c := range append([]*caller{s.host}, s.others...) {
			came, err := again.open(Request{Resume: c.token(), LastSeq: c.last})
			ok(t, err)
			ok(t, came.Join(bg, 1, c.people[c.id()].Name, Sending{}))
			back = append(back, came)
		}
		synctest.Wait()
		for _, reader := range back {
			reader.pull()
			for i, want := range []string{"", s.red, s.red, s.blue} {
				reader.in(t, back[i], want)
			}
		}
		if left := time.Until(back[0].breakouts(t).Ends); left != 9*time.Minute+40*time.Second {
			t.Errorf("%v left after the restart", left)
		}
		time.Sleep(9*time.Minute + 40*time.Second)
		synctest.Wait()
		for i := range back {
			back[0].in(t, back[i], "")
		}
		again.close()
		for _, kind := range []string{"breakout.planned", "breakout.assigned", "breakout.opened", "breakout.extended", "breakout.closed"} {
			if !slices.Contains(memory.kinds, kind) {
				t.Errorf("the facts are %v, want %s among them", memory.kinds, kind)
			}
		}
	})
}

// TestAnyOrderOfBreakouts has people come, go and move, and looks at what each
// of them is told in the end.
func TestAnyOrderOfBreakouts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		commands := rapid.SliceOfN(rapid.IntRange(0, 1<<16), 10, 60).Draw(rt, "commands")
		fault := ""
		inHouse(t, nil, func(t *testing.T, h *house) { fault = anyOrder(t, h, commands) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

// anyOrder does the commands and says what is wrong afterwards.
func anyOrder(t *testing.T, h *house, commands []int) (fault string) {
	host := h.person(Host, "Ada")
	people := []*caller{host}
	for _, n := range commands {
		who := people[n/16%len(people)]
		view, err := host.Breakouts(bg)
		ok(t, err)
		group := append(view.Groups, breakout.Group{})[n/256%(len(view.Groups)+1)].ID
		// What is refused is none of this test's business.
		switch n % 16 {
		case 0:
			_ = host.PlanBreakouts(bg, 0, plan(breakout.ByChoice, "Red", "Blue", "Green"))
		case 1, 2:
			people = append(people, h.person(Guest, fmt.Sprint("P", len(people))))
		case 3:
			if who != host {
				_ = who.Leave(bg, 0)
				people = slices.DeleteFunc(people, func(c *caller) bool { return c == who })
			}
		case 4, 5:
			_ = host.OpenBreakouts(bg, 0)
		case 6:
			_ = host.CloseBreakouts(bg, 0, time.Duration(n/16%40)*time.Second)
		case 7:
			time.Sleep(time.Duration(n/16%20) * time.Second)
		case 8, 9:
			_ = host.AssignBreakout(bg, 0, []string{who.id()}, group)
		case 10:
			_ = host.ShuffleBreakouts(bg, 0)
		case 11:
			_ = who.AskForHelp(bg, 0, n/16%2 == 0)
		default:
			_ = who.JoinBreakout(bg, 0, group)
		}
	}
	time.Sleep(tellWithin)
	synctest.Wait()
	view, err := host.Breakouts(bg)
	ok(t, err)
	host.pull()
	for _, reader := range people {
		reader.pull()
		if len(reader.people) != len(people) {
			return fmt.Sprintf("%s knows %d people, want %d", reader.id(), len(reader.people), len(people))
		}
		for id, p := range reader.people {
			known := p.Group == "" || view.Open && slices.ContainsFunc(view.Groups, func(g breakout.Group) bool { return g.ID == p.Group })
			if p.Group != host.people[id].Group || !known {
				return fmt.Sprintf("%s is in %q for one and %q for another, open %v, of %+v", p.Name, p.Group, host.people[id].Group, view.Open, view.Groups)
			}
		}
	}
	return ""
}
