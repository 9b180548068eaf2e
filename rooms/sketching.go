package rooms

import (
	"errors"
	"slices"
	"time"

	"palabre/rooms/drawing"
)

// What is drawn on shared screens. The state is package drawing's; here is
// decided who may draw where, and every reader is told the same in the same order.
//
// Nothing is told at once: what came within relayEvery goes as one message to
// each reader, so that ten who draw before two hundred cost twenty-five messages
// a reader and second, and not one for each of their strokes. A reader whose line
// is full is told nothing until there is room, and then the drawing as it is by
// then: nothing queues up for them.
const (
	relayEvery = 40 * time.Millisecond
	// relayManyEvery is for rooms with more than relayMany readers.
	relayManyEvery = 100 * time.Millisecond
	relayMany      = 50
)

// DrawingRule says who may draw on a share, beside whoever shares.
type DrawingRule string

// The rules.
const (
	DrawEveryone DrawingRule = "everyone" // whose role may draw
	DrawNamed    DrawingRule = "named"    // of those the ones named
	DrawNobody   DrawingRule = "nobody"
)

// maxNamed bounds who is named for one share.
const maxNamed = 200

type (
	// Drawings says which shared screens can be drawn on; it replaces what was told before.
	Drawings struct{ Canvases []DrawingCanvas }

	// DrawingCanvas is one share as something to draw on.
	DrawingCanvas struct {
		// Canvas is its number on the data channel, Participant who shares.
		Canvas      uint32
		Participant string
		Rule        DrawingRule
		// People are those named, where the rule is DrawNamed.
		People []string
		// Used says that somebody has taken up a pen there: from then on it is
		// worth having a data channel.
		Used bool
	}
)

func (e Drawings) size() int {
	n := overhead
	for _, c := range e.Canvases {
		n += overhead + len(c.Participant) + textSize(c.People)
	}
	return n
}

// Facts of drawings. They are told once a mark is finished, never by the point,
// and are for recorders and the audit log; the store keeps no drawings.
type (
	// DrawingStroke: somebody finished a mark on a share.
	DrawingStroke struct {
		Sharer string
		Mark   drawing.Mark
		Colour uint8
	}
	// DrawingErased: a mark was taken away; By is who did it.
	DrawingErased struct {
		Sharer string
		Canvas uint32
		Author uint16
		Mark   uint32
	}
	// DrawingCleared: all marks of a share were taken away.
	DrawingCleared struct {
		Sharer string
		Canvas uint32
	}
	// DrawingAllowed: it was said who may draw on a share.
	DrawingAllowed struct {
		Sharer string
		Rule   DrawingRule
		People []string
	}
)

func (DrawingStroke) Kind() string  { return "drawing.stroke" }
func (DrawingErased) Kind() string  { return "drawing.erased" }
func (DrawingCleared) Kind() string { return "drawing.cleared" }
func (DrawingAllowed) Kind() string { return "drawing.allowed" }

// sketches is the drawings of a room. The zero value is ready.
type sketches struct {
	board   drawing.Board
	easels  []*easel // in the order the shares began
	readers map[*person]*sketchReader
	// news is what this turn has for the readers of each group.
	news map[string]*drawing.Writer
	last time.Time // when readers were last told
}

// easel is a share that can be drawn on.
type easel struct {
	canvas uint32
	sharer *person
	rule   DrawingRule
	people []string
	used   bool
}

// sketchReader is somebody with a data channel.
type sketchReader struct {
	group string
	// behind: they are to be told all of it; roomy: their line has room.
	behind, roomy bool
	replies       drawing.Writer
	// refused is the mark they were last told is not taken.
	refused drawing.Refused
}

// easel gives the share with a number, or of a person.
func (s *sketches) easel(canvas uint32) *easel {
	return find(s.easels, func(e *easel) bool { return e.canvas == canvas })
}

func (s *sketches) easelOf(sharer string) *easel {
	return find(s.easels, func(e *easel) bool { return e.sharer.id == sharer })
}

func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

// tell adds a record for those who see a share.
func (s *sketches) tell(sharer *person, record drawing.Record) {
	if record == nil {
		return
	}
	if s.news == nil {
		s.news = map[string]*drawing.Writer{}
	}
	w := s.news[sharer.group]
	if w == nil {
		w = &drawing.Writer{}
		s.news[sharer.group] = w
	}
	w.Add(record)
}

// tellAll adds a record for everybody.
func (s *sketches) tellAll(record drawing.Record) {
	if record == nil {
		return
	}
	groups := map[string]bool{}
	for _, reader := range s.readers {
		groups[reader.group] = true
	}
	for group := range groups {
		s.tell(&person{group: group}, record)
	}
}

// allows says whether somebody whose role may draw may do so on a share.
func (e *easel) allows(p *person) bool {
	switch {
	case p == e.sharer:
		return true
	case p.group != e.sharer.group:
		return false
	}
	return e.rule == DrawEveryone || e.rule == DrawNamed && slices.Contains(e.people, p.id)
}

// hang keeps a canvas for each screen that is shared, whatever ended or began
// the share, and follows readers who went or changed groups.
func (r *room) hang() {
	s := &r.sketches
	before := len(s.easels)
	s.easels = slices.DeleteFunc(s.easels, func(e *easel) bool {
		if e.sharer.visible() && e.sharer.sending.Screen {
			return false
		}
		unfinished, ended := s.board.End(e.canvas)
		r.keepMarks(e, unfinished)
		s.tellAll(ended)
		return true
	})
	changed := len(s.easels) < before
	for _, p := range r.inside {
		if !p.sending.Screen || s.easelOf(p.id) != nil {
			continue
		}
		canvas, begun := s.board.Begin(p.id)
		if begun == nil {
			continue // more shares than anybody sees
		}
		s.easels = append(s.easels, &easel{canvas: canvas, sharer: p, rule: DrawEveryone})
		s.tell(p, begun)
		changed = true
	}
	if changed {
		r.tellAll(nil, 0, r.drawings())
	}
	for p, reader := range s.readers {
		switch {
		case p.place == gone:
			r.putDown(p)
		case p.group != reader.group: // they see other shares now
			reader.group, reader.behind, reader.roomy = p.group, true, true
		default:
			continue
		}
		changed = true
	}
	if changed {
		r.ink.look()
	}
}

// putDown finishes what somebody drew who went.
func (r *room) putDown(p *person) {
	s := &r.sketches
	delete(s.readers, p)
	if r.people[p.id] != nil {
		return // they are here under another session
	}
	author, _, _ := s.board.Join(p.id, p.name)
	finished, records := s.board.Leave(p.id)
	for i, m := range finished {
		if e := s.easel(m.Canvas); e != nil {
			r.keepMark(p.actor(), e, m, author.Colour)
			s.tell(e.sharer, records[i])
		}
	}
}

// drawings is what can be drawn on, as everybody is told.
func (r *room) drawings() Drawings {
	list := make([]DrawingCanvas, len(r.sketches.easels))
	for i, e := range r.sketches.easels {
		list[i] = DrawingCanvas{Canvas: e.canvas, Participant: e.sharer.id, Rule: e.rule, People: e.people, Used: e.used}
	}
	return Drawings{Canvases: list}
}

// tellDrawings tells a newcomer what can be drawn on, where anything can.
func (r *room) tellDrawings(p *person) {
	if len(r.sketches.easels) > 0 {
		r.tell(p, 0, r.drawings())
	}
}

// allowDrawing says who may draw on a share: whoever shares decides, and who may moderate.
func (r *room) allowDrawing(by *person, re Ref, sharer string, rule DrawingRule, people []string) error {
	e, err := r.easelFor(by, sharer)
	switch {
	case err != nil:
		return err
	case rule != DrawEveryone && rule != DrawNamed && rule != DrawNobody:
		return refuse(CodeBadMessage, "Drawing is for everyone, named people or nobody.")
	case len(people) > maxNamed:
		return refuse(CodeTooLarge, "Too many people are named.")
	}
	for _, id := range people {
		if err := checkID(id); err != nil {
			return err
		}
	}
	if err := r.remembering(); err != nil {
		return err
	}
	e.rule, e.people = rule, nil
	if rule == DrawNamed {
		e.people = slices.Clone(people)
	}
	r.keep(by.actor(), DrawingAllowed{Sharer: sharer, Rule: rule, People: e.people}, nil)
	r.tellAll(by, re, r.drawings())
	return nil
}

// clearDrawing takes everything off a share: for whoever shares, and who may moderate.
func (r *room) clearDrawing(by *person, re Ref, sharer string) error {
	e, err := r.easelFor(by, sharer)
	if err != nil {
		return err
	}
	if err := r.remembering(); err != nil {
		return err
	}
	_, cleared := r.sketches.board.Clear(e.canvas)
	r.sketches.tell(e.sharer, cleared)
	r.ink.look()
	r.keep(by.actor(), DrawingCleared{Sharer: sharer, Canvas: e.canvas}, nil)
	if re != 0 {
		r.tell(by, re, r.drawings())
	}
	return nil
}

// easelFor gives a share to whoever may govern what is drawn there.
func (r *room) easelFor(by *person, sharer string) (*easel, error) {
	e := r.sketches.easelOf(sharer)
	switch {
	case by.place != joined:
		return nil, refuse(CodeNotAdmitted, "Join the room first.")
	case e == nil:
		return nil, refuse(CodeNotFound, "This participant shares no screen.")
	case e.sharer == by:
		return e, nil
	}
	return e, r.require(by, Moderate)
}

// errWhy is what a client is told of a mark that was not taken.
func errWhy(err error) drawing.Refusal {
	if errors.Is(err, drawing.ErrFull) {
		return drawing.Full
	}
	return drawing.NotAllowed
}
