package drawing

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Parse reads a message, all of it or nothing. Every error wraps [ErrBad].
func Parse(message []byte) ([]Record, error) {
	if len(message) == 0 || message[0] != Version {
		return nil, fmt.Errorf("%w: no message of version %d", ErrBad, Version)
	}
	c := cursor{rest: message[1:]}
	var records []Record
	for len(c.rest) > 0 {
		record := c.record()
		if c.bad || record == nil {
			return nil, fmt.Errorf("%w: record %d cannot be read", ErrBad, len(records))
		}
		records = append(records, record)
	}
	return records, nil
}

// cursor reads a message from its beginning to its end.
type cursor struct {
	rest []byte
	bad  bool
}

// bytes gives the next n bytes; zeros once the message is at its end.
func (c *cursor) bytes(n int) []byte {
	if len(c.rest) < n {
		c.bad, c.rest = true, nil
		return make([]byte, n)
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) byte() uint8    { return c.bytes(1)[0] }
func (c *cursor) short() uint16  { return binary.BigEndian.Uint16(c.bytes(2)) }
func (c *cursor) number() uint32 { return binary.BigEndian.Uint32(c.bytes(4)) }

func (c *cursor) text() string {
	s := string(c.bytes(int(c.byte())))
	c.bad = c.bad || !utf8.ValidString(s)
	return s
}

// record reads one; nil where its kind is unknown.
func (c *cursor) record() Record {
	switch k := kind(c.byte()); k {
	case kindHello:
		return Hello{}
	case kindDraw:
		return c.draw(c.number())
	case kindUndo:
		return Undo{Canvas: c.number()}
	case kindErase:
		return Erase{Canvas: c.number(), Author: c.short(), Mark: c.number()}
	default:
		return c.news(k)
	}
}

// news reads what readers are told.
func (c *cursor) news(k kind) Record {
	switch k {
	case kindForget:
		return Forget{}
	case kindWhole:
		return Whole{}
	case kindYou:
		return You{Author: c.short(), Newest: c.number()}
	case kindAuthor:
		return c.author()
	case kindCanvas:
		return Canvas{Canvas: c.number(), Sharer: c.text()}
	case kindEnded:
		return Ended{Canvas: c.number()}
	case kindMark:
		canvas, author := c.number(), c.short()
		return Mark{Author: author, Draw: c.draw(canvas)}
	case kindErased:
		return Erased{Canvas: c.number(), Author: c.short(), Mark: c.number()}
	case kindCleared:
		return Cleared{Canvas: c.number()}
	case kindRefused:
		return Refused{Canvas: c.number(), Mark: c.number(), Why: Refusal(c.byte())}
	}
	return nil
}

func (c *cursor) draw(canvas uint32) Draw {
	d := Draw{Canvas: canvas, Mark: c.number(), Tool: Tool(c.byte())}
	flags := c.byte()
	c.bad = c.bad || d.Tool < Pen || d.Tool > Laser || flags&^last != 0
	d.Last = flags&last != 0
	if n := int(c.byte()); n > 0 {
		points := c.bytes(n * pointSize)
		d.Points = make([]Point, n)
		for i := range d.Points {
			d.Points[i] = Point{binary.BigEndian.Uint16(points[4*i:]), binary.BigEndian.Uint16(points[4*i+2:])}
		}
	}
	d.Text = c.text()
	return d
}

func (c *cursor) author() Author {
	a := Author{Number: c.short(), Colour: c.byte(), Participant: c.text(), Name: c.text()}
	c.bad = c.bad || a.Colour >= Colours
	return a
}
