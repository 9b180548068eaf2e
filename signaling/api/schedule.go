package api

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"palabre/identity"
	"palabre/notify/calendar"
	"palabre/notify/schedule"
	"palabre/rooms"
)

func (a *API) scheduleRoutes() []Route {
	const one = "/rooms/{room}/appointments/{appointment}"
	return []Route{
		{Method: http.MethodGet, Path: "/appointments", Scope: identity.RoomsRead, Do: a.listAppointments},
		{Method: http.MethodGet, Path: "/rooms/{room}/appointments", Scope: identity.RoomsRead, Action: rooms.Configure, Do: a.listAppointments},
		{Method: http.MethodPost, Path: "/rooms/{room}/appointments", Scope: identity.RoomsWrite, Action: rooms.Configure, Do: a.addAppointment},
		{Method: http.MethodGet, Path: one, Scope: identity.RoomsRead, Action: rooms.Configure, Do: a.showAppointment},
		{Method: http.MethodPatch, Path: one, Scope: identity.RoomsWrite, Action: rooms.Configure, Do: a.changeAppointment},
		{Method: http.MethodDelete, Path: one, Scope: identity.RoomsWrite, Action: rooms.Configure, Do: a.cancelAppointment},
		{Method: http.MethodGet, Path: one + "/occurrences", Scope: identity.RoomsRead, Action: rooms.Configure, Do: a.listOccurrences},
		{Method: http.MethodPatch, Path: one + "/occurrences/{start}", Scope: identity.RoomsWrite, Action: rooms.Configure, Do: a.moveOccurrence},
		{Method: http.MethodDelete, Path: one + "/occurrences/{start}", Scope: identity.RoomsWrite, Action: rooms.Configure, Do: a.cancelOccurrence},
		{Method: http.MethodGet, Path: "/calendars/{file}", Do: a.calendarFile},
		{Method: http.MethodGet, Path: "/templates", Scope: identity.RoomsRead, Do: a.listTemplates},
		{Method: http.MethodGet, Path: "/templates/{template}", Scope: identity.RoomsRead, Do: a.showTemplate},
		{Method: http.MethodPut, Path: "/templates/{template}", Scope: identity.RoomsWrite, Server: true, Do: a.saveTemplate},
		{Method: http.MethodDelete, Path: "/templates/{template}", Scope: identity.RoomsWrite, Server: true, Do: a.removeTemplate},
		{Method: http.MethodPost, Path: "/rooms/{room}/template", Scope: identity.RoomsWrite, Action: rooms.Own, Do: a.applyTemplate},
	}
}

type (
	wirePersonRef struct {
		Name  string `json:"name,omitempty"`
		Email string `json:"email,omitempty"`
	}
	wireAppointment struct {
		ID          string          `json:"id"`
		Room        string          `json:"room"`
		URL         string          `json:"url"`
		Calendar    string          `json:"calendar"`
		UID         string          `json:"uid"`
		Title       string          `json:"title"`
		Description string          `json:"description,omitempty"`
		Start       calendar.Wall   `json:"start"`
		Zone        string          `json:"timeZone"`
		Minutes     float64         `json:"durationMinutes"`
		Rule        string          `json:"recurrence,omitempty"`
		Cancelled   []calendar.Wall `json:"cancelledOccurrences"`
		Organizer   *wirePersonRef  `json:"organizer,omitempty"`
		Invitees    []wirePersonRef `json:"invitees"`
		Language    string          `json:"language"`
		Sequence    int             `json:"sequence"`
		Created     time.Time       `json:"created"`
		Changed     time.Time       `json:"changed"`
		Off         bool            `json:"cancelled"`
		// Mails says whether the caller could have invitations sent.
		Mails bool `json:"mails"`
	}
	appointmentBody struct {
		Title       *string          `json:"title,omitempty"`
		Description *string          `json:"description,omitempty"`
		Start       *string          `json:"start,omitempty"`
		Zone        *string          `json:"timeZone,omitempty"`
		Minutes     *float64         `json:"durationMinutes,omitempty"`
		Rule        *string          `json:"recurrence,omitempty"`
		Organizer   *wirePersonRef   `json:"organizer,omitempty"`
		Invitees    *[]wirePersonRef `json:"invitees,omitempty"`
		Language    *string          `json:"language,omitempty"`

		// Template is what a new room's settings are taken from; Lobby and
		// Password are put over them. An appointment that is there has its room.
		Template string  `json:"template,omitempty"`
		Lobby    *bool   `json:"lobby,omitempty"`
		Password *string `json:"password,omitempty"`
	}
)

// base is where this server is, as the caller reaches it.
func (c *Call) base() string {
	return strings.TrimSuffix(c.api.door.Link(c.http.Request, "x"), "/r/x")
}

func (c *Call) appointment(a calendar.Appointment) wireAppointment {
	w := wireAppointment{
		ID: a.ID, Room: a.Room, URL: a.URL, UID: a.UID(), Calendar: c.base() + "/api/v1/calendars/" + a.ID + ".ics",
		Title: a.Title, Description: a.Description, Start: a.Start, Zone: a.Zone, Minutes: a.Duration.Minutes(), Rule: a.Rule,
		Cancelled: a.Cancelled, Invitees: []wirePersonRef{}, Language: a.Language, Sequence: a.Sequence,
		Created: a.Created.UTC(), Changed: a.Changed.UTC(), Off: a.Off, Mails: c.api.cfg.Desk.Mails(c.By),
	}
	if w.Cancelled == nil {
		w.Cancelled = []calendar.Wall{}
	}
	if a.Organizer != (calendar.Person{}) {
		w.Organizer = (*wirePersonRef)(&a.Organizer)
	}
	for _, p := range a.Invitees {
		w.Invitees = append(w.Invitees, wirePersonRef(p))
	}
	return w
}

// onto puts what a body says over what there was.
func (w appointmentBody) onto(a *calendar.Appointment) {
	set(&a.Title, w.Title)
	set(&a.Description, w.Description)
	set(&a.Zone, w.Zone)
	set(&a.Rule, w.Rule)
	set(&a.Language, w.Language)
	set((*string)(&a.Start), w.Start)
	if w.Minutes != nil {
		a.Duration = minutes(*w.Minutes)
	}
	if w.Organizer != nil {
		a.Organizer = calendar.Person(*w.Organizer)
	}
	if w.Invitees != nil {
		a.Invitees = make([]calendar.Person, 0, min(len(*w.Invitees), calendar.MaxInvitees+1))
		for _, p := range *w.Invitees {
			a.Invitees = append(a.Invitees, calendar.Person(p))
		}
	}
}

// minutes is a number of minutes, to the second; what is no duration is none.
func minutes(n float64) time.Duration {
	return time.Duration(min(max(n, 0), 1e6) * float64(time.Minute)).Round(time.Second)
}

// scheduleFault gives refusals of appointments the form of the API.
func scheduleFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, schedule.ErrNotFound), errors.Is(err, calendar.ErrNoOccurrence):
		return refuse(rooms.CodeNotFound, sentence(err))
	case errors.Is(err, calendar.ErrInvalid), errors.Is(err, schedule.ErrBadName):
		return refuse(rooms.CodeBadMessage, sentence(err))
	case errors.Is(err, schedule.ErrChanged):
		return refuse(rooms.CodeConflict, sentence(err))
	case errors.Is(err, schedule.ErrTooMany):
		return refuse(rooms.CodeTooLarge, sentence(err))
	case errors.Is(err, schedule.ErrNoMail), errors.Is(err, schedule.ErrMayNotMail), errors.Is(err, schedule.ErrMuchMail):
		return refuse(rooms.CodeForbidden, sentence(err))
	}
	return err
}

// sentence writes an error as one.
func sentence(err error) string {
	text := err.Error()
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
}

func (a *API) addAppointment(c *Call) (Reply, error) {
	if a.cfg.Desk == nil || a.cfg.Shelf == nil {
		return Reply{}, errNoStore
	}
	var asked appointmentBody
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	appointment := calendar.Appointment{Room: c.Room, URL: a.door.Link(c.http.Request, c.Room), Language: c.Language(), Duration: time.Hour}
	asked.onto(&appointment)
	if _, err := appointment.Clean(); err != nil {
		return Reply{}, scheduleFault(err) // before there is a room for it
	}
	if err := a.roomFor(c, asked, appointment.Title); err != nil {
		return Reply{}, err
	}
	kept, err := a.cfg.Desk.Add(c.Context(), c.By, appointment)
	if err != nil {
		return Reply{}, scheduleFault(err)
	}
	return created(c.http.Request.URL.Path+"/"+kept.ID, c.appointment(kept))
}

// roomFor makes sure that the room of an appointment is remembered.
func (a *API) roomFor(c *Call, asked appointmentBody, title string) error {
	_, err := a.cfg.Shelf.Room(c.Context(), c.Room)
	if !errors.Is(err, rooms.ErrNotFound) {
		return err
	}
	settings := a.cfg.Rooms.DefaultSettings()
	if asked.Template != "" {
		template, err := a.template(c, asked.Template)
		if err != nil {
			return err
		}
		settings = template.Settings
	}
	now := time.Now()
	over := wireSettings{Title: &title, Lobby: asked.Lobby, Password: asked.Password}
	profile, err := a.wished(c, over, rooms.Profile{
		Name: c.Room, Kind: rooms.Scheduled, Settings: settings, Owner: c.By.Identity, Created: now, Updated: now,
	})
	if err != nil {
		return err
	}
	stored, err := a.cfg.Shelf.AddRoom(c.Context(), c.By, profile)
	if err != nil {
		return err
	}
	return a.cfg.Rooms.Reload(c.Context(), stored.Profile)
}

// found gives the appointment of the path, if it is of the room of the path.
func (a *API) found(c *Call) (calendar.Appointment, error) {
	if a.cfg.Desk == nil {
		return calendar.Appointment{}, errNoStore
	}
	found, err := a.cfg.Desk.Get(c.Context(), c.Param("appointment"))
	if err == nil && found.Room != c.Room {
		err = schedule.ErrNotFound
	}
	return found, scheduleFault(err)
}

func (a *API) listAppointments(c *Call) (Reply, error) {
	if a.cfg.Desk == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.Desk.List(c.Context(), c.Room, page.After, page.Limit+1)
	if err != nil {
		return Reply{}, err
	}
	found, next := cut(found, page.Limit, func(x calendar.Appointment) string { return x.ID })
	items := make([]wireAppointment, 0, len(found))
	for _, one := range found {
		if c.Room != "" || c.Key.Opens(one.Room) {
			items = append(items, c.appointment(one))
		}
	}
	return list(items, next)
}

func (a *API) showAppointment(c *Call) (Reply, error) {
	found, err := a.found(c)
	if err != nil {
		return Reply{}, err
	}
	return ok(c.appointment(found))
}

func (a *API) changeAppointment(c *Call) (Reply, error) {
	var asked appointmentBody
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	found, err := a.found(c)
	if err != nil {
		return Reply{}, err
	}
	if asked.Template != "" || asked.Lobby != nil || asked.Password != nil {
		return Reply{}, refuse(rooms.CodeBadMessage, "Template, lobby and password are the room's: change them there.")
	}
	changed, err := a.cfg.Desk.Change(c.Context(), c.By, found.ID, asked.onto)
	if err != nil {
		return Reply{}, scheduleFault(err)
	}
	return ok(c.appointment(changed))
}

func (a *API) cancelAppointment(c *Call) (Reply, error) {
	found, err := a.found(c)
	if err != nil {
		return Reply{}, err
	}
	if _, err := a.cfg.Desk.Cancel(c.Context(), c.By, found.ID); err != nil {
		return Reply{}, scheduleFault(err)
	}
	return done()
}

// calendarFile is an appointment for calendars, by a link nobody guesses. It
// does not say who is invited.
func (a *API) calendarFile(c *Call) (Reply, error) {
	id, isFile := strings.CutSuffix(c.Param("file"), ".ics")
	if a.cfg.Desk == nil || !isFile {
		return Reply{}, refuse(rooms.CodeNotFound, "There is no such calendar.")
	}
	found, err := a.cfg.Desk.Get(c.Context(), id)
	if err != nil {
		return Reply{}, scheduleFault(err)
	}
	return Reply{
		Status: http.StatusOK, Body: found.Public().File(), ContentType: "text/calendar; charset=utf-8",
		Header: http.Header{"Content-Disposition": {`attachment; filename="palabre.ics"`}, "X-Robots-Tag": {"noindex"}},
	}, nil
}
