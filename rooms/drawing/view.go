package drawing

import (
	"fmt"
	"slices"
)

// View is a drawing as one reader knows it, from the messages the room sent
// them. The zero value is ready.
type View struct {
	// Me is the reader's own number.
	Me You
	// Authors are by number, Sharers by canvas.
	Authors map[uint16]Author
	Sharers map[uint32]string
	// Marks are in the order they began, on all canvases.
	Marks []Mark
	// Complete says that a whole drawing has come.
	Complete bool
	// Refused are the reader's marks that were not taken.
	Refused []Refused
	// Trails are lasers that are drawn now, by author.
	Trails map[uint16]Mark
}

// Apply takes in one message.
func (v *View) Apply(message []byte) error {
	records, err := Parse(message)
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
	*v = View{Authors: map[uint16]Author{}, Sharers: map[uint32]string{}, Trails: map[uint16]Mark{}, Refused: v.Refused}
}

func (v *View) apply(record Record) error {
	switch r := record.(type) {
	case Forget:
		v.forget()
	case Whole:
		v.Complete = true
	case You:
		v.Me = r
	case Author:
		v.Authors[r.Number] = r
	case Canvas:
		v.Sharers[r.Canvas] = r.Sharer
	case Ended:
		delete(v.Sharers, r.Canvas)
		v.drop(func(m Mark) bool { return m.Canvas == r.Canvas })
	case Cleared:
		v.drop(func(m Mark) bool { return m.Canvas == r.Canvas })
	case Erased:
		v.drop(func(m Mark) bool { return m.Canvas == r.Canvas && m.Author == r.Author && m.Draw.Mark == r.Mark })
	case Mark:
		return v.mark(r)
	case Refused:
		v.Refused = append(v.Refused, r)
	default:
		return fmt.Errorf("%w: %T is for the room", ErrBad, record)
	}
	return nil
}

func (v *View) drop(gone func(Mark) bool) { v.Marks = slices.DeleteFunc(v.Marks, gone) }

func (v *View) mark(m Mark) error {
	if _, known := v.Authors[m.Author]; !known {
		return fmt.Errorf("%w: author %d was not introduced", ErrBad, m.Author)
	}
	if m.Tool == Laser {
		v.Trails[m.Author] = m
		return nil
	}
	i := slices.IndexFunc(v.Marks, func(o Mark) bool {
		return o.Canvas == m.Canvas && o.Author == m.Author && o.Draw.Mark == m.Draw.Mark
	})
	if i < 0 {
		if _, known := v.Sharers[m.Canvas]; !known {
			return fmt.Errorf("%w: canvas %d was not introduced", ErrBad, m.Canvas)
		}
		v.Marks = append(v.Marks, m)
		return nil
	}
	known := &v.Marks[i]
	known.Last = known.Last || m.Last
	switch n := len(m.Points); {
	case m.Tool.spanned() && n > 0:
		known.Points = []Point{known.Points[0], m.Points[n-1]}
	default:
		known.Points = slices.Concat(known.Points, m.Points)
	}
	return nil
}
