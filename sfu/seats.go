package sfu

import (
	"slices"

	"palabre/sfu/seating"
	"palabre/sfu/shard"
)

// member is a peer as its room sees it; the room's lock guards it.
type member struct {
	peer    *Peer
	entered bool
	goal    string // the group they are in or on their way to
	turn    uint64 // counts those who entered
	tracks  map[Source]*shard.Track
	view    lines
	sending Sending
	layout  Layout
	seating []seating.Seat
	told    []Seat
	watched map[*shard.Line]shard.Watch
}

// mark tells the tracks what is meant to be sent.
func (m *member) mark() {
	for source, t := range m.tracks {
		t.Sends(m.sending.has(source))
		t.Moves(source == Screen && m.sending.Motion)
	}
}

func (s Sending) has(source Source) bool {
	switch source {
	case Microphone:
		return s.Microphone
	case Camera:
		return s.Camera
	case Screen:
		return s.Screen
	case ScreenAudio:
		return s.ScreenAudio
	}
	return false
}

func (m *member) state(source Source) seating.State {
	switch {
	case m.tracks[source] == nil:
		return seating.Absent
	case !m.sending.has(source):
		return seating.Muted
	}
	return seating.Live
}

// reseat works out everybody's seating.
func (r *room) reseat() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.groups {
		g.seat(r.sfu.config.Loudest)
	}
	for i := range r.moves {
		way := &r.moves[i]
		if r.moving(way.member) {
			way.assign(nil)
			way.show(nil, "")
		}
		way.unseated = true
	}
}

// assign works out one member's seating among those of a roster; nil is nobody.
func (m *member) assign(roster *seating.Roster) {
	m.seating = seating.Assign(m.seating, seating.View{
		Viewer: m.peer.id, Mode: seating.Mode(m.layout.Mode), Tiles: tiles(m.layout.Tiles),
		Lines:  seating.Lines{Seats: len(m.view.seats), Stages: len(m.view.stages), Voices: len(m.view.voices)},
		Roster: roster,
	})
}

// live counts the open microphones.
func live(people []seating.Participant) int {
	n := 0
	for _, p := range people {
		if p.Microphone == seating.Live {
			n++
		}
	}
	return n
}

func tiles(in []Tile) []seating.Tile {
	out := make([]seating.Tile, len(in))
	for i, t := range in {
		out[i] = seating.Tile{Participant: t.Participant, Source: seating.Source(t.Source), Width: t.Width, Height: t.Height}
	}
	return out
}

// show puts a seating into effect: the lines watch, the participant is told.
func (m *member) show(byID map[string]*member, dominant string) {
	var changes []shard.Watch
	next := make(map[*shard.Line]shard.Watch, len(m.seating))
	told := make([]Seat, 0, len(m.seating))
	heard := map[*shard.Track]bool{}
	put := func(w shard.Watch) {
		if w.Line == nil {
			return
		}
		next[w.Line] = w
		if old, ok := m.watched[w.Line]; !ok || old != w {
			changes = append(changes, w)
		}
	}
	ranks := m.ranks()
	for _, s := range m.seating {
		lines := m.view.at(s)
		who := byID[s.Participant]
		told = append(told, m.describe(s, lines, who))
		put(shard.Watch{Line: lines.audio, Track: who.sound(s, heard)})
		put(shard.Watch{
			Line: lines.video, Track: who.track(Source(s.Picture)), Width: s.Width, Height: s.Height,
			Pinned: s.Kind == seating.Stage, Speaking: s.Participant == dominant && dominant != "",
			Rank: ranks[s],
		})
	}
	m.watched = next
	if len(changes) > 0 {
		m.peer.media.Watch(changes)
	}
	if m.peer.group.Load() == nil {
		return // on the way to another group, where they are told
	}
	if !slices.Equal(told, m.told) {
		m.told = told
		m.peer.reports.add("seats", func(to Report) { to.Seated(slices.Clone(told)) })
	}
}

// ranks orders the seats by importance: as the viewer's tiles are, what is in
// no tile after those.
func (m *member) ranks() map[seating.Seat]int {
	ranks := make(map[seating.Seat]int, len(m.seating))
	for i, s := range m.seating {
		ranks[s] = len(m.layout.Tiles) + i
		for j, t := range m.layout.Tiles {
			if t.Participant == s.Participant && t.Source == Source(s.Picture) {
				ranks[s] = j
				break
			}
		}
	}
	return ranks
}

// at finds the lines of a seat.
func (v lines) at(s seating.Seat) pair {
	switch {
	case s.Kind == seating.Person && s.Index < len(v.seats):
		return v.seats[s.Index]
	case s.Kind == seating.Stage && s.Index < len(v.stages):
		return v.stages[s.Index]
	case s.Kind == seating.Voice && s.Index < len(v.voices):
		return pair{audio: v.voices[s.Index]}
	}
	return pair{}
}

func (m *member) track(source Source) *shard.Track {
	if m == nil {
		return nil
	}
	return m.tracks[source]
}

// sound is what a seat's audio line carries. A person's seat keeps their
// microphone while they are silent, so that a first word is not cut off; the
// room lets through who is heard.
func (m *member) sound(s seating.Seat, heard map[*shard.Track]bool) *shard.Track {
	if m == nil {
		return nil
	}
	source := Source(s.Sound)
	if s.Sound == seating.Nothing && s.Kind == seating.Person && s.Shows() != seating.Screen {
		source = Microphone
	}
	t := m.tracks[source]
	if t == nil || heard[t] {
		return nil
	}
	heard[t] = true
	return t
}

// describe is a seat as its viewer is told.
func (m *member) describe(s seating.Seat, l pair, who *member) Seat {
	out := Seat{Kind: SeatKind(s.Kind), Index: s.Index, Participant: s.Participant, Paused: s.Paused}
	if who == nil {
		return out
	}
	out.Audio = s.Sound != seating.Nothing
	if s.Kind == seating.Person && s.Shows() != seating.Screen {
		out.Audio = who.state(Microphone) == seating.Live
	}
	if s.Picture == seating.Nothing || l.video == nil {
		return out
	}
	t := who.tracks[Source(s.Picture)]
	switch {
	case t == nil:
	case t.State() == shard.BadCodec:
		out.Paused = "codec"
	case l.video.Paused() != "":
		out.Paused = l.video.Paused()
	case t.State() == shard.NoVideo:
		out.Paused = seating.PausedNoVideo
	}
	out.Video = out.Paused == ""
	return out
}
