package drawing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"palabre/rooms/drawing"
	"palabre/rooms/drawing/drawingtest"
)

// table is a board with people who draw on it and one who reads all along.
type table struct {
	board    drawing.Board
	reader   drawingtest.View
	canvases []uint32
	people   map[string]uint32 // their newest mark
	marks    []drawing.Mark    // as they would be by the rules, in order
	out      drawing.Writer
}

func (b *table) say(record drawing.Record) {
	if record != nil {
		b.out.Add(record)
	}
}

// TestReadersHaveWhatTheBoardHas: whatever is drawn, undone, erased and cleared
// by whom, who reads along and who comes late have the same drawing, and it is what
// the rules say.
func TestReadersHaveWhatTheBoardHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &table{people: map[string]uint32{}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			b.step(t)
			for _, message := range b.out.Take() {
				if err := b.reader.Apply(message); err != nil {
					t.Fatal(err)
				}
			}
			b.check(t)
		}
	})
}

func (b *table) step(t *rapid.T) {
	name := rapid.SampledFrom([]string{"Ana", "Bob", "Cleo"}).Draw(t, "who")
	author, record, ok := b.board.Join(name, name)
	if !ok {
		t.Fatal("no number left")
	}
	b.say(record)
	canvas := uint32(0)
	if len(b.canvases) > 0 {
		canvas = rapid.SampledFrom(b.canvases).Draw(t, "canvas")
	}
	switch rapid.SampledFrom([]string{"begin", "draw", "draw", "draw", "draw", "undo", "erase", "clear", "end", "leave"}).Draw(t, "what") {
	case "begin":
		number, begun := b.board.Begin(name)
		if begun == nil {
			return
		}
		b.say(begun)
		b.canvases = append(b.canvases, number)
	case "draw":
		b.draw(t, author, canvas)
	case "undo":
		erased, record, err := b.board.Undo(author.Number, canvas)
		if err == nil && erased.Author != author.Number {
			t.Errorf("undo took a mark of %d from %d", erased.Author, author.Number)
		}
		b.say(record)
		b.drop(err, func(m drawing.Mark) bool { return m.Canvas == canvas && m.Author == author.Number }, true)
	case "erase":
		if len(b.marks) == 0 {
			return
		}
		m := rapid.SampledFrom(b.marks).Draw(t, "mark")
		_, record, err := b.board.Erase(m.Canvas, m.Author, m.Draw.Mark)
		b.say(record)
		b.drop(err, func(o drawing.Mark) bool {
			return o.Canvas == m.Canvas && o.Author == m.Author && o.Draw.Mark == m.Draw.Mark
		}, true)
	case "clear":
		_, record := b.board.Clear(canvas)
		b.say(record)
		b.drop(nil, func(m drawing.Mark) bool { return m.Canvas == canvas }, false)
	case "end":
		_, record := b.board.End(canvas)
		b.say(record)
		b.canvases = slices.DeleteFunc(b.canvases, func(c uint32) bool { return c == canvas })
		b.drop(nil, func(m drawing.Mark) bool { return m.Canvas == canvas }, false)
	case "leave":
		_, records := b.board.Leave(name)
		for _, record := range records {
			b.say(record)
		}
		for i := range b.marks {
			b.marks[i].Last = b.marks[i].Last || b.marks[i].Author == author.Number
		}
	}
}

func (b *table) draw(t *rapid.T, author drawing.Author, canvas uint32) {
	b.say(b.board.Introduce(author.Number))
	d := drawing.Draw{Canvas: canvas, Tool: rapid.SampledFrom([]drawing.Tool{drawing.Pen, drawing.Box, drawing.Laser, drawing.Stamp}).Draw(t, "tool")}
	for range rapid.IntRange(1, 4).Draw(t, "points") {
		d.Points = append(d.Points, drawing.Point{X: rapid.Uint16().Draw(t, "x"), Y: rapid.Uint16().Draw(t, "y")})
	}
	d.Last = rapid.Bool().Draw(t, "last")
	if d.Tool == drawing.Stamp {
		d.Text, d.Points, d.Last = "star", d.Points[:1], true
	}
	d.Mark = rapid.Uint32Range(max(b.people[author.Participant], 1)-1, b.people[author.Participant]+2).Draw(t, "number")
	record, _, err := b.board.Draw(author.Number, d)
	b.say(record)
	if err != nil {
		if record != nil {
			t.Error("a refused mark is told")
		}
		b.people[author.Participant] = max(b.people[author.Participant], b.board.Newest(author.Number))
		return
	}
	b.people[author.Participant] = max(b.people[author.Participant], d.Mark)
	if d.Tool == drawing.Laser {
		return
	}
	for i := range b.marks {
		m := &b.marks[i]
		if m.Canvas == canvas && m.Author == author.Number && m.Draw.Mark == d.Mark {
			m.Points, m.Last = join(d.Tool, m.Points, d.Points), d.Last
			return
		}
	}
	d.Points = join(d.Tool, nil, d.Points)
	b.marks = append(b.marks, drawing.Mark{Draw: d, Author: author.Number})
}

func join(tool drawing.Tool, before, more []drawing.Point) []drawing.Point {
	all := slices.Concat(before, more)
	if tool == drawing.Box && len(all) > 2 {
		return []drawing.Point{all[0], all[len(all)-1]}
	}
	return all
}

// drop takes the newest, or all, of the marks out of what should be there.
func (b *table) drop(err error, which func(drawing.Mark) bool, one bool) {
	for i := len(b.marks) - 1; i >= 0 && err == nil; i-- {
		if which(b.marks[i]) {
			b.marks = slices.Delete(b.marks, i, i+1)
			if one {
				return
			}
		}
	}
}

func (b *table) check(t *rapid.T) {
	var late drawingtest.View
	for _, message := range b.board.Snapshot(drawing.Author{Number: 1}, func(string) bool { return true }) {
		if len(message) > drawing.MaxMessage {
			t.Errorf("a message of %d bytes", len(message))
		}
		if err := late.Apply(message); err != nil {
			t.Fatal(err)
		}
	}
	sorted := slices.Clone(b.marks)
	slices.SortStableFunc(sorted, func(x, y drawing.Mark) int { return int(x.Canvas) - int(y.Canvas) })
	along := slices.Clone(b.reader.Marks)
	slices.SortStableFunc(along, func(x, y drawing.Mark) int { return int(x.Canvas) - int(y.Canvas) })
	if diff := cmp.Diff(empty(sorted), empty(late.Marks)); diff != "" || !late.Complete {
		t.Fatalf("who comes late has another drawing:\n%s", diff)
	}
	if diff := cmp.Diff(empty(sorted), empty(along)); diff != "" {
		t.Fatalf("who reads along has another drawing:\n%s", diff)
	}
}

func empty(marks []drawing.Mark) []drawing.Mark {
	if len(marks) == 0 {
		return nil
	}
	return marks
}

// begun is a board with one canvas and one author.
func begun(t *testing.T) (*drawing.Board, uint32, uint16) {
	t.Helper()
	b := &drawing.Board{}
	canvas, _ := b.Begin("sharer")
	author, _, _ := b.Join("ana", "Ana")
	return b, canvas, author.Number
}

func TestBoundsRefuseAndGiveNothingUp(t *testing.T) {
	b, canvas, ana := begun(t)
	points := make([]drawing.Point, 200)
	pen := func(mark uint32, last bool) error {
		_, _, err := b.Draw(ana, drawing.Draw{Canvas: canvas, Mark: mark, Tool: drawing.Pen, Points: points, Last: last})
		return err
	}
	mark, accepted := uint32(0), 0
	for range drawing.MaxMarks + 1 {
		mark++
		if err := pen(mark, true); errors.Is(err, drawing.ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		accepted++
	}
	if most := drawing.MaxCanvasBytes / (200 * 4); accepted > most || accepted < most*9/10 {
		t.Errorf("%d marks of 200 points fit on a canvas of %d bytes", accepted, drawing.MaxCanvasBytes)
	}
	size := 0
	for _, message := range b.Snapshot(drawing.Author{}, func(string) bool { return true }) {
		size += len(message)
	}
	if size > drawing.MaxCanvasBytes*5/4 {
		t.Errorf("a full canvas takes %d bytes to tell", size)
	}
	if _, _, err := b.Undo(ana, canvas); err != nil {
		t.Fatal(err)
	}
	if err := pen(mark+1, true); err != nil {
		t.Errorf("after an undo there is room again: %v", err)
	}
}

func TestALineOfManyPointsIsFinishedAtItsBound(t *testing.T) {
	b, canvas, ana := begun(t)
	points := make([]drawing.Point, 200)
	for i := range drawing.MaxPoints/200 + 2 {
		_, finished, err := b.Draw(ana, drawing.Draw{Canvas: canvas, Mark: 1, Tool: drawing.Pen, Points: points})
		if finished != nil {
			if n := len(finished.Points); n > drawing.MaxPoints || n < drawing.MaxPoints-200 {
				t.Errorf("finished with %d points", n)
			}
			return
		}
		if err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
	}
	t.Error("never finished")
}

func TestWhatIsErasedStaysErased(t *testing.T) {
	b, canvas, ana := begun(t)
	d := drawing.Draw{Canvas: canvas, Mark: 5, Tool: drawing.Pen, Points: []drawing.Point{{X: 1, Y: 1}}}
	if _, _, err := b.Draw(ana, d); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Erase(canvas, ana, 5); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Draw(ana, d); !errors.Is(err, drawing.ErrGone) {
		t.Errorf("points that came late: %v", err)
	}
}

func TestOnlySoundMarksAreTaken(t *testing.T) {
	b, canvas, ana := begun(t)
	at := []drawing.Point{{X: 1, Y: 1}}
	for name, d := range map[string]drawing.Draw{
		"an unknown stamp": {Tool: drawing.Stamp, Points: at, Last: true, Text: "rude"}, "a text without end": {Tool: drawing.Text, Points: at, Text: "x"},
		"a long text": {Tool: drawing.Text, Points: at, Last: true, Text: strings.Repeat("x", drawing.MaxText+1)}, "an empty text": {Tool: drawing.Text, Points: at, Last: true},
		"a pen that says something": {Tool: drawing.Pen, Points: at, Text: "x"}, "nothing": {Tool: drawing.Pen}, "a line that ends before it began": {Tool: drawing.Pen, Last: true},
	} {
		d.Canvas, d.Mark = canvas, 1
		if _, _, err := b.Draw(ana, d); !errors.Is(err, drawing.ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheFirstEightHaveColoursOfTheirOwn(t *testing.T) {
	var b drawing.Board
	seen := map[uint8]bool{}
	for i := range drawing.Colours {
		a, _, _ := b.Join(fmt.Sprint(i), "x")
		seen[a.Colour] = true
	}
	if len(seen) != drawing.Colours {
		t.Errorf("%d colours for %d people", len(seen), drawing.Colours)
	}
}
