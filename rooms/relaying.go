package rooms

import (
	"errors"
	"time"

	"palabre/rooms/drawing"
)

// sketch takes what data channels brought, in the order it came, and tells the
// readers what came of it, once in a while.
func (r *room) sketch() error {
	s := &r.sketches
	every := relayEvery
	if len(s.readers) > relayMany {
		every = relayManyEvery
	}
	if wait := every - time.Since(s.last); wait > 0 {
		r.ink.lookIn(wait)
		return nil
	}
	s.last = time.Now()
	for _, drop := range r.ink.empty() {
		if drop.from.place == joined {
			r.dip(drop)
		}
	}
	r.relay()
	return nil
}

// dip does what one message asks.
func (r *room) dip(drop inkDrop) {
	p, reader := drop.from, r.sketches.readers[drop.from]
	switch {
	case drop.roomy && reader != nil:
		reader.roomy = true
		return
	case drop.spilt && reader != nil: // their own page shows what we never had
		reader.behind, reader.roomy = true, true
		return
	}
	records, err := drawing.Parse(drop.data)
	if err != nil {
		r.log.Debug("a drawing could not be read", "participant", p.id, "error", err)
		return
	}
	for _, record := range records {
		if _, hello := record.(drawing.Hello); hello {
			r.pickUp(p)
			continue
		}
		if r.sketches.readers[p] == nil {
			return // who draws says hello first
		}
		switch d := record.(type) {
		case drawing.Draw:
			r.draw(p, d)
		case drawing.Undo:
			r.undo(p, d)
		case drawing.Erase:
			r.rub(p, d)
		}
	}
}

// pickUp makes somebody a reader; what they had begun before is finished. Who
// may draw does so soon: the others are told to get ready.
func (r *room) pickUp(p *person) {
	s := &r.sketches
	if s.readers == nil {
		s.readers = map[*person]*sketchReader{}
	}
	s.readers[p] = &sketchReader{group: p.group, behind: true, roomy: true}
	_, introduced, _ := s.board.Join(p.id, p.name)
	s.tellAll(introduced)
	news := false
	for _, e := range s.easels {
		if !e.used && r.may(p, Draw) && e.allows(p) {
			e.used, news = true, true
		}
	}
	if news {
		r.tellAll(nil, 0, r.drawings())
	}
}

// draw takes a mark, or goes on with one.
func (r *room) draw(p *person, d drawing.Draw) {
	s := &r.sketches
	e := s.easel(d.Canvas)
	if e == nil {
		return // it ended on the way
	}
	if !r.may(p, Draw) || !e.allows(p) {
		r.reject(p, d, drawing.NotAllowed)
		return
	}
	author, introduced, ok := s.board.Join(p.id, p.name)
	if !ok || r.remembering() != nil {
		r.reject(p, d, drawing.Busy)
		return
	}
	s.tellAll(introduced)
	s.tellAll(s.board.Introduce(author.Number))
	record, finished, err := s.board.Draw(author.Number, d)
	switch {
	case errors.Is(err, drawing.ErrGone):
		return // erased on the way
	case err != nil:
		r.reject(p, d, errWhy(err))
		return
	}
	s.tell(e.sharer, record)
	if finished != nil {
		r.keepMark(p.actor(), e, *finished, author.Colour)
	}
}

// reject tells somebody, once for each mark, that it was not taken.
func (r *room) reject(p *person, d drawing.Draw, why drawing.Refusal) {
	refused := drawing.Refused{Canvas: d.Canvas, Mark: d.Mark, Why: why}
	reader := r.sketches.readers[p]
	if reader.refused != refused {
		reader.refused = refused
		reader.replies.Add(refused)
	}
}

// keepMark has recorders hear of a finished mark. Its points are copied: what
// is kept is read by other goroutines.
func (r *room) keepMark(by Actor, e *easel, m drawing.Mark, colour uint8) {
	m.Points = append([]drawing.Point(nil), m.Points...)
	r.keep(by, DrawingStroke{Sharer: e.sharer.id, Mark: m, Colour: colour}, nil)
}

// keepMarks is keepMark for what ended with its share.
func (r *room) keepMarks(e *easel, marks []drawing.Mark) {
	for _, m := range marks {
		author := r.sketches.board.Author(m.Author)
		r.keepMark(Actor{Participant: author.Participant, Name: author.Name}, e, m, author.Colour)
	}
}

// undo erases the newest mark of somebody's own, whether they may draw still or not.
func (r *room) undo(p *person, u drawing.Undo) {
	s := &r.sketches
	e := s.easel(u.Canvas)
	if e == nil || r.remembering() != nil {
		return
	}
	author, _, _ := s.board.Join(p.id, p.name)
	if erased, record, err := s.board.Undo(author.Number, u.Canvas); err == nil {
		r.rubbed(p, e, erased, record)
	}
}

// rub takes one mark away: one's own, or for whoever shares or moderates anybody's.
func (r *room) rub(p *person, d drawing.Erase) {
	s := &r.sketches
	e := s.easel(d.Canvas)
	if e == nil || r.remembering() != nil {
		return
	}
	author, _, _ := s.board.Join(p.id, p.name)
	if author.Number != d.Author && e.sharer != p && !r.may(p, Moderate) {
		return
	}
	if erased, record, err := s.board.Erase(d.Canvas, d.Author, d.Mark); err == nil {
		r.rubbed(p, e, erased, record)
	}
}

func (r *room) rubbed(by *person, e *easel, m drawing.Mark, record drawing.Record) {
	r.sketches.tell(e.sharer, record)
	r.keep(by.actor(), DrawingErased{Sharer: e.sharer.id, Canvas: m.Canvas, Author: m.Author, Mark: m.Draw.Mark}, nil)
}

// relay tells every reader what there is for them.
func (r *room) relay() {
	s := &r.sketches
	news := make(map[string][][]byte, len(s.news))
	for group, w := range s.news {
		news[group] = w.Take()
	}
	s.news = nil
	for p, reader := range s.readers {
		messages := append(news[reader.group], reader.replies.Take()...)
		switch {
		case !reader.behind:
			reader.told(p.link, messages)
		case reader.roomy:
			author, _, _ := s.board.Join(p.id, p.name)
			reader.behind = false
			reader.told(p.link, s.board.Snapshot(author, func(sharer string) bool {
				e := s.easelOf(sharer)
				return e != nil && e.sharer.group == reader.group
			}))
		}
	}
}

// told sends messages; what does not fit any more leaves the reader behind
// until their line has room.
func (reader *sketchReader) told(to *link, messages [][]byte) {
	for _, message := range messages {
		if !to.send(message) {
			reader.behind, reader.roomy = true, false
			return
		}
	}
}
