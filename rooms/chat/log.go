package chat

import (
	"errors"
	"slices"
	"time"
)

const (
	// MaxLines and MaxBytes bound what is kept at hand of a meeting, and what a
	// late joiner is given. Older lines are with whoever stores them.
	MaxLines = 200
	MaxBytes = 256 << 10
	// EditWithin is how long a line may be changed by its author.
	EditWithin = 24 * time.Hour
	// maxMarks is how many reactions one line takes, of all kinds and people.
	maxMarks = 1000
)

// Why a wish is not carried out.
var (
	// ErrNoLine: there is no such line, or it is none for this person.
	ErrNoLine = errors.New("there is no such line of the chat")
	// ErrNotYours: only the author may do this.
	ErrNotYours = errors.New("only who wrote a line may change it")
	// ErrTooLate: the time for it is over.
	ErrTooLate = errors.New("a line may be changed for 24 hours")
	// ErrDeleted: the line was deleted.
	ErrDeleted = errors.New("this line was deleted")
	// ErrAudience: an answer may not be read by others than the line it answers.
	ErrAudience = errors.New("the answer to a private line goes to the same two people")
	// ErrTooMany: the line has all the reactions it takes.
	ErrTooMany = errors.New("this line has all the reactions it takes")
)

// Log is the chat of one meeting. One goroutine uses it. The zero value is an
// empty chat.
type Log struct {
	// decided is the chat after every event, told after those confirmed.
	decided, told fold
	budgets       budgets
}

// Draft is a line somebody wishes to write. Its text is clean.
type Draft struct {
	// ID becomes the line's.
	ID    string
	By    Person
	To    Person
	Text  string
	Nonce string
	// Reply is the line it answers; empty for none.
	Reply string
	File  File
}

// Restore takes up lines that were written before, oldest first.
func (l *Log) Restore(lines []Line) {
	for _, line := range lines {
		Written{line}.apply(&l.decided)
		Written{line}.apply(&l.told)
	}
}

// Sent gives the line somebody wrote with a nonce, told or not.
func (l *Log) Sent(key, nonce string) (line Line, found bool) {
	if nonce == "" {
		return Line{}, false
	}
	at := slices.IndexFunc(l.decided.lines, func(line Line) bool { return line.Nonce == nonce && line.By.Key == key })
	if at < 0 {
		return Line{}, false
	}
	return l.decided.lines[at], true
}

// Write adds a line.
func (l *Log) Write(d Draft, now time.Time) (Written, error) {
	line := Line{ID: d.ID, By: d.By, To: d.To, Text: d.Text, At: now, Nonce: d.Nonce, File: d.File}
	if d.Reply != "" {
		answered, err := l.line(d.By, d.Reply)
		switch {
		case err != nil:
			return Written{}, err
		case answered.Private() && (!line.Private() || !answered.Visible(d.To)):
			return Written{}, ErrAudience
		}
		line.Quote = answered.quoted()
	}
	e := Written{line}
	e.apply(&l.decided)
	return e, nil
}

// Edit changes the text of one's own line.
func (l *Log) Edit(by Person, id, text string, now time.Time) (Edited, error) {
	line, err := l.line(by, id)
	switch {
	case err != nil:
		return Edited{}, err
	case line.By.Key != by.Key:
		return Edited{}, ErrNotYours
	case now.Sub(line.At) > EditWithin:
		return Edited{}, ErrTooLate
	}
	e := Edited{Line: id, Text: text, At: now, Private: line.Private()}
	e.apply(&l.decided)
	return e, nil
}

// Delete takes a line away: one's own, or with moderate anybody's that one can read.
func (l *Log) Delete(by Person, id string, moderate bool) (Deleted, error) {
	if found := l.decided.find(id); moderate && found != nil && !found.Private() {
		by.Group = found.By.Group // whoever keeps order keeps it in every breakout room
	}
	line, err := l.line(by, id)
	switch {
	case err != nil:
		return Deleted{}, err
	case line.By.Key != by.Key && !moderate:
		return Deleted{}, ErrNotYours
	}
	e := Deleted{Line: id, Private: line.Private(), Own: line.By.Key == by.Key, File: line.File.ID}
	e.apply(&l.decided)
	return e, nil
}

// React sets somebody's reaction on a line, or takes it away. changed is false
// where it was so already; nothing needs to be told then.
func (l *Log) React(by Person, id, emoji string, gone bool, now time.Time) (e Reacted, changed bool, err error) {
	line, err := l.line(by, id)
	if err != nil {
		return Reacted{}, false, err
	}
	e = Reacted{Line: id, Mark: Mark{Emoji: emoji, By: by}, Gone: gone, At: now, Private: line.Private()}
	if (line.marked(by.Key, emoji) < 0) == gone {
		return e, false, nil
	}
	if !gone && len(line.Marks) >= maxMarks {
		return Reacted{}, false, ErrTooMany
	}
	e.apply(&l.decided)
	return e, true, nil
}

// Find gives a line as it was decided, for somebody who may read it.
func (l *Log) Find(reader Person, id string) (Line, error) {
	line := l.decided.find(id)
	if line == nil || !line.Visible(reader) {
		return Line{}, ErrNoLine
	}
	return *line, nil
}

// Decided gives a line whoever may read it, as it was decided.
func (l *Log) Decided(id string) (line Line, found bool) { return l.decided.line(id) }

// line is Find for what must still stand.
func (l *Log) line(by Person, id string) (Line, error) {
	line, err := l.Find(by, id)
	if err == nil && line.Deleted {
		return Line{}, ErrDeleted
	}
	return line, err
}

// Confirm has an event shown to newcomers from now on. Events are confirmed in
// the order the verbs gave them.
func (l *Log) Confirm(e Event) { e.apply(&l.told) }

// Told gives a line as newcomers see it.
func (l *Log) Told(id string) (line Line, found bool) { return l.told.line(id) }

// History gives what somebody who comes now may read, oldest first.
func (l *Log) History(reader Person) []Line {
	lines := make([]Line, 0, len(l.told.lines))
	for _, line := range l.told.lines {
		if line.Visible(reader) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Files lists what is attached to the lines at hand, those of private lines included.
func (l *Log) Files() []File {
	var files []File
	for _, line := range l.decided.lines {
		if line.File.ID != "" {
			files = append(files, line.File)
		}
	}
	return files
}
