package seating

// Roster is who is in a meeting and who is heard: what the seatings of all its
// viewers have in common. It is made once for all of them when something of it
// changes, and not changed afterwards, so that they may share it.
type Roster struct {
	people map[string]Participant
	// order lists the people as they came, those who can send a voice or a
	// picture before those who cannot.
	order []string
	// screens and microphones list those whose screen, whose microphone is
	// live, in that order.
	screens, microphones []string
	// loudest are the people whose voices are forwarded, and rank their places.
	loudest  []string
	rank     map[string]int
	most     int
	dominant string
}

// NewRoster makes the Roster of the people of a meeting in the order they
// came. loudest are those whose voices are forwarded, loudest first, at most
// n of them; while no more than n others have a live microphone a viewer hears
// everybody. dominant holds the floor and may be empty.
func NewRoster(people []Participant, loudest []string, n int, dominant string) *Roster {
	r := &Roster{people: make(map[string]Participant, len(people)), rank: make(map[string]int, len(loudest)), most: n, dominant: dominant}
	var cannot []string
	for _, p := range people {
		if _, twice := r.people[p.ID]; twice || p.ID == "" {
			continue
		}
		r.people[p.ID] = p
		if p.Camera != Absent || p.Microphone != Absent {
			r.order = append(r.order, p.ID)
		} else {
			cannot = append(cannot, p.ID)
		}
	}
	r.order = append(r.order, cannot...)
	for _, id := range r.order {
		if r.people[id].Screen == Live {
			r.screens = append(r.screens, id)
		}
		if r.people[id].Microphone == Live {
			r.microphones = append(r.microphones, id)
		}
	}
	for _, id := range loudest {
		if _, here := r.people[id]; here {
			r.rank[id] = len(r.loudest)
			r.loudest = append(r.loudest, id)
		}
	}
	return r
}
