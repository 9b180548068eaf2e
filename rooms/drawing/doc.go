// Package drawing is what people draw and point at on shared screens: a canvas
// for each share, marks in the order the room took them, each with its author.
//
// A [Board] is a plain state machine of one owner: no goroutine, no lock, no
// clock. It takes [Draw] and the like, and gives the records that tell readers
// what came of them. Coordinates are relative to the picture: 0 to 65535 of its
// width and height.
//
// Who may draw is not decided here, but how much: what is over a bound is
// refused with [ErrFull], nothing drawn before is given up for it.
//
// The bytes of messages are those of docs/protocol.md, "Drawings".
package drawing

import "errors"

// Tool is what a mark was drawn with.
type Tool uint8

// The tools.
const (
	Pen   Tool = iota + 1 // a line by hand
	Arrow                 // from the first point to the second
	Box                   // between two corners
	Text                  // one line, from its point to the right
	Stamp                 // a small sign around its point
	Laser                 // a trail that fades and is not kept
)

// String names a tool in facts.
func (t Tool) String() string {
	names := [...]string{"pen", "arrow", "box", "text", "stamp", "laser"}
	if t < Pen || t > Laser {
		return "unknown"
	}
	return names[t-1]
}

// grows says that points add to a mark; two of the others' points are all there are.
func (t Tool) grows() bool { return t == Pen || t == Laser }

// spanned says that a mark is where its first and its last point say.
func (t Tool) spanned() bool { return t == Arrow || t == Box }

// Stamps are the words of the signs there are.
func Stamps() []string {
	return []string{"check", "cross", "question", "star", "heart", "here"}
}

// Bounds of what is drawn.
const (
	// MaxPoints is the most points of one mark: a minute of drawing.
	MaxPoints = 2048
	// MaxMarks is the most marks of one canvas.
	MaxMarks = 2000
	// MaxCanvasBytes and MaxBoardBytes bound one canvas and all of a room, as they
	// are on the wire: a late joiner is told all of it at once.
	MaxCanvasBytes = 128 << 10
	MaxBoardBytes  = 256 << 10
	// MaxCanvases is the most canvases of a room at once.
	MaxCanvases = 16
	// MaxText is the most a text mark says, in bytes of UTF-8.
	MaxText = 200
	// Colours is how many colours there are to tell authors apart.
	Colours = 8
	// maxOpen is how many marks one author may have begun and not finished.
	maxOpen = 4
	// maxAuthors is how many people may have drawn on what is there.
	maxAuthors = 4000
)

// Errors of a [Board].
var (
	// ErrFull: a bound is reached; something must be erased first.
	ErrFull = errors.New("the drawing is full")
	// ErrGone: the canvas, or the mark on it, is no longer there.
	ErrGone = errors.New("what was to be drawn on is gone")
	// ErrBad: no client of ours sends this.
	ErrBad = errors.New("not a drawing")
)

// Point is a place on the picture.
type Point struct{ X, Y uint16 }

// Draw begins a mark or goes on with it.
type Draw struct {
	Canvas, Mark uint32
	Tool         Tool
	// Last says that the mark is finished.
	Last   bool
	Points []Point
	// Text is what a text says, or which stamp it is.
	Text string
}

// Mark is something drawn.
type Mark struct {
	Draw
	Author uint16
}

// Author is somebody who draws or reads.
type Author struct {
	Number uint16
	// Colour is an index into the palette.
	Colour uint8
	// Participant is who it is, Name what they were called.
	Participant, Name string
}
