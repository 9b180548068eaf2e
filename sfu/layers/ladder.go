package layers

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// What is assumed of what nobody measured.
const (
	// The highest layer of a video is 720 lines of 16:9, each lower one half as
	// high, and a pixel shown for a second takes so many bits: few, since what
	// is not tried is never measured, and fewer of a text, which mostly stands still.
	topHeight            = 720
	cameraBits, textBits = 1.5, 0.3
	// The lowest layer takes no more than this: a video nobody has seen yet
	// must be tried before it can be called too much.
	firstTry = 300e3
	// measureTime is over how much time measured bitrates are evened out.
	measureTime = 1200 * time.Millisecond
	// A text that is not sent any more is believed to have become quiet: what it
	// took beyond what is assumed halves in this time.
	quiet = 10 * time.Second
	// A publisher sends its highest layer as large as somebody shows it. Who
	// wants it larger by this factor is counted what it took in that size, if
	// that was within belief.
	larger = 1.15
	belief = 5 * time.Minute
)

// What a low frame rate costs against a low resolution: the value of a rung is
// its height times its share of the frames to this power. A camera at a quarter
// of its frames is worth a little less than one half as high, a moving screen a lot.
const (
	cameraRate = 0.6
	motionRate = 1.2
)

// rung is a part of a video with what is known or assumed of it.
type rung struct {
	layer             int // in the video's Layers
	spatial, temporal uint8
	// step counts the picture sizes of the video, the smallest is 0; below those
	// within the layer, its largest is 0.
	step, below   int
	width, height float64
	sized         bool    // width and height were measured
	framerate     float64 // 0 when unknown
	share         float64 // of the layer's frames
	cost          float64 // bit/s
	alive         bool
}

// is says whether two rungs are the same part of the video.
func (r rung) is(other rung) bool {
	return r.layer == other.layer && r.spatial == other.spatial && r.temporal == other.temporal
}

// lasting is what is remembered of one layer: what it was lately, for while it
// is not sent, and at its largest, for while it is sent smaller.
type lasting struct {
	rungs   []rung
	at      time.Time
	largest []rung
	grown   time.Time // when it was that large
}

// ladder lists the rungs of a video, smallest pictures first and within a size
// by frame rate, and fills in what is not known.
func (w *Workspace) ladder(v Video, known []lasting, now time.Time) []rung {
	order, most := w.order[:0], 0
	for i, l := range v.Layers {
		order = append(order, i)
		most += max(1, len(l.Rungs), len(known[i].rungs))
	}
	w.order = order
	slices.SortStableFunc(order, func(i, j int) int { return compare(v.Layers, i, j) })
	list := w.list(most)
	step := 0
	for place, index := range order {
		parts := w.split(v.Layers[index], index, known[index])
		sent := v.Layers[index].Bitrate > 0
		width, height, sized := dimensions(v.Layers, order, place)
		for i := range parts {
			r := &parts[i]
			if r.spatial != parts[max(0, i-1)].spatial {
				step++
			}
			r.step = step
			if r.width <= 0 || r.height <= 0 {
				r.width, r.height, r.sized = math.Ldexp(width, -r.below), math.Ldexp(height, -r.below), sized
			}
			assumed := r.width * r.height * cameraBits * r.share
			if text(v) {
				assumed *= textBits / cameraBits
			}
			if place == 0 && step == 0 {
				assumed = min(assumed, firstTry*r.share)
			}
			switch {
			case r.cost <= 0:
				r.cost = assumed
			case !sent && text(v) && r.cost > assumed:
				r.cost = assumed + (r.cost-assumed)*math.Exp2(-now.Sub(known[index].at).Seconds()/quiet.Seconds())
			}
		}
		if sent {
			known[index].even(parts, now)
			known[index].enlarge(v, parts, now)
		}
		list = append(list, parts...)
		step++
	}
	return list
}

// text says whether a video is there to be read.
func text(v Video) bool { return v.Screen && !v.Motion }

// dimensions are those of the layer at a place of the order, or what others suggest.
func dimensions(layers []Layer, order []int, place int) (width, height float64, sized bool) {
	if l := layers[order[place]]; l.Width > 0 && l.Height > 0 {
		return float64(l.Width), float64(l.Height), true
	}
	width, height = topHeight*16/9, topHeight
	from := len(order) - 1
	for i, index := range order {
		if l := layers[index]; l.Width > 0 && l.Height > 0 {
			width, height, from = float64(l.Width), float64(l.Height), i
			break
		}
	}
	return math.Ldexp(width, place-from), math.Ldexp(height, place-from), false
}

// split is a layer taken apart, as measured now or, while it is not sent, before.
func (w *Workspace) split(l Layer, index int, before lasting) []rung {
	if len(l.Rungs) == 0 {
		if l.Bitrate <= 0 && len(before.rungs) > 0 {
			parts := append(w.list(len(before.rungs)), before.rungs...)
			for i := range parts {
				parts[i].layer, parts[i].alive = index, l.Alive
			}
			return parts
		}
		return append(w.list(1), rung{layer: index, spatial: Whole, temporal: Whole, share: 1, cost: float64(l.Bitrate), alive: l.Alive})
	}
	sorted := append(w.sorted[:0], l.Rungs...)
	w.sorted = sorted
	slices.SortFunc(sorted, func(a, b Rung) int {
		return cmp.Or(cmp.Compare(a.Spatial, b.Spatial), cmp.Compare(a.Temporal, b.Temporal))
	})
	last := sorted[len(sorted)-1]
	parts := w.list(len(sorted))
	for _, r := range sorted {
		slower := max(0, int(last.Temporal)-int(r.Temporal))
		p := rung{
			layer: index, spatial: r.Spatial, temporal: r.Temporal, below: int(last.Spatial - r.Spatial), alive: l.Alive,
			width: float64(r.Width), height: float64(r.Height), sized: r.Width > 0 && r.Height > 0,
			framerate: r.Framerate, share: math.Ldexp(1, -slower), cost: float64(r.Bitrate),
		}
		if r.Bitrate <= 0 && l.Bitrate > 0 {
			// Two thirds more for twice the frames, four times as much for twice the height.
			p.cost = float64(l.Bitrate) * math.Pow(0.6, float64(slower)) * math.Ldexp(1, -2*p.below)
		}
		// What begins to be sent above the highest known is part of it.
		if p.below == 0 {
			p.spatial = Whole
		}
		if slower == 0 {
			p.temporal = Whole
		}
		parts = append(parts, p)
	}
	return parts
}

// even smooths the bitrates of a layer that is sent, and remembers them.
func (k *lasting) even(parts []rung, now time.Time) {
	weight := 1 - math.Exp(-max(0, now.Sub(k.at).Seconds())/measureTime.Seconds())
	for i := range parts {
		at := slices.IndexFunc(k.rungs, parts[i].is)
		if at >= 0 {
			old := k.rungs[at].cost
			parts[i].cost = old + (parts[i].cost-old)*weight
		}
	}
	k.rungs, k.at = append(k.rungs[:0], parts...), now
}

// enlarge counts a layer that is sent smaller than it can be as what it would
// take in the size shown here.
func (k *lasting) enlarge(v Video, parts []rung, now time.Time) {
	top := parts[len(parts)-1]
	if len(k.largest) == 0 || top.height >= k.largest[len(k.largest)-1].height || now.Sub(k.grown) > belief {
		k.largest, k.grown = append(k.largest[:0], parts...), now
		return
	}
	if _, height := whole(v, top); float64(height) <= larger*top.height {
		return
	}
	for i := range parts {
		if at := slices.IndexFunc(k.largest, parts[i].is); at >= 0 {
			parts[i].cost = max(parts[i].cost, k.largest[at].cost)
		}
	}
}

// prefer orders rungs from worst to best.
func prefer(v Video, rungs []rung) {
	slices.SortStableFunc(rungs, func(a, b rung) int {
		if text(v) { // rather sharp than smooth
			return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.temporal, b.temporal))
		}
		return cmp.Or(cmp.Compare(value(v, a), value(v, b)), cmp.Compare(a.step, b.step), -cmp.Compare(a.cost, b.cost))
	})
}

// worth leaves out the rungs that cost as much as a better one.
func (w *Workspace) worth(rungs []rung) []rung {
	kept := w.list(len(rungs))
	least := math.Inf(1)
	for i := len(rungs) - 1; i >= 0; i-- {
		if rungs[i].cost < least {
			least = rungs[i].cost
			kept = append(kept, rungs[i])
		}
	}
	slices.Reverse(kept)
	return kept
}

func value(v Video, r rung) float64 {
	power := cameraRate
	if v.Screen {
		power = motionRate
	}
	return math.Sqrt(r.width*r.height) * math.Pow(r.share, power)
}

// compare orders two layers of a video: by their size where key frames told
// it, else by the customary names, else by what they measured, else as offered.
func compare(layers []Layer, i, j int) int {
	a, b := layers[i], layers[j]
	if a.Height > 0 && b.Height > 0 && a.Height != b.Height {
		return cmp.Compare(a.Height, b.Height)
	}
	if x, y := place(layers, a.RID), place(layers, b.RID); x >= 0 && y >= 0 && x != y {
		return cmp.Compare(x, y)
	}
	if a.Bitrate > 0 && b.Bitrate > 0 {
		return cmp.Compare(a.Bitrate, b.Bitrate)
	}
	return 0
}

// place is where a rid stands among the names senders use, -1 when it is none
// of them: quarter, half, full; or low, medium, high.
func place(layers []Layer, rid string) int {
	for _, names := range [][]string{{"q", "h", "f"}, {"l", "m", "h"}} {
		all := !slices.ContainsFunc(layers, func(l Layer) bool { return !slices.Contains(names, l.RID) })
		if i := slices.Index(names, rid); all && i >= 0 {
			return i
		}
	}
	return -1
}
