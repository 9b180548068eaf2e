package poll

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var at = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func lunch(change func(*Question)) Question {
	q := Question{Text: "Lunch?", Options: []string{"Soup", "Salad", "Bread"}, Results: Live}
	if change != nil {
		change(&q)
	}
	return q
}

func TestQuestionsThatCannotBeAsked(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Question)
		want   error
	}{
		"fine":              {func(*Question) {}, nil},
		"no text":           {func(q *Question) { q.Text = "" }, ErrQuestion},
		"a long text":       {func(q *Question) { q.Text = strings.Repeat("é", MaxQuestion+1) }, ErrTooLong},
		"the longest text":  {func(q *Question) { q.Text = strings.Repeat("é", MaxQuestion) }, nil},
		"one option":        {func(q *Question) { q.Options = q.Options[:1] }, ErrQuestion},
		"too many options":  {func(q *Question) { q.Options = many(MaxOptions + 1) }, ErrQuestion},
		"the most options":  {func(q *Question) { q.Options = many(MaxOptions) }, nil},
		"an empty option":   {func(q *Question) { q.Options = []string{"a", ""} }, ErrQuestion},
		"the same twice":    {func(q *Question) { q.Options = []string{"a", "a"} }, ErrQuestion},
		"a long option":     {func(q *Question) { q.Options = []string{"a", strings.Repeat("b", MaxOption+1)} }, ErrTooLong},
		"an unknown way":    {func(q *Question) { q.Results = "loud" }, ErrQuestion},
		"nobody said a way": {func(q *Question) { q.Results = "" }, ErrQuestion},
	} {
		if _, err := new(Book).Create("p", lunch(test.change), Person{Key: "ana"}, at); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func many(n int) []string {
	options := make([]string, n)
	for i := range options {
		options[i] = fmt.Sprint("option ", i)
	}
	return options
}

func TestWhoSeesTheResults(t *testing.T) {
	for _, test := range []struct {
		results       Sharing
		open, closed  bool // to others
		openedByShare bool
	}{
		{Live, true, true, true},
		{AtTheEnd, false, true, true},
		{OnlyAsker, false, false, true},
	} {
		var b Book
		must(t)(b.Create("p", lunch(func(q *Question) { q.Results = test.results }), Person{Key: "ana"}, at))
		if v := view(t, &b, "ben"); v.Shown || v.Counts != nil {
			t.Errorf("%s: a draft has results", test.results)
		}
		must(t)(b.Open("p", at))
		if _, err := b.Vote("p", Person{Key: "ben"}, []int{1}); err != nil {
			t.Fatal(err)
		}
		for _, reader := range []string{"ana", "ben", ""} {
			if v := view(t, &b, reader); v.Shown != (test.open || reader == "ana") || (v.Counts != nil) != v.Shown || v.Count != 1 {
				t.Errorf("%s, open: %q sees %v", test.results, reader, v.Counts)
			}
		}
		must(t)(b.Close("p", at))
		if v := view(t, &b, "ben"); v.Shown != test.closed {
			t.Errorf("%s, closed: shown %v", test.results, v.Shown)
		}
		must(t)(b.Share("p"))
		if v := view(t, &b, "ben"); !v.Shown || !slices.Equal(v.Counts, []int{0, 1, 0}) {
			t.Errorf("%s, shared: %v", test.results, v.Counts)
		}
	}
}

func TestAnAnonymousVoteStandsAfterARestart(t *testing.T) {
	var b Book
	must(t)(b.Create("p", lunch(func(q *Question) { q.Anonymous = true }), Person{Key: "ana"}, at))
	must(t)(b.Open("p", at))
	vote := func(b *Book, who string, choice int) error {
		_, err := b.Vote("p", Person{Key: who}, []int{choice})
		return err
	}
	for _, choice := range []int{0, 1, 2} { // the newest counts
		if err := vote(&b, "ben", choice); err != nil {
			t.Fatal(err)
		}
	}
	again := Restore(b.All())
	if err := vote(&again, "ben", 0); !errors.Is(err, ErrFinal) {
		t.Errorf("after a restart ben votes again: %v", err)
	}
	if v := view(t, &again, "ben"); !v.Cast || !v.Final || v.Mine != nil || !slices.Equal(v.Counts, []int{0, 0, 1}) {
		t.Errorf("after a restart: %+v", v)
	}
	if err := vote(&again, "cleo", 1); err != nil {
		t.Error(err)
	}
}

// TestAnonymousPollsGiveNobodyAway looks at everything the book ever hands out.
func TestAnonymousPollsGiveNobodyAway(t *testing.T) {
	var b Book
	must(t)(b.Create("p", lunch(func(q *Question) { q.Anonymous = true }), Person{Key: "ana"}, at))
	must(t)(b.Open("p", at))
	cast, err := b.Vote("p", Person{Key: "ben", Name: "Ben"}, []int{1})
	if err != nil || cast.Choice != nil {
		t.Errorf("a vote is kept with its choice: %+v, %v", cast, err)
	}
	for _, p := range b.All() {
		if len(p.Votes) > 0 || len(p.Ballots()) > 0 || !p.Voters["ben"] {
			t.Errorf("a poll knows what was chosen: %+v", p)
		}
	}
	if v := view(t, &b, "ana"); v.Voters != nil || v.Votes != nil || v.Mine != nil {
		t.Errorf("who asked sees %+v", v)
	}
	if v := view(t, &b, "ben"); !slices.Equal(v.Mine, []int{1}) {
		t.Errorf("ben sees of his own vote %v", v.Mine)
	}
	must(t)(b.Close("p", at))
	if v := view(t, &b, "ben"); v.Mine != nil || !v.Cast || len(b.ballots) > 0 {
		t.Errorf("a closed poll still knows: %+v", v)
	}
}

func TestOneMeetingHoldsSoManyPolls(t *testing.T) {
	var b Book
	for i := range MaxPolls {
		must(t)(b.Create(fmt.Sprint(i), lunch(nil), Person{}, at))
	}
	if _, err := b.Create("one more", lunch(nil), Person{}, at); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	must(t)(b.Delete("3"))
	must(t)(b.Create("one more", lunch(nil), Person{}, at))
	if last := b.All()[MaxPolls-1]; last.ID != "one more" {
		t.Errorf("the last poll is %s", last.ID)
	}
}

// model is a poll in simple words: what each person chose last.
type model struct {
	q      Question
	state  State
	chosen map[string][]int
	stale  map[string]bool // anonymous votes from before a restart
}

// TestAnyCommandsKeepTheCountsRight drives a book with random commands and
// restarts, and holds it against the model.
func TestAnyCommandsKeepTheCountsRight(t *testing.T) {
	people := []string{"ana", "ben", "cleo", "dora"}
	rapid.Check(t, func(rt *rapid.T) {
		var b Book
		models := map[string]*model{}
		var order []string
		pick := func() string {
			if len(order) == 0 {
				rt.Skip("no poll")
			}
			return rapid.SampledFrom(append(slices.Clone(order), "unknown")).Draw(rt, "poll")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":       func(rt *rapid.T) { check(rt, &b, models, order, people) },
			"create": func(rt *rapid.T) { order = createAtRandom(rt, &b, models, order) },
			"open": func(rt *rapid.T) {
				id := pick()
				_, err := b.Open(id, at)
				m := models[id]
				if (err == nil) != (m != nil && m.state == Draft) {
					rt.Fatalf("open %s: %v", id, err)
				}
				if err == nil {
					m.state = Open
				}
			},
			"close": func(rt *rapid.T) {
				id := pick()
				_, err := b.Close(id, at)
				m := models[id]
				if (err == nil) != (m != nil && m.state == Open) {
					rt.Fatalf("close %s: %v", id, err)
				}
				if err == nil {
					m.state = Closed
				}
			},
			"delete": func(rt *rapid.T) {
				id := pick()
				if _, err := b.Delete(id); (err == nil) != (models[id] != nil) {
					rt.Fatalf("delete %s: %v", id, err)
				}
				models[id], order = nil, slices.DeleteFunc(order, func(o string) bool { return o == id })
			},
			"restart": func(*rapid.T) {
				b = Restore(b.All())
				for _, m := range models {
					if m != nil && m.q.Anonymous {
						for who := range m.chosen {
							m.stale[who] = true
						}
					}
				}
			},
			"vote": func(rt *rapid.T) { voteAtRandom(rt, &b, models, pick(), rapid.SampledFrom(people).Draw(rt, "who")) },
		})
	})
}

func createAtRandom(rt *rapid.T, b *Book, models map[string]*model, order []string) []string {
	id := fmt.Sprint("poll ", len(models))
	q := lunch(func(q *Question) {
		q.Multiple, q.Anonymous = rapid.Bool().Draw(rt, "multiple"), rapid.Bool().Draw(rt, "anonymous")
		q.Results = rapid.SampledFrom([]Sharing{Live, AtTheEnd, OnlyAsker}).Draw(rt, "results")
	})
	_, err := b.Create(id, q, Person{Key: "ana"}, at)
	if (err == nil) != (len(order) < MaxPolls) {
		rt.Fatalf("poll %d: %v", len(order), err)
	}
	if err != nil {
		return order
	}
	models[id] = &model{q: q, state: Draft, chosen: map[string][]int{}, stale: map[string]bool{}}
	return append(order, id)
}

func voteAtRandom(rt *rapid.T, b *Book, models map[string]*model, id, who string) {
	choice := rapid.SliceOfN(rapid.IntRange(-1, 3), 0, 4).Draw(rt, "choice")
	cast, err := b.Vote(id, Person{Key: who, Name: strings.ToUpper(who)}, choice)
	m := models[id]
	want := slices.Clone(choice)
	slices.Sort(want)
	want = slices.Compact(want)
	legal := m != nil && m.state == Open && !m.stale[who] && len(want) > 0 && want[0] >= 0 && want[len(want)-1] < 3 && (len(want) == 1 || m.q.Multiple)
	if (err == nil) != legal {
		rt.Fatalf("%s votes %v in %+v: %v", who, choice, m, err)
	}
	if err != nil {
		return
	}
	_, before := m.chosen[who]
	if cast.Changed != before || m.q.Anonymous && cast.Choice != nil {
		rt.Fatalf("the vote came to %+v", cast)
	}
	m.chosen[who] = want
}

func check(rt *rapid.T, b *Book, models map[string]*model, order, people []string) {
	all := b.All()
	if len(all) != len(order) {
		rt.Fatalf("%d polls, want %d", len(all), len(order))
	}
	for i, p := range all {
		m := models[order[i]]
		counts := make([]int, len(m.q.Options))
		for _, choice := range m.chosen {
			for _, option := range choice {
				counts[option]++
			}
		}
		voters := slices.Sorted(maps.Keys(m.chosen))
		known := slices.Sorted(maps.Keys(p.Voters))
		if !m.q.Anonymous {
			known = slices.Sorted(maps.Keys(p.Votes))
		}
		if p.ID != order[i] || p.State != m.state || !slices.Equal(p.Counts, counts) || !slices.Equal(known, voters) {
			rt.Fatalf("%+v, want %+v with %v", p, m, counts)
		}
		for _, who := range people {
			v := view(rt, b, who, p.ID)
			_, voted := m.chosen[who]
			if v.Cast != voted || v.Votes != nil || v.Voters != nil || (v.Counts != nil) != p.Shows(who) {
				rt.Fatalf("%s sees %+v", who, v)
			}
		}
	}
}

func view(t interface{ Fatal(...any) }, b *Book, reader string, id ...string) View {
	v, err := b.View(append(id, "p")[0], reader)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func must(t *testing.T) func(Poll, error) {
	return func(_ Poll, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}
