package rooms

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"palabre/rooms/chat"
)

// lines gives the texts of what somebody was told.
func lines(c *caller) []string {
	var texts []string
	for _, line := range told[Line](c.pull()) {
		texts = append(texts, line.Text)
	}
	return texts
}

// wrote says something and gives the line everybody was told.
func (c *caller) wrote(m Message) chat.Line {
	c.t.Helper()
	ok(c.t, c.Write(bg, 5, m))
	return only[Line](c.t, c.pull()).Line
}

func TestAPrivateLineIsReadByTwo(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, bob, cy := h.person(Guest, "Ana"), h.person(Guest, "Bob"), h.person(Host, "Cy")
		ana.pull()
		bob.pull()
		line := ana.wrote(Message{Text: "between us", To: bob.id()})
		if line.To.Name != "Bob" || !line.Private() {
			t.Errorf("Ana is told %+v", line)
		}
		if got := lines(bob); !slices.Equal(got, []string{"between us"}) {
			t.Errorf("Bob is told %q", got)
		}
		ok(t, bob.Mark(bg, 1, line.ID, "👍", false))
		ok(t, ana.Edit(bg, 2, line.ID, "still between us"))
		wantCode(t, cy.Mark(bg, 3, line.ID, "👍", false), CodeNotFound)
		wantCode(t, cy.Edit(bg, 3, line.ID, "mine"), CodeNotFound)
		wantCode(t, cy.Unsay(bg, 3, line.ID), CodeNotFound)
		wantCode(t, cy.Write(bg, 3, Message{Text: "what?", Reply: line.ID}), CodeNotFound)
		wantCode(t, bob.Write(bg, 3, Message{Text: "ha", Reply: line.ID}), CodeForbidden)
		wantCode(t, bob.Write(bg, 3, Message{Text: "ha", Reply: line.ID, To: cy.id()}), CodeForbidden)
		wantCode(t, bob.Write(bg, 3, Message{Text: "ha", To: bob.id()}), CodeBadMessage)
		wantCode(t, bob.Write(bg, 3, Message{Text: "ha", To: "nobody"}), CodeNotFound)
		ok(t, bob.Write(bg, 3, Message{Text: "sure", Reply: line.ID, To: ana.id()}))
		if events := cy.pull(); len(told[Line](events))+len(told[LineReacted](events))+len(told[LineEdited](events)) > 0 {
			t.Errorf("Cy is told%s", describe(events))
		}
		if chat := only[Joined](t, h.rejoined(Host, "Dan").seen).Chat; len(chat) != 0 {
			t.Errorf("a host who comes later finds %+v", chat)
		}
	})
}

func TestARoomMayCloseWhispers(t *testing.T) {
	inHouse(t, func(c *Config) { c.Settings.Least = map[Action]Role{Whisper: Member} }, func(t *testing.T, h *house) {
		ana, bob := h.person(Guest, "Ana"), h.person(Member, "Bob")
		wantCode(t, ana.Write(bg, 1, Message{Text: "psst", To: bob.id()}), CodeForbidden)
		ok(t, bob.Write(bg, 1, Message{Text: "psst", To: ana.id()}))
	})
}

func TestLinesChange(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, bob, cy := h.person(Guest, "Ana"), h.person(Guest, "Bob"), h.person(Host, "Cy")
		ana.pull()
		line := ana.wrote(Message{Text: "helo"})
		ok(t, ana.Edit(bg, 1, line.ID, "hello\x00"))
		wantCode(t, bob.Edit(bg, 1, line.ID, "mine"), CodeForbidden)
		wantCode(t, bob.Unsay(bg, 1, line.ID), CodeForbidden)
		wantCode(t, bob.Mark(bg, 1, line.ID, "🧨", false), CodeBadMessage)
		ok(t, bob.Mark(bg, 2, line.ID, "👍", false))
		ok(t, bob.Mark(bg, 3, line.ID, "👍", false))
		ok(t, bob.Write(bg, 4, Message{Text: "hi", Reply: line.ID}))
		events := ana.pull()
		if e := only[LineEdited](t, events); e.Text != "hello" || e.Line != line.ID {
			t.Errorf("told %+v", e)
		}
		if e := only[LineReacted](t, events); e.Mark.By.Name != "Bob" || e.Gone {
			t.Errorf("told %+v", e)
		}
		if e := only[Line](t, events); e.Quote.Text != "hello" || e.Quote.Name != "Ana" {
			t.Errorf("told %+v", e)
		}
		if answers := told[LineReacted](bob.pull()); len(answers) != 2 {
			t.Errorf("Bob's two marks were answered %d times", len(answers))
		}
		late := only[Joined](t, h.rejoined(Guest, "Dan").seen).Chat
		if len(late) != 2 || late[0].Text != "hello" || late[0].Edited.IsZero() || len(late[0].Marks) != 1 {
			t.Errorf("who comes later finds %+v", late)
		}
		ok(t, cy.Unsay(bg, 5, line.ID))
		if e := only[LineDeleted](t, ana.pull()); e.Line != line.ID || e.Own {
			t.Errorf("told %+v", e)
		}
		late = only[Joined](t, h.rejoined(Guest, "Eve").seen).Chat
		if len(late) != 2 || late[0].Text != "" || !late[0].Deleted || late[1].Quote.Text != "" {
			t.Errorf("after it one finds %+v", late)
		}
	})
}

// quietMemory finds what it is told to, and keeps everything at once.
type quietMemory struct{ found Recollection }

func (m *quietMemory) Recall(context.Context, string) (Recollection, error) { return m.found, nil }

func (m *quietMemory) Full() bool { return false }

func (m *quietMemory) Keep(_ []Fact, kept func()) { go kept() }

// holding is a memory that keeps only when told to.
type holding struct {
	quietMemory
	waiting []func()
}

func (m *holding) Keep(_ []Fact, kept func()) { m.waiting = append(m.waiting, kept) }

func (m *holding) store() {
	waiting := m.waiting
	m.waiting = nil
	for _, kept := range waiting {
		kept()
	}
	synctest.Wait()
}

// TestNothingIsSeenThatACrashCouldUndo: lines are told when they are stored, a
// line sent again meanwhile is one line, and what is stored after the end of
// the meeting is told to nobody.
func TestNothingIsSeenThatACrashCouldUndo(t *testing.T) {
	memory := &holding{}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		ana, bob := h.person(Guest, "Ana"), h.person(Guest, "Bob")
		memory.store()
		ana.pull()
		ok(t, ana.Write(bg, 5, Message{Text: "hi", Nonce: "n"}))
		ok(t, ana.Write(bg, 6, Message{Text: "hi", Nonce: "n"}))
		if got := lines(bob); len(got) != 0 {
			t.Errorf("Bob reads %q before it is stored", got)
		}
		if chat := only[Joined](t, h.rejoined(Guest, "Cy").seen).Chat; len(chat) != 0 {
			t.Errorf("who comes reads %+v before it is stored", chat)
		}
		memory.store()
		if got := lines(bob); !slices.Equal(got, []string{"hi"}) {
			t.Errorf("Bob reads %q", got)
		}
		var answers []Ref
		for _, e := range ana.pull() {
			if _, is := e.Data.(Line); is {
				answers = append(answers, e.Re)
			}
		}
		if !slices.Equal(answers, []Ref{5, 6}) {
			t.Errorf("Ana's two tries are answered as %v", answers)
		}
		ok(t, ana.Write(bg, 7, Message{Text: "hi", Nonce: "n"}))
		if e := ana.pull(); len(e) != 1 || e[0].Re != 7 {
			t.Errorf("the third is answered by%s", describe(e))
		}
		memory.store()
	})
}

func TestFastWritersWait(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana := h.person(Guest, "Ana")
		var err error
		n := 0
		for ; err == nil; n++ {
			err = ana.Say(bg, 0, fmt.Sprint(n), "")
		}
		wantCode(t, err, CodeRateLimited)
		if n != 21 {
			t.Errorf("refused at line %d", n)
		}
		time.Sleep(time.Second)
		for range 5 {
			ok(t, ana.Say(bg, 0, "again", ""))
		}
	})
}

// TestBothGetTheirPrivateLinesBack: what was stored is there again after a
// restart, for those two and nobody else.
func TestBothGetTheirPrivateLinesBack(t *testing.T) {
	person := func(name string) chat.Person { return chat.Person{Key: name, Participant: name, Name: name} }
	memory := &quietMemory{}
	memory.found = Recollection{
		Meeting: Meeting{ID: newID(), Started: time.Now()}, Seen: time.Now(),
		Chat: []chat.Line{
			{ID: newID(), By: person("ana"), Text: "hello all"},
			{ID: newID(), By: person("ana"), To: person("bob"), Text: "hello Bob", Nonce: "n"},
		},
	}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		memory.found.Seen = time.Now()
		for who, want := range map[string]int{"ana": 2, "bob": 2, "cy": 1} {
			c := h.mustOpen(Request{Role: Host, Identity: who, Vouched: true})
			ok(t, c.Join(bg, 1, who, Sending{}))
			if got := only[Joined](t, c.pull()).Chat; len(got) != want {
				t.Errorf("%s finds %d lines, want %d", who, len(got), want)
			}
		}
	})
}
