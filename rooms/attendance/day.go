package attendance

import (
	"cmp"
	"slices"
	"time"

	"palabre/rooms"
)

// MaxDays is how many days can be asked for at once.
const MaxDays = 366

// Day is what one day (in UTC) came to, on the whole server or in one room.
// Times are in seconds.
type Day struct {
	// Day is like 2026-03-01.
	Day string `json:"day"`
	// Meetings began that day; MeetingTime is how long those lasted, together.
	Meetings    int     `json:"meetings"`
	MeetingTime float64 `json:"meetingSeconds"`
	// Joins is how often somebody came in, People how many different people
	// were in: by identity, a guest anew each time they open the page.
	Joins  int `json:"joins"`
	People int `json:"people"`
	// PersonTime is how long everybody was in, together, within the day.
	PersonTime float64 `json:"personSeconds"`
	// Most is how many were in at once.
	Most int `json:"mostAtOnce"`
	// Join is how long media took after joining.
	Join JoinTimes `json:"join"`
	// Failures is how often somebody could not come in, by why; of the whole server only.
	Failures map[string]int `json:"failures"`
}

// JoinTimes are percentiles of how long media took after joining, in seconds.
type JoinTimes struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	// Count is how many joins they are of, Without how many never had media.
	Count   int `json:"count"`
	Without int `json:"without"`
}

// Count puts a day together, stay by stay.
type Count struct {
	day, end time.Time
	people   map[string]bool
	joins    int
	without  int
	time     time.Duration
	took     []time.Duration
	steps    []step
}

// step is somebody coming (1) or going (-1).
type step struct {
	at time.Time
	by int
}

// Of begins to count the day that begins at a time.
func Of(day time.Time) *Count {
	return &Count{day: day, end: day.AddDate(0, 0, 1), people: map[string]bool{}}
}

// Add counts a stay that touches the day. One that has no end counts until a time.
func (c *Count) Add(stay rooms.Stay, until time.Time) {
	gone := stay.Left
	if gone.IsZero() {
		gone = until
	}
	from, to := stay.Joined, gone
	if from.Before(c.day) {
		from = c.day
	}
	if to.After(c.end) {
		to = c.end
	}
	if to.Before(from) {
		to = from
	}
	c.people[cmp.Or(stay.Identity, stay.Participant)] = true
	c.time += to.Sub(from)
	if !to.After(from) {
		to = from.Add(time.Microsecond) // whoever was there was there
	}
	c.steps = append(c.steps, step{from, 1}, step{to, -1})
	if stay.Joined.Before(c.day) {
		return
	}
	c.joins++
	switch {
	case stay.Took > 0:
		c.took = append(c.took, stay.Took)
	case !stay.Left.IsZero():
		c.without++
	}
}

// Day gives what was counted.
func (c *Count) Day() Day {
	return Day{
		Day: c.day.Format(time.DateOnly), Joins: c.joins, People: len(c.people), PersonTime: c.time.Seconds(), Most: c.most(), Join: c.times(),
		Failures: map[string]int{},
	}
}

// most is how many were in at once. Who goes at a moment does so before who comes.
func (c *Count) most() int {
	slices.SortFunc(c.steps, func(a, b step) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.by, b.by)) })
	now, most := 0, 0
	for _, s := range c.steps {
		now += s.by
		most = max(most, now)
	}
	return most
}

// times are the percentiles, by nearest rank.
func (c *Count) times() JoinTimes {
	slices.Sort(c.took)
	rank := func(percent int) float64 {
		if len(c.took) == 0 {
			return 0
		}
		return c.took[(len(c.took)*percent+99)/100-1].Seconds()
	}
	return JoinTimes{P50: rank(50), P95: rank(95), P99: rank(99), Count: len(c.took), Without: c.without}
}
