package drawing

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// Draw does what an author asks. It gives the record for all readers, and the
// mark once it is finished (its points are the board's: not to be changed). A
// mark that comes to its bound is finished there, without an error.
func (b *Board) Draw(number uint16, d Draw) (record Record, finished *Mark, err error) {
	a, c := b.numbers[number], b.canvas(d.Canvas)
	switch {
	case a == nil || !sound(d):
		return nil, nil, ErrBad
	case c == nil:
		return nil, nil, ErrGone
	case d.Tool == Laser:
		return b.point(a, d)
	}
	for _, m := range a.open {
		if m.Draw.Mark == d.Mark {
			return b.extend(a, c, m, d)
		}
	}
	return b.begin(a, c, d)
}

// sound says whether a record can be of a client of ours.
func sound(d Draw) bool {
	switch d.Tool {
	case Pen, Arrow, Box, Laser:
		return d.Text == "" && (len(d.Points) > 0 || d.Last)
	case Text:
		return len(d.Points) == 1 && d.Last && d.Text != "" && len(d.Text) <= MaxText && utf8.ValidString(d.Text)
	case Stamp:
		return len(d.Points) == 1 && d.Last && slices.Contains(Stamps(), d.Text)
	}
	return false
}

// point passes a laser on. Only its number is remembered.
func (b *Board) point(a *author, d Draw) (Record, *Mark, error) {
	if d.Mark != a.laser {
		if d.Mark <= a.newest {
			return nil, nil, ErrGone
		}
		a.laser, a.newest = d.Mark, d.Mark
	}
	if d.Last {
		a.laser = 0
	}
	return Mark{Draw: d, Author: a.Number}, nil, nil
}

func (b *Board) begin(a *author, c *canvas, d Draw) (Record, *Mark, error) {
	m := &Mark{Draw: d, Author: a.Number}
	m.Points = slices.Clone(d.Points)
	switch {
	case d.Mark <= a.newest:
		return nil, nil, ErrGone // erased, or finished before
	case len(d.Points) == 0 || d.Tool.grows() && len(d.Points) > MaxPoints:
		return nil, nil, ErrBad
	case len(c.marks) >= MaxMarks || len(a.open) >= maxOpen || !b.fits(c, m.bytes()):
		a.newest = d.Mark
		return nil, nil, ErrFull
	}
	if m.Tool.spanned() && len(m.Points) > 2 {
		m.Points = []Point{m.Points[0], m.Points[len(m.Points)-1]}
		d.Points = m.Points
	}
	a.newest = d.Mark
	a.marks++
	c.marks = append(c.marks, m)
	b.grow(c, m.bytes())
	if !m.Last {
		a.open = append(a.open, m)
		return Mark{Draw: d, Author: a.Number}, nil, nil
	}
	return Mark{Draw: d, Author: a.Number}, m, nil
}

// extend goes on with a mark: a line gets longer, what spans two points gets another second one.
func (b *Board) extend(a *author, c *canvas, m *Mark, d Draw) (Record, *Mark, error) {
	if m.Tool != d.Tool || m.Canvas != d.Canvas {
		return nil, nil, ErrBad
	}
	before := m.bytes()
	switch n := len(d.Points); {
	case m.Tool.spanned() && n > 0:
		m.Points = []Point{m.Points[0], d.Points[n-1]}
		d.Points = d.Points[n-1:]
	case len(m.Points)+n > MaxPoints || !b.fits(c, n*pointSize):
		d.Points, d.Last = nil, true
	default:
		m.Points = append(m.Points, d.Points...)
	}
	b.grow(c, m.bytes()-before)
	if d.Last {
		m.Last = true
		a.open = slices.DeleteFunc(a.open, func(other *Mark) bool { return other == m })
		return Mark{Draw: d, Author: a.Number}, m, nil
	}
	return Mark{Draw: d, Author: a.Number}, nil, nil
}

// Undo erases the newest mark of an author on a canvas.
func (b *Board) Undo(number uint16, canvas uint32) (erased Mark, record Record, err error) {
	c := b.canvas(canvas)
	if c == nil {
		return Mark{}, nil, ErrGone
	}
	for _, m := range slices.Backward(c.marks) {
		if m.Author == number {
			return b.Erase(canvas, number, m.Draw.Mark)
		}
	}
	return Mark{}, nil, ErrGone
}

// Erase takes one mark away.
func (b *Board) Erase(canvas uint32, number uint16, mark uint32) (erased Mark, record Record, err error) {
	c := b.canvas(canvas)
	if c == nil {
		return Mark{}, nil, ErrGone
	}
	for _, m := range c.marks {
		if m.Author == number && m.Draw.Mark == mark {
			erased = *m
			b.take(c, m)
			return erased, Erased{Canvas: canvas, Author: number, Mark: mark}, nil
		}
	}
	return Mark{}, nil, ErrGone
}

// take lets go of a mark.
func (b *Board) take(c *canvas, m *Mark) {
	c.marks = slices.DeleteFunc(c.marks, func(other *Mark) bool { return other == m })
	b.grow(c, -m.bytes())
	if a := b.numbers[m.Author]; a != nil {
		a.open = slices.DeleteFunc(a.open, func(other *Mark) bool { return other == m })
		a.marks--
		b.forget(a)
	}
}

// fits says whether there is room for so many bytes more.
func (b *Board) fits(c *canvas, bytes int) bool {
	return c.bytes+bytes <= MaxCanvasBytes && b.bytes+bytes <= MaxBoardBytes
}

func (b *Board) grow(c *canvas, bytes int) {
	c.bytes += bytes
	b.bytes += bytes
}

// Snapshot is all that is drawn, for one reader: messages that make them
// forget what they knew and tell them what is. Only canvases of sharers they see are in it.
func (b *Board) Snapshot(reader Author, sees func(sharer string) bool) [][]byte {
	var w Writer
	w.Add(Forget{})
	w.Add(You{Author: reader.Number, Newest: b.Newest(reader.Number)})
	told := map[uint16]bool{}
	introduce := func(number uint16) {
		if a := b.numbers[number]; a != nil && !told[number] {
			told[number] = true
			w.Add(a.Author)
		}
	}
	introduce(reader.Number)
	for _, number := range slices.Sorted(maps.Keys(b.numbers)) {
		if b.numbers[number].known {
			introduce(number)
		}
	}
	for _, c := range b.canvases {
		if !sees(c.sharer) {
			continue
		}
		w.Add(Canvas{Canvas: c.number, Sharer: c.sharer})
		for _, m := range c.marks {
			for _, part := range m.parts() {
				w.Add(part)
			}
		}
	}
	w.Add(Whole{})
	return w.Take()
}

// parts are the records that tell a whole mark.
func (m *Mark) parts() []Mark {
	var list []Mark
	for points := m.Points; ; points = points[maxPart:] {
		part := *m
		if len(points) <= maxPart {
			part.Points = points
			return append(list, part)
		}
		part.Points, part.Last = points[:maxPart], false
		list = append(list, part)
	}
}
