package seating

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const viewer = "p0" // sometimes in the meeting, sometimes named in tiles, never to be seated

var states = rapid.SampledFrom([]State{Absent, Muted, Live})

func drawPeople(t *rapid.T) []Participant {
	ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 0, 13, rapid.ID).Draw(t, "people")
	slices.Sort(ids)
	var list []Participant
	for _, id := range ids {
		list = append(list, Participant{
			ID: fmt.Sprint("p", id), Microphone: states.Draw(t, "microphone"), Camera: states.Draw(t, "camera"),
			Screen: states.Draw(t, "screen"), ScreenAudio: states.Draw(t, "screenAudio"),
		})
	}
	return list
}

func drawTile(t *rapid.T) Tile {
	return Tile{
		Participant: fmt.Sprint("p", rapid.IntRange(0, 14).Draw(t, "who")),
		Source:      rapid.SampledFrom([]Source{Camera, Camera, Screen, Microphone, Nothing}).Draw(t, "source"),
		Width:       rapid.SampledFrom([]int{-1, 0, 320, 1280}).Draw(t, "width"),
		Height:      rapid.SampledFrom([]int{0, 180, 720}).Draw(t, "height"),
	}
}

// room is the state machine: a meeting, one viewer's layout and their seating.
type room struct {
	people   []Participant
	loudest  []string
	n        int
	dominant string
	view     View
	seats    []Seat
}

func (r *room) everybody(t *rapid.T) { r.people = drawPeople(t) }

func (r *room) someone(t *rapid.T) {
	if len(r.people) == 0 {
		t.Skip("nobody")
	}
	p := &r.people[rapid.IntRange(0, len(r.people)-1).Draw(t, "index")]
	p.Microphone, p.Camera, p.Screen = states.Draw(t, "microphone"), states.Draw(t, "camera"), states.Draw(t, "screen")
}

func (r *room) voices(t *rapid.T) {
	ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 14), 0, max(r.n, 0), rapid.ID).Draw(t, "loudest")
	r.loudest = nil
	for _, id := range ids {
		r.loudest = append(r.loudest, fmt.Sprint("p", id))
	}
	r.dominant = rapid.SampledFrom(append([]string{""}, r.loudest...)).Draw(t, "dominant")
}

func (r *room) layout(t *rapid.T) {
	r.view.Mode = rapid.SampledFrom([]Mode{Tiles, Tiles, Grid, Speaker, ""}).Draw(t, "mode")
	r.view.Tiles = rapid.SliceOfN(rapid.Custom(drawTile), 0, 12).Draw(t, "tiles")
}

func (r *room) lines(t *rapid.T) {
	r.view.Lines = Lines{
		Seats:  rapid.SampledFrom([]int{0, 1, 4, 9}).Draw(t, "seats"),
		Stages: rapid.IntRange(0, 2).Draw(t, "stages"),
		Voices: rapid.IntRange(0, 5).Draw(t, "voices"),
	}
	r.n = rapid.IntRange(0, 5).Draw(t, "n")
}

// check seats anew after every action and looks at the result.
func (r *room) check(t *rapid.T) {
	r.view.Viewer = viewer
	r.view.Roster = NewRoster(r.people, r.loudest, r.n, r.dominant)
	before := slices.Clone(r.seats)
	after := Assign(r.seats, r.view)
	if !slices.Equal(before, r.seats) {
		t.Fatal("the seating before was changed")
	}
	r.shape(t, after)
	r.order(t, after)
	r.nobodyMoves(t, before, after)
	r.wished(t, after)
	r.heard(t, after)
	if again := Assign(after, r.view); !same(after, again) {
		t.Fatalf("the same view seats differently: %s, then %s", show(after), show(again))
	}
	r.seats = after
}

// same says whether two seatings look alike to the viewer.
func same(a, b []Seat) bool {
	return slices.EqualFunc(a, b, func(x, y Seat) bool {
		x.idle, y.idle = 0, 0
		return x == y
	})
}

// shape: every line once, in order, in bounds.
func (r *room) shape(t *rapid.T, seats []Seat) {
	i := 0
	for _, k := range []struct {
		kind Kind
		n    int
	}{{Person, r.view.Lines.Seats}, {Stage, r.view.Lines.Stages}, {Voice, r.view.Lines.Voices}} {
		for n := range k.n {
			if i >= len(seats) || seats[i].Kind != k.kind || seats[i].Index != n {
				t.Fatalf("line %d is not %s %d", i, k.kind, n)
			}
			i++
		}
	}
	if i != len(seats) {
		t.Fatalf("%d lines, %d negotiated", len(seats), i)
	}
}

// order: nobody in two seats, no sound twice, never the viewer or a stranger,
// and nothing is carried that is not sent.
func (r *room) order(t *rapid.T, seats []Seat) {
	seen, heard := map[string]bool{}, map[string]bool{}
	for _, s := range seats {
		if s.Free() {
			if s.Picture != Nothing || s.Sound != Nothing || s.Paused != "" {
				t.Fatalf("a free line carries something: %+v", s)
			}
			continue
		}
		i := slices.IndexFunc(r.people, func(p Participant) bool { return p.ID == s.Participant })
		if s.Participant == viewer || i < 0 {
			t.Fatalf("%s is seated", s.Participant)
		}
		p := r.people[i]
		live := map[Source]State{Nothing: Live, Camera: p.Camera, Screen: p.Screen, Microphone: p.Microphone, ScreenAudio: p.ScreenAudio}
		if live[s.Picture] != Live || live[s.Sound] != Live {
			t.Fatalf("%+v carries what %+v does not send", s, p)
		}
		if s.Picture != Nothing && (s.Width <= 0 || s.Height <= 0 || s.Paused != "") {
			t.Fatalf("a picture nobody sees: %+v", s)
		}
		where := s.Participant + string(s.Shows()) // a voice line shows nothing
		if seen[where] || s.Sound != Nothing && heard[s.Participant+string(s.Sound)] {
			t.Fatalf("%s twice in %s", s.Participant, show(seats))
		}
		seen[where], heard[s.Participant+string(s.Sound)] = true, true
	}
}

// nobodyMoves: who was on a line of a kind and still is, is on the same line.
func (r *room) nobodyMoves(t *rapid.T, before, after []Seat) {
	for _, a := range after {
		if a.Free() {
			continue
		}
		for _, b := range before {
			if b.Kind == a.Kind && b.Participant == a.Participant && b.Shows() == a.Shows() && b.Index != a.Index &&
				b.Index < r.count(b.Kind) {
				t.Fatalf("%s moved: %s, then %s", a.Participant, show(before), show(after))
			}
		}
	}
}

// count is how many lines of a kind there are.
func (r *room) count(k Kind) int {
	return map[Kind]int{Person: r.view.Lines.Seats, Stage: r.view.Lines.Stages, Voice: r.view.Lines.Voices}[k]
}

// wished: in the mode tiles the first tiles that can be shown are seated, and
// only tiles have pictures.
func (r *room) wished(t *rapid.T, seats []Seat) {
	if r.view.Mode != Tiles {
		return
	}
	m := newMeeting(r.view)
	w := m.tiles()
	for _, s := range seats {
		o := occupant{s.Participant, s.Shows()}
		named := slices.ContainsFunc(r.view.Tiles, func(t Tile) bool { return occupant{t.Participant, t.Source} == o })
		if s.Picture != Nothing && !named {
			t.Fatalf("%+v is shown without a tile", s)
		}
	}
	for kind, list := range map[Kind][]wish{Person: w.seats, Stage: w.stages} {
		for _, w := range list[:min(len(list), r.count(kind))] {
			if !slices.ContainsFunc(seats, func(s Seat) bool {
				return s.Kind == kind && s.Participant == w.id && s.Shows() == w.shows
			}) {
				t.Fatalf("%v is wished for and not seated: %s", w, show(seats))
			}
		}
	}
}

// heard: who is loud is heard as long as there is a line for them.
func (r *room) heard(t *rapid.T, seats []Seat) {
	m := newMeeting(r.view)
	unheard, full := "", true
	for _, id := range m.loudest {
		if m.audible(id) && !slices.ContainsFunc(seats, func(s Seat) bool { return s.Participant == id && s.Sound == Microphone }) {
			unheard = id
		}
	}
	for _, s := range seats {
		if s.Kind == Voice && (s.Free() || !m.loud(s.Participant) || s.Sound == Nothing) {
			full = false
		}
	}
	if unheard != "" && !full {
		t.Fatalf("%s is loud and not heard: %s", unheard, show(seats))
	}
	for _, s := range seats {
		if s.Sound == Microphone && !m.audible(s.Participant) && !m.alone {
			t.Fatalf("%s is heard and not loud: %s", s.Participant, show(seats))
		}
	}
}

func TestSeatingHoldsWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &room{}
		r.lines(t)
		r.everybody(t)
		r.voices(t)
		t.Repeat(map[string]func(*rapid.T){
			"":        r.check,
			"people":  r.everybody,
			"someone": r.someone,
			"voices":  r.voices,
			"layout":  r.layout,
			"lines":   r.lines,
		})
	})
}
