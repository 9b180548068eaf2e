package drawing

import (
	"cmp"
	"slices"
)

// Board is all canvases of a room. The zero value is ready.
type Board struct {
	canvases []*canvas // in the order they began
	authors  map[string]*author
	numbers  map[uint16]*author
	last     uint32 // canvas
	lastBy   uint16 // author
	bytes    int
}

// canvas is what is drawn on one share.
type canvas struct {
	number uint32
	sharer string
	marks  []*Mark // in the order they began
	bytes  int
}

type author struct {
	Author
	// newest is the number of the newest mark: numbers only grow, so that what
	// comes late for a mark that was erased does not bring it back.
	newest uint32
	open   []*Mark // of kept marks, oldest first
	laser  uint32  // the trail they draw now
	marks  int     // on all canvases
	known  bool    // readers were told of them
	gone   bool    // they left the room
}

// Begin gives a share its canvas, and the record of that; without a number where there are too many.
func (b *Board) Begin(sharer string) (number uint32, begun Record) {
	if len(b.canvases) >= MaxCanvases {
		return 0, nil
	}
	b.last++
	c := &canvas{number: b.last, sharer: sharer}
	b.canvases = append(b.canvases, c)
	return c.number, Canvas{Canvas: c.number, Sharer: sharer}
}

// End takes a canvas away with all that is on it. It gives the marks nobody had finished.
func (b *Board) End(number uint32) (unfinished []Mark, ended Record) {
	c := b.canvas(number)
	if c == nil {
		return nil, nil
	}
	unfinished = b.wipe(c)
	b.canvases = slices.DeleteFunc(b.canvases, func(other *canvas) bool { return other == c })
	return unfinished, Ended{Canvas: number}
}

// Clear takes all marks off a canvas; whose author had not finished them goes on for nobody.
func (b *Board) Clear(number uint32) (unfinished []Mark, cleared Record) {
	c := b.canvas(number)
	if c == nil {
		return nil, nil
	}
	return b.wipe(c), Cleared{Canvas: number}
}

func (b *Board) wipe(c *canvas) (unfinished []Mark) {
	for len(c.marks) > 0 {
		m := c.marks[len(c.marks)-1]
		if !m.Last {
			unfinished = append(unfinished, *m)
		}
		b.take(c, m)
	}
	slices.Reverse(unfinished)
	return unfinished
}

// Join gives somebody a number and a colour, and a record where readers know
// them by another name; nil else. There is no number left for them where ok is false.
func (b *Board) Join(participant, name string) (a Author, record Record, ok bool) {
	if known := b.authors[participant]; known != nil {
		known.gone = false
		if known.Name != name {
			known.Name = name
			if known.known {
				record = known.Author
			}
		}
		return known.Author, record, true
	}
	if len(b.authors) >= maxAuthors {
		return Author{}, nil, false
	}
	if b.authors == nil {
		b.authors, b.numbers = map[string]*author{}, map[uint16]*author{}
	}
	for b.lastBy++; b.lastBy == 0 || b.numbers[b.lastBy] != nil; {
		b.lastBy++
	}
	made := &author{Author: Author{Number: b.lastBy, Colour: b.colour(), Participant: participant, Name: name}}
	b.authors[participant], b.numbers[made.Number] = made, made
	return made.Author, nil, true
}

// Introduce gives the record that tells readers of an author; nil where they
// know them. It goes before the author's first mark.
func (b *Board) Introduce(number uint16) Record {
	a := b.numbers[number]
	if a == nil || a.known {
		return nil
	}
	a.known = true
	return a.Author
}

// colour is the one the fewest have.
func (b *Board) colour() uint8 {
	var had [Colours]int
	for _, a := range b.authors {
		had[a.Colour]++
	}
	least := uint8(0)
	for i := range had {
		if had[i] < had[least] {
			least = uint8(i)
		}
	}
	return least
}

// Leave finishes what somebody drew when they are gone, and gives those marks
// with their records. They are forgotten with the last of their marks.
func (b *Board) Leave(participant string) (finished []Mark, records []Record) {
	a := b.authors[participant]
	if a == nil {
		return nil, nil
	}
	for _, m := range a.open {
		m.Last = true
		finished = append(finished, *m)
		records = append(records, Mark{Author: m.Author, Draw: Draw{Canvas: m.Canvas, Mark: m.Draw.Mark, Tool: m.Tool, Last: true}})
	}
	a.open, a.gone = nil, true
	b.forget(a)
	return finished, records
}

// forget lets go of an author who left and of whom nothing is there any more.
func (b *Board) forget(a *author) {
	if a.gone && a.marks == 0 {
		delete(b.authors, a.Participant)
		delete(b.numbers, a.Number)
	}
}

// Newest is the number of an author's newest mark; the next is to be larger.
func (b *Board) Newest(number uint16) uint32 {
	if a := b.numbers[number]; a != nil {
		return a.newest
	}
	return 0
}

// Author gives an author by number; nobody where there is none.
func (b *Board) Author(number uint16) Author {
	if a := b.numbers[number]; a != nil {
		return a.Author
	}
	return Author{}
}

func (b *Board) canvas(number uint32) *canvas {
	i, found := slices.BinarySearchFunc(b.canvases, number, func(c *canvas, n uint32) int { return cmp.Compare(c.number, n) })
	if !found {
		return nil
	}
	return b.canvases[i]
}
