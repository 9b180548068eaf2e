package quality_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"palabre/sfu/quality"
)

const ms = time.Millisecond

func TestUp(t *testing.T) {
	for name, c := range map[string]struct {
		up   quality.Up
		want quality.Bars
	}{
		"nothing to send":                     {quality.Up{Silence: time.Hour}, quality.Good},
		"all comes":                           {quality.Up{Due: true, Silence: 20 * ms}, quality.Good},
		"a still microphone":                  {quality.Up{Due: true, Silence: time.Second}, quality.Good},
		"nothing comes of what is due":        {quality.Up{Due: true, Silence: 4 * time.Second}, quality.Lost},
		"loss repaired":                       {quality.Up{Due: true, Asked: 0.02}, quality.Good},
		"a tenth lost and repaired":           {quality.Up{Due: true, Asked: 0.1}, quality.Fair},
		"a quarter lost and repaired":         {quality.Up{Due: true, Asked: 0.25}, quality.Poor},
		"a hundredth lost for good":           {quality.Up{Due: true, Loss: 0.01}, quality.Fair},
		"a tenth lost for good":               {quality.Up{Due: true, Loss: 0.1}, quality.Poor},
		"all but lost":                        {quality.Up{Due: true, Loss: 0.95}, quality.Lost},
		"jitter that players hide":            {quality.Up{Due: true, Jitter: 30 * ms}, quality.Good},
		"jitter":                              {quality.Up{Due: true, Jitter: 60 * ms}, quality.Fair},
		"much jitter":                         {quality.Up{Due: true, Jitter: 200 * ms}, quality.Poor},
		"a layer missing":                     {quality.Up{Due: true, Missing: 1}, quality.Fair},
		"no picture":                          {quality.Up{Due: true, Missing: 3, Blank: 1}, quality.Poor},
		"the worst counts, not what is first": {quality.Up{Due: true, Loss: 0.02, Asked: 0.3, Missing: 1}, quality.Poor},
	} {
		if got := c.up.Bars(); got != c.want {
			t.Errorf("%s: %d bars, want %d", name, got, c.want)
		}
	}
}

func TestDown(t *testing.T) {
	for name, c := range map[string]struct {
		down quality.Down
		want quality.Bars
	}{
		"nothing sent":                 {quality.Down{}, quality.Good},
		"no limit known":               {quality.Down{Wanted: 3e6}, quality.Good},
		"enough for all":               {quality.Down{Estimate: 3e6, Wanted: 3e6, RTT: 40 * ms}, quality.Good},
		"two thirds of what is wanted": {quality.Down{Estimate: 2e6, Wanted: 3e6}, quality.Fair},
		"a third of what is wanted":    {quality.Down{Estimate: 1e6, Wanted: 3e6}, quality.Poor},
		"a feedback late":              {quality.Down{Unheard: time.Second}, quality.Good},
		"no feedback":                  {quality.Down{Unheard: 4 * time.Second}, quality.Lost},
		"a fiftieth lost":              {quality.Down{Loss: 0.02}, quality.Good},
		"a twentieth lost":             {quality.Down{Loss: 0.05}, quality.Fair},
		"a fifth lost":                 {quality.Down{Loss: 0.2}, quality.Poor},
		"all lost":                     {quality.Down{Loss: 1}, quality.Lost},
		"a queue":                      {quality.Down{Queue: 150 * ms}, quality.Fair},
		"a long queue":                 {quality.Down{Queue: 500 * ms}, quality.Poor},
		"far away":                     {quality.Down{RTT: 350 * ms}, quality.Fair},
		"by satellite, twice":          {quality.Down{RTT: 1200 * ms}, quality.Poor},
		"a picture paused":             {quality.Down{Estimate: 1e6, Wanted: 1e6, Paused: 1}, quality.Poor},
	} {
		if got := c.down.Bars(); got != c.want {
			t.Errorf("%s: %d bars, want %d", name, got, c.want)
		}
	}
}

// TestGradeDoesNotFlicker: what is shown, a digit a second, for what is measured.
func TestGradeDoesNotFlicker(t *testing.T) {
	for name, c := range map[string]struct{ measured, shown string }{
		"the first is shown at once":                    {"3333", "3333"},
		"a moment's trouble is not":                     {"3331333", "3333333"},
		"nor is one that comes and goes":                {"313131313131", "333333333333"},
		"trouble that lasts is, after two seconds":      {"3331111", "3333311"},
		"as the least of what it was":                   {"3331122", "3333322"},
		"what mends shows after five":                   {"11333333", "11111113"},
		"as the worst of what it was since":             {"11333233", "11111112"},
		"a relapse begins the wait anew":                {"1133313333333", "1111111111133"},
		"nothing passing shows at once":                 {"3300", "3300"},
		"something passing as well, and then its grade": {"3003333333", "3001111133"},
	} {
		var g quality.Grade
		got := ""
		for i, digit := range c.measured {
			got += string('0' + rune(g.See(quality.Bars(digit-'0'), time.Duration(i)*time.Second)))
		}
		if got != c.shown {
			t.Errorf("%s: measured %s, shown %s, want %s", name, c.measured, got, c.shown)
		}
	}
}

// TestGradeFollows: whatever is measured, the bars change at most every two
// seconds except for lost, lie between what was measured lately, and come to what lasts.
func TestGradeFollows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var g quality.Grade
		measured := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 60).Draw(rt, "measured")
		last, changed := quality.Bars(-1), -10
		for i, m := range measured {
			b := g.See(quality.Bars(m), time.Duration(i)*time.Second)
			passes := last == quality.Lost || b == quality.Lost
			if b != last && last >= 0 {
				if !passes && i-changed < 2 {
					rt.Fatalf("%v: changed to %d after %d s", measured[:i+1], b, i-changed)
				}
				changed = i
			}
			if (m == 0) != (b == quality.Lost) {
				rt.Fatalf("%v: shown %d", measured[:i+1], b)
			}
			last = b
		}
		end := rapid.IntRange(0, 3).Draw(rt, "end")
		for i := range 12 {
			last = g.See(quality.Bars(end), time.Duration(len(measured)+i)*time.Second)
		}
		if last != quality.Bars(end) {
			rt.Fatalf("%v, then %d for twelve seconds: shown %d", measured, end, last)
		}
	})
}
