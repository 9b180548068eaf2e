// Package succession says who stands in for the hosts of a meeting while none
// of them is there. It is a pure function of who is present, so that everybody
// who knows the same people comes to the same answer, whatever happened in
// which order before.
package succession

import (
	"cmp"
	"slices"
	"time"
)

// Grace is how long a host whose connection was lost is waited for before
// somebody stands in: most are back by then, and nobody need have noticed.
const Grace = 5 * time.Second

// Person is somebody in the meeting, by what they are of their own right:
// standing in for a host makes nobody a host here.
type Person struct {
	ID string
	// Rank orders the roles, the highest first.
	Rank int
	// Hosts says that their role may give roles: they need nobody to stand in.
	Hosts bool
	// Able says that their role may stand in at all; viewers and machines may not.
	Able bool
	// Away says that their connection is lost and may come back.
	Away bool
	// Joined is when they came in.
	Joined time.Time
}

// Of gives the id of who stands in, and "" where nobody does. hosted says that
// a host has been in the meeting; one without hosts from the beginning has
// nobody to stand in for. since is when the last host present was lost, and
// zero where that is long ago or they left for good. again is when to ask anew.
func Of(people []Person, hosted bool, since, now time.Time) (id string, again time.Time) {
	if !hosted || slices.ContainsFunc(people, func(p Person) bool { return p.Hosts && !p.Away }) {
		return "", time.Time{}
	}
	expected := slices.ContainsFunc(people, func(p Person) bool { return p.Hosts })
	if until := since.Add(Grace); expected && !since.IsZero() && now.Before(until) {
		return "", until
	}
	able := slices.DeleteFunc(slices.Clone(people), func(p Person) bool { return !p.Able || p.Away || p.Hosts })
	if len(able) == 0 {
		return "", time.Time{}
	}
	return slices.MinFunc(able, before).ID, time.Time{}
}

// before orders people: the higher rank, then who came first, then the smaller id.
func before(a, b Person) int {
	return cmp.Or(cmp.Compare(b.Rank, a.Rank), a.Joined.Compare(b.Joined), cmp.Compare(a.ID, b.ID))
}
