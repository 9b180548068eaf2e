package layers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// parts writes choices down by layer and highest temporal id ("h1", "h" for
// all of it), with the spatial id before it where that is not all ("1.1").
func parts(videos []Video, choices []Choice) string {
	var words []string
	for i, c := range choices {
		if c.Want < 0 {
			words = append(words, "!")
			continue
		}
		word := videos[i].Layers[c.Want].RID
		if c.Spatial != Whole {
			word += fmt.Sprintf("s%d", c.Spatial)
		}
		if c.Temporal != Whole {
			word += fmt.Sprint(c.Temporal)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// scalable is a camera in one stream of three spatial and three temporal layers.
func scalable(id string, height int) Video {
	v := camera(id, height)
	var rungs []Rung
	for s, l := range v.Layers {
		for t, share := range []int{40, 60, 100} {
			rungs = append(rungs, Rung{
				Spatial: uint8(s), Temporal: uint8(t), Width: l.Width, Height: l.Height,
				Framerate: []float64{7.5, 15, 30}[t], Bitrate: l.Bitrate * share / 100,
			})
		}
	}
	v.Layers = []Layer{{Width: 1280, Height: 720, Bitrate: 1700e3, Alive: true, Rungs: rungs}}
	return v
}

func TestPartsByLimit(t *testing.T) {
	text, film := layered(screen("s", 1080)), layered(screen("s", 1080))
	film.Motion = true
	speaking := layered(camera("b", 360))
	speaking.Speaking = true
	grid := []Video{layered(screen("s", 1080))}
	for i := range 8 {
		grid = append(grid, layered(camera(fmt.Sprint(i), 180)))
	}
	tests := map[string]struct {
		videos []Video
		limit  int
		want   string
	}{
		"all without a limit":                       {[]Video{layered(camera("a", 720))}, 0, "f"},
		"half the frames before half the height":    {[]Video{layered(camera("a", 720))}, 1200e3, "f1"},
		"but not a quarter of them":                 {[]Video{layered(camera("a", 720))}, 900e3, "h"},
		"the least there is before none":            {[]Video{layered(camera("a", 720))}, 61e3, "q0"},
		"none when even that is too much":           {[]Video{layered(camera("a", 720))}, 59e3, "!"},
		"text gives up frames":                      {[]Video{text}, 1000e3, "f1"},
		"and more of them":                          {[]Video{text}, 500e3, "f0"},
		"before it gives up its size":               {[]Video{text}, 400e3, "q"},
		"text alone is never paused":                {[]Video{text}, 50e3, "q0"},
		"a film keeps its frames":                   {[]Video{film}, 1000e3, "q"},
		"a film may be paused":                      {[]Video{film}, 50e3, "!"},
		"a screen moves slowly before others pause": {[]Video{text, layered(camera("a", 180))}, 560e3, "f0 q0"},
		"then smoothly, then others do":             {[]Video{text, layered(camera("a", 180))}, 1300e3, "f q1"},
		"who speaks before a larger one":            {[]Video{layered(camera("a", 720)), speaking}, 650e3, "q h"},
		"equals share alike":                        {[]Video{layered(camera("a", 360)), layered(camera("b", 360))}, 700e3, "h1 h1"},
		"spatial layers of one stream":              {[]Video{scalable("a", 360)}, 0, "s1"},
		"by limit, too":                             {[]Video{scalable("a", 720)}, 1200e3, "1"},
		"nine tiles on 1.5 Mbit/s: a sharp screen":  {grid, 1500e3, "f1 q q1 q1 q1 q1 q1 q1 q1"},
		"nine tiles on 980 kbit/s: it moves slowly": {grid, 980e3, "f0 q0 q0 q0 q0 q0 q0 q0 q0"},
		"nine tiles on 680 kbit/s: the last pause":  {grid, 680e3, "f0 q0 q0 q0 ! ! ! ! !"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parts(test.videos, NewAllocator().Allocate(test.videos, test.limit, start)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWanted(t *testing.T) {
	a := NewAllocator()
	a.Allocate([]Video{camera("a", 720), camera("b", 180), camera("c", 0)}, 100e3, start)
	if got := a.Wanted(); got != 1850e3 {
		t.Errorf("%d bit/s wanted", got)
	}
}

func TestShownSizeIsTold(t *testing.T) {
	portrait := camera("a", 0)
	portrait.Width, portrait.Height = 400, 800
	unsized := camera("a", 360)
	for _, rid := range []string{"q", "h", "f"} {
		unsized = with(unsized, rid, unknown)
	}
	tests := map[string]struct {
		video         Video
		width, height int
		rate          int
	}{
		"as shown":                        {camera("a", 540), 960, 540, 0},
		"larger than it is":               {camera("a", 1080), 1920, 1080, 0},
		"what is cut off counts":          {portrait, 1423, 800, 0},
		"text somewhat larger":            {screen("s", 540), 1632, 918, 0},
		"not while the shape is unknown":  {unsized, 0, 0, 0},
		"fewer frames of what is small":   {camera("a", 90), 160, 90, 15},
		"and of a text that nobody reads": {screen("s", 180), 544, 306, 5},
	}
	for name, test := range tests {
		c := NewAllocator().Allocate([]Video{test.video}, 0, start)[0]
		if c.MaxWidth != test.width || c.MaxHeight != test.height || c.MaxFramerate != test.rate {
			t.Errorf("%s: %dx%d at %d", name, c.MaxWidth, c.MaxHeight, c.MaxFramerate)
		}
	}
	if got := parts([]Video{camera("a", 90)}, NewAllocator().Allocate([]Video{layered(camera("a", 90))}, 0, start)); got != "q1" {
		t.Errorf("a small picture gets %s, half of the frames is enough", got)
	}
}

func TestUnseenVideoIsTried(t *testing.T) {
	v := Video{ID: "a", Width: 1280, Height: 720, Layers: []Layer{{}}}
	a := NewAllocator()
	if c := a.Allocate([]Video{v}, 400e3, start)[0]; c.Want != 0 {
		t.Error("a video nobody has measured is not tried")
	}
	v.Layers[0] = Layer{Width: 1280, Height: 720, Bitrate: 2e6, Alive: true}
	if c := a.Allocate([]Video{v}, 400e3, start.Add(time.Minute))[0]; c.Paused == "" {
		t.Error("it is too much and not paused")
	}
	v.Layers[0] = Layer{Width: 1280, Height: 720}
	if c := a.Allocate([]Video{v}, 1e6, start.Add(2*time.Minute))[0]; c.Paused == "" {
		t.Error("what it took was forgotten")
	}
}

// rank is what decides who comes first, the larger the more important.
func rank(v Video) int {
	size := 0
	for n := v.Width * v.Height; n > 0; n /= 2 {
		size++
	}
	return weight(v.Screen)<<12 + weight(v.Pinned)<<11 + weight(v.Speaking)<<10 + size
}

// TestAllocationKeepsItsPromises lets limits and what is shown change at will.
func TestAllocationKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, twin, now := NewAllocator(), NewAllocator(), start
		videos := rapid.SliceOfNDistinct(rapid.Custom(drawLayered), 1, 6, func(v Video) string { return v.ID }).Draw(t, "videos")
		for range rapid.IntRange(1, 25).Draw(t, "rounds") {
			now = now.Add(time.Duration(rapid.IntRange(0, 9000).Draw(t, "ms")) * time.Millisecond)
			i := rapid.IntRange(0, len(videos)-1).Draw(t, "which")
			videos = slices.Clone(videos)
			videos[i].Height = rapid.IntRange(0, 1080).Draw(t, "height")
			videos[i].Width = videos[i].Height * 16 / 9
			videos[i].Pinned, videos[i].Speaking = rapid.Bool().Draw(t, "pinned"), rapid.Bool().Draw(t, "speaking")
			limit := rapid.IntRange(20e3, 6e6).Draw(t, "limit")
			choices := a.Allocate(videos, limit, now)
			if again := twin.Allocate(videos, limit, now); !slices.Equal(choices, again) {
				t.Fatalf("%v and %v for the same", choices, again)
			}
			keeps(t, videos, choices, limit)
		}
	})
}

func drawLayered(t *rapid.T) Video {
	v := camera(rapid.StringMatching("[a-h]").Draw(t, "id"), 360)
	if rapid.Bool().Draw(t, "screen") {
		v = screen(v.ID, 360)
		v.Motion = rapid.Bool().Draw(t, "motion")
	}
	if rapid.Bool().Draw(t, "layered") {
		v = layered(v)
	}
	return v
}

// keeps checks a whole allocation of videos that are all alive and measured.
func keeps(t *rapid.T, videos []Video, choices []Choice, limit int) {
	sum, least := 0, 0
	for i, c := range choices {
		if c.Forward < 0 {
			continue
		}
		sum += bitrate(videos[i], c)
		least += bitrate(videos[i], Choice{Forward: 0})
		if f := fitting(videos[i]); c.Forward > f {
			t.Fatalf("%s is shown %d high and gets layer %d", videos[i].ID, videos[i].Height, c.Forward)
		}
	}
	shown := 0
	for _, c := range choices {
		if c.Forward >= 0 {
			shown++
		}
	}
	if sum > limit && (shown > 1 || sum > least) {
		t.Fatalf("%d of %d bit/s: %v", sum, limit, choices)
	}
	for i, c := range choices {
		for j, d := range choices {
			if c.Paused != "" && d.Forward >= 0 && rank(videos[i]) > rank(videos[j]) && bitrate(videos[j], d) > bitrate(videos[j], Choice{Forward: 0}) {
				t.Fatalf("%s is paused while %s, less important, has more than its lowest: %v", videos[i].ID, videos[j].ID, choices)
			}
		}
	}
}

// fitting is the highest layer that makes sense for the size shown, somewhat generously.
func fitting(v Video) int {
	for i, l := range v.Layers {
		blown := float64(v.Height) / float64(l.Height)
		if v.Screen {
			blown *= reading
		}
		if blown <= plenty {
			return i
		}
	}
	return len(v.Layers) - 1
}

// bitrate is what a choice takes.
func bitrate(v Video, c Choice) int {
	l := v.Layers[c.Forward]
	if len(l.Rungs) == 0 {
		return l.Bitrate
	}
	return l.Rungs[min(int(c.Temporal), len(l.Rungs)-1)].Bitrate
}

// TestTextIsMadeToFit tells the publisher of a text what a viewer's line has
// left for it, and of nothing else.
func TestTextIsMadeToFit(t *testing.T) {
	told := func(v Video, limit int) int {
		return NewAllocator().Allocate([]Video{v}, limit, start)[0].MaxBitrate
	}
	if got := told(screen("s", 1080), 2e6); got < 1.3e6 || got > 1.7e6 {
		t.Errorf("of 2 Mbit/s a text may take %d", got)
	}
	if got := told(screen("s", 1080), 100e3); got < 200e3 {
		t.Errorf("of a very narrow line a text may take only %d", got)
	}
	film := screen("s", 1080)
	film.Motion = true
	for what, got := range map[string]int{
		"no limit": told(screen("s", 1080), 0), "a film": told(film, 2e6), "a camera": told(camera("c", 720), 2e6),
	} {
		if got != 0 {
			t.Errorf("%s: told to take %d", what, got)
		}
	}
	a := NewAllocator()
	first := a.Allocate([]Video{screen("s", 1080)}, 2e6, start)[0].MaxBitrate
	if again := a.Allocate([]Video{screen("s", 1080)}, 2.2e6, start.Add(time.Second))[0].MaxBitrate; again != first {
		t.Errorf("told %d, then %d for little more room", first, again)
	}
}

// TestQuietTextIsSharpAgain has a text take too much while somebody scrolls,
// and then nobody send its large layer any more.
func TestQuietTextIsSharpAgain(t *testing.T) {
	for name, test := range map[string]struct {
		video Video
		back  bool
	}{"a text": {screen("s", 1080), true}, "a camera": {camera("c", 720), false}} {
		a, now := NewAllocator(), start
		v := with(test.video, "f", func(l *Layer) { l.Bitrate = 4e6 })
		a.Allocate([]Video{v}, 0, now)
		now = now.Add(time.Second)
		if c := a.Allocate([]Video{v}, 1500e3, now)[0]; v.Layers[c.Want].RID == "f" {
			t.Fatalf("%s of 4 Mbit/s fits into 1.5", name)
		}
		v = with(v, "f", dead)
		var took time.Duration
		for c := (Choice{}); took < time.Minute && v.Layers[c.Want].RID != "f"; took += time.Second / 2 {
			c = a.Allocate([]Video{v}, 1500e3, now.Add(took))[0]
		}
		if back := took < time.Minute; back != test.back {
			t.Errorf("%s: tried again %v, after %v", name, back, took)
		}
	}
}

// TestUnmeasuredTextIsSharp has a viewer of 1 Mbit/s come to a screen whose
// large layer nobody watches yet.
func TestUnmeasuredTextIsSharp(t *testing.T) {
	v := with(screen("s", 1080), "f", dead)
	if got := show([]Video{v}, NewAllocator().Allocate([]Video{v}, 1e6, start)); got != "q>f" {
		t.Errorf("got %s", got)
	}
}

// TestLayerSentSmallerCountsInFull has a viewer with a large tile on a narrow
// line, while the publisher sends its best layer as small as another shows it:
// taking it would make it large again.
func TestLayerSentSmallerCountsInFull(t *testing.T) {
	a, now, large := NewAllocator(), start, camera("a", 720)
	a.Allocate([]Video{large}, 0, now)
	small := with(large, "f", func(l *Layer) { l.Width, l.Height, l.Bitrate = 800, 450, 700e3 })
	last, changes := "", 0
	for range 120 {
		now = now.Add(time.Second / 2)
		if got := show([]Video{small}, a.Allocate([]Video{small}, 1200e3, now)); got != last {
			last, changes = got, changes+1
		}
	}
	if last != "h" || changes != 1 {
		t.Errorf("%s after %d changes", last, changes)
	}
	now = now.Add(belief)
	for range 60 {
		now = now.Add(time.Second / 2)
		last = show([]Video{small}, a.Allocate([]Video{small}, 1200e3, now))
	}
	if last != "f" {
		t.Errorf("%s though it has been that small for minutes", last)
	}
}
