package quality

import "time"

const (
	// fallAfter is how long a direction must have been worse before its bars
	// fall, riseAfter how long better before they rise: a second's trouble is not
	// worth a person's look, and what has just mended may break again.
	fallAfter = 2 * time.Second
	riseAfter = 5 * time.Second
)

// Grade is the bars of one direction as people see them. That nothing passes
// shows at once, and so does that something passes again; all else must last.
// The zero value is not known yet, which shows as [Lost].
type Grade struct {
	known bool
	shown Bars
	// worse and better are what the bars go to when it lasts: the best seen
	// since they were to fall, the worst seen since they were to rise.
	worse, better           Bars
	worseSince, betterSince time.Duration
	falling, rising         bool
}

// See takes in what was measured at a moment (on any clock that only goes
// forward) and gives the bars to show.
func (g *Grade) See(b Bars, at time.Duration) Bars {
	switch {
	case !g.known, b == Lost:
		*g = Grade{known: true, shown: b}
	case g.shown == Lost:
		// Something passes again. How well remains to be seen.
		*g = Grade{known: true, shown: Poor}
		g.rise(b, at)
	case b < g.shown:
		g.rising = false
		g.fall(b, at)
	case b > g.shown:
		g.falling = false
		g.rise(b, at)
	default:
		g.falling, g.rising = false, false
	}
	return g.shown
}

// Shown gives the bars as they are.
func (g *Grade) Shown() Bars { return g.shown }

func (g *Grade) fall(b Bars, at time.Duration) {
	if !g.falling {
		g.falling, g.worse, g.worseSince = true, b, at
	}
	g.worse = max(g.worse, b)
	if at-g.worseSince >= fallAfter {
		g.falling, g.shown = false, g.worse
	}
}

func (g *Grade) rise(b Bars, at time.Duration) {
	if b <= g.shown {
		return
	}
	if !g.rising {
		g.rising, g.better, g.betterSince = true, b, at
	}
	g.better = min(g.better, b)
	if at-g.betterSince >= riseAfter {
		g.rising, g.shown = false, g.better
	}
}
