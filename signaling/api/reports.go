package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/rooms/attendance"
)

// Reports is what is remembered of meetings and days. The store implements it.
type Reports interface {
	// Meetings gives the meetings of a room, newest first, after the id a page ended with.
	Meetings(ctx context.Context, room, after string, limit int) (list []attendance.Meeting, next string, err error)
	// Meeting gives one; an error that is rooms.ErrNotFound where there is none.
	Meeting(ctx context.Context, room, id string) (attendance.Meeting, error)
	// Attendance says who was in a meeting.
	Attendance(ctx context.Context, m attendance.Meeting) ([]attendance.Attendee, error)
	// Usage gives days, both included; an empty room is the whole server.
	Usage(ctx context.Context, room string, from, to time.Time) ([]attendance.Day, error)
}

func (a *API) reportRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/rooms/{room}/meetings", Scope: identity.AttendanceRead, Action: rooms.Export, Do: a.listMeetings},
		{Method: http.MethodGet, Path: "/rooms/{room}/meetings/{meeting}/attendance", Scope: identity.AttendanceRead, Action: rooms.Export, Do: a.attendance},
		{Method: http.MethodGet, Path: "/rooms/{room}/usage", Scope: identity.AttendanceRead, Action: rooms.Export, Do: a.usage},
		{Method: http.MethodGet, Path: "/usage", Scope: identity.UsageRead, Server: true, Do: a.usage},
	}
}

// wireMeeting is a meeting in answers.
type wireMeeting struct {
	ID      string     `json:"id"`
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	// Seconds is how long it lasted, or has so far.
	Seconds float64      `json:"seconds"`
	People  int          `json:"people"`
	Most    int          `json:"mostAtOnce"`
	Reason  rooms.Reason `json:"reason,omitempty"`
}

func meetingOnWire(m attendance.Meeting) wireMeeting {
	end := m.Ended
	if end.IsZero() {
		end = m.Seen
	}
	return wireMeeting{
		ID: m.ID, Started: m.Started, Ended: moment(m.Ended), Seconds: end.Sub(m.Started).Seconds(), People: m.People, Most: m.Most, Reason: m.Reason,
	}
}

// stamp is a time in a table, empty where there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (a *API) listMeetings(c *Call) (Reply, error) {
	if a.cfg.Reports == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	found, next, err := a.cfg.Reports.Meetings(c.Context(), c.Room, page.After, page.Limit)
	if err != nil {
		return Reply{}, err
	}
	items := make([]wireMeeting, len(found))
	rows := table{{"meeting", "started", "ended", "seconds", "people", "most_at_once"}}
	for i, m := range found {
		w := meetingOnWire(m)
		items[i] = w
		rows = append(rows, []string{w.ID, stamp(m.Started), stamp(m.Ended), seconds(w.Seconds), strconv.Itoa(m.People), strconv.Itoa(m.Most)})
	}
	if c.wantsCSV() {
		return csvReply("meetings", rows)
	}
	return list(items, next)
}

// wireAttendee is one person's part in a meeting.
type wireAttendee struct {
	Participant string     `json:"participant"`
	Identity    string     `json:"identity,omitempty"`
	Name        string     `json:"name,omitempty"`
	Role        rooms.Role `json:"role"`
	Joined      time.Time  `json:"joined"`
	Left        *time.Time `json:"left,omitempty"`
	Stayed      float64    `json:"stayedSeconds"`
	// What is missing where no personal figures are kept: how long they spoke, and
	// how long the connection was bad; Quality is the share of the time it was not, 0 to 1.
	Spoke   *float64 `json:"spokeSeconds,omitempty"`
	Poor    *float64 `json:"poorSeconds,omitempty"`
	Quality *float64 `json:"quality,omitempty"`
	// Took is how long media took after joining; null where it never came.
	Took   *float64 `json:"joinSeconds"`
	Stays  int      `json:"stays"`
	Client string   `json:"client,omitempty"`
}

func attendeeOnWire(p attendance.Attendee) wireAttendee {
	w := wireAttendee{
		Participant: p.Participant, Identity: p.Identity, Name: p.Name, Role: p.Role, Joined: p.First, Left: moment(p.Last),
		Stayed: p.Stayed.Seconds(), Stays: p.Stays, Client: p.Client,
	}
	if !p.Veiled {
		spoke, poor, quality := p.Spoke.Seconds(), p.Poor.Seconds(), 1.0
		if p.Stayed > 0 {
			quality = max(0, 1-poor/p.Stayed.Seconds())
		}
		w.Spoke, w.Poor, w.Quality = &spoke, &poor, &quality
	}
	if p.Took > 0 {
		took := p.Took.Seconds()
		w.Took = &took
	}
	return w
}

// attendance says who was in a meeting, when, how long and how well.
func (a *API) attendance(c *Call) (Reply, error) {
	if a.cfg.Reports == nil {
		return Reply{}, errNoStore
	}
	m, err := a.cfg.Reports.Meeting(c.Context(), c.Room, c.Param("meeting"))
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.Reports.Attendance(c.Context(), m)
	if err != nil {
		return Reply{}, err
	}
	people := make([]wireAttendee, len(found))
	rows := table{{"name", "role", "identity", "joined", "left", "stayed_seconds", "spoke_seconds", "poor_seconds", "quality", "join_seconds", "stays", "client", "participant"}}
	for i, p := range found {
		w := attendeeOnWire(p)
		people[i] = w
		rows = append(rows, []string{
			p.Name, string(p.Role), p.Identity, stamp(p.First), stamp(p.Last), seconds(w.Stayed), known(w.Spoke, seconds), known(w.Poor, seconds),
			known(w.Quality, millisecond), known(w.Took, seconds), strconv.Itoa(p.Stays), p.Client, p.Participant,
		})
	}
	if c.wantsCSV() {
		return csvReply("attendance-"+m.Started.UTC().Format(time.DateOnly), rows)
	}
	return ok(struct {
		Meeting wireMeeting    `json:"meeting"`
		People  []wireAttendee `json:"people"`
	}{meetingOnWire(m), people})
}

// known is a figure in a table, empty where there is none.
func known(figure *float64, written func(float64) string) string {
	if figure == nil {
		return ""
	}
	return written(*figure)
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) }

// usageDays is how many days are given where nobody says from when.
const usageDays = 30

// usage gives the figures of days: of the room in the path, or of the whole server.
func (a *API) usage(c *Call) (Reply, error) {
	if a.cfg.Reports == nil {
		return Reply{}, errNoStore
	}
	to, err := c.day("to", time.Now())
	if err != nil {
		return Reply{}, err
	}
	from, err := c.day("from", to.AddDate(0, 0, 1-usageDays))
	if err != nil {
		return Reply{}, err
	}
	days, err := a.cfg.Reports.Usage(c.Context(), c.Room, from, to)
	if err != nil {
		return Reply{}, err
	}
	if !c.wantsCSV() {
		return list(days, "")
	}
	rows := table{{
		"day", "meetings", "meeting_seconds", "joins", "people", "person_seconds", "most_at_once",
		"join_p50_seconds", "join_p95_seconds", "join_p99_seconds", "joins_without_media", "failures",
	}}
	for _, d := range days {
		failed := 0
		for _, n := range d.Failures {
			failed += n
		}
		rows = append(rows, []string{
			d.Day, strconv.Itoa(d.Meetings), seconds(d.MeetingTime), strconv.Itoa(d.Joins), strconv.Itoa(d.People), seconds(d.PersonTime),
			strconv.Itoa(d.Most), millisecond(d.Join.P50), millisecond(d.Join.P95), millisecond(d.Join.P99), strconv.Itoa(d.Join.Without), strconv.Itoa(failed),
		})
	}
	return csvReply("usage", rows)
}

func millisecond(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

// day reads a day from the query.
func (c *Call) day(name string, otherwise time.Time) (time.Time, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, refuse(rooms.CodeBadMessage, name+" is a day like 2026-03-01.")
	}
	return day, nil
}
