package drawing

import (
	"encoding/binary"
)

// Version begins every message. Another one is another protocol.
const Version = 1

// MaxMessage is the largest message to readers, in bytes.
const MaxMessage = 16 << 10

const (
	pointSize = 4
	// maxPart is the most points of one record.
	maxPart = 255
)

// kind begins every record.
type kind uint8

const (
	kindHello kind = 0x01
	kindDraw  kind = 0x02
	kindUndo  kind = 0x03
	kindErase kind = 0x04

	kindForget  kind = 0x10
	kindWhole   kind = 0x11
	kindYou     kind = 0x12
	kindAuthor  kind = 0x13
	kindCanvas  kind = 0x14
	kindEnded   kind = 0x15
	kindMark    kind = 0x16
	kindErased  kind = 0x17
	kindCleared kind = 0x18
	kindRefused kind = 0x19
)

// Record is one thing a message says: [Hello], [Draw], [Undo] or [Erase] from
// clients, the others from the room.
type Record interface {
	append(b []byte) []byte
}

type (
	// Hello asks for the whole drawing, and for all that comes after.
	Hello struct{}
	// Undo erases one's newest mark on a canvas.
	Undo struct{ Canvas uint32 }
	// Erase takes one mark away.
	Erase struct {
		Canvas uint32
		Author uint16
		Mark   uint32
	}

	// Forget begins a whole drawing: nothing known before counts.
	Forget struct{}
	// Whole ends a whole drawing.
	Whole struct{}
	// You says which author the reader is, and the number of their newest mark.
	You struct {
		Author uint16
		Newest uint32
	}
	// Canvas: somebody's share can be drawn on.
	Canvas struct {
		Canvas uint32
		Sharer string
	}
	// Ended: a canvas is gone, and all that was on it.
	Ended struct{ Canvas uint32 }
	// Erased: a mark is gone.
	Erased struct {
		Canvas uint32
		Author uint16
		Mark   uint32
	}
	// Cleared: all marks of a canvas are gone.
	Cleared struct{ Canvas uint32 }
	// Refused: a mark of the reader's was not taken, or not all of it.
	Refused struct {
		Canvas, Mark uint32
		Why          Refusal
	}
)

// Refusal says why a mark was not taken.
type Refusal uint8

// The refusals.
const (
	NotAllowed Refusal = iota + 1 // they may not draw there
	Full                          // something must be erased first
	Busy                          // the server cannot take it now
)

func (Hello) append(b []byte) []byte  { return append(b, byte(kindHello)) }
func (Forget) append(b []byte) []byte { return append(b, byte(kindForget)) }
func (Whole) append(b []byte) []byte  { return append(b, byte(kindWhole)) }

func (d Draw) append(b []byte) []byte {
	return d.body(binary.BigEndian.AppendUint32(append(b, byte(kindDraw)), d.Canvas))
}

func (u Undo) append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(kindUndo)), u.Canvas)
}

func (e Erase) append(b []byte) []byte { return named(b, kindErase, e.Canvas, e.Author, e.Mark) }

func (y You) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, byte(kindYou)), y.Author)
	return binary.BigEndian.AppendUint32(b, y.Newest)
}

func (a Author) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, byte(kindAuthor)), a.Number)
	return text(text(append(b, a.Colour), a.Participant), a.Name)
}

func (c Canvas) append(b []byte) []byte {
	return text(binary.BigEndian.AppendUint32(append(b, byte(kindCanvas)), c.Canvas), c.Sharer)
}

func (e Ended) append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(kindEnded)), e.Canvas)
}

func (m Mark) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(append(b, byte(kindMark)), m.Canvas)
	return m.body(binary.BigEndian.AppendUint16(b, m.Author))
}

func (e Erased) append(b []byte) []byte { return named(b, kindErased, e.Canvas, e.Author, e.Mark) }

func (c Cleared) append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(kindCleared)), c.Canvas)
}

func (r Refused) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(append(b, byte(kindRefused)), r.Canvas)
	return append(binary.BigEndian.AppendUint32(b, r.Mark), byte(r.Why))
}

func named(b []byte, k kind, canvas uint32, author uint16, mark uint32) []byte {
	b = binary.BigEndian.AppendUint32(append(b, byte(k)), canvas)
	b = binary.BigEndian.AppendUint16(b, author)
	return binary.BigEndian.AppendUint32(b, mark)
}

// last is the flag of a finished mark.
const last = 1

func (d Draw) body(b []byte) []byte {
	flags := byte(0)
	if d.Last {
		flags = last
	}
	points := d.Points[:min(len(d.Points), maxPart)]
	b = append(binary.BigEndian.AppendUint32(b, d.Mark), byte(d.Tool), flags, byte(len(points)))
	for _, p := range points {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, p.X), p.Y)
	}
	return text(b, d.Text)
}

// text appends up to 255 bytes with their length.
func text(b []byte, s string) []byte {
	s = s[:min(len(s), 255)]
	return append(append(b, byte(len(s))), s...)
}

// bytes is what a mark costs on the wire.
func (m *Mark) bytes() int { return 16 + pointSize*len(m.Points) + len(m.Text) }

// Writer puts records into as few messages as they fit in. The zero value is ready.
type Writer struct {
	full [][]byte
	open []byte
}

// Add appends a record.
func (w *Writer) Add(r Record) {
	if len(w.open) == 0 {
		w.open = append(w.open, Version)
	}
	before := len(w.open)
	if w.open = r.append(w.open); len(w.open) > MaxMessage {
		next := append([]byte{Version}, w.open[before:]...)
		w.full = append(w.full, w.open[:before:before])
		w.open = next
	}
}

// Take gives the messages and begins anew.
func (w *Writer) Take() [][]byte {
	all := w.full
	if len(w.open) > 0 {
		all = append(all, w.open)
	}
	w.full, w.open = nil, nil
	return all
}
