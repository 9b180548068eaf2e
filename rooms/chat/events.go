package chat

import (
	"slices"
	"time"
)

// Event is a change of the chat: [Written], [Edited], [Deleted] or [Reacted].
type Event interface {
	// Kind names the event for whoever keeps it: "chat.written". What concerns
	// a private line has a kind of its own, "whisper.written", so that nobody
	// passes it on by accident.
	Kind() string
	apply(*fold)
}

type (
	// Written: there is a new line.
	Written struct{ Line Line }

	// Edited: the author changed the text of a line.
	Edited struct {
		Line, Text string
		At         time.Time
		Private    bool
	}

	// Deleted: a line is no more.
	Deleted struct {
		Line    string
		Private bool
		// Own says that its author did it; else somebody who may.
		Own bool
		// File is what was attached and goes too; empty where nothing was.
		File string
	}

	// Reacted: somebody set a reaction on a line, or took it away.
	Reacted struct {
		Line    string
		Mark    Mark
		Gone    bool
		At      time.Time
		Private bool
	}
)

// Kind is chat.written or whisper.written.
func (e Written) Kind() string { return kind("written", e.Line.Private()) }

// Kind is chat.edited or whisper.edited.
func (e Edited) Kind() string { return kind("edited", e.Private) }

// Kind is chat.deleted or whisper.deleted.
func (e Deleted) Kind() string { return kind("deleted", e.Private) }

// Kind is chat.reacted or whisper.reacted.
func (e Reacted) Kind() string { return kind("reacted", e.Private) }

func kind(what string, private bool) string {
	if private {
		return "whisper." + what
	}
	return "chat." + what
}

func (e Written) apply(f *fold) {
	f.lines = append(f.lines, e.Line)
	f.bytes += e.Line.Size()
	f.trim()
}

func (e Edited) apply(f *fold) {
	f.change(e.Line, func(l *Line) { l.Text, l.Edited = e.Text, e.At })
}

func (e Deleted) apply(f *fold) {
	f.change(e.Line, func(l *Line) {
		*l = Line{ID: l.ID, By: l.By, To: l.To, At: l.At, Nonce: l.Nonce, Deleted: true}
	})
	for i := range f.lines {
		if l := &f.lines[i]; l.Quote.Line == e.Line {
			f.bytes -= len(l.Quote.Text)
			l.Quote.Text = ""
		}
	}
}

func (e Reacted) apply(f *fold) {
	f.change(e.Line, func(l *Line) {
		at := l.marked(e.Mark.By.Key, e.Mark.Emoji)
		marks := slices.Clone(l.Marks) // others may hold the list
		switch {
		case e.Gone && at >= 0:
			l.Marks = slices.Delete(marks, at, at+1)
		case !e.Gone && at < 0:
			l.Marks = append(marks, e.Mark)
		}
	})
}

// fold is the chat as a list of events left it.
type fold struct {
	lines []Line
	bytes int
}

func (f *fold) find(id string) *Line {
	at := slices.IndexFunc(f.lines, func(l Line) bool { return l.ID == id })
	if at < 0 {
		return nil
	}
	return &f.lines[at]
}

func (f *fold) line(id string) (line Line, found bool) {
	if line := f.find(id); line != nil {
		return *line, true
	}
	return Line{}, false
}

func (f *fold) change(id string, change func(*Line)) {
	if l := f.find(id); l != nil {
		f.bytes -= l.Size()
		change(l)
		f.bytes += l.Size()
		f.trim()
	}
}

// trim lets go of the oldest lines beyond the bounds.
func (f *fold) trim() {
	for len(f.lines) > MaxLines || f.bytes > MaxBytes {
		f.bytes -= f.lines[0].Size()
		f.lines[0] = Line{}
		f.lines = f.lines[1:]
	}
}
