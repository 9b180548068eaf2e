package seating

import "slices"

// Assign seats the people of v on the viewer's lines. The result has one Seat
// for every line, seats first, then stages, then voices, each by index; prev
// is the result of the call before (nil at first). prev is not changed.
func Assign(prev []Seat, v View) []Seat {
	m := newMeeting(v)
	want := m.wishes(prev)
	seats := m.place(Person, v.Lines.Seats, prev, want.seats)
	stages := m.place(Stage, v.Lines.Stages, prev, want.stages)
	m.sound(seats, stages)
	return slices.Concat(seats, stages, m.voiceLines(prev, seats))
}

// occupant is what a seat or a stage is given to: somebody, and which of
// their pictures it shows.
type occupant struct {
	id    string
	shows Source
}

// wish is an occupant the viewer is to see, at a size in device pixels.
type wish struct {
	occupant
	width, height int
}

// meeting is a meeting as one viewer has it.
type meeting struct {
	View
	*Roster
	// everybody says that so few others have a microphone that all are heard.
	everybody bool
	// alone says that the viewer has one seat and hears whoever sits in it.
	alone bool
}

func newMeeting(v View) meeting {
	m := meeting{View: v, Roster: v.Roster}
	if m.Roster == nil {
		m.Roster = NewRoster(nil, nil, 0, "")
	}
	microphones := len(m.microphones)
	if m.people[v.Viewer].Microphone == Live {
		microphones--
	}
	m.everybody = microphones <= m.most
	m.alone = v.Lines.Seats == 1 && (v.Mode == Speaker || v.Lines.Stages+v.Lines.Voices == 0)
	return m
}

// here says whether somebody is in the meeting, for the viewer to see and hear.
func (m *meeting) here(id string) bool {
	_, in := m.people[id]
	return in && id != m.Viewer
}

// loud says whether somebody's voice is among the loudest.
func (m *meeting) loud(id string) bool {
	_, loud := m.rank[id]
	return loud
}

// audible says whether somebody's microphone is to be heard now.
func (m *meeting) audible(id string) bool {
	return m.here(id) && m.people[id].Microphone == Live && (m.everybody || m.loud(id))
}

// picture is what became of the track an occupant is seated for.
func (m *meeting) picture(o occupant) State {
	if o.shows == Screen {
		return m.people[o.id].Screen
	}
	return m.people[o.id].Camera
}

// stays says whether an occupant may still be seated: they are here, and a
// screen is still shared.
func (m *meeting) stays(o occupant) bool {
	return m.here(o.id) && (o.shows != Screen || m.picture(o) == Live)
}

// place seats the wishes on n lines of one kind: everybody keeps their line,
// newcomers take free lines, then those least recently wanted. There are no
// more wishes than lines.
func (m *meeting) place(kind Kind, n int, prev []Seat, wishes []wish) []Seat {
	seats := m.carry(kind, n, prev)
	for i := range seats {
		seats[i].idle++
	}
	var waiting []wish
	for _, w := range wishes {
		i := slices.IndexFunc(seats, func(s Seat) bool { return s.Participant == w.id && s.shows == w.shows })
		if i < 0 {
			waiting = append(waiting, w)
			continue
		}
		m.seat(&seats[i], w)
	}
	for _, w := range waiting {
		if i := leastWanted(seats); i >= 0 {
			m.seat(&seats[i], w)
		}
	}
	for i := range seats {
		m.explain(&seats[i])
	}
	return seats
}

// carry makes the lines of one kind with those of before who may stay.
func (m *meeting) carry(kind Kind, n int, prev []Seat) []Seat {
	seats := make([]Seat, max(n, 0))
	for i := range seats {
		seats[i] = Seat{Kind: kind, Index: i}
	}
	for _, p := range prev {
		if p.Kind != kind || p.Index >= len(seats) || p.Free() || !m.stays(occupant{p.Participant, p.shows}) {
			continue
		}
		if kind == Person && p.shows == Screen && m.Lines.Stages > 0 {
			continue // there is a stage for it now
		}
		s := &seats[p.Index]
		s.Participant, s.shows, s.idle = p.Participant, p.shows, p.idle
	}
	return seats
}

// seat puts a wish on a line.
func (m *meeting) seat(s *Seat, w wish) {
	*s = Seat{Kind: s.Kind, Index: s.Index, Participant: w.id, Width: w.width, Height: w.height, shows: w.shows}
}

// explain says whether the line carries its occupant's picture, and if not, why.
func (m *meeting) explain(s *Seat) {
	if s.Free() {
		return
	}
	switch m.picture(occupant{s.Participant, s.shows}) {
	case Absent:
		s.Paused = PausedNoVideo
	case Muted:
		s.Paused = PausedMuted
	case Live:
		if s.Width <= 0 || s.Height <= 0 {
			s.Paused = PausedHidden
		} else {
			s.Picture = s.shows
		}
	}
}

// leastWanted is the line to give away: a free one, else that of whoever was
// not wanted for longest; -1 when all are wanted.
func leastWanted(seats []Seat) int {
	best := -1
	for i, s := range seats {
		if s.Free() {
			return i
		}
		if s.idle > 0 && (best < 0 || s.idle > seats[best].idle) {
			best = i
		}
	}
	return best
}

// sound decides what the audio lines of seats and stages carry.
func (m *meeting) sound(seats, stages []Seat) {
	for i := range seats {
		s := &seats[i]
		if s.Free() {
			continue
		}
		p := m.people[s.Participant]
		switch {
		case m.voiceOf(seats, i) && (m.alone && p.Microphone == Live || m.audible(p.ID)):
			s.Sound = Microphone
		case s.shows == Screen && p.ScreenAudio == Live:
			s.Sound = ScreenAudio
		}
	}
	for i := range stages {
		s := &stages[i]
		if s.idle == 0 && !s.Free() && m.people[s.Participant].ScreenAudio == Live {
			s.Sound = ScreenAudio
		}
	}
}

// voiceOf says whether the audio of seats[i] is for its occupant's microphone.
// That of a screen in a seat is only for a viewer who has nothing else; others
// hear the sharer where they sit, or on a voice line.
func (m *meeting) voiceOf(seats []Seat, i int) bool {
	return seats[i].shows == Camera || m.alone
}
