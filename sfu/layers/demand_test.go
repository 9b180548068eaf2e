package layers

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// wishes are one viewer's of two layers, in a size.
func wishes(height int) []Wish {
	return []Wish{
		{RID: "q", MaxWidth: height * 16 / 9, MaxHeight: height},
		{RID: "f", MaxWidth: height * 16 / 9, MaxHeight: height},
	}
}

// told writes wishes down: "q f960x540" with the sizes told.
func told(list []Wish) string {
	text := ""
	for _, w := range list {
		text += " " + w.RID
		if w.MaxHeight > 0 {
			text += fmt.Sprintf("%dx%d", w.MaxWidth, w.MaxHeight)
		}
		if w.MaxFramerate > 0 {
			text += fmt.Sprintf("@%d", w.MaxFramerate)
		}
	}
	return text
}

func TestDemandTellsTheLargestSize(t *testing.T) {
	after := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	d := NewDemand([]string{"q", "f"})
	steps := []struct {
		name    string
		at      int
		viewer  string
		wishes  []Wish
		want    string
		changed bool
	}{
		{"nobody", 0, "", nil, "", true},
		{"one viewer, rounded up", 10, "a", wishes(500), " q f896x512", true},
		{"a little more is the same", 600, "a", wishes(504), " q f896x512", false},
		{"somebody shows it larger: at once", 1200, "b", wishes(720), " q f1280x768", true},
		{"that one is gone: not at once", 1300, "b", nil, " q f1280x768", false},
		{"not yet", 3200, "", nil, " q f1280x768", false},
		{"now", 3300, "", nil, " q f896x512", true},
		{"without a limit", 4000, "b", []Wish{{RID: "f"}}, " q f", true},
		{"smaller for a moment", 5000, "b", wishes(100), " q f", false},
		{"and large again", 6000, "b", []Wish{{RID: "f"}}, " q f", false},
		{"smaller once more", 6500, "b", wishes(100), " q f", false},
		{"the time counts from there", 8400, "", nil, " q f", false},
		{"now that is told", 8500, "", nil, " q f896x512", true},
		{"few frames for both", 9100, "a", []Wish{{RID: "q", MaxFramerate: 15}}, " q f896x512", false},
		{"the lowest alone", 9200, "b", []Wish{{RID: "q", MaxFramerate: 5}}, " q f896x512", false},
		{"later", 11200, "", nil, " q@15", true},
	}
	for _, s := range steps {
		if s.viewer != "" {
			d.Want(s.viewer, after(s.at), s.wishes...)
		}
		list, changed := d.Update(after(s.at))
		if got := told(list); got != s.want || changed != s.changed {
			t.Fatalf("%s: got %q %v, want %q %v", s.name, got, changed, s.want, s.changed)
		}
	}
}

// TestDraggedWindowIsNotAFlood has a viewer drag a window larger and smaller
// for ten seconds, a new size with every frame.
func TestDraggedWindowIsNotAFlood(t *testing.T) {
	d := NewDemand([]string{"q", "f"})
	changes, largest := 0, 0
	for i := range 600 {
		now, height := start.Add(time.Duration(i)*time.Second/60), 200+(i%120)*7
		d.Want("a", now, wishes(height)...)
		list, changed := d.Update(now)
		largest = max(largest, list[1].MaxHeight)
		if changed {
			changes++
		}
	}
	if changes > 6 || largest < 1033 {
		t.Errorf("%d changes, up to %d lines", changes, largest)
	}
	// Where it stops is told in the end.
	d.Want("a", start.Add(10*time.Second), wishes(300)...)
	for ms := range 4000 {
		d.Update(start.Add(10*time.Second + time.Duration(ms)*time.Millisecond))
	}
	if got := told(d.told); got != " q f640x320" {
		t.Errorf("in the end%s", got)
	}
}

func TestDemandKeepsTwo(t *testing.T) {
	for keep, want := range map[int]string{1: " q", 2: " q h", 5: " q h f"} {
		d := NewDemand([]string{"q", "h", "f"})
		d.Keep(keep)
		if list, _ := d.Update(start); len(list) != 0 {
			t.Errorf("keeping %d: %v without viewers", keep, list)
		}
		d.Want("a", start, Wish{RID: "q", MaxWidth: 160, MaxHeight: 90})
		if list, _ := d.Update(start); told(list) != want {
			t.Errorf("keeping %d: %v", keep, list)
		}
	}
}

// TestDemandSatisfiesEverybody has viewers come and go at will: whatever is
// shown is told at once, and nothing is told for long that nobody shows.
func TestDemandSatisfiesEverybody(t *testing.T) {
	rids := []string{"q", "h", "f"}
	rapid.Check(t, func(t *rapid.T) {
		d, now := NewDemand(rids), start
		wanted := map[string][]Wish{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			viewer := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "viewer")
			wanted[viewer] = nil
			if rapid.Bool().Draw(t, "wants") {
				height := rapid.IntRange(0, 2000).Draw(t, "height")
				wanted[viewer] = []Wish{{RID: rapid.SampledFrom(rids).Draw(t, "rid"), MaxWidth: height, MaxHeight: height, MaxFramerate: rapid.IntRange(0, 30).Draw(t, "rate")}}
			}
			d.Want(viewer, now, wanted[viewer]...)
			d.Update(now)
			now = now.Add(calm)
			list, _ := d.Update(now)
			covers(t, list, wanted)
		}
		now = now.Add(calm + Release)
		d.Update(now)
		list, _ := d.Update(now.Add(calm + Release))
		covers(t, list, wanted)
		for _, w := range list[min(1, len(list)):] {
			any := false
			for _, wishes := range wanted {
				any = any || len(wishes) > 0 && wishes[0].RID == w.RID
			}
			if !any {
				t.Fatalf("%v is told, nobody wants it", w)
			}
		}
	})
}

// covers checks that what is told is enough for everybody.
func covers(t *rapid.T, list []Wish, wanted map[string][]Wish) {
	for viewer, wishes := range wanted {
		for _, w := range wishes {
			enough := false
			for _, have := range list {
				enough = enough || have.RID == w.RID && have.Union(w) == have
			}
			if !enough {
				t.Fatalf("%s wants %+v, told is %+v", viewer, w, list)
			}
		}
	}
}
