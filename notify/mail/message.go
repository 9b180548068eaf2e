package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"palabre/rooms"
)

const (
	// MaxQueue is how many messages may wait.
	MaxQueue = 10_000
	// MaxAge is how old a message may get before it is given up.
	MaxAge = 3 * 24 * time.Hour
	// DeadKept is how long dead messages can be looked at.
	DeadKept = 30 * 24 * time.Hour
)

// ErrFull: [MaxQueue] messages wait already.
var ErrFull = errors.New("too much mail is waiting to be sent")

// ErrNotFound: there is no such message.
var ErrNotFound = errors.New("no such message")

// Message is one mail to one person. Its JSON is what waits in the store.
type Message struct {
	// ID is a UUID; it makes the Message-ID.
	ID string `json:"id"`
	// Kind says what it is about: "invitation", "update", "cancellation" or "test".
	Kind string `json:"kind"`
	// To is the address, Name what they are called.
	To   string `json:"to"`
	Name string `json:"name,omitempty"`
	// ReplyTo is who gets answers; empty leaves them with the sender.
	ReplyTo     string `json:"replyTo,omitempty"`
	ReplyToName string `json:"replyToName,omitempty"`
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	HTML        string `json:"html,omitempty"`
	// Calendar is an iCalendar object and Method its METHOD (RFC 6047).
	Calendar []byte `json:"calendar,omitempty"`
	Method   string `json:"method,omitempty"`
	// Language is what it is written in.
	Language string `json:"language,omitempty"`
}

// State is where a message stands; one that was sent is forgotten.
type State string

// The states.
const (
	Waiting State = "waiting"
	Dead    State = "dead"
)

// Queued is a message in the store.
type Queued struct {
	Message
	State   State
	Created time.Time
	// Due is when it is tried next; of a dead message, when it was given up.
	Due      time.Time
	Attempts int
	// Error is what the mail server said last, or why it was not reached.
	Error string
}

// Queue is what the sender asks of the store.
type Queue interface {
	// LeaseMail lends messages that are due to holder until a time, oldest first.
	LeaseMail(ctx context.Context, holder string, now, until time.Time, limit int) ([]Queued, error)
	// MailSent forgets a message that the mail server took.
	MailSent(ctx context.Context, id string) error
	// MailFailed writes down an attempt: State, Due, Attempts and Error.
	MailFailed(ctx context.Context, m Queued) error
	// ReturnMail gives back what was lent and not tried, and notes why.
	ReturnMail(ctx context.Context, holder string, due time.Time, why string) error
	// TidyMail deletes dead messages that died long ago, and counts.
	TidyMail(ctx context.Context, now time.Time) (waiting, dead int, err error)
}

// Book is what administrators ask of the store.
type Book interface {
	// Mail lists messages by their ids after one; an empty state is any.
	Mail(ctx context.Context, state State, after string, limit int) ([]Queued, error)
	// RetryMail has a message tried again as if it were new; [ErrNotFound] where there is none.
	RetryMail(ctx context.Context, id string, now time.Time) (Queued, error)
	// DeleteMail forgets a message and gives it; [ErrNotFound] where there is
	// none. One that is on its way now may still arrive.
	DeleteMail(ctx context.Context, id string) (Queued, error)
}

// Journal is where facts about mail go, for the audit log.
type Journal interface {
	Keep(facts []rooms.Fact, kept func())
}

// Changed is the fact that somebody had a message tried again or deleted it.
// The audit log outlives mail: it does not say who a message was for.
type Changed struct {
	// What is "retried" or "deleted".
	What string
	// Message is its id, About its kind.
	Message, About string
}

// Kind names the fact.
func (Changed) Kind() string { return "mail.changed" }

// compose writes a message out for the wire. The library encodes what is not
// ASCII and folds; what could end a header is taken out before.
func (m Message) compose(from, fromName, host string, now time.Time) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(oneLine(fromName), from); err != nil {
		return nil, fmt.Errorf("the sender's address: %w", err)
	}
	if err := msg.AddToFormat(oneLine(m.Name), m.To); err != nil {
		return nil, fmt.Errorf("the recipient's address: %w", err)
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyToFormat(oneLine(m.ReplyToName), m.ReplyTo); err != nil {
			return nil, fmt.Errorf("the address for answers: %w", err)
		}
	}
	msg.Subject(oneLine(m.Subject))
	msg.SetMessageIDWithValue(m.ID + "@" + host)
	msg.SetDateWithValue(now)
	// Nobody's holiday notice shall answer (RFC 3834 section 5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", oneLine(m.Language))
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	if len(m.Calendar) == 0 {
		return msg, nil
	}
	// As a part for programs that know invitations, as a file for those that do not.
	kind := gomail.ContentType("text/calendar; method=" + oneLine(m.Method))
	msg.AddAlternativeString(kind, string(m.Calendar), gomail.WithPartEncoding(gomail.EncodingB64))
	err := msg.AttachReader("invite.ics", bytes.NewReader(m.Calendar), gomail.WithFileContentType("application/ics"))
	if err != nil {
		return nil, fmt.Errorf("attach the calendar: %w", err)
	}
	return msg, nil
}

// oneLine keeps a text within its header.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}
