package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"palabre/identity"
	"palabre/notify/mail"
	"palabre/notify/schedule"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/api"
	"palabre/signaling/api/apitest"
	"palabre/store"
	"palabre/store/storetest"
)

// notified is a house with webhooks, appointments and mail; owners says whether owners may have mail sent.
func notified(t *testing.T, owners bool) (*apitest.House, *store.Store) {
	s := storetest.Open(t, storetest.SQLite(t))
	return apitest.New(t, s, func(c *api.Config, _ *rooms.Config, _ *signaling.Config) {
		c.Keys = apitest.APIKeys{
			apitest.All:  {ID: "all", Name: "every scope", Scopes: identity.Scopes()},
			"plk_narrow": {ID: "narrow", Scopes: identity.Scopes(), Rooms: identity.Patterns{"team-*"}},
			"plk_reader": {ID: "reader", Scopes: []identity.Scope{identity.WebhooksRead}},
		}
		c.Hooks = api.Hooks{Book: s, Journal: s.Memory()}
		c.Mail = api.Mail{Book: s, Journal: s.Memory()}
		c.Desk = schedule.NewDesk(schedule.Config{Book: s, Journal: s.Memory(), From: "meet@example.org", Owners: owners, Domain: "meet.example"})
		c.Templates = s
	}), s
}

// A key for some rooms learns and changes nothing of the whole server, whatever its scopes.
func TestKeysForSomeRooms(t *testing.T) {
	h, _ := notified(t, false)
	template := map[string]any{"name": "weekly", "settings": map[string]any{}}
	for call, body := range map[string]any{
		"GET /audit": nil, "GET /usage": nil, "GET /keys": nil, "DELETE /keys/all": nil, "GET /mail": nil,
		"POST /mail/m/retry": nil, "DELETE /mail/m": nil, "PUT /templates/weekly": template, "DELETE /templates/weekly": nil,
	} {
		t.Run(call, func(t *testing.T) {
			if text := string(h.Want(403, call, "plk_narrow", body).Body); !strings.Contains(text, "of the whole server") {
				t.Errorf("refused with %s", text)
			}
		})
	}
}

type hookAnswer struct {
	ID, Secret, Room, Why string
	Events                []string
	Disabled              *string
	Waiting               int
}

// A tool that builds on REST hooks: it subscribes, is shown samples, and unsubscribes.
func TestRestHooks(t *testing.T) {
	h, _ := notified(t, false)
	var made hookAnswer
	h.Want(201, "POST /hooks", apitest.All, map[string]any{"url": "https://hooks.example/abc", "events": []string{"meeting.ended"}}).JSON(&made)
	if made.ID == "" || !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("made %+v", made)
	}
	var samples []struct{ Type string }
	h.Want(200, "GET /hook-events/meeting.ended/samples", "", nil).JSON(&samples)
	if len(samples) != 1 || samples[0].Type != "meeting.ended" {
		t.Errorf("samples %+v", samples)
	}
	var shown hookAnswer
	h.Want(200, "GET /hooks/"+made.ID, "plk_reader", nil).JSON(&shown)
	if shown.Secret != "" {
		t.Error("the secret is shown again")
	}
	h.Want(202, "POST /hooks/"+made.ID+"/test", apitest.All, nil)
	var log struct {
		Items []struct{ ID, Event, State string }
	}
	h.Want(200, "GET /hooks/"+made.ID+"/deliveries", apitest.All, nil).JSON(&log)
	if len(log.Items) != 1 || log.Items[0].Event != "webhook.test" || log.Items[0].State != "waiting" {
		t.Errorf("log %+v", log)
	}
	h.Want(202, "POST /hooks/"+made.ID+"/deliveries/"+log.Items[0].ID+"/redeliver", apitest.All, nil)
	var rotated hookAnswer
	h.Want(200, "POST /hooks/"+made.ID+"/rotate", apitest.All, nil).JSON(&rotated)
	if rotated.Secret == "" || rotated.Secret == made.Secret {
		t.Errorf("rotated to %q", rotated.Secret)
	}
	h.Want(200, "PATCH /hooks/"+made.ID, apitest.All, map[string]any{"enabled": false}).JSON(&shown)
	if shown.Why != "admin" || shown.Disabled == nil {
		t.Errorf("disabled %+v", shown)
	}
	h.Want(204, "DELETE /hooks/"+made.ID, apitest.All, nil)
	h.Want(404, "GET /hooks/"+made.ID, apitest.All, nil)
}

// Owners see and make webhooks of their own rooms, keys for some rooms those of theirs.
func TestWhoseHooks(t *testing.T) {
	h, _ := notified(t, false)
	body := map[string]any{"url": "https://hooks.example/abc", "events": []string{"*"}}
	owner := h.Token("oak", rooms.Owner, "ana")
	var oak, all, team hookAnswer
	h.Want(201, "POST /rooms/oak/hooks", owner, body).JSON(&oak)
	h.Want(201, "POST /hooks", apitest.All, body).JSON(&all)
	h.Want(201, "POST /hooks", "plk_narrow", map[string]any{"url": "https://hooks.example/x", "events": []string{"*"}, "room": "team-1"}).JSON(&team)
	if oak.Room != "oak" || all.Room != "" || team.Room != "team-1" {
		t.Errorf("of the rooms %q, %q and %q", oak.Room, all.Room, team.Room)
	}
	for _, c := range []struct {
		what, bearer string
		body         any
		status       int
	}{
		{"POST /rooms/oak/hooks", h.Token("oak", rooms.Host, "ben"), body, 403},
		{"POST /rooms/oak/hooks", h.Token("elm", rooms.Owner, "eve"), body, 403},
		{"POST /hooks", "plk_narrow", body, 403},
		{"POST /hooks", "plk_reader", body, 403},
		{"POST /hooks", owner, body, 403},
		{"POST /hooks", "", body, 401},
		{"GET /rooms/oak/hooks/" + all.ID, owner, nil, 404},
		{"DELETE /rooms/oak/hooks/" + team.ID, owner, nil, 404},
		{"GET /hooks/" + oak.ID, "plk_narrow", nil, 404},
		{"GET /hooks/" + team.ID, "plk_narrow", nil, 200},
		{"POST /hooks", apitest.All, map[string]any{"url": "http://hooks.example/", "events": []string{"*"}}, 400},
		{"POST /hooks", apitest.All, map[string]any{"url": "https://hooks.example/", "events": []string{"nothing.happened"}}, 400},
	} {
		h.Want(c.status, c.what, c.bearer, c.body)
	}
}

type appointmentAnswer struct {
	ID, Room, Calendar, Start, Recurrence string
	Sequence                              int
	Cancelled, Mails                      bool
}

func meetingBody(more map[string]any) map[string]any {
	body := map[string]any{"title": "Round", "start": "2027-03-01T09:00", "timeZone": "Europe/Paris", "durationMinutes": 45, "recurrence": "FREQ=WEEKLY;BYDAY=MO"}
	for name, value := range more {
		body[name] = value
	}
	return body
}

// From the form to everybody's calendar: invited, changed, one meeting cancelled, all cancelled.
func TestAppointmentWithMail(t *testing.T) {
	h, s := notified(t, false)
	letters := func(want ...string) {
		t.Helper()
		list, err := s.Mail(t.Context(), mail.Waiting, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			got = append(got, m.Kind+" "+m.Method+" "+m.To)
			if m.Language != "fr" || !strings.Contains(m.Text, "Quand : ") || strings.Count(string(m.Calendar), "ATTENDEE") != strings.Count(string(m.Calendar), "BEGIN:VEVENT") {
				t.Errorf("a letter says\n%s\n%s", m.Text, m.Calendar)
			}
			if err := s.MailSent(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("mail %v, want %v", got, want)
		}
	}
	people := func(names ...string) []map[string]string {
		list := []map[string]string{}
		for _, name := range names {
			list = append(list, map[string]string{"name": name, "email": name + "@example.org"})
		}
		return list
	}
	var made appointmentAnswer
	answer := h.Do("POST /rooms/round/appointments", apitest.All, meetingBody(map[string]any{"invitees": people("ana", "ben"), "lobby": true}), "Accept-Language", "fr-FR")
	if answer.Status != 201 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	answer.JSON(&made)
	letters("invitation REQUEST ana@example.org", "invitation REQUEST ben@example.org")

	var room struct {
		Kind, Title string
		Lobby       bool
	}
	h.Want(200, "GET /rooms/round", apitest.All, nil).JSON(&room)
	if room.Kind != "scheduled" || room.Title != "Round" || !room.Lobby {
		t.Errorf("the room is %+v", room)
	}
	one := "/rooms/round/appointments/" + made.ID
	h.Want(200, "PATCH "+one, apitest.All, map[string]any{"start": "2027-03-01T10:00", "invitees": people("ben", "cy")}).JSON(&made)
	if made.Sequence != 1 {
		t.Errorf("sequence %d", made.Sequence)
	}
	letters("invitation REQUEST cy@example.org", "update REQUEST ben@example.org", "cancellation CANCEL ana@example.org")
	h.Want(204, "DELETE "+one+"/occurrences/2027-03-08T10:00:00", apitest.All, nil)
	letters("cancellation CANCEL ben@example.org", "cancellation CANCEL cy@example.org")
	h.Want(404, "DELETE "+one+"/occurrences/2027-03-09T10:00:00", apitest.All, nil)
	h.Want(200, "PATCH "+one+"/occurrences/2027-03-15T10:00:00", apitest.All, map[string]any{"start": "2027-03-16T08:30"})
	letters("update REQUEST ben@example.org", "update REQUEST cy@example.org")
	var list struct {
		Items []struct {
			Start            string
			Cancelled, Moved bool
		}
	}
	h.Want(200, "GET "+one+"/occurrences?from=2027-03-01T00:00:00Z&to=2027-04-01T00:00:00Z", apitest.All, nil).JSON(&list)
	if len(list.Items) != 5 || !list.Items[1].Cancelled || !list.Items[2].Moved || list.Items[2].Start != "2027-03-16T07:30:00Z" || list.Items[4].Start != "2027-03-29T08:00:00Z" {
		t.Errorf("meetings %+v", list.Items)
	}
	h.Want(204, "DELETE "+one, apitest.All, nil)
	letters("cancellation CANCEL ben@example.org", "cancellation CANCEL cy@example.org")
	h.Want(404, "PATCH "+one, apitest.All, map[string]any{"title": "x"})
}

// Whoever has the link reads the calendar, without an account and without learning who is invited.
func TestCalendarFile(t *testing.T) {
	h, _ := notified(t, false)
	var made appointmentAnswer
	h.Want(201, "POST /rooms/round/appointments", apitest.All, meetingBody(map[string]any{"invitees": []map[string]string{{"email": "ana@example.org"}}})).JSON(&made)
	_, path, _ := strings.Cut(made.Calendar, "/api/v1")
	file := h.Want(200, "GET "+path, "", nil)
	if kind := file.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/calendar") {
		t.Errorf("it is %s", kind)
	}
	if text := string(file.Body); !strings.Contains(text, "RRULE:FREQ=WEEKLY;BYDAY=MO") || strings.Contains(text, "ana@") {
		t.Errorf("it says\n%s", text)
	}
	h.Want(404, "GET /calendars/abc.ics", "", nil)
	h.Want(404, "GET "+strings.TrimSuffix(path, ".ics"), "", nil)
}

// Owners of rooms schedule; whether they may have strangers written to is the administrator's word.
func TestOwnersAndMail(t *testing.T) {
	invited := meetingBody(map[string]any{"invitees": []map[string]string{{"email": "ana@example.org"}}, "description": "Buy this", "organizer": map[string]string{"name": "Eve", "email": "eve@example.org"}})
	closed, _ := notified(t, false)
	owner := closed.Token("oak", rooms.Owner, "eve")
	closed.Want(201, "POST /rooms/oak/appointments", owner, meetingBody(nil))
	closed.Want(403, "POST /rooms/oak/appointments", owner, invited)
	closed.Want(403, "POST /rooms/oak/appointments", closed.Token("oak", rooms.Member, "ben"), meetingBody(nil))
	closed.Want(401, "POST /rooms/oak/appointments", "", meetingBody(nil))

	open, s := notified(t, true)
	owner = open.Token("oak", rooms.Owner, "eve")
	open.Want(201, "POST /rooms/oak/appointments", owner, invited)
	list, err := s.Mail(t.Context(), "", "", 10)
	if err != nil || len(list) != 1 || list[0].ReplyTo != "" || strings.Contains(list[0].Text+list[0].HTML+string(list[0].Calendar), "Buy this") {
		t.Errorf("%+v (%v)", list, err)
	}
	many := make([]map[string]string, schedule.OwnerInvitees)
	for i := range many {
		many[i] = map[string]string{"email": string(rune('a'+i)) + "@example.org"}
	}
	status := 201
	for range 10 {
		status = open.Do("POST /rooms/oak/appointments", owner, meetingBody(map[string]any{"invitees": many})).Status
	}
	if status != http.StatusForbidden {
		t.Errorf("after %d invitations owners may go on: %d", 10*schedule.OwnerInvitees, status)
	}
}

// What the mail server would not take is seen, tried again and deleted by
// administrators, and the audit log says so without saying who it was for.
func TestDeadMail(t *testing.T) {
	h, s := notified(t, false)
	h.Want(201, "POST /rooms/oak/appointments", apitest.All, meetingBody(map[string]any{"invitees": []map[string]string{
		{"email": "ana@example.org"}, {"email": "ben@example.org"}, {"email": "cy@example.org"},
	}}))
	waiting, err := s.Mail(t.Context(), mail.Waiting, "", 10)
	if err != nil || len(waiting) != 3 {
		t.Fatalf("%+v (%v)", waiting, err)
	}
	died := time.Now().UTC().Truncate(time.Second)
	for _, m := range waiting[:2] { // as the sender does
		m.State, m.Due, m.Attempts, m.Error = mail.Dead, died, 3, "550 no such user"
		if err := s.MailFailed(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	type page struct {
		Items []struct {
			ID, Kind, To, State, Error string
			Attempts                   int
			Due, GivenUp               *time.Time
		}
		Next string
	}
	var first, second, all page
	h.Want(200, "GET /mail?state=dead&limit=1", apitest.All, nil).JSON(&first)
	h.Want(200, "GET /mail?state=dead&limit=1&cursor="+first.Next, apitest.All, nil).JSON(&second)
	if len(first.Items) != 1 || len(second.Items) != 1 || first.Next == "" || second.Next != "" || first.Items[0].ID == second.Items[0].ID {
		t.Fatalf("the pages are %+v and %+v", first, second)
	}
	dead, other := first.Items[0], second.Items[0]
	if dead.Kind != "invitation" || dead.To != waiting[0].To || dead.Attempts != 3 || dead.Error != "550 no such user" || dead.Due != nil ||
		dead.GivenUp == nil || !dead.GivenUp.Equal(died) {
		t.Errorf("a dead message is %+v", dead)
	}
	h.Want(202, "POST /mail/"+dead.ID+"/retry", apitest.All, nil)
	h.Want(204, "DELETE /mail/"+other.ID, apitest.All, nil)
	h.Want(404, "DELETE /mail/"+other.ID, apitest.All, nil)
	h.Want(404, "POST /mail/"+other.ID+"/retry", apitest.All, nil)
	h.Want(200, "GET /mail", apitest.All, nil).JSON(&all)
	if len(all.Items) != 2 || all.Items[0].ID != dead.ID || all.Items[0].State != "waiting" || all.Items[0].Attempts != 0 || all.Items[0].Due == nil {
		t.Errorf("after that there are %+v", all)
	}
	h.Want(400, "GET /mail?state=lost", apitest.All, nil)
	for who, bearer := range map[string]string{"a key without the scope": "plk_reader", "a key for some rooms": "plk_narrow", "an owner": h.Token("oak", rooms.Owner, "eve")} {
		for _, what := range []string{"GET /mail", "POST /mail/" + dead.ID + "/retry", "DELETE /mail/" + dead.ID} {
			if status := h.Do(what, bearer, nil).Status; status != http.StatusForbidden {
				t.Errorf("%s, %s: %d", who, what, status)
			}
		}
	}
	eventually(t, "both are in the audit log", func() bool {
		log := string(h.Want(200, "GET /audit?action=mail.changed", apitest.All, nil).Body)
		if strings.Contains(log, "@example.org") {
			t.Fatalf("the audit log says who mail was for: %s", log)
		}
		return strings.Contains(log, "retried") && strings.Contains(log, "deleted") && strings.Contains(log, dead.ID)
	})
}

// A deleted room takes its appointments and webhooks with it.
func TestDeletedRoomForgets(t *testing.T) {
	h, _ := notified(t, false)
	var made appointmentAnswer
	h.Want(201, "POST /rooms/oak/appointments", apitest.All, meetingBody(nil)).JSON(&made)
	var hook hookAnswer
	h.Want(201, "POST /rooms/oak/hooks", apitest.All, map[string]any{"url": "https://hooks.example/abc", "events": []string{"*"}}).JSON(&hook)
	h.Want(204, "DELETE /rooms/oak", apitest.All, nil)
	h.Want(404, "GET /rooms/oak/appointments/"+made.ID, apitest.All, nil)
	h.Want(404, "GET /hooks/"+hook.ID, apitest.All, nil)
}

func TestTemplates(t *testing.T) {
	h, _ := notified(t, false)
	h.Want(200, "PUT /templates/class", apitest.All, map[string]any{"lobby": true, "muteOnEntry": true, "maxPeople": 30})
	h.Want(400, "PUT /templates/No%20Name", apitest.All, map[string]any{})
	h.Want(201, "POST /rooms/maths/appointments", apitest.All, meetingBody(map[string]any{"template": "class", "lobby": false}))
	var room struct {
		Lobby, MuteOnEntry bool
		MaxPeople          int
	}
	h.Want(200, "GET /rooms/maths", apitest.All, nil).JSON(&room)
	if room.Lobby || !room.MuteOnEntry || room.MaxPeople != 30 {
		t.Errorf("the room is %+v", room)
	}
	h.Want(404, "POST /rooms/latin/appointments", apitest.All, meetingBody(map[string]any{"template": "none"}))
	h.Want(204, "DELETE /templates/class", apitest.All, nil)
}
