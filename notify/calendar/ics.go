package calendar

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Product names the program in calendars (RFC 5545 section 3.7.3).
const Product = "-//Palabre//Palabre//EN"

// File is the appointment as a calendar to download: the whole series, with no method.
func (a Appointment) File() []byte {
	cal := a.calendar("")
	a.addAll(cal)
	return text5545(cal)
}

// Request is an invitation, or the news of a change: the whole series as it now is.
// It needs an organiser with an address.
func (a Appointment) Request() []byte {
	cal := a.calendar(ics.MethodRequest)
	a.addAll(cal)
	return text5545(cal)
}

// Cancellation takes the whole appointment back, or one occurrence of it.
func (a Appointment) Cancellation(of Wall) []byte {
	cal := a.calendar(ics.MethodCancel)
	event := a.event(a.Start, a.Duration, a.Title)
	if of != "" {
		event = a.event(of, a.Duration, a.Title)
		event.AddProperty(ics.ComponentPropertyRecurrenceId, of.basic(), ics.WithTZID(a.Zone))
	} else if a.Rule != "" {
		event.AddRrule(a.Rule)
	}
	event.SetStatus(ics.ObjectStatusCancelled)
	cal.AddVEvent(event)
	return text5545(cal)
}

// Public leaves out who is invited: the form for whoever has the link.
func (a Appointment) Public() Appointment {
	a.Invitees, a.Organizer.Email = nil, ""
	return a
}

func (a Appointment) calendar(method ics.Method) *ics.Calendar {
	cal := ics.NewCalendar()
	cal.CalendarProperties = nil
	cal.SetVersion("2.0")
	cal.SetProductId(Product)
	cal.SetCalscale("GREGORIAN")
	if method != "" {
		cal.SetMethod(method)
	}
	if zone, err := Zone(a.Zone); err == nil {
		cal.AddVTimezone(timezone(zone, a.Zone, a.Start.In(zone), a.Rule != ""))
	}
	return cal
}

// addAll adds the series and each occurrence that is otherwise.
func (a Appointment) addAll(cal *ics.Calendar) {
	event := a.event(a.Start, a.Duration, a.Title)
	if a.Rule != "" {
		event.AddRrule(a.Rule)
	}
	for _, w := range a.Cancelled {
		event.AddExdate(w.basic(), ics.WithTZID(a.Zone))
	}
	event.SetStatus(a.status())
	cal.AddVEvent(event)
	for _, m := range a.Moved {
		title := a.Title
		if m.Title != "" {
			title = m.Title
		}
		one := a.event(m.Start, m.Duration, title)
		one.AddProperty(ics.ComponentPropertyRecurrenceId, m.Of.basic(), ics.WithTZID(a.Zone))
		one.SetStatus(a.status())
		cal.AddVEvent(one)
	}
}

func (a Appointment) status() ics.ObjectStatus {
	if a.Off {
		return ics.ObjectStatusCancelled
	}
	return ics.ObjectStatusConfirmed
}

// event is one VEVENT. The link stands in four places, since every calendar
// shows another one of them: CONFERENCE, URL, LOCATION and the description's first line.
func (a Appointment) event(start Wall, duration time.Duration, title string) *ics.VEvent {
	event := ics.NewEvent(a.UID())
	event.SetDtStampTime(a.Changed.UTC())
	event.SetCreatedTime(a.Created.UTC())
	event.SetModifiedAt(a.Changed.UTC())
	event.SetSequence(a.Sequence)
	event.AddProperty(ics.ComponentPropertyDtStart, start.basic(), ics.WithTZID(a.Zone))
	event.AddProperty(ics.ComponentPropertyDtEnd, a.end(start, duration).basic(), ics.WithTZID(a.Zone))
	event.SetSummary(title)
	event.SetDescription(strings.TrimSpace(a.URL + "\n\n" + a.Description))
	event.SetLocation(a.URL)
	event.SetURL(a.URL)
	event.AddProperty("CONFERENCE", a.URL, ics.WithValue("URI"),
		&ics.KeyValues{Key: "FEATURE", Value: []string{"AUDIO", "VIDEO"}}, &ics.KeyValues{Key: "LABEL", Value: []string{"Palabre"}})
	event.SetTimeTransparency(ics.TransparencyOpaque)
	if a.Organizer.Email != "" {
		event.SetOrganizer("mailto:"+a.Organizer.Email, named(a.Organizer)...)
		for _, p := range a.Invitees {
			event.AddAttendee("mailto:"+p.Email, append(named(p), ics.CalendarUserTypeIndividual, ics.ParticipationRoleReqParticipant,
				ics.ParticipationStatusNeedsAction, &ics.KeyValues{Key: "RSVP", Value: []string{"TRUE"}})...)
		}
	}
	return event
}

// named gives a person's name as a parameter. Parameters know no escape for what
// ends them (RFC 5545 section 3.1), so that it is taken out.
func named(p Person) []ics.PropertyParameter {
	name := strings.TrimSpace(strings.NewReplacer(`"`, "", `\`, "", ",", " ", ";", " ", ":", " ", "'", "’").Replace(p.Name))
	if name == "" {
		return nil
	}
	return []ics.PropertyParameter{ics.WithCN(name)}
}

// end is what the clock shows when a meeting ends: not every calendar reads a DURATION.
func (a Appointment) end(start Wall, duration time.Duration) Wall {
	zone, err := Zone(a.Zone)
	if err != nil {
		return start
	}
	return wallOf(start.In(zone).Add(duration))
}

func text5545(cal *ics.Calendar) []byte {
	return []byte(cal.Serialize(ics.WithNewLine("\r\n")))
}
