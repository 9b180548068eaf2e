package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"palabre/rooms"
)

// sized is a fact of a size of its own.
type sized struct{ Text []string }

func (sized) Kind() string { return "test.sized" }

// TestBacklog adds, takes and loses facts of all kinds in any order and checks
// what holds of the rest: the order, the sums, the bounds, what may be left out.
func TestBacklog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBacklog()
		var model []*entry // what waits
		taken := 0         // of those, being written
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				e := draw(t)
				out := b.add(e)
				if e.why == "" {
					model = append(model, e)
				}
				for _, left := range out {
					if left == e {
						continue
					}
					at := slices.Index(model, left)
					if _, ok := left.sighting(); !ok || at < taken {
						t.Fatalf("left out %s at %d, of which %d are being written", left.kind(), at, taken)
					}
					model = slices.Delete(model, at, at+1)
				}
			},
			"take": func(t *rapid.T) {
				head := b.head(rapid.IntRange(1, 10).Draw(t, "most"))
				if !slices.Equal(head, model[:len(head)]) {
					t.Fatal("the head is not what came first")
				}
				taken = max(taken, len(head))
			},
			"remove": func(t *rapid.T) {
				n := rapid.IntRange(0, taken).Draw(t, "n")
				b.remove(n)
				model, taken = model[n:], taken-n
			},
			"": func(t *rapid.T) {
				facts, bytes, byRoom, seen := 0, 0, map[string]int{}, map[string]int{}
				for i, e := range model {
					bytes += e.size
					for _, f := range e.facts {
						facts++
						byRoom[f.Room]++
					}
					if meeting, ok := e.sighting(); ok && i >= taken {
						seen[meeting]++
					}
				}
				if !slices.Equal(b.entries, model) || b.facts != facts || b.bytes != bytes || facts > mostFacts || bytes > mostBytes {
					t.Fatalf("%d facts of %d bytes, counted as %d of %d", facts, bytes, b.facts, b.bytes)
				}
				if fmt.Sprint(b.rooms) != fmt.Sprint(byRoom) {
					t.Fatalf("by room %v, counted as %v", byRoom, b.rooms)
				}
				for meeting, n := range seen {
					if n > 1 {
						t.Fatalf("the meeting %s is said to be on %d times", meeting, n)
					}
				}
			},
		})
	})
}

func draw(t *rapid.T) *entry {
	meeting := rapid.SampledFrom([]string{"m1", "m2", "m3"}).Draw(t, "meeting")
	if rapid.Bool().Draw(t, "seen") {
		return &entry{facts: []rooms.Fact{{Room: "room" + meeting, Meeting: meeting, Data: rooms.MeetingSeen{}}}}
	}
	// Some are so large that few of them fit.
	text := strings.Repeat("x", rapid.SampledFrom([]int{1, 1000, mostBytes / 3}).Draw(t, "size"))
	e := &entry{}
	for range rapid.IntRange(1, 3).Draw(t, "facts") {
		e.facts = append(e.facts, rooms.Fact{Room: "room" + meeting, Meeting: meeting, Data: sized{[]string{text}}})
	}
	return e
}
