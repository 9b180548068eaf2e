package seating

import (
	"fmt"
	"strings"
	"testing"
)

// people makes participants with a live microphone and camera, by one-letter names.
func people(ids string) []Participant {
	var list []Participant
	for _, id := range strings.Split(ids, "") {
		list = append(list, Participant{ID: id, Microphone: Live, Camera: Live})
	}
	return list
}

// with changes one participant of a list.
func with(list []Participant, id string, change func(*Participant)) []Participant {
	for i := range list {
		if list[i].ID == id {
			change(&list[i])
		}
	}
	return list
}

func sharing(p *Participant)   { p.Screen, p.ScreenAudio = Live, Live }
func silent(p *Participant)    { p.Microphone = Muted }
func cameraOff(p *Participant) { p.Camera = Muted }

// cameras makes tiles of 320x180 for the cameras of people, by one-letter names.
func cameras(ids string) []Tile {
	var list []Tile
	for _, id := range strings.Split(ids, "") {
		list = append(list, Tile{id, Camera, 320, 180})
	}
	return list
}

// show writes a seating down: "a:CM" is a with picture (Camera) and sound
// (Microphone), "b:-M" b with sound alone, "." a free line; kinds are divided by "|".
func show(seats []Seat) string {
	short := map[Source]string{Nothing: "-", Camera: "C", Screen: "S", Microphone: "M", ScreenAudio: "A"}
	var b strings.Builder
	var kind Kind
	for _, s := range seats {
		if kind != "" && s.Kind != kind {
			b.WriteString(" |")
		}
		kind = s.Kind
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if s.Free() {
			b.WriteByte('.')
			continue
		}
		fmt.Fprintf(&b, "%s:%s%s", s.Participant, short[s.Picture], short[s.Sound])
	}
	return b.String()
}

// view is what the viewer "v" looks at.
func view(mode Mode, tiles []Tile, lines Lines, r *Roster) View {
	return View{Viewer: "v", Mode: mode, Tiles: tiles, Lines: lines, Roster: r}
}

// Each test is a sequence of views of the viewer "v" and the seating after each.
func TestAssign(t *testing.T) {
	type View struct {
		Mode     Mode
		Tiles    []Tile
		Lines    Lines
		People   []Participant
		N        int
		Loudest  []string
		Dominant string
	}
	type step struct {
		view View
		want string
	}
	two := Lines{Seats: 2, Stages: 1, Voices: 2}
	tests := map[string][]step{
		"everybody in the order they came": {
			{View{Lines: two, People: people("vabc"), N: 5}, "a:CM b:CM | . | c:-M ."},
			{View{Lines: two, People: people("vbc"), N: 5}, "c:CM b:CM | . | . ."},
			{View{Lines: Lines{3, 1, 2}, People: people("vbcd"), N: 5}, "c:CM b:CM d:CM | . | . ."},
		},
		"who can send nothing comes last": {
			{View{Lines: two, People: append([]Participant{{ID: "x"}}, people("ab")...), N: 5}, "a:CM b:CM | . | . ."},
			{View{Lines: two, People: append([]Participant{{ID: "x"}}, people("b")...), N: 5}, "x:-- b:CM | . | . ."},
		},
		"only named tiles are seated": {
			{View{Mode: Tiles, Lines: two, People: people("abc"), N: 5}, ". . | . | a:-M b:-M"},
			{View{Mode: Tiles, Tiles: cameras("b"), Lines: two, People: people("abc"), N: 5}, "b:CM . | . | a:-M c:-M"},
			{View{Mode: Tiles, Tiles: cameras("ab"), Lines: two, People: people("abc"), N: 5}, "b:CM a:CM | . | . c:-M"},
			{View{Mode: Tiles, Tiles: cameras("cb"), Lines: two, People: people("abc"), N: 5}, "b:CM c:CM | . | a:-M ."},
		},
		"who is no longer wanted lingers until the seat is needed": {
			{View{Mode: Tiles, Tiles: cameras("ab"), Lines: two, People: people("abc"), N: 5}, "a:CM b:CM | . | c:-M ."},
			{View{Mode: Tiles, Tiles: cameras("a"), Lines: two, People: people("abc"), N: 5}, "a:CM b:-M | . | c:-M ."},
			{View{Mode: Tiles, Tiles: cameras("ab"), Lines: two, People: people("abc"), N: 5}, "a:CM b:CM | . | c:-M ."},
			{View{Mode: Tiles, Tiles: cameras("b"), Lines: two, People: people("abc"), N: 5}, "a:-M b:CM | . | c:-M ."},
			{View{Mode: Tiles, Lines: two, People: people("abc"), N: 5}, "a:-M b:-M | . | c:-M ."},
			{View{Mode: Tiles, Tiles: cameras("c"), Lines: two, People: people("abc"), N: 5}, "c:CM b:-M | . | a:-M ."},
		},
		"a hidden tile keeps the seat": {
			{View{Mode: Tiles, Tiles: cameras("ab"), Lines: two, People: people("ab"), N: 5}, "a:CM b:CM | . | . ."},
			{View{Mode: Tiles, Tiles: []Tile{{"b", Camera, 0, 0}, {"a", Camera, 9, 9}}, Lines: two, People: people("ab"), N: 5}, "a:CM b:-M | . | . ."},
		},
		"a screen goes on the stage": {
			{View{Mode: Tiles, Tiles: append(cameras("ab"), Tile{"a", Screen, 9, 9}), Lines: two, People: people("ab"), N: 5}, "a:CM b:CM | . | . ."},
			{View{Mode: Tiles, Tiles: append(cameras("ab"), Tile{"a", Screen, 9, 9}), Lines: two, People: with(people("ab"), "a", sharing), N: 5}, "a:CM b:CM | a:SA | . ."},
			{View{Mode: Tiles, Tiles: cameras("ab"), Lines: two, People: with(people("ab"), "a", sharing), N: 5}, "a:CM b:CM | a:-- | . ."},
			{View{Mode: Tiles, Tiles: cameras("ab"), Lines: two, People: people("ab"), N: 5}, "a:CM b:CM | . | . ."},
		},
		"the screen on stage stays when another comes": {
			{View{Lines: two, People: with(people("ab"), "b", sharing), N: 5}, "a:CM b:CM | b:SA | . ."},
			{View{Lines: two, People: with(with(people("ab"), "b", sharing), "a", sharing), N: 5}, "a:CM b:CM | b:SA | . ."},
			{View{Lines: two, People: with(people("ab"), "a", sharing), N: 5}, "a:CM b:CM | a:SA | . ."},
		},
		"only the loudest are heard": {
			{View{Lines: two, People: people("abcd"), N: 2, Loudest: []string{"d", "a"}}, "a:CM b:C- | . | d:-M ."},
			{View{Lines: two, People: people("abcd"), N: 2, Loudest: []string{"c", "b"}}, "a:C- b:CM | . | d:-- c:-M"},
			{View{Lines: two, People: people("abcde"), N: 2, Loudest: []string{"e", "c"}}, "a:C- b:C- | . | e:-M c:-M"},
		},
		"who holds the floor is always heard": {
			{View{Lines: Lines{0, 0, 1}, People: people("abcd"), N: 3, Loudest: []string{"a", "b", "c"}}, "a:-M"},
			{View{Lines: Lines{0, 0, 1}, People: people("abcd"), N: 3, Loudest: []string{"b", "a", "c"}, Dominant: "b"}, "b:-M"},
			{View{Lines: Lines{0, 0, 1}, People: people("abcd"), N: 3, Loudest: []string{"a", "b", "c"}, Dominant: "b"}, "b:-M"},
		},
		"who speaks goes before who could": {
			{View{Lines: Lines{0, 0, 1}, People: people("ab"), N: 3}, "a:-M"},
			{View{Lines: Lines{0, 0, 1}, People: people("ab"), N: 3, Loudest: []string{"b"}}, "b:-M"},
			{View{Lines: Lines{0, 0, 1}, People: people("ab"), N: 3}, "b:-M"},
		},
		"muted people are seen, not heard": {
			{View{Lines: two, People: with(with(people("abc"), "a", silent), "c", silent), N: 5}, "a:C- b:CM | . | . ."},
			{View{Lines: two, People: with(people("abc"), "b", cameraOff), N: 5}, "a:CM b:-M | . | c:-M ."},
		},
		"one seat shows who speaks and is heard": {
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: people("abcdef"), N: 5}, "a:CM"},
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: people("abcdef"), N: 5, Dominant: "c"}, "c:CM"},
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: people("abcdef"), N: 5}, "c:CM"},
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: people("abdef"), N: 5}, "a:CM"},
		},
		"one seat shows the screen first": {
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: with(people("ab"), "b", sharing), N: 5, Dominant: "a"}, "b:SM"},
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: with(with(people("ab"), "b", sharing), "b", silent), N: 5, Dominant: "a"}, "b:SA"},
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: with(with(people("ab"), "b", sharing), "a", sharing), N: 5, Dominant: "a"}, "b:SM"},
			{View{Mode: Speaker, Lines: Lines{1, 0, 0}, People: people("ab"), N: 5, Dominant: "a"}, "a:CM"},
			{View{Mode: Speaker, Lines: Lines{1, 1, 0}, People: with(people("ab"), "b", sharing), N: 5, Dominant: "a"}, "a:CM | b:SA"},
		},
		"one seat shows who was asked for": {
			{View{Mode: Tiles, Tiles: []Tile{{"b", Screen, 9, 9}, {"b", Camera, 9, 9}}, Lines: Lines{1, 0, 0}, People: people("abcdef"), N: 1, Loudest: []string{"a"}}, "b:CM"},
			{View{Mode: Tiles, Tiles: []Tile{{"b", Screen, 9, 9}, {"b", Camera, 9, 9}}, Lines: Lines{1, 0, 0}, People: with(people("abcdef"), "b", sharing), N: 1, Loudest: []string{"a"}}, "b:SM"},
		},
		"several seats show the speaker among others": {
			{View{Mode: Speaker, Lines: Lines{2, 0, 0}, People: people("abcd"), N: 2, Loudest: []string{"d"}, Dominant: "d"}, "d:CM a:C-"},
			{View{Mode: Speaker, Lines: Lines{2, 0, 0}, People: people("abcd"), N: 2, Loudest: []string{"c", "d"}, Dominant: "c"}, "d:CM c:CM"},
			{View{Mode: Speaker, Lines: Lines{2, 0, 0}, People: with(people("abcd"), "b", sharing), N: 2, Loudest: []string{"c", "d"}, Dominant: "c"}, "b:SA c:CM"},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			var seats []Seat
			for i, s := range steps {
				v := s.view
				seats = Assign(seats, view(v.Mode, v.Tiles, v.Lines, NewRoster(v.People, v.Loudest, v.N, v.Dominant)))
				if got := show(seats); got != s.want {
					t.Fatalf("step %d: got  %s\n        want %s", i+1, got, s.want)
				}
			}
		})
	}
}

func TestSizesAndReasons(t *testing.T) {
	all := with(with(people("abcd"), "b", cameraOff), "c", func(p *Participant) { p.Camera = Absent })
	all = with(all, "d", sharing)
	tiles := []Tile{{"a", Camera, 0, 0}, {"b", Camera, 320, 180}, {"c", Camera, 320, 180}, {"d", Camera, 100, 50}, {"d", Camera, 200, 40}, {"d", Screen, 1600, 900}}
	seats := Assign(nil, view(Tiles, tiles, Lines{4, 1, 0}, NewRoster(all, nil, 5, "")))
	want := []struct {
		paused        string
		width, height int
	}{{PausedHidden, 0, 0}, {PausedMuted, 320, 180}, {PausedNoVideo, 320, 180}, {"", 200, 50}, {"", 1600, 900}}
	for i, w := range want {
		if s := seats[i]; s.Paused != w.paused || s.Width != w.width || s.Height != w.height || (s.Picture == Nothing) != (w.paused != "") {
			t.Errorf("line %d: got %+v, want %+v", i, s, w)
		}
	}
	sized := Assign(nil, view(Grid, []Tile{{"b", Camera, 160, 90}}, Lines{2, 0, 0}, NewRoster(people("ab"), nil, 5, "")))
	if sized[0].Width != gridWidth || sized[1].Width != 160 {
		t.Errorf("a program's grid: %+v", sized)
	}
}

func BenchmarkAssign(b *testing.B) {
	var all []Participant
	for i := range 1000 {
		all = append(all, Participant{ID: fmt.Sprint("participant-", i), Microphone: Live, Camera: Live})
	}
	v := View{Viewer: "participant-7", Lines: Lines{9, 2, 5}, Roster: NewRoster(all, []string{"participant-1", "participant-900"}, 5, "")}
	seats := Assign(nil, v)
	for b.Loop() {
		seats = Assign(seats, v)
	}
}
