package calendar

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxInvitees is the most people one appointment invites.
	MaxInvitees = 200
	// maxTitle and maxDescription bound texts, in characters.
	maxTitle, maxDescription = 120, 2000
	// maxName bounds a person's name, in characters; an address has at most 254 bytes (RFC 5321).
	maxName, maxAddress = 64, 254
	// MinDuration and MaxDuration bound one meeting.
	MinDuration, MaxDuration = time.Minute, 24 * time.Hour
	// maxExceptions is how many occurrences of a series may be cancelled or moved.
	maxExceptions = 500
)

// ErrInvalid marks an appointment that cannot be; the text says why.
var ErrInvalid = errors.New("invalid appointment")

// ErrNoOccurrence: the series has no occurrence at that time.
var ErrNoOccurrence = errors.New("the series has no occurrence then")

// Person is somebody an appointment names.
type Person struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Appointment is a meeting that is to be, or a series of them. Its JSON is what
// is stored: fields may be added, and none may change its meaning.
type Appointment struct {
	// ID is unguessable: who knows it may read the appointment as a calendar.
	ID string `json:"id"`
	// Room is where it is held, URL how people get there.
	Room string `json:"room"`
	URL  string `json:"url"`
	// Domain completes the UID, and never changes for an appointment.
	Domain string `json:"domain"`

	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	// Start is what the clock shows in Zone when it begins for the first time.
	Start Wall   `json:"start"`
	Zone  string `json:"zone"`
	// Duration is in nanoseconds.
	Duration time.Duration `json:"duration"`
	// Rule repeats it: an RRULE without its name, such as "FREQ=WEEKLY;BYDAY=MO".
	Rule string `json:"rule,omitempty"`
	// Cancelled are the occurrences that do not take place, Moved those that are
	// otherwise than the rule says.
	Cancelled []Wall  `json:"cancelled,omitempty"`
	Moved     []Moved `json:"moved,omitempty"`

	Organizer Person   `json:"organizer,omitzero"`
	Invitees  []Person `json:"invitees,omitempty"`
	// Language is what invitations are written in, "en" or "fr".
	Language string `json:"language,omitempty"`

	// Sequence grows with each change (RFC 5546 section 2.1.4).
	Sequence         int       `json:"sequence"`
	Created, Changed time.Time `json:"-"`
	// Off says that the whole appointment is cancelled.
	Off bool `json:"off,omitempty"`
}

// Moved is one occurrence that is otherwise than the rule says.
type Moved struct {
	// Of is when the rule would have it begin.
	Of       Wall          `json:"of"`
	Start    Wall          `json:"start"`
	Duration time.Duration `json:"duration"`
	Title    string        `json:"title,omitempty"`
}

// UID names the appointment in everybody's calendar, for ever.
func (a Appointment) UID() string { return a.ID + "@" + a.Domain }

// Clean gives an appointment in the form it is kept in, or says what is wrong with it.
func (a Appointment) Clean() (Appointment, error) {
	zone, err := Zone(a.Zone)
	if err != nil {
		return a, err
	}
	if a.Title, err = text("title", a.Title, maxTitle); err != nil {
		return a, err
	}
	if a.Title == "" {
		return a, fmt.Errorf("%w: it needs a title", ErrInvalid)
	}
	if a.Description, err = text("description", a.Description, maxDescription); err != nil {
		return a, err
	}
	if a.Start, err = ParseWall(string(a.Start)); err != nil {
		return a, err
	}
	if err := checkDuration(a.Duration); err != nil {
		return a, err
	}
	if a.Language != "fr" {
		a.Language = "en"
	}
	if a, err = a.cleanPeople(); err != nil {
		return a, err
	}
	if a.Rule, err = cleanRule(a.Rule, a.Start, zone); err != nil {
		return a, err
	}
	return a.cleanExceptions()
}

func checkDuration(d time.Duration) error {
	if d < MinDuration || d > MaxDuration || d%time.Second != 0 {
		return fmt.Errorf("%w: a meeting takes between a minute and a day", ErrInvalid)
	}
	return nil
}

func (a Appointment) cleanPeople() (Appointment, error) {
	if len(a.Invitees) > MaxInvitees {
		return a, fmt.Errorf("%w: at most %d people are invited at once", ErrInvalid, MaxInvitees)
	}
	var err error
	if a.Organizer, err = a.Organizer.clean(true); err != nil {
		return a, err
	}
	list := make([]Person, 0, len(a.Invitees))
	for _, p := range a.Invitees {
		if p, err = p.clean(false); err != nil {
			return a, err
		}
		same := func(q Person) bool { return strings.EqualFold(p.Email, q.Email) }
		if !slices.ContainsFunc(list, same) {
			list = append(list, p)
		}
	}
	a.Invitees = list
	return a, nil
}

// clean checks an address as it would be written into a header.
func (p Person) clean(nameOnly bool) (Person, error) {
	name, err := text("name", p.Name, maxName)
	if err != nil {
		return p, err
	}
	p.Name = strings.Join(strings.Fields(name), " ")
	if p.Email == "" && nameOnly {
		return p, nil
	}
	parsed, err := mail.ParseAddress(p.Email)
	if err != nil || parsed.Address != p.Email || len(p.Email) > maxAddress || strings.ContainsFunc(p.Email, unfitForAddress) {
		return p, fmt.Errorf("%w: %.80q is no e-mail address", ErrInvalid, p.Email)
	}
	return p, nil
}

// unfitForAddress finds what needs quoting or encoding somewhere on an address's way.
func unfitForAddress(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]%`, r)
}

// cleanExceptions drops exceptions of occurrences that are no more.
func (a Appointment) cleanExceptions() (Appointment, error) {
	if len(a.Cancelled)+len(a.Moved) > maxExceptions {
		return a, fmt.Errorf("%w: at most %d occurrences of a series can be otherwise", ErrInvalid, maxExceptions)
	}
	if len(a.Cancelled)+len(a.Moved) == 0 {
		return a, nil
	}
	all, err := a.walls()
	if err != nil {
		return a, err
	}
	has := func(w Wall) bool { return all[w] }
	a.Cancelled = slices.DeleteFunc(slices.Clone(a.Cancelled), func(w Wall) bool { return !has(w) })
	a.Moved = slices.DeleteFunc(slices.Clone(a.Moved), func(m Moved) bool { return !has(m.Of) || slices.Contains(a.Cancelled, m.Of) })
	slices.Sort(a.Cancelled)
	slices.SortFunc(a.Moved, func(x, y Moved) int { return strings.Compare(string(x.Of), string(y.Of)) })
	return a, nil
}

// Cancel takes one occurrence out of a series.
func (a Appointment) Cancel(of Wall) (Appointment, error) {
	if a.Rule == "" || !a.has(of) || slices.Contains(a.Cancelled, of) {
		return a, ErrNoOccurrence
	}
	a.Cancelled = append(slices.Clone(a.Cancelled), of)
	return a.cleanExceptions()
}

// Move has one occurrence of a series be otherwise.
func (a Appointment) Move(m Moved) (Appointment, error) {
	if a.Rule == "" || !a.has(m.Of) || slices.Contains(a.Cancelled, m.Of) {
		return a, ErrNoOccurrence
	}
	var err error
	if m.Start, err = ParseWall(string(m.Start)); err != nil {
		return a, err
	}
	if m.Title, err = text("title", m.Title, maxTitle); err != nil {
		return a, err
	}
	if err := checkDuration(m.Duration); err != nil {
		return a, err
	}
	a.Moved = slices.DeleteFunc(slices.Clone(a.Moved), func(old Moved) bool { return old.Of == m.Of })
	a.Moved = append(a.Moved, m)
	return a.cleanExceptions()
}

// text takes away what no text may hold; lines may break in longer ones.
func text(what, s string, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: the %s is no proper text", ErrInvalid, what)
	}
	multiline := most > maxTitle
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && multiline:
			return r
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s))
	if utf8.RuneCountInString(s) > most {
		return "", fmt.Errorf("%w: the %s has more than %d characters", ErrInvalid, what, most)
	}
	return s, nil
}
