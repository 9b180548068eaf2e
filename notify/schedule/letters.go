package schedule

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/teambition/rrule-go"

	"palabre/notify/calendar"
	"palabre/notify/mail"
)

// The kinds of letter.
const (
	kindInvitation = "invitation"
	kindUpdate     = "update"
	kindCancel     = "cancellation"
)

// words are the letters' texts in one language; %s is the title or a person.
type words struct {
	subject, first                map[string]string
	by, when, repeats, join, hint string
	each                          map[rrule.Frequency][2]string
	days, months                  []string
	date, clock                   func(w words, t time.Time) string
}

func english() words {
	return words{
		subject: map[string]string{kindInvitation: "Invitation: %s", kindUpdate: "Changed: %s", kindCancel: "Cancelled: %s"},
		first: map[string]string{
			kindInvitation: "You are invited to a meeting.", kindUpdate: "A meeting you are invited to has changed.",
			kindCancel: "This meeting does not take place.",
		},
		by: "Invited by", when: "When", repeats: "Repeats", join: "Join the meeting",
		hint: "The attached calendar file puts it into your calendar.",
		each: map[rrule.Frequency][2]string{
			rrule.DAILY: {"every day", "every %d days"}, rrule.WEEKLY: {"every week", "every %d weeks"},
			rrule.MONTHLY: {"every month", "every %d months"}, rrule.YEARLY: {"every year", "every %d years"},
		},
		days:   []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months: []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		date: func(w words, t time.Time) string {
			return fmt.Sprintf("%s %d %s %d", w.days[t.Weekday()], t.Day(), w.months[t.Month()-1], t.Year())
		},
		clock: func(_ words, t time.Time) string { return t.Format("15:04") },
	}
}

func french() words {
	return words{
		subject: map[string]string{kindInvitation: "Invitation : %s", kindUpdate: "Modifiée : %s", kindCancel: "Annulée : %s"},
		first: map[string]string{
			kindInvitation: "Vous êtes invité·e à une réunion.", kindUpdate: "Une réunion à laquelle vous êtes invité·e a changé.",
			kindCancel: "Cette réunion n’aura pas lieu.",
		},
		by: "Invitation de", when: "Quand", repeats: "Répétition", join: "Rejoindre la réunion",
		hint: "Le fichier joint l’inscrit dans votre agenda.",
		each: map[rrule.Frequency][2]string{
			rrule.DAILY: {"chaque jour", "tous les %d jours"}, rrule.WEEKLY: {"chaque semaine", "toutes les %d semaines"},
			rrule.MONTHLY: {"chaque mois", "tous les %d mois"}, rrule.YEARLY: {"chaque année", "tous les %d ans"},
		},
		days:   []string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		months: []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		date: func(w words, t time.Time) string {
			day := fmt.Sprint(t.Day())
			if day == "1" {
				day = "1er"
			}
			return fmt.Sprintf("%s %s %s %d", w.days[t.Weekday()], day, w.months[t.Month()-1], t.Year())
		},
		clock: func(_ words, t time.Time) string { return t.Format("15 h 04") },
	}
}

func wordsOf(language string) words {
	if language == "fr" {
		return french()
	}
	return english()
}

// letter is what the texts are made of.
type letter struct {
	Language, First, Title, By, When, Repeats, Description, URL, Join, Hint string
	ByLabel, WhenLabel, RepeatsLabel                                        string
	Cancelled                                                               bool
}

func letterOf(a calendar.Appointment, kind string, of calendar.Wall) letter {
	w := wordsOf(a.Language)
	l := letter{
		Language: a.Language, First: w.first[kind], Title: a.Title, By: a.Organizer.Name, Description: a.Description, URL: a.URL,
		Join: w.join, Hint: w.hint, ByLabel: w.by, WhenLabel: w.when, RepeatsLabel: w.repeats, Cancelled: kind == kindCancel,
	}
	if zone, err := calendar.Zone(a.Zone); err == nil {
		begin, duration := a.Start, a.Duration
		if of != "" {
			begin = of
		}
		for _, m := range a.Moved {
			if m.Of == of {
				begin, duration = m.Start, m.Duration
			}
		}
		start := begin.In(zone)
		l.When = fmt.Sprintf("%s, %s–%s (%s)", w.date(w, start), w.clock(w, start), w.clock(w, start.Add(duration)), a.Zone)
	}
	if option, err := rrule.StrToROption(a.Rule); err == nil && a.Rule != "" && of == "" {
		each := w.each[option.Freq]
		l.Repeats = each[0]
		if option.Interval > 1 {
			l.Repeats = fmt.Sprintf(each[1], option.Interval)
		}
	}
	return l
}

// text is the letter without HTML.
func (l letter) text() string {
	lines := []string{l.First, "", l.Title, l.WhenLabel + ": " + l.When}
	if l.Language == "fr" {
		lines[3] = l.WhenLabel + " : " + l.When
	}
	add := func(label, value string) {
		if value == "" {
			return
		}
		colon := ": "
		if l.Language == "fr" {
			colon = " : "
		}
		lines = append(lines, label+colon+value)
	}
	add(l.RepeatsLabel, l.Repeats)
	add(l.ByLabel, l.By)
	if !l.Cancelled {
		lines = append(lines, "", l.Join+":", l.URL)
		if l.Description != "" {
			lines = append(lines, "", l.Description)
		}
	}
	return strings.Join(append(lines, "", l.Hint, ""), "\n")
}

// page is the letter as HTML; it is parsed once for all letters of a change.
func page() (*template.Template, error) {
	return template.New("letter").Parse(pageText)
}

const pageText = `<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif">
<div style="max-width:520px;margin:auto">
<p>{{.First}}</p>
<h1 style="font-size:22px;line-height:1.3;margin:0 0 12px{{if .Cancelled}};text-decoration:line-through{{end}}">{{.Title}}</h1>
<p style="margin:0"><strong>{{.WhenLabel}}</strong> {{.When}}</p>
{{with .Repeats}}<p style="margin:0"><strong>{{$.RepeatsLabel}}</strong> {{.}}</p>
{{end}}{{with .By}}<p style="margin:0"><strong>{{$.ByLabel}}</strong> {{.}}</p>
{{end}}{{if not .Cancelled}}<p style="margin:24px 0"><a href="{{.URL}}" style="background:#1f7a4d;color:#fff;padding:12px 20px;border-radius:10px;text-decoration:none;font-weight:500">{{.Join}}</a></p>
<p><a href="{{.URL}}">{{.URL}}</a></p>
{{with .Description}}<p style="white-space:pre-line">{{.}}</p>
{{end}}{{end}}<p style="opacity:.7;font-size:13px">{{.Hint}}</p>
</div></body></html>
`

func (l letter) html() string {
	var b strings.Builder
	t, err := page()
	if err == nil {
		err = t.Execute(&b, l)
	}
	if err != nil {
		return "" // the plain text remains
	}
	return b.String()
}

// invitations are letters with the appointment as it now is, one to each
// person; of is the occurrence they are about, empty for all.
func invitations(a calendar.Appointment, to []calendar.Person, kind string, of calendar.Wall) []mail.Message {
	return letters(a, to, kind, of, func(one calendar.Appointment) []byte { return one.Request() }, "REQUEST")
}

// cancellations are letters that take the appointment back, or one occurrence of it.
func cancellations(a calendar.Appointment, of calendar.Wall) []mail.Message {
	return letters(a, a.Invitees, kindCancel, of, func(one calendar.Appointment) []byte { return one.Cancellation(of) }, "CANCEL")
}

// letters names only the recipient in each calendar, so that nobody learns who else is invited.
func letters(a calendar.Appointment, to []calendar.Person, kind string, of calendar.Wall, write func(calendar.Appointment) []byte, method string) []mail.Message {
	if len(to) == 0 {
		return nil
	}
	l := letterOf(a, kind, of)
	text, html := l.text(), l.html()
	list := make([]mail.Message, 0, len(to))
	for _, p := range to {
		one := a
		one.Invitees = []calendar.Person{p}
		list = append(list, mail.Message{
			ID: uuid.Must(uuid.NewV7()).String(), Kind: kind, To: p.Email, Name: p.Name,
			ReplyTo: a.Organizer.Email, ReplyToName: a.Organizer.Name,
			Subject: fmt.Sprintf(wordsOf(a.Language).subject[kind], a.Title), Text: text, HTML: html,
			Calendar: write(one), Method: method, Language: a.Language,
		})
	}
	return list
}
