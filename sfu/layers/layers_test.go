package layers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// camera is a camera in three layers, all alive and measured, shown at a size of 16:9.
func camera(id string, height int) Video {
	return Video{ID: id, Width: height * 16 / 9, Height: height, Layers: []Layer{
		{RID: "q", Width: 320, Height: 180, Bitrate: 150e3, Alive: true},
		{RID: "h", Width: 640, Height: 360, Bitrate: 500e3, Alive: true},
		{RID: "f", Width: 1280, Height: 720, Bitrate: 1700e3, Alive: true},
	}}
}

// screen is a shared screen in two layers.
func screen(id string, height int) Video {
	v := camera(id, height)
	v.Screen = true
	v.Layers = []Layer{
		{RID: "q", Width: 960, Height: 540, Bitrate: 300e3, Alive: true},
		{RID: "f", Width: 1920, Height: 1080, Bitrate: 1200e3, Alive: true},
	}
	return v
}

// show writes choices down by rid: "f", "q>f" while f is wanted and not
// there, "-" nothing, "!" paused.
func show(videos []Video, choices []Choice) string {
	var words []string
	for i, c := range choices {
		name := func(layer int) string {
			if layer < 0 {
				return "-"
			}
			return videos[i].Layers[layer].RID
		}
		switch {
		case c.Paused != "":
			words = append(words, "!")
		case c.Forward == c.Want:
			words = append(words, name(c.Forward))
		default:
			words = append(words, name(c.Forward)+">"+name(c.Want))
		}
	}
	return strings.Join(words, " ")
}

// with changes one layer of a video.
func with(v Video, rid string, change func(*Layer)) Video {
	v.Layers = slices.Clone(v.Layers)
	for i := range v.Layers {
		if v.Layers[i].RID == rid {
			change(&v.Layers[i])
		}
	}
	return v
}

func dead(l *Layer)    { l.Alive, l.Bitrate = false, 0 }
func unknown(l *Layer) { l.Width, l.Height, l.Bitrate = 0, 0, 0 }
func pinned(v Video) Video {
	v.Pinned = true
	return v
}

func TestChoiceBySizeAndLimit(t *testing.T) {
	reversed := camera("a", 360)
	slices.Reverse(reversed.Layers)
	anonymous := camera("a", 360)
	for i := range anonymous.Layers {
		anonymous.Layers[i].Width, anonymous.Layers[i].Height = 0, 0
	}
	low := camera("a", 200)
	low.Layers = []Layer{{RID: "h", Alive: true}, {RID: "m", Alive: true}, {RID: "l", Alive: true}}
	portrait := camera("a", 0)
	portrait.Width, portrait.Height = 400, 800
	wide := screen("a", 300)
	wide.Width = 3000
	single := Video{ID: "s", Width: 100, Height: 100, Layers: []Layer{{Alive: true}}}
	tests := map[string]struct {
		videos []Video
		limit  int
		want   string
	}{
		"a thumbnail gets the lowest":           {[]Video{camera("a", 100)}, 0, "q"},
		"a little enlargement is fine":          {[]Video{camera("a", 215)}, 0, "q"},
		"more is not":                           {[]Video{camera("a", 217)}, 0, "h"},
		"the highest is the best there is":      {[]Video{camera("a", 2000)}, 0, "f"},
		"hidden gets nothing":                   {[]Video{camera("a", 0)}, 0, "-"},
		"no layers, nothing":                    {[]Video{{ID: "a", Width: 9, Height: 9}}, 0, "-"},
		"the order of the layers is irrelevant": {[]Video{reversed}, 0, "h"},
		"sizes not known yet, by name":          {[]Video{anonymous}, 0, "h"},
		"low, medium, high":                     {[]Video{low}, 0, "l"},
		"a tall tile of a wide picture":         {[]Video{portrait}, 0, "h"},
		"a screen is fitted in":                 {[]Video{wide}, 0, "q"},
		"a screen is read, not glanced at":      {[]Video{screen("s", 540)}, 0, "f"},
		"unless it is a thumbnail":              {[]Video{screen("s", 180)}, 0, "q"},
		"a single layer":                        {[]Video{single}, 0, ""},
		"what is not there is waited for":       {[]Video{with(camera("a", 720), "f", dead)}, 0, "h>f"},
		"with what is above, if need be":        {[]Video{with(with(camera("a", 180), "q", dead), "h", dead)}, 0, "f>q"},
		"unless that is too much":               {[]Video{with(with(camera("a", 180), "q", dead), "h", dead)}, 500e3, "->q"},
		"the limit holds":                       {[]Video{camera("a", 720)}, 600e3, "h"},
		"all get something first":               {[]Video{camera("a", 720), camera("b", 720), camera("c", 720)}, 1000e3, "h q q"},
		"the larger first":                      {[]Video{camera("a", 360), camera("b", 720)}, 700e3, "q h"},
		"the pinned before the larger":          {[]Video{pinned(camera("a", 360)), camera("b", 720)}, 700e3, "h q"},
		"pausing last":                          {[]Video{camera("a", 180), camera("b", 720), camera("c", 360)}, 320e3, "! q q"},
		"a screen before all":                   {[]Video{camera("a", 720), screen("s", 1080), camera("b", 180)}, 1500e3, "q f q"},
		"even if others are paused":             {[]Video{camera("a", 720), screen("s", 1080), camera("b", 180)}, 1400e3, "q f !"},
		"less of a screen before none":          {[]Video{screen("s", 1080)}, 1100e3, "q"},
		"nothing fits":                          {[]Video{camera("a", 720)}, 100e3, "!"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := show(test.videos, NewAllocator().Allocate(test.videos, test.limit, start)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAssumedLadder(t *testing.T) {
	v := camera("a", 720)
	for _, rid := range []string{"q", "f"} {
		v = with(v, rid, unknown)
	}
	rungs := new(Workspace).ladder(v, make([]lasting, 3), start)
	if rungs[0].height != 180 || rungs[2].height != 720 || rungs[2].width != 1280 || rungs[2].cost < 1e6 {
		t.Errorf("from a known layer in the middle: %+v", rungs)
	}
	if r := new(Workspace).ladder(Video{Layers: []Layer{{RID: "1", Bitrate: 900}, {RID: "0", Bitrate: 100}}}, make([]lasting, 2), start); r[0].layer != 1 || r[1].height != topHeight || r[0].height != topHeight/2 {
		t.Errorf("by bitrate alone: %+v", r)
	}
}

func TestSizesBetweenTwoLayersDoNotFlap(t *testing.T) {
	a := NewAllocator()
	changes, last := 0, ""
	for i := range 100 {
		v := []Video{camera("a", 210+10*(i%3))}
		if got := show(v, a.Allocate(v, 0, start.Add(time.Duration(i)*100*time.Millisecond))); got != last {
			changes, last = changes+1, got
		}
	}
	if changes != 1 {
		t.Errorf("%d changes", changes)
	}
	v := []Video{camera("a", 400)}
	if got := show(v, a.Allocate(v, 0, start)); got != "h" {
		t.Errorf("after growing: %s", got)
	}
	v = []Video{camera("a", 190)}
	if got := show(v, a.Allocate(v, 0, start)); got != "q" {
		t.Errorf("after shrinking: %s", got)
	}
}

// run allocates twice a second for a while and counts how often the choice changes.
func run(a *Allocator, from time.Time, d time.Duration, limit func(i int) int, videos ...Video) (changes int, last string) {
	for i := 0; time.Duration(i)*500*time.Millisecond < d; i++ {
		got := show(videos, a.Allocate(videos, limit(i), from.Add(time.Duration(i)*500*time.Millisecond)))
		if i > 0 && got != last {
			changes++
		}
		last = got
	}
	return changes, last
}

func TestLimitAroundALayerDoesNotFlap(t *testing.T) {
	a := NewAllocator()
	wobble := func(i int) int { return 2200e3 + (i%2*2-1)*150e3 } // f and h need 2200 kbit/s
	changes, _ := run(a, start, time.Minute, wobble, camera("a", 720), camera("b", 360))
	if changes > 1 {
		t.Errorf("%d changes of a limit that wobbles by 7 %%", changes)
	}
	swings := func(i int) int { return 2200e3 + (i/8%2*2-1)*600e3 }
	changes, _ = run(NewAllocator(), start, 2*time.Minute, swings, camera("a", 720), camera("b", 360))
	if changes > 16 {
		t.Errorf("%d changes of a limit that swings fifteen times a minute", changes)
	}
}

func TestLimitFallsAndComesBack(t *testing.T) {
	a := NewAllocator()
	fixed := func(bits int) func(int) int { return func(int) int { return bits } }
	videos := []Video{camera("a", 720), camera("b", 360)}
	if _, got := run(a, start, time.Second, fixed(3e6), videos...); got != "f h" {
		t.Fatalf("on a wide line: %s", got)
	}
	if got := show(videos, a.Allocate(videos, 250e3, start.Add(2*time.Second))); got != "q !" {
		t.Errorf("at once on a narrow one: %s", got)
	}
	if got := show(videos, a.Allocate(videos, 3e6, start.Add(3*time.Second))); got != "q !" {
		t.Errorf("a second later already: %s", got)
	}
	if got := show(videos, a.Allocate(videos, 3e6, start.Add(4200*time.Millisecond))); got != "h h" {
		t.Errorf("what has ample room, soon: %s", got)
	}
	if got := show(videos, a.Allocate(videos, 3e6, start.Add(6*time.Second))); got != "f h" {
		t.Errorf("when it lasts: %s", got)
	}
}

func TestDeadLayerCostsWhatItDid(t *testing.T) {
	a := NewAllocator()
	v := []Video{camera("a", 720)}
	a.Allocate(v, 0, start)
	v[0] = with(with(v[0], "f", dead), "f", unknown)
	if got := show(v, a.Allocate(v, 1500e3, start.Add(time.Second))); got != "h" {
		t.Errorf("got %s: a layer known to cost 1700 kbit/s does not fit into 1500", got)
	}
}

func TestAllocatorForgets(t *testing.T) {
	a := NewAllocator()
	for i := range 1000 {
		a.Allocate([]Video{camera(fmt.Sprint(i), 360)}, 1e6, start)
	}
	if len(a.videos) != 1 {
		t.Errorf("%d videos remembered", len(a.videos))
	}
}

func TestAllocationHoldsWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, now := NewAllocator(), start
		for range rapid.IntRange(1, 20).Draw(t, "rounds") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
			videos := rapid.SliceOfNDistinct(rapid.Custom(drawVideo), 0, 6, func(v Video) string { return v.ID }).Draw(t, "videos")
			limit := rapid.IntRange(-1, 5e6).Draw(t, "limit")
			choices := a.Allocate(videos, limit, now)
			if len(choices) != len(videos) {
				t.Fatalf("%d choices for %d videos", len(choices), len(videos))
			}
			for i, c := range choices {
				check(t, videos[i], c, limit)
			}
		}
	})
}

func drawVideo(t *rapid.T) Video {
	v := Video{
		ID: rapid.StringMatching("[a-h]").Draw(t, "id"), Screen: rapid.Bool().Draw(t, "screen"), Pinned: rapid.Bool().Draw(t, "pinned"),
		Width: rapid.IntRange(-1, 2000).Draw(t, "width"), Height: rapid.IntRange(-1, 2000).Draw(t, "height"),
	}
	for _, rid := range []string{"q", "h", "f"}[:rapid.IntRange(0, 3).Draw(t, "layers")] {
		v.Layers = append(v.Layers, Layer{
			RID: rid, Width: rapid.IntRange(0, 2000).Draw(t, "w"), Height: rapid.IntRange(0, 2000).Draw(t, "h"),
			Bitrate: rapid.IntRange(0, 3e6).Draw(t, "bitrate"), Alive: rapid.Bool().Draw(t, "alive"),
		})
	}
	return v
}

// check looks at one choice alone.
func check(t *rapid.T, v Video, c Choice, limit int) {
	visible := v.Width > 0 && v.Height > 0 && len(v.Layers) > 0
	switch {
	case c.Want >= len(v.Layers) || c.Forward >= len(v.Layers) || c.Want < -1 || c.Forward < -1:
		t.Fatalf("%+v of %d layers", c, len(v.Layers))
	case c.Forward >= 0 && (!v.Layers[c.Forward].Alive || c.Want < 0):
		t.Fatalf("%+v forwards what is not alive or not wanted", c)
	case !visible && (c.Want >= 0 || c.Paused != ""):
		t.Fatalf("%+v for what is not seen", c)
	case visible && (c.Want < 0) != (c.Paused != ""):
		t.Fatalf("%+v is neither shown nor explained", c)
	case limit <= 0 && c.Paused != "":
		t.Fatalf("%+v paused without a limit", c)
	}
}

func TestDemandIsTheUnion(t *testing.T) {
	after := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	d := NewDemand([]string{"q", "h", "f"})
	want := func(viewer string, ms int, rids ...string) {
		var wishes []Wish
		for _, rid := range rids {
			wishes = append(wishes, Wish{RID: rid})
		}
		d.Want(viewer, after(ms), wishes...)
	}
	steps := []struct {
		what    func()
		at      int
		want    string
		changed bool
	}{
		{func() {}, 0, "", true},
		{func() { want("a", 0, "q") }, 0, "q", true},
		{func() { want("b", 0, "f", "x") }, 0, "q f", true},
		{func() { want("b", 100, "h") }, 100, "q h f", true},
		{func() {}, 2099, "q h f", false},
		{func() {}, 2100, "q h", true},
		{func() { want("b", 3000) }, 3000, "q h", false},
		{func() { want("c", 4000, "h") }, 4000, "q h", false},
		{func() {}, 9000, "q h", false},
		{func() { want("c", 9000); want("a", 9500) }, 9500, "q h", false},
		{func() {}, 11000, "q", true},
		{func() {}, 11500, "", true},
	}
	for i, s := range steps {
		s.what()
		wishes, changed := d.Update(after(s.at))
		var rids []string
		for _, w := range wishes {
			rids = append(rids, w.RID)
		}
		if got := strings.Join(rids, " "); got != s.want || changed != s.changed {
			t.Errorf("step %d: got %q %v, want %q %v", i, got, changed, s.want, s.changed)
		}
	}
}

func BenchmarkAllocate(b *testing.B) {
	a := NewAllocator()
	var videos []Video
	for i := range 10 {
		videos = append(videos, camera(fmt.Sprint("participant-", i), 360))
	}
	for b.Loop() {
		a.Allocate(videos, 3e6, start)
	}
}

func TestChoosingLeavesNoGarbage(t *testing.T) {
	var space Workspace
	small, large := space.NewAllocator(), space.NewAllocator()
	one, many, now := []Video{camera("a", 360)}, meeting(9), start
	choose := func() {
		now = now.Add(500 * time.Millisecond)
		small.Allocate(one, 1e6, now)
		large.Allocate(many, 4e6, now)
	}
	for range 200 { // what is remembered of the limit has its size
		choose()
	}
	if got := testing.AllocsPerRun(100, choose); got > 0 {
		t.Errorf("a choice makes %v pieces of garbage", got)
	}
}
