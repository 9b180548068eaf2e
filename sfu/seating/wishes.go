package seating

import (
	"cmp"
	"slices"
)

// The sizes of pictures whose size the viewer did not say, as programs do: a
// tile of a grid, a picture that fills a page, a screen that can be read.
const (
	gridWidth, gridHeight     = 640, 360
	pageWidth, pageHeight     = 1280, 720
	screenWidth, screenHeight = 1920, 1080
)

// wishes are who is to be seen, most important first, no more than there are lines.
type wishes struct{ seats, stages []wish }

// wishes decides by the mode who is to be seen.
func (m *meeting) wishes(prev []Seat) wishes {
	var w wishes
	switch m.Mode {
	case Tiles:
		w = m.tiles()
	case Speaker:
		w = wishes{m.speaker(prev), m.stages(prev)}
	default:
		w = wishes{m.wish(m.everyone(nil, gridWidth, gridHeight)), m.stages(prev)}
	}
	w.seats = w.seats[:min(len(w.seats), max(m.Lines.Seats, 0))]
	w.stages = w.stages[:min(len(w.stages), max(m.Lines.Stages, 0))]
	return w
}

// tiles wishes for exactly the tiles. A screen goes on a stage, and into a
// seat for a viewer without any.
func (m *meeting) tiles() wishes {
	var w wishes
	for _, t := range m.Tiles {
		o := occupant{t.Participant, t.Source}
		if t.Source != Camera && t.Source != Screen || !m.stays(o) {
			continue
		}
		list := &w.seats
		if t.Source == Screen && m.Lines.Stages > 0 {
			list = &w.stages
		}
		if i := slices.IndexFunc(*list, func(w wish) bool { return w.occupant == o }); i >= 0 {
			have := &(*list)[i] // shown twice: once at the larger size
			have.width, have.height = max(have.width, t.Width), max(have.height, t.Height)
			continue
		}
		*list = append(*list, wish{o, t.Width, t.Height})
	}
	return w
}

// stages wishes for the shared screens on stages: those that stand there
// first, then in the order of the people.
func (m *meeting) stages(prev []Seat) []wish {
	var list []wish
	for _, id := range m.Roster.screens {
		if m.here(id) {
			list = append(list, wish{occupant{id, Screen}, screenWidth, screenHeight})
		}
	}
	slices.SortStableFunc(list, func(a, b wish) int {
		return cmp.Compare(newly(prev, a.occupant), newly(prev, b.occupant))
	})
	return m.wish(list)
}

// newly sorts those who are shown, 0, before those who are not, 1.
func newly(prev []Seat, o occupant) int {
	if slices.ContainsFunc(prev, func(s Seat) bool { return s.Participant == o.id && s.shows == o.shows }) {
		return 0
	}
	return 1
}

// speaker wishes for a shared screen where there is no stage for it, then for
// who holds the floor, then for the others. A single seat thus shows the
// screen or else the speaker.
func (m *meeting) speaker(prev []Seat) []wish {
	var list []wish
	if screens := m.stages(prev); m.Lines.Stages <= 0 && len(screens) > 0 {
		list = append(list, screens[0])
	}
	first := []string{m.dominant}
	var seated, quiet []string
	for _, s := range prev {
		if s.Kind != Person || s.shows != Camera {
			continue
		}
		if m.loud(s.Participant) {
			seated = append(seated, s.Participant)
		} else {
			quiet = append(quiet, s.Participant)
		}
	}
	first = slices.Concat(first, seated, quiet)
	width, height := gridWidth, gridHeight
	if m.Lines.Seats == 1 {
		width, height = pageWidth, pageHeight
	}
	return append(list, m.wish(m.everyone(first, width, height))...)
}

// everyone wishes for the cameras of as many people as there are seats: first
// those named, then in the order they came.
func (m *meeting) everyone(first []string, width, height int) []wish {
	var list []wish
	for _, ids := range [][]string{first, m.order} {
		for _, id := range ids {
			if len(list) >= m.Lines.Seats {
				return list
			}
			o := occupant{id, Camera}
			if m.here(id) && !slices.ContainsFunc(list, func(w wish) bool { return w.occupant == o }) {
				list = append(list, wish{o, width, height})
			}
		}
	}
	return list
}

// wish gives the wishes the sizes of the tiles that name them.
func (m *meeting) wish(list []wish) []wish {
	for _, t := range m.Tiles {
		for i := range list {
			if list[i].id == t.Participant && list[i].shows == t.Source {
				list[i].width, list[i].height = t.Width, t.Height
			}
		}
	}
	return list
}
