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
	// Able says that they may stand in at all; viewers and machines may not.
	Able bool
	// Away says that their connection is lost and may come back.
	Away bool
	// Joined is when they came in.
	Joined time.Time
}

// Of gives the id of who stands in: the highest in rank, then who has been in
// longest. It is "" while a host is there, and where nobody is able.
func Of(people []Person) string {
	if slices.ContainsFunc(people, func(p Person) bool { return p.Hosts && !p.Away }) {
		return ""
	}
	able := slices.DeleteFunc(slices.Clone(people), func(p Person) bool { return !p.Able || p.Away || p.Hosts })
	if len(able) == 0 {
		return ""
	}
	return slices.MinFunc(able, before).ID
}

// before orders people: the higher rank, then who came first, then the smaller id.
func before(a, b Person) int {
	return cmp.Or(cmp.Compare(b.Rank, a.Rank), a.Joined.Compare(b.Joined), cmp.Compare(a.ID, b.ID))
}
