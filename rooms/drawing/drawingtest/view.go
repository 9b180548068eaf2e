// Package drawingtest is the other end of a board for tests: messages as a
// client writes them, and the drawing as a reader knows it.
package drawingtest

import (
	"fmt"
	"slices"

	"palabre/rooms/drawing"
)

// Message puts records into one message, however large it gets.
func Message(records ...drawing.Record) []byte {
	message := []byte{drawing.Version}
	var w drawing.Writer
	for _, r := range records {
		w.Add(r)
	}
	for _, part := range w.Take() {
		message = append(message, part[1:]...)
	}
	return message
}

// View is a drawing as one reader knows it, from the messages the room sent
// them. The zero value is ready.
type View struct {
	// Me is the reader's own number.
	Me drawing.You
	// Authors are by number, Sharers by canvas.
	Authors map[uint16]drawing.Author
	Sharers map[uint32]string
	// Marks are in the order they began, on all canvases.
	Marks []drawing.Mark
	// Complete says that a whole drawing has come.
	Complete bool
	// Refused are the reader's marks that were not taken.
	Refused []drawing.Refused
	// Trails are lasers that are drawn now, by author.
	Trails map[uint16]drawing.Mark
}

// Apply takes in one message.
func (v *View) Apply(message []byte) error {
	records, err := drawing.Parse(message)
	if err != nil {
		return err
	}
	if v.Authors == nil {
		v.forget()
	}
	for _, record := range records {
		if err := v.apply(record); err != nil {
			return err
		}
	}
	return nil
}

func (v *View) forget() {
	*v = View{Authors: map[uint16]drawing.Author{}, Sharers: map[uint32]string{}, Trails: map[uint16]drawing.Mark{}, Refused: v.Refused}
}

func (v *View) apply(record drawing.Record) error {
	switch r := record.(type) {
	case drawing.Forget:
		v.forget()
	case drawing.Whole:
		v.Complete = true
	case drawing.You:
		v.Me = r
	case drawing.Author:
		v.Authors[r.Number] = r
	case drawing.Canvas:
		v.Sharers[r.Canvas] = r.Sharer
	case drawing.Ended:
		delete(v.Sharers, r.Canvas)
		v.drop(func(m drawing.Mark) bool { return m.Canvas == r.Canvas })
	case drawing.Cleared:
		v.drop(func(m drawing.Mark) bool { return m.Canvas == r.Canvas })
	case drawing.Erased:
		v.drop(func(m drawing.Mark) bool {
			return m.Canvas == r.Canvas && m.Author == r.Author && m.Draw.Mark == r.Mark
		})
	case drawing.Mark:
		return v.mark(r)
	case drawing.Refused:
		v.Refused = append(v.Refused, r)
	default:
		return fmt.Errorf("%w: %T is for the room", drawing.ErrBad, record)
	}
	return nil
}

func (v *View) drop(gone func(drawing.Mark) bool) { v.Marks = slices.DeleteFunc(v.Marks, gone) }

func (v *View) mark(m drawing.Mark) error {
	if _, known := v.Authors[m.Author]; !known {
		return fmt.Errorf("%w: author %d was not introduced", drawing.ErrBad, m.Author)
	}
	if m.Tool == drawing.Laser {
		v.Trails[m.Author] = m
		return nil
	}
	i := slices.IndexFunc(v.Marks, func(o drawing.Mark) bool {
		return o.Canvas == m.Canvas && o.Author == m.Author && o.Draw.Mark == m.Draw.Mark
	})
	if i < 0 {
		if _, known := v.Sharers[m.Canvas]; !known {
			return fmt.Errorf("%w: canvas %d was not introduced", drawing.ErrBad, m.Canvas)
		}
		v.Marks = append(v.Marks, m)
		return nil
	}
	known := &v.Marks[i]
	known.Last = known.Last || m.Last
	switch n := len(m.Points); {
	case (m.Tool == drawing.Arrow || m.Tool == drawing.Box) && n > 0:
		known.Points = []drawing.Point{known.Points[0], m.Points[n-1]}
	default:
		known.Points = slices.Concat(known.Points, m.Points)
	}
	return nil
}
