package seating

// voiceLines puts the audible people whose voice no seat carries on the voice lines.
func (m *meeting) voiceLines(prev, seats []Seat) []Seat {
	seated := make(map[string]bool, len(seats))
	for i, s := range seats {
		if !s.Free() && m.voiceOf(seats, i) {
			seated[s.Participant] = true
		}
	}
	lines := m.carry(Voice, m.Lines.Voices, prev)
	for i := range lines {
		s := &lines[i]
		switch {
		case seated[s.Participant] || m.people[s.Participant].Microphone == Absent:
			*s = Seat{Kind: Voice, Index: i}
		case m.audible(s.Participant):
			s.idle = 0
		default:
			s.idle++
		}
		seated[s.Participant] = true
	}
	waiting := m.loudest
	if m.everybody {
		waiting = append(waiting[:len(waiting):len(waiting)], m.microphones...)
	}
	for _, id := range waiting {
		if seated[id] || !m.audible(id) {
			continue
		}
		seated[id] = true
		if i := m.lineFor(lines, id); i >= 0 {
			lines[i] = Seat{Kind: Voice, Index: i, Participant: id}
		}
	}
	for i := range lines {
		if m.audible(lines[i].Participant) {
			lines[i].Sound = Microphone
		}
	}
	return lines
}

// lineFor finds a voice line for somebody: a free one, else that of whoever
// is silent for longest. Where all are audible, who is among the loudest goes
// before who is not, and who holds the floor before all. -1 when there is none.
func (m *meeting) lineFor(lines []Seat, id string) int {
	if i := leastWanted(lines); i >= 0 || len(lines) == 0 {
		return i
	}
	last := 0
	for i := range lines {
		if m.loudness(lines[i].Participant) >= m.loudness(lines[last].Participant) {
			last = i
		}
	}
	if id == m.dominant || m.loud(id) && !m.loud(lines[last].Participant) {
		return last
	}
	return -1
}

// loudness is somebody's rank; who is not among the loudest comes after all who are.
func (m *meeting) loudness(id string) int {
	if rank, loud := m.rank[id]; loud {
		return rank
	}
	return len(m.loudest)
}
