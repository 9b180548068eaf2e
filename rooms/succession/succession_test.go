package succession

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func at(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }

func TestWhoStandsIn(t *testing.T) {
	ana := Person{ID: "ana", Rank: 60, Hosts: true, Able: true, Joined: at(0)}
	ben := Person{ID: "ben", Rank: 30, Able: true, Joined: at(1)}
	cleo := Person{ID: "cleo", Rank: 50, Able: true, Joined: at(9)}
	dan := Person{ID: "dan", Rank: 30, Able: true, Joined: at(2)}
	screen := Person{ID: "screen", Rank: 90, Joined: at(0)}
	away := func(p Person) Person { p.Away = true; return p }
	tests := []struct {
		name   string
		people []Person
		hosted bool
		since  time.Time
		want   string
		again  time.Time
	}{
		{"a host is there", []Person{ana, ben}, true, time.Time{}, "", time.Time{}},
		{"there never was a host", []Person{ben, dan}, false, time.Time{}, "", time.Time{}},
		{"the host left", []Person{ben, dan}, true, time.Time{}, "ben", time.Time{}},
		{"the higher rank goes first", []Person{ben, dan, cleo}, true, time.Time{}, "cleo", time.Time{}},
		{"machines and viewers never", []Person{screen, dan}, true, time.Time{}, "dan", time.Time{}},
		{"nobody is able", []Person{screen}, true, time.Time{}, "", time.Time{}},
		{"who is away stands in for nobody", []Person{away(ben), dan}, true, time.Time{}, "dan", time.Time{}},
		{"a host lost a moment ago is waited for", []Person{away(ana), ben}, true, at(56), "", at(61)},
		{"and then no longer", []Person{away(ana), ben}, true, at(55), "ben", time.Time{}},
		{"one who left for good is not", []Person{ben}, true, at(59), "ben", time.Time{}},
	}
	for _, test := range tests {
		if got, again := Of(test.people, test.hosted, test.since, at(60)); got != test.want || again != test.again {
			t.Errorf("%s: %q stands in, ask again at %v; want %q, %v", test.name, got, again, test.want, test.again)
		}
	}
}

func TestTheAnswerFollowsFromWhoIsThere(t *testing.T) {
	person := rapid.Custom(func(t *rapid.T) Person {
		return Person{
			Rank: rapid.IntRange(0, 4).Draw(t, "rank") * 10, Hosts: rapid.IntRange(0, 5).Draw(t, "hosts") == 0,
			Able: rapid.Bool().Draw(t, "able"), Away: rapid.Bool().Draw(t, "away"),
			Joined: at(rapid.IntRange(0, 3).Draw(t, "joined")),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		people := rapid.SliceOfN(person, 0, 8).Draw(rt, "people")
		for i := range people {
			people[i].ID = fmt.Sprint("p", i)
		}
		hosted := rapid.Bool().Draw(rt, "hosted")
		since := at(rapid.IntRange(50, 60).Draw(rt, "since"))
		id, again := Of(people, hosted, since, at(60))
		shuffled := slices.Clone(people)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if other, _ := Of(shuffled, hosted, since, at(60)); other != id {
			rt.Fatalf("%q stands in, and %q when they are counted in another order", id, other)
		}
		if !again.IsZero() && (id != "" || !again.After(at(60))) {
			rt.Fatalf("%q stands in, and yet to be asked again at %v", id, again)
		}
		check(rt, people, hosted, id, again)
	})
}

// check says in simple words what must hold.
func check(rt *rapid.T, people []Person, hosted bool, id string, again time.Time) {
	present, able := false, 0
	for _, p := range people {
		present = present || p.Hosts && !p.Away
		if p.Able && !p.Away && !p.Hosts {
			able++
		}
		if p.ID == id && (p.Hosts || p.Away || !p.Able) {
			rt.Fatalf("%+v stands in", p)
		}
	}
	if id != "" && (present || !hosted) {
		rt.Fatalf("%q stands in: hosted %v, a host present %v", id, hosted, present)
	}
	if id == "" && again.IsZero() && hosted && !present && able > 0 {
		rt.Fatalf("nobody stands in among %+v", people)
	}
	if i := slices.IndexFunc(people, func(p Person) bool { return p.ID == id }); i >= 0 {
		for _, p := range people {
			if p.Able && !p.Away && !p.Hosts && (p.Rank > people[i].Rank || p.Rank == people[i].Rank && p.Joined.Before(people[i].Joined)) {
				rt.Fatalf("%+v stands in before %+v", people[i], p)
			}
		}
	}
}
