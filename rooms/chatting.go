package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"palabre/rooms/chat"
)

// talk is the chat of the meeting that is on.
type talk struct {
	chat.Log
	// repeats are answers owed to clients that sent a line again while it was
	// not yet stored, by the line's id.
	repeats map[string][]answer
	// tickets are the uploads that were promised, by their secret.
	tickets map[string]*ticket
}

type answer struct {
	to *person
	re Ref
}

// Message is what somebody wishes to say.
type Message struct {
	Text string
	// Nonce lets the sender know its own line again, and the room drop a repeat.
	Nonce string
	// To is the participant who alone is to read it; empty for everybody.
	To string
	// Reply is the id of the line it answers.
	Reply string
}

// voice is a person as the chat knows them.
func (p *person) voice() chat.Person {
	key := p.lasting()
	if key == "" {
		key = "key:" + p.key // a program with an API key
	}
	return chat.Person{Key: key, Participant: p.id, Name: p.name, Group: p.group}
}

// write adds a line of chat. Everybody it is for is told once it is stored.
func (r *room) write(p *person, re Ref, m Message) (chat.Line, error) {
	draft, err := r.draft(p, m)
	if err != nil {
		return chat.Line{}, err
	}
	if line, again := r.talk.Sent(draft.By.Key, draft.Nonce); again {
		r.answerAgain(p, re, line)
		return line, nil
	}
	if draft.Text, err = cleanChat(m.Text); err != nil {
		return chat.Line{}, err
	}
	return r.post(p, re, draft)
}

// draft checks who may say what to whom, but for the text.
func (r *room) draft(p *person, m Message) (chat.Draft, error) {
	action := Chat
	if m.To != "" {
		action = Whisper
	}
	if err := r.require(p, action); err != nil {
		return chat.Draft{}, err
	}
	if r.meeting.ID == "" {
		return chat.Draft{}, refuse(CodeConflict, "No meeting is on in this room.")
	}
	if len(m.Nonce) > maxNonce || len(m.Reply) > maxID {
		return chat.Draft{}, refuse(CodeTooLarge, fmt.Sprintf("A nonce has at most %d bytes.", maxNonce))
	}
	d := chat.Draft{ID: newID(), By: p.voice(), Nonce: stripControls(m.Nonce), Reply: m.Reply}
	if m.To == "" {
		return d, nil
	}
	to := r.people[m.To]
	switch {
	case to == nil || !to.visible():
		return d, refuse(CodeNotFound, "Nobody with this id is in the room.")
	case to.lasting() == d.By.Key:
		return d, refuse(CodeBadMessage, "A private message goes to somebody else.")
	}
	d.To = to.voice()
	return d, nil
}

// post writes a checked draft.
func (r *room) post(p *person, re Ref, draft chat.Draft) (chat.Line, error) {
	if err := r.mayWrite(p); err != nil {
		return chat.Line{}, err
	}
	event, err := r.talk.Write(draft, time.Now())
	if err != nil {
		return chat.Line{}, chatRefusal(err)
	}
	id := event.Line.ID
	r.commit(p, event, func() {
		line, told := r.talk.Told(id)
		if !told { // so much came after it that it is no longer at hand
			line = event.Line
		}
		r.tellLine(p, re, line, Line{line})
		for _, owed := range r.talk.repeats[id] {
			r.tell(owed.to, owed.re, Line{line})
		}
		delete(r.talk.repeats, id)
	})
	return event.Line, nil
}

// answerAgain answers a line that was sent before, when it is stored.
func (r *room) answerAgain(p *person, re Ref, line chat.Line) {
	if told, ok := r.talk.Told(line.ID); ok {
		r.tell(p, re, Line{told})
		return
	}
	if r.talk.repeats == nil {
		r.talk.repeats = map[string][]answer{}
	}
	if owed := r.talk.repeats[line.ID]; !slices.Contains(owed, answer{p, re}) && len(owed) < maxRepeats {
		r.talk.repeats[line.ID] = append(owed, answer{p, re})
	}
}

// maxRepeats is how often one line may be sent again while it is not stored.
const maxRepeats = 8

// mayWrite bounds how fast one person changes the chat, and how much waits to be stored.
func (r *room) mayWrite(p *person) error {
	if wait := r.talk.Spend(p.voice().Key, time.Now()); wait > 0 {
		return &Error{Code: CodeRateLimited, Message: "Too many lines at once; wait a moment.", RetryAfter: wait}
	}
	return r.remembering()
}

// commit has a change of the chat stored, then shown. What comes back after
// the meeting is over concerns nobody.
func (r *room) commit(p *person, event chat.Event, tell func()) {
	of := r.talk
	r.keep(p.actor(), event, func() {
		if r.talk == of {
			of.Confirm(event)
			tell()
		}
	})
}

// edit changes the text of one's own line.
func (r *room) edit(p *person, re Ref, id, text string) error {
	line, err := r.mayChange(p, id)
	if err != nil {
		return err
	}
	if line.File.ID == "" || text != "" {
		if text, err = cleanChat(text); err != nil {
			return err
		}
	}
	event, err := r.talk.Edit(p.voice(), id, text, time.Now())
	if err != nil {
		return chatRefusal(err)
	}
	r.commit(p, event, func() { r.tellLine(p, re, line, LineEdited{event}) })
	return nil
}

// mayChange gives a line somebody may read and change as far as their role goes.
func (r *room) mayChange(p *person, id string) (chat.Line, error) {
	line, err := r.talk.Find(p.voice(), id)
	if err != nil {
		return line, chatRefusal(err)
	}
	action := Chat
	if line.Private() {
		action = Whisper
	}
	if err := r.require(p, action); err != nil {
		return line, err
	}
	return line, r.mayWrite(p)
}

// unsay deletes a line: one's own, or with [Moderate] that of others.
func (r *room) unsay(p *person, re Ref, id string) error {
	if p.place != joined {
		return refuse(CodeNotAdmitted, "Join the room first.")
	}
	if err := r.mayWrite(p); err != nil {
		return err
	}
	event, err := r.deletion(p, id)
	if err != nil {
		return err
	}
	line, _ := r.talk.Decided(id)
	r.commit(p, event, func() {
		r.tellLine(p, re, line, LineDeleted{event})
		r.forget(event.File)
	})
	return nil
}

// deletion decides that a line goes. Lines that are no longer at hand, or of a
// meeting before, may still be deleted by whoever keeps order.
func (r *room) deletion(p *person, id string) (chat.Deleted, error) {
	event, err := r.talk.Delete(p.voice(), id, r.may(p, Moderate))
	if _, known := r.talk.Decided(id); !known && r.may(p, Moderate) {
		if uuid.Validate(id) != nil {
			return event, chatRefusal(chat.ErrNoLine)
		}
		return chat.Deleted{Line: id}, nil
	}
	if errors.Is(err, chat.ErrNotYours) {
		return event, r.require(p, Moderate)
	}
	return event, chatRefusal(err)
}

// mark sets one's reaction on a line, or takes it away.
func (r *room) mark(p *person, re Ref, id, emoji string, gone bool) error {
	if err := r.require(p, Signal); err != nil {
		return err
	}
	if !slices.Contains(r.rooms.cfg.Reactions, emoji) {
		return refuse(CodeBadMessage, "This reaction is not one of the allowed ones.")
	}
	line, err := r.talk.Find(p.voice(), id)
	if err != nil {
		return chatRefusal(err)
	}
	if err := r.mayWrite(p); err != nil {
		return err
	}
	event, changed, err := r.talk.React(p.voice(), id, emoji, gone, time.Now())
	switch {
	case err != nil:
		return chatRefusal(err)
	case !changed:
		r.tell(p, re, LineReacted{event})
		return nil
	}
	r.commit(p, event, func() { r.tellLine(p, re, line, LineReacted{event}) })
	return nil
}

// tellLine tells those who may read a line; re goes to the one who asked.
func (r *room) tellLine(by *person, re Ref, line chat.Line, data Data) {
	_, fresh := data.(Line)
	answered := false
	for _, p := range r.inside {
		switch {
		case !line.Visible(p.voice()):
		case fresh && !line.Private() && p.group != line.By.Group: // read when they come back
		case p == by:
			answered = true
			r.tell(p, re, data)
		default:
			r.tell(p, 0, data)
		}
	}
	if !answered {
		r.tell(by, re, data) // a program, or somebody who has moved meanwhile
	}
}

// tellHistory gives somebody the chat of the breakout room they are in now, or
// of the main room they came back to.
func (r *room) tellHistory(p *person) {
	r.tell(p, 0, History{r.history(p)})
}

// history is what somebody who comes now reads.
func (r *room) history(p *person) []chat.Line { return r.talk.History(p.voice()) }

// chatRefusal is an error of the chat in words of this package.
func chatRefusal(err error) error {
	switch {
	case errors.Is(err, chat.ErrNoLine), errors.Is(err, chat.ErrDeleted):
		return &Error{Code: CodeNotFound, Message: "There is no such line.", Err: err}
	case errors.Is(err, chat.ErrNotYours):
		return &Error{Code: CodeForbidden, Message: "Only who wrote a line may change it.", Err: err}
	case errors.Is(err, chat.ErrTooLate):
		return &Error{Code: CodeForbidden, Message: "A line may be changed for 24 hours.", Err: err}
	case errors.Is(err, chat.ErrAudience):
		return &Error{Code: CodeForbidden, Message: "The answer to a private line is private too.", Err: err}
	case errors.Is(err, chat.ErrTooMany):
		return &Error{Code: CodeTooLarge, Message: "This line has all the reactions it takes.", Err: err}
	}
	return err
}

// HasLine says whether a line is at hand, for somebody who may read it.
func (s *Session) HasLine(ctx context.Context, id string) bool {
	err := s.command(ctx, func(r *room, p *person) error {
		_, err := r.talk.Find(p.voice(), id)
		return err
	})
	return err == nil
}
