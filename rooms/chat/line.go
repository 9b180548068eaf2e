package chat

import (
	"slices"
	"time"
)

// Person is somebody who writes, reacts or is written to.
type Person struct {
	// Key is what they are known by over all sessions of a meeting: a proved
	// identity, or else the participant id.
	Key string
	// Participant is their id in the room, Name what they are called now.
	Participant, Name string
	// Group is the breakout room they are in; empty in the main room.
	Group string
}

// Line is one message. Its text is clean already.
type Line struct {
	// ID is unique and grows with time (UUID version 7).
	ID string
	By Person
	// To is who alone may read it beside its author; its Key is empty for everybody.
	To   Person
	Text string
	At   time.Time
	// Edited is when the text was last changed, zero if never.
	Edited time.Time
	// Deleted lines keep their place, author and time, and nothing else.
	Deleted bool
	// Nonce was chosen by the author's client, to know its line again.
	Nonce string
	// Quote is the line this one answers; its Line is empty where there is none.
	Quote Quote
	// File is attached; its ID is empty where there is none.
	File File
	// Marks are the reactions, oldest first; one of a kind for each person.
	Marks []Mark
}

// Quote is what a reply shows of the line it answers. The excerpt is as the
// line was then, and is taken away when that line is deleted.
type Quote struct {
	Line, Participant, Name, Text string
}

// File is something attached to a line.
type File struct {
	// ID is unique; who knows it alone can fetch nothing.
	ID   string
	Name string
	// Type is the media type that was found in the file, not what its sender said.
	Type string
	// Size is in bytes.
	Size int64
	// Width and Height are in pixels, of pictures that may be shown; else 0.
	Width, Height int
}

// Mark is one person's reaction to a line.
type Mark struct {
	Emoji string
	By    Person
}

// Private says whether a line is for one person.
func (l Line) Private() bool { return l.To.Key != "" }

// Visible says whether somebody may read a line: the two of a private one, who
// is in the breakout room it was written in, and everybody what was written in
// the main room.
func (l Line) Visible(reader Person) bool {
	if l.Private() {
		return l.By.Key == reader.Key || l.To.Key == reader.Key
	}
	return l.By.Group == "" || l.By.Group == reader.Group
}

// overhead is what a line, and a mark, hold beside their texts, in bytes.
const overhead = 192

// Size is roughly what a line holds in memory and on the wire, in bytes.
func (l Line) Size() int {
	n := overhead + len(l.Text) + len(l.By.Name) + len(l.To.Name) + len(l.Nonce) + len(l.Quote.Text) + len(l.Quote.Name) + len(l.File.Name)
	for _, m := range l.Marks {
		n += overhead/2 + len(m.By.Name)
	}
	return n
}

// excerptRunes is how much of a line a reply shows.
const excerptRunes = 140

// quoted is what a reply shows of a line.
func (l Line) quoted() Quote {
	text := l.Text
	if text == "" {
		text = l.File.Name
	}
	n := 0
	for i := range text {
		if n++; n > excerptRunes {
			text = text[:i] + "…"
			break
		}
	}
	return Quote{Line: l.ID, Participant: l.By.Participant, Name: l.By.Name, Text: text}
}

// marked says where somebody's reaction of a kind is, -1 without.
func (l Line) marked(key, emoji string) int {
	return slices.IndexFunc(l.Marks, func(m Mark) bool { return m.By.Key == key && m.Emoji == emoji })
}
