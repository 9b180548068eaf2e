// Package attendance is who was in which meeting and for how long, and what
// each day came to: plain values, and the counting of them.
package attendance

import (
	"cmp"
	"slices"
	"time"

	"palabre/rooms"
)

// Meeting is a meeting as it is remembered.
type Meeting struct {
	ID, Room string
	Started  time.Time
	// Ended is zero while it is on. Seen is when it was last known to be.
	Ended, Seen time.Time
	// People is how many different people were in, Most how many at once.
	People, Most int
	Reason       rooms.Reason
}

// Attendee is one person's part in a meeting, all their stays together.
type Attendee struct {
	Participant, Identity, Name string
	Role                        rooms.Role
	// First and Last are when they first came and last went; Last is zero while they are in.
	First, Last time.Time
	// Stayed is how long they were in, Spoke how long they were heard, Poor how
	// long their connection was bad.
	Stayed, Spoke, Poor time.Duration
	// Took is how long their first media took after joining; 0: it never came.
	Took time.Duration
	// Stays is how often they came in.
	Stays  int
	Client string
	// Veiled says that no personal figures were kept: Spoke and Poor are not known.
	Veiled bool
}

// People puts the stays of a meeting together by person, in the order they first
// came. Stays without an end count until a time.
func People(stays []rooms.Stay, until time.Time) []Attendee {
	byPerson := map[string]*Attendee{}
	for _, stay := range stays {
		who := cmp.Or(stay.Identity, stay.Participant)
		a := byPerson[who]
		if a == nil {
			a = &Attendee{Participant: stay.Participant, Identity: stay.Identity, First: stay.Joined, Took: stay.Took, Veiled: stay.Veiled()}
			byPerson[who] = a
		}
		a.add(stay, until)
	}
	people := make([]Attendee, 0, len(byPerson))
	for _, a := range byPerson {
		people = append(people, *a)
	}
	slices.SortFunc(people, func(a, b Attendee) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Participant, b.Participant))
	})
	return people
}

// add counts one more stay of the person in; until is when one still runs.
func (a *Attendee) add(stay rooms.Stay, until time.Time) {
	a.Name, a.Role, a.Client = stay.Name, stay.Role, stay.Client
	a.Stays++
	a.Spoke, a.Poor = a.Spoke+stay.Spoke, a.Poor+stay.Poor
	a.Last = stay.Left
	end := stay.Left
	if end.IsZero() {
		end = until
	}
	a.Stayed += max(end.Sub(stay.Joined), 0)
}
