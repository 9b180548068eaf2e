package succession

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(s int) time.Time {
	return time.Date(2026, 11, 22, 9, 0, s, 0, time.UTC)
}

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
		want   string
	}{
		{"a host is there", []Person{ben, ana}, ""},
		{"the host left", []Person{dan, ben}, "ben"},
		{"the host's connection is lost", []Person{away(ana), ben}, "ben"},
		{"the higher rank goes first", []Person{ben, dan, cleo}, "cleo"},
		{"machines and viewers never", []Person{screen, dan}, "dan"},
		{"nobody is able", []Person{screen}, ""},
		{"nobody is there", nil, ""},
		{"who is away stands in for nobody", []Person{away(ben), dan}, "dan"},
	}
	for _, test := range tests {
		if got := Of(test.people); got != test.want {
			t.Errorf("%s: %q stands in, want %q", test.name, got, test.want)
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
		id := Of(people)
		shuffled := slices.Clone(people)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if other := Of(shuffled); other != id {
			rt.Fatalf("%q stands in, and %q when they are counted in another order", id, other)
		}
		check(rt, people, id)
	})
}

// check says in simple words what must hold.
func check(rt *rapid.T, people []Person, id string) {
	may := func(p Person) bool { return p.Able && !p.Away && !p.Hosts }
	present := slices.ContainsFunc(people, func(p Person) bool { return p.Hosts && !p.Away })
	i := slices.IndexFunc(people, func(p Person) bool { return p.ID == id })
	switch {
	case i < 0 && !present && slices.ContainsFunc(people, may):
		rt.Fatalf("nobody stands in among %+v", people)
	case i < 0:
		return
	case present || !may(people[i]):
		rt.Fatalf("%+v stands in; a host is there: %v", people[i], present)
	}
	for _, p := range people {
		if may(p) && (p.Rank > people[i].Rank || p.Rank == people[i].Rank && p.Joined.Before(people[i].Joined)) {
			rt.Fatalf("%+v stands in before %+v", people[i], p)
		}
	}
}
