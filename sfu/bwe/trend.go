package bwe

import "time"

// signal is what the trend of the delay says.
type signal uint8

const (
	normal signal = iota
	overuse
	underuse
)

const (
	// trendPoints is over how many slices the trend is fitted.
	trendPoints = 20
	// smoothing is the weight of what was known in the smoothed delay.
	smoothing = 0.9
	// fewPoints are too few to fit; until there are manyPoints a slope counts for
	// less.
	fewPoints, manyPoints = 5, 60
	// gain scales a slope to the units of the threshold, milliseconds: with
	// manyPoints a slope of 5 % is about the first threshold.
	gain = 4.0
	// The threshold adapts to what is usual on the path (draft-ietf-rmcat-gcc-02
	// section 5.4): slowly up, so that a flow that competes for the queue does
	// not starve us, and faster down. What lies far above it is no noise and leaves it alone.
	firstThreshold                = 12.5
	leastThreshold, mostThreshold = 6.0, 600.0
	thresholdUp, thresholdDown    = 0.0087, 0.039 // a millisecond
	spike                         = 15.0
	longestStep                   = 100 * time.Millisecond
	// overuseTime is how long a slope must last to count.
	overuseTime = 10 * time.Millisecond
)

// trend fits a line through the delays of late (the trendline filter): a
// positive slope means that a queue grows.
type trend struct {
	points    [trendPoints]fitted
	count     int
	first     time.Duration // arrival of the first point
	smoothed  float64       // ms
	base      time.Duration // delay of the first point, to keep numbers small
	threshold float64
	last      time.Duration
	slope     float64
	over      time.Duration // for how long the slope has been too steep
	overs     int
	signal    signal
}

// fitted is a point as it is fitted: arrival and smoothed delay, in milliseconds.
type fitted struct{ x, y float64 }

func newTrend() trend { return trend{threshold: firstThreshold} }

func (t *trend) add(p point) {
	if t.count > 0 && (p.arrival < t.last-strange || p.arrival > t.last+strange) {
		*t = newTrend()
	}
	if t.count == 0 {
		t.first, t.base, t.last = p.arrival, p.delay, p.arrival
	}
	y := milliseconds(p.delay - t.base)
	if t.count == 0 {
		t.smoothed = y
	}
	t.smoothed = smoothing*t.smoothed + (1-smoothing)*y
	t.points[t.count%trendPoints] = fitted{milliseconds(p.arrival - t.first), t.smoothed}
	t.count++
	slope := t.slope
	if t.count >= fewPoints {
		slope = fit(t.points[:min(t.count, trendPoints)])
	}
	t.detect(slope, p.arrival)
	t.slope, t.last = slope, max(t.last, p.arrival)
}

// detect compares the slope with the threshold.
func (t *trend) detect(slope float64, arrival time.Duration) {
	steep := slope * gain * float64(min(t.count, manyPoints))
	step := min(max(0, arrival-t.last), longestStep)
	switch {
	case steep > t.threshold:
		t.over += step
		t.overs++
		if t.over > overuseTime && t.overs > 1 && slope >= t.slope {
			t.over, t.overs, t.signal = 0, 0, overuse
		}
	case steep < -t.threshold:
		t.over, t.overs, t.signal = 0, 0, underuse
	default:
		t.over, t.overs, t.signal = 0, 0, normal
	}
	size := max(steep, -steep)
	if size > t.threshold+spike {
		return
	}
	k := thresholdDown
	if size > t.threshold {
		k = thresholdUp
	}
	t.threshold += k * (size - t.threshold) * milliseconds(step)
	t.threshold = min(max(t.threshold, leastThreshold), mostThreshold)
}

// fit is the slope of the line of least squares; 0 when all points are at one time.
func fit(points []fitted) float64 {
	var x, y float64
	for _, p := range points {
		x, y = x+p.x, y+p.y
	}
	n := float64(len(points))
	x, y = x/n, y/n
	var above, below float64
	for _, p := range points {
		above += (p.x - x) * (p.y - y)
		below += (p.x - x) * (p.x - x)
	}
	if below == 0 {
		return 0
	}
	return above / below
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
