package layers

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// layered is a video whose layers have three temporal layers each.
func layered(v Video) Video {
	for i, l := range v.Layers {
		v.Layers[i].Rungs = []Rung{
			{Temporal: 0, Width: l.Width, Height: l.Height, Framerate: 7.5, Bitrate: l.Bitrate * 4 / 10},
			{Temporal: 1, Width: l.Width, Height: l.Height, Framerate: 15, Bitrate: l.Bitrate * 6 / 10},
			{Temporal: 2, Width: l.Width, Height: l.Height, Framerate: 30, Bitrate: l.Bitrate},
		}
	}
	return v
}

// meeting is a screen and some cameras.
func meeting(cameras int) []Video {
	videos := []Video{layered(screen("screen", 1080))}
	for i := range cameras {
		videos = append(videos, layered(camera(fmt.Sprint("camera", i), 300)))
	}
	videos[1].Speaking = true
	return videos
}

// noisy measures bitrates with an error.
func noisy(r *rand.Rand, videos []Video, by float64) []Video {
	out := make([]Video, len(videos))
	for i, v := range videos {
		v.Layers = append([]Layer(nil), v.Layers...)
		for j, l := range v.Layers {
			l.Rungs = append([]Rung(nil), l.Rungs...)
			factor := 1 + by*(2*r.Float64()-1)
			for k := range l.Rungs {
				l.Rungs[k].Bitrate = int(float64(l.Rungs[k].Bitrate) * factor)
			}
			l.Bitrate = int(float64(l.Bitrate) * factor)
			v.Layers[j] = l
		}
		out[i] = v
	}
	return out
}

// TestNoiseDoesNotSwing feeds an estimate that is wrong by up to 15 % either
// way twice a second for five minutes, around every limit, and counts how
// often a picture changes.
func TestNoiseDoesNotSwing(t *testing.T) {
	const minutes, pictures = 5, 7
	for _, measured := range []float64{0, 0.1} {
		worst, worstAt, late, total, runs := 0, 0, 0, 0, 0
		for limit := 400_000; limit <= 6_000_000; limit += 200_000 {
			r := rand.New(rand.NewPCG(uint64(limit), 7))
			a, videos := NewAllocator(), meeting(pictures-1)
			var last []Choice
			changes, after := 0, 0
			for at := time.Duration(0); at < minutes*time.Minute; at += 500 * time.Millisecond {
				estimate := float64(limit) * (0.85 + 0.3*r.Float64())
				choices := a.Allocate(noisy(r, videos, measured), int(estimate), start.Add(at))
				for i := range last {
					choices[i].MaxBitrate = 0 // another rate is the same picture
					if choices[i] != last[i] {
						changes++
						if at > time.Minute {
							after++
						}
					}
				}
				last = choices
			}
			if changes > worst {
				worst, worstAt = changes, limit
			}
			late, total, runs = late+after, total+changes, runs+1
		}
		mean, afterwards := float64(total)/float64(runs), float64(late)/float64(runs)
		t.Logf("bitrates wrong by %.0f %%: %.1f changes of %d pictures in %d minutes, %.1f of them after the first; at most %d (at %d kbit/s)",
			100*measured, mean, pictures, minutes, afterwards, worst, worstAt/1000)
		if mean > 7 || afterwards > 3 || worst > 25 {
			t.Error("that is too often")
		}
	}
}

// TestShortDipIsSoonForgotten has a line narrow while a queue drains: the only
// picture comes back once there was room for it for a second, and its best
// layer no later because of that.
func TestShortDipIsSoonForgotten(t *testing.T) {
	a, v := NewAllocator(), []Video{camera("a", 720)}
	limit := func(at time.Duration) int {
		switch {
		case at < 2*time.Second || at >= 10*time.Second:
			return 3e6
		case at >= 3*time.Second && at < 3500*time.Millisecond, at >= 4500*time.Millisecond:
			return 180e3
		}
		return 20e3
	}
	course, last := "", ""
	for at := time.Duration(0); at < 15*time.Second; at += 500 * time.Millisecond {
		if got := show(v, a.Allocate(v, limit(at), start.Add(at))); got != last {
			course, last = course+fmt.Sprintf(" %v %s", at, got), got
		}
	}
	if course != " 0s f 2s ! 5.5s q 12s f" {
		t.Error(course)
	}
}
