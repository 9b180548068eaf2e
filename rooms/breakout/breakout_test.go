package breakout

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// start is some moment, with the clock that only goes forward.
func start() time.Time { return time.Now() }

func plan(t testing.TB, way Way, names ...string) *State {
	t.Helper()
	s := &State{}
	p := Plan{Way: way}
	for _, name := range names {
		p.Groups = append(p.Groups, Group{Name: name})
	}
	if err := s.Arrange(p); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPlanIsBounded(t *testing.T) {
	name := strings.Repeat("é", MaxName)
	for _, c := range []struct {
		what string
		plan Plan
		want error
	}{
		{"fifty groups with long names", Plan{Way: ByHand, Groups: slices.Repeat([]Group{{Name: name}}, MaxGroups)}, nil},
		{"one group more", Plan{Way: ByHand, Groups: slices.Repeat([]Group{{Name: "a"}}, MaxGroups+1)}, ErrTooMany},
		{"a name too long", Plan{Way: ByHand, Groups: []Group{{Name: name + "é"}}}, ErrName},
		{"no name", Plan{Way: ByHand, Groups: []Group{{}}}, ErrName},
		{"no way", Plan{Groups: []Group{{Name: "a"}}}, ErrWay},
		{"a day", Plan{Way: ByHand, Length: MaxLength}, nil},
		{"longer than a day", Plan{Way: ByHand, Length: MaxLength + 1}, ErrLength},
		{"time that goes back", Plan{Way: ByHand, Length: -1}, ErrLength},
	} {
		s := &State{}
		if err := s.Arrange(c.plan); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestEditingKeepsWhoBelongs(t *testing.T) {
	s := plan(t, ByHand, "Red", "Blue")
	red, blue := s.Groups[0], s.Groups[1]
	if err := errors.Join(s.Assign("ana", red.ID), s.Assign("bob", blue.ID)); err != nil {
		t.Fatal(err)
	}
	blue.Name = "Green"
	if err := s.Arrange(Plan{Way: ByHand, Groups: []Group{{Name: "New"}, blue, blue}}); err != nil {
		t.Fatal(err)
	}
	if got := s.Assigned; len(got) != 1 || got["bob"] != blue.ID {
		t.Errorf("assigned are %v, want bob alone in %s", got, blue.ID)
	}
	ids := []string{s.Groups[0].ID, s.Groups[1].ID, s.Groups[2].ID}
	if slices.Sort(ids); len(slices.Compact(ids)) != 3 || slices.Contains(ids, red.ID) {
		t.Errorf("the ids are %v, want three different ones and not that of the group that is gone", ids)
	}
	if err := s.Arrange(Plan{Way: ByHand}); err != nil || s.Planned() || len(s.Assigned) > 0 {
		t.Errorf("a plan without groups left %+v, %v", s, err)
	}
}

func TestChoosing(t *testing.T) {
	for _, c := range []struct {
		way                   Way
		back                  bool
		other, home, mainRoom error
	}{
		{ByHand, false, ErrNoChoice, ErrNoChoice, ErrNoChoice},
		{ByHand, true, ErrNoChoice, nil, nil},
		{AtRandom, true, ErrNoChoice, nil, nil},
		{ByChoice, false, nil, nil, nil},
	} {
		s := plan(t, c.way, "Red", "Blue")
		s.Return = c.back
		_ = s.Assign("ana", s.Groups[0].ID)
		if err := s.Choose("ana", s.Groups[0].ID); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: choosing before the opening gave %v", c.way, err)
		}
		_ = s.Begin([]string{"ana"}, start())
		got := []error{s.Choose("ana", s.Groups[1].ID), s.Choose("ana", ""), s.Choose("ana", s.Groups[0].ID)}
		for i, want := range []error{c.other, c.mainRoom, c.home} {
			if !errors.Is(got[i], want) {
				t.Errorf("%s, back %v: choice %d gave %v, want %v", c.way, c.back, i, got[i], want)
			}
		}
		if err := s.Choose("ana", "no such"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: a group that is not there gave %v", c.way, err)
		}
	}
}

func TestWhoComesLater(t *testing.T) {
	s := plan(t, ByHand, "Red", "Blue")
	for who, group := range map[string]string{"ana": s.Groups[0].ID, "bob": s.Groups[1].ID, "dan": s.Groups[1].ID} {
		_ = s.Assign(who, group)
	}
	_ = s.Begin([]string{"ana", "dan"}, start())
	red, blue := s.Groups[0].ID, s.Groups[1].ID
	if got := s.Enter("bob"); got != blue {
		t.Errorf("who was assigned comes into %q, want %q", got, blue)
	}
	if got := s.Enter("cyd"); got != "" {
		t.Errorf("who was not comes into %q", got)
	}
	_ = s.Send("ana", blue)
	if got := s.Enter("ana"); got != blue {
		t.Errorf("who was elsewhere before a restart comes into %q, want %q", got, blue)
	}
	s.Leave("ana", false)
	if got := s.Enter("ana"); got != blue {
		t.Errorf("who left comes into %q, want where they were, %q", got, blue)
	}
	_ = s.Send("ana", red)
	s.Leave("dan", true)
	if got := s.Enter("dan"); got != "" {
		t.Errorf("who was forgotten comes into %q", got)
	}
}

func TestHelp(t *testing.T) {
	s := plan(t, ByChoice, "Red", "Blue")
	now := start()
	_ = s.Begin(nil, now)
	if err := s.Help("ana", now); !errors.Is(err, ErrOutside) {
		t.Errorf("asking in the main room gave %v", err)
	}
	for _, who := range []string{"ana", "bob", "cyd"} {
		_ = s.Send(who, s.Groups[0].ID)
		_ = s.Help(who, now)
		_ = s.Help(who, now)
	}
	if len(s.Calls) != 3 || s.Calls[0].Who != "ana" {
		t.Fatalf("the calls are %+v, want three", s.Calls)
	}
	_ = s.Send("ana", s.Groups[1].ID)
	if s.Asks("ana") || !s.Asks("bob") {
		t.Error("who went elsewhere still asks, or who stayed no longer does")
	}
	if !s.Hush("bob") || s.Hush("bob") {
		t.Error("who no longer asks did not, or twice")
	}
	s.Attend(s.Groups[0].ID)
	if len(s.Calls) > 0 {
		t.Errorf("somebody came, and %+v still ask", s.Calls)
	}
}

func TestTime(t *testing.T) {
	now := start()
	s := plan(t, ByHand, "Red")
	s.Length = 10 * time.Minute
	if s.Begin(nil, now) != nil || !s.Due().Equal(now.Add(10*time.Minute)) {
		t.Fatalf("due at %v", s.Due())
	}
	if err := s.Extend(5*time.Minute, now); err != nil || !s.Due().Equal(now.Add(15*time.Minute)) {
		t.Errorf("extended it is due at %v, %v", s.Due(), err)
	}
	if err := s.Close(Countdown, now); err != nil || !s.Closing || !s.Due().Equal(now.Add(Countdown)) {
		t.Errorf("closed it is due at %v, %v", s.Due(), err)
	}
	if s.Tick(now.Add(Countdown - time.Nanosecond)) {
		t.Error("it closed before its time")
	}
	if err := s.Extend(time.Minute, now); err != nil || s.Closing || !s.Due().Equal(now.Add(time.Minute)) {
		t.Errorf("given more time while it closes it is due at %v, %v", s.Due(), err)
	}
	if err := s.Close(2*time.Minute, now); err != nil || !s.Due().Equal(now.Add(time.Minute)) {
		t.Errorf("a countdown longer than the time left is due at %v, %v", s.Due(), err)
	}
	if !s.Tick(now.Add(time.Minute)) || s.Open || !s.Due().IsZero() {
		t.Errorf("it did not close: %+v", s)
	}
	for _, err := range []error{s.Close(0, now), s.Extend(time.Minute, now), s.Send("ana", ""), s.Help("ana", now)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
}

// TestRestartNeverEndsAtOnce stores the state, turns the clock, and takes it up again.
func TestRestartNeverEndsAtOnce(t *testing.T) {
	opened := start()
	for _, c := range []struct {
		turned, want time.Duration // after the opening, and then left
	}{
		{time.Minute, 9 * time.Minute},
		{24 * time.Hour, Countdown},
		{-24 * time.Hour, 10 * time.Minute},
		{9*time.Minute + 50*time.Second, Countdown},
	} {
		s := plan(t, ByHand, "Red")
		s.Length = 10 * time.Minute
		_ = s.Begin(nil, opened)
		stored, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again State
		if err := json.Unmarshal(stored, &again); err != nil {
			t.Fatal(err)
		}
		now := opened.Add(c.turned)
		again.Restart(now)
		if left := again.Due().Sub(now).Round(time.Millisecond); left != c.want {
			t.Errorf("the clock says %v later: %v left, want %v", c.turned, left, c.want)
		}
	}
}

// model is what a test knows of people beside the machine.
type model struct {
	*State
	present map[string]bool
	now     time.Time
}

// TestNobodyIsLost does anything in any order.
func TestNobodyIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{State: &State{}, present: map[string]bool{}, now: start()}
		who := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("p", rapid.IntRange(0, 9).Draw(t, "n")) })
		group := func(t *rapid.T) string {
			if !m.Planned() || rapid.IntRange(0, 9).Draw(t, "elsewhere") == 0 {
				return rapid.SampledFrom([]string{"", "0", "1", "no such"}).Draw(t, "group")
			}
			return rapid.SampledFrom(m.Groups).Draw(t, "group").ID
		}
		t.Repeat(map[string]func(*rapid.T){
			"arrange": func(t *rapid.T) {
				p := Plan{Way: rapid.SampledFrom([]Way{ByHand, AtRandom, ByChoice}).Draw(t, "way"), Return: rapid.Bool().Draw(t, "return")}
				for range rapid.IntRange(0, 5).Draw(t, "groups") {
					p.Groups = append(p.Groups, Group{ID: group(t), Name: "a"})
				}
				p.Length = time.Duration(rapid.IntRange(0, 3).Draw(t, "minutes")) * time.Minute
				if err := m.Arrange(p); (err == nil) == m.Open {
					t.Fatalf("arranging while open is %v gave %v", m.Open, err)
				}
			},
			"assign":  func(t *rapid.T) { _ = m.Assign(who.Draw(t, "who"), group(t)) },
			"shuffle": func(t *rapid.T) { m.shuffle(t) },
			"open":    func(t *rapid.T) { m.open(t) },
			"enter": func(t *rapid.T) {
				one := who.Draw(t, "who")
				if !m.present[one] {
					m.present[one] = true
					if got := m.Enter(one); got != m.Place(one) {
						t.Fatalf("%s came into %q and is in %q", one, got, m.Place(one))
					}
				}
			},
			"leave": func(t *rapid.T) {
				one := who.Draw(t, "who")
				delete(m.present, one)
				m.Leave(one, rapid.Bool().Draw(t, "forgotten"))
			},
			"go":     func(t *rapid.T) { m.travel(t, who.Draw(t, "who"), group(t), rapid.Bool().Draw(t, "sent")) },
			"help":   func(t *rapid.T) { _ = m.Help(who.Draw(t, "who"), m.now) },
			"attend": func(t *rapid.T) { m.Attend(group(t)) },
			"extend": func(t *rapid.T) { _ = m.Extend(time.Duration(rapid.IntRange(-1, 90).Draw(t, "s"))*time.Second, m.now) },
			"close":  func(t *rapid.T) { _ = m.Close(time.Duration(rapid.IntRange(0, 60).Draw(t, "s"))*time.Second, m.now) },
			"wait":   func(t *rapid.T) { m.pass(t) },
			"restart": func(t *rapid.T) {
				stored, err := json.Marshal(m.State)
				if err != nil {
					t.Fatal(err)
				}
				m.State = &State{}
				if err := json.Unmarshal(stored, m.State); err != nil {
					t.Fatal(err)
				}
				m.Restart(m.now)
			},
			"": m.check,
		})
	})
}

func (m *model) shuffle(t *rapid.T) {
	people := slices.Sorted(maps.Keys(m.present))
	before := maps.Clone(m.Assigned)
	seed := rapid.Uint64().Draw(t, "seed")
	if m.State.Shuffle(people, rand.New(rand.NewPCG(seed, seed))) != nil {
		if !maps.Equal(before, m.Assigned) {
			t.Fatal("a refused shuffle changed something")
		}
		return
	}
	count := map[string]int{}
	for _, one := range people {
		count[m.Assigned[one]]++
	}
	least, most := len(people), 0
	for _, g := range m.Groups {
		least, most = min(least, count[g.ID]), max(most, count[g.ID])
	}
	if most-least > 1 || count[""] > 0 {
		t.Fatalf("%d people in %d groups were shuffled into %v", len(people), len(m.Groups), count)
	}
}

func (m *model) open(t *rapid.T) {
	belong := map[string]string{}
	for one := range m.present {
		belong[one] = m.Name(m.Assigned[one])
	}
	before := slices.Clone(m.Groups)
	if m.Begin(slices.Sorted(maps.Keys(m.present)), m.now) != nil {
		return
	}
	for one, name := range belong {
		if m.Name(m.Place(one)) != name {
			t.Fatalf("%s belongs to %q and is in %q", one, name, m.Name(m.Place(one)))
		}
	}
	for _, g := range before {
		if m.Known(g.ID) {
			t.Fatalf("the opening kept the id %s", g.ID)
		}
	}
}

func (m *model) travel(t *rapid.T, one, to string, sent bool) {
	if !m.present[one] {
		return
	}
	before, do := m.Place(one), m.Choose
	if sent {
		do = m.Send
	}
	err := do(one, to)
	if want := map[bool]string{true: to, false: before}[err == nil]; m.Place(one) != want {
		t.Fatalf("%s goes to %q, %v, and is in %q", one, to, err, m.Place(one))
	}
}

func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "s")) * time.Second)
	due, open := m.Due(), m.Open
	closed := m.Tick(m.now)
	if want := open && !due.IsZero() && !m.now.Before(due); closed != want {
		t.Fatalf("closed is %v, due %v at %v", closed, due, m.now)
	}
	if closed {
		for one := range m.present {
			if m.Place(one) != "" {
				t.Fatalf("%s is still in %q", one, m.Place(one))
			}
		}
	}
}

// check is what must hold at any time.
func (m *model) check(t *rapid.T) {
	if len(m.Groups) > MaxGroups || len(m.Assigned) > MaxAssigned {
		t.Fatalf("%d groups, %d assigned", len(m.Groups), len(m.Assigned))
	}
	ids := map[string]bool{"": true}
	for _, g := range m.Groups {
		if ids[g.ID] {
			t.Fatalf("the id %q is there twice", g.ID)
		}
		ids[g.ID] = true
	}
	for one, group := range m.Assigned {
		if group == "" || !ids[group] {
			t.Fatalf("%s belongs to %q, which is not there", one, group)
		}
	}
	for one := range m.present {
		if !ids[m.Place(one)] {
			t.Fatalf("%s is in %q, which is not there", one, m.Place(one))
		}
	}
	for _, c := range m.Calls {
		if c.Group == "" || m.Place(c.Who) != c.Group {
			t.Fatalf("%s asks for help in %q and is in %q", c.Who, c.Group, m.Place(c.Who))
		}
	}
	if !m.Open && (len(m.Here)+len(m.Calls) > 0 || m.Closing || !m.Ends.IsZero()) {
		t.Fatalf("closed, and yet %+v", m.State)
	}
}
