package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"palabre/notify/calendar"
	"palabre/notify/mail"
	"palabre/rooms"
)

const (
	// OwnerInvitees and OwnerMessages bound what owners without an API key have sent.
	OwnerInvitees, OwnerMessages = 20, 100
	// MaxAppointments is how many one room has that are not over or cancelled.
	MaxAppointments = 200
)

// The refusals.
var (
	ErrNotFound = errors.New("no such appointment")
	// ErrChanged: somebody else has changed it since it was read.
	ErrChanged = errors.New("the appointment was changed by somebody else")
	// ErrTooMany: the room has [MaxAppointments] already.
	ErrTooMany = errors.New("the room has too many appointments")
	// ErrNoMail: the server has no mail server.
	ErrNoMail = errors.New("this server sends no mail")
	// ErrMayNotMail: it takes an API key to have mail sent here.
	ErrMayNotMail = errors.New("sending invitations takes an API key on this server")
	// ErrMuchMail: an owner has had [OwnerMessages] messages sent today.
	ErrMuchMail = errors.New("too many invitations today")
)

// Book is what keeps appointments. The store implements it.
type Book interface {
	// Appointment gives one; [ErrNotFound] where there is none.
	Appointment(ctx context.Context, id string) (calendar.Appointment, error)
	// Appointments lists those of a room, of all rooms where it is empty, by
	// their ids after one. Cancelled ones are among them.
	Appointments(ctx context.Context, room, after string, limit int) ([]calendar.Appointment, error)
	// SaveAppointment keeps an appointment and queues messages about it, at one
	// go. seen is the Sequence it was changed from, -1 for a new one; another
	// one by now is [ErrChanged].
	SaveAppointment(ctx context.Context, a calendar.Appointment, seen int, about []mail.Message) error
	// CountMail notes that somebody has n messages sent on a day, unless that
	// would make more than most; then it is [ErrMuchMail].
	CountMail(ctx context.Context, who string, day time.Time, n, most int) error
}

// Journal is where facts about appointments go, for the audit log.
type Journal interface {
	Keep(facts []rooms.Fact, kept func())
}

// Changed is the fact that an appointment was added, changed or cancelled.
type Changed struct {
	// What is "added", "changed", "cancelled", "occurrence changed" or "occurrence cancelled".
	What        string
	Appointment string
	// Of is the occurrence, if it is about one.
	Of calendar.Wall
	// Invited is how many people are written to.
	Invited int
}

// Kind names the fact.
func (Changed) Kind() string { return "appointment.changed" }

// Config says how appointments are kept. Book is required.
type Config struct {
	Book    Book
	Journal Journal
	// From is the address mail comes from; empty sends none.
	From string
	// Owners lets owners of rooms invite people by mail; otherwise it takes an API key.
	Owners bool
	// Domain completes the UIDs of appointments, and never changes.
	Domain string
	// Now tells the time. Default time.Now.
	Now func() time.Time
}

// Desk takes appointments.
type Desk struct{ cfg Config }

// NewDesk makes a desk over a book.
func NewDesk(cfg Config) *Desk {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Domain == "" {
		cfg.Domain = "palabre"
	}
	return &Desk{cfg}
}

// Mails says whether somebody may have invitations sent.
func (d *Desk) Mails(by rooms.Actor) bool { return d.cfg.From != "" && (by.Key != "" || d.cfg.Owners) }

// Add keeps a new appointment and invites who it names.
func (d *Desk) Add(ctx context.Context, by rooms.Actor, a calendar.Appointment) (calendar.Appointment, error) {
	a.ID, a.Domain, a.Sequence = strings.ToLower(rand.Text()), d.cfg.Domain, 0
	a.Created = d.cfg.Now().UTC().Truncate(time.Second)
	a, err := d.prepare(by, a)
	if err != nil {
		return a, err
	}
	return a, d.save(ctx, by, a, -1, Changed{What: "added"}, invitations(a, a.Invitees, kindInvitation, ""))
}

// Get gives an appointment.
func (d *Desk) Get(ctx context.Context, id string) (calendar.Appointment, error) {
	return d.cfg.Book.Appointment(ctx, id)
}

// List lists the appointments of a room, or of all.
func (d *Desk) List(ctx context.Context, room, after string, limit int) ([]calendar.Appointment, error) {
	return d.cfg.Book.Appointments(ctx, room, after, limit)
}

// Change has an appointment be otherwise and tells who is invited, was, or is now.
func (d *Desk) Change(ctx context.Context, by rooms.Actor, id string, change func(*calendar.Appointment)) (calendar.Appointment, error) {
	return d.edit(ctx, by, id, Changed{What: "changed"}, func(a calendar.Appointment) (calendar.Appointment, error) {
		change(&a)
		return a, nil
	})
}

// Move has one occurrence of a series be otherwise.
func (d *Desk) Move(ctx context.Context, by rooms.Actor, id string, m calendar.Moved) (calendar.Appointment, error) {
	return d.edit(ctx, by, id, Changed{What: "occurrence changed", Of: m.Of}, func(a calendar.Appointment) (calendar.Appointment, error) {
		return a.Move(m)
	})
}

// edit changes an appointment and writes to everybody concerned.
func (d *Desk) edit(ctx context.Context, by rooms.Actor, id string, what Changed, change func(calendar.Appointment) (calendar.Appointment, error)) (calendar.Appointment, error) {
	old, err := d.current(ctx, id)
	if err != nil {
		return old, err
	}
	a, err := change(old)
	if err != nil {
		return a, err
	}
	a.Sequence = old.Sequence + 1
	if a, err = d.prepare(by, a); err != nil {
		return a, err
	}
	added, gone := without(a.Invitees, old.Invitees), a
	gone.Invitees = without(old.Invitees, a.Invitees)
	about := slices.Concat(
		invitations(a, added, kindInvitation, ""), invitations(a, without(a.Invitees, added), kindUpdate, what.Of), cancellations(gone, ""),
	)
	return a, d.save(ctx, by, a, old.Sequence, what, about)
}

// Cancel takes an appointment back and tells who is invited.
func (d *Desk) Cancel(ctx context.Context, by rooms.Actor, id string) (calendar.Appointment, error) {
	a, err := d.current(ctx, id)
	if err != nil {
		return a, err
	}
	seen := a.Sequence
	a.Off, a.Sequence, a.Changed = true, seen+1, d.cfg.Now().UTC().Truncate(time.Second)
	return a, d.save(ctx, by, a, seen, Changed{What: "cancelled"}, cancellations(a, ""))
}

// CancelOne takes one occurrence of a series back.
func (d *Desk) CancelOne(ctx context.Context, by rooms.Actor, id string, of calendar.Wall) (calendar.Appointment, error) {
	a, err := d.current(ctx, id)
	if err != nil {
		return a, err
	}
	seen := a.Sequence
	if a, err = a.Cancel(of); err != nil {
		return a, err
	}
	a.Sequence, a.Changed = seen+1, d.cfg.Now().UTC().Truncate(time.Second)
	return a, d.save(ctx, by, a, seen, Changed{What: "occurrence cancelled", Of: of}, cancellations(a, of))
}

// current is an appointment that can still be changed.
func (d *Desk) current(ctx context.Context, id string) (calendar.Appointment, error) {
	a, err := d.cfg.Book.Appointment(ctx, id)
	if err == nil && a.Off {
		return a, ErrNotFound
	}
	return a, err
}

// prepare checks an appointment, and whether who wants it may have mail sent.
func (d *Desk) prepare(by rooms.Actor, a calendar.Appointment) (calendar.Appointment, error) {
	a.Changed = d.cfg.Now().UTC().Truncate(time.Second)
	if len(a.Invitees) > 0 {
		switch {
		case d.cfg.From == "":
			return a, ErrNoMail
		case !d.Mails(by):
			return a, ErrMayNotMail
		case by.Key == "":
			a.Organizer.Email, a.Description = "", ""
			if len(a.Invitees) > OwnerInvitees {
				return a, ErrMuchMail
			}
		}
		if a.Organizer.Email == "" {
			a.Organizer.Email = d.cfg.From
		}
	}
	return a.Clean()
}

func (d *Desk) save(ctx context.Context, by rooms.Actor, a calendar.Appointment, seen int, what Changed, about []mail.Message) error {
	if d.cfg.From == "" {
		about = nil
	}
	if by.Key == "" && len(about) > 0 {
		if err := d.cfg.Book.CountMail(ctx, by.Address, d.cfg.Now(), len(about), OwnerMessages); err != nil {
			return err
		}
	}
	for i := range about {
		if about[i].ReplyTo == d.cfg.From {
			about[i].ReplyTo, about[i].ReplyToName = "", ""
		}
	}
	if err := d.cfg.Book.SaveAppointment(ctx, a, seen, about); err != nil {
		return err
	}
	if d.cfg.Journal != nil {
		what.Appointment, what.Invited = a.ID, len(about)
		d.cfg.Journal.Keep([]rooms.Fact{{ID: uuid.Must(uuid.NewV7()).String(), Room: a.Room, At: a.Changed, By: by, Data: what}}, func() {})
	}
	return nil
}

// without gives the people of a list that are not on the other one.
func without(list, others []calendar.Person) []calendar.Person {
	var rest []calendar.Person
	for _, p := range list {
		if !slices.ContainsFunc(others, func(q calendar.Person) bool { return strings.EqualFold(p.Email, q.Email) }) {
			rest = append(rest, p)
		}
	}
	return rest
}
