package webhook

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/rooms"
	"palabre/rooms/chat"
)

// What the table promises of each event: its sample is a payload with the
// fields of the specification, and of the kind it is listed under.
func TestEveryEventHasASample(t *testing.T) {
	seen := map[string]bool{}
	for _, event := range Catalogue() {
		var payload struct {
			Type      string         `json:"type"`
			Timestamp string         `json:"timestamp"`
			Data      map[string]any `json:"data"`
		}
		if err := json.Unmarshal(event.Sample, &payload); err != nil {
			t.Fatalf("%s: %v: %s", event.Name, err, event.Sample)
		}
		if payload.Type != event.Name || payload.Timestamp == "" || payload.Data["room"] == nil || event.About == "" || seen[event.Name] {
			t.Errorf("%s: %s", event.Name, event.Sample)
		}
		seen[event.Name] = true
	}
}

// Field names are what receivers rely on: this text changes by additions only.
func TestPayloadOfAMeeting(t *testing.T) {
	for _, event := range Catalogue() {
		if event.Name != "participant.left" {
			continue
		}
		const want = `{"type":"participant.left","timestamp":"2026-03-02T09:47:00Z","data":{"room":"monday-round",` +
			`"meeting":"0195553c-7a40-7c4e-9d57-3f1f2a6b8c01","participant":{"id":"p_7xk2m9","identity":"ana@example.org","name":"Ana","role":"member"},` +
			`"joinedAt":"2026-03-02T09:00:00Z","leftAt":"2026-03-02T09:45:00Z","durationSeconds":2700,"reason":"left"}}`
		if diff := cmp.Diff(want, string(event.Sample)); diff != "" {
			t.Error(diff)
		}
	}
}

// The hash of a room's password and the client somebody uses are nobody's business.
func TestPayloadsHoldNothingElse(t *testing.T) {
	stay := rooms.Stay{Participant: "p_1", Name: "Ana", Client: "secret-client", Joined: monday, Left: monday}
	for _, data := range []rooms.FactData{
		rooms.RoomChanged{Profile: rooms.Profile{Owner: "secret-owner", Settings: rooms.Settings{Password: "secret-hash"}}, Changed: []string{"password"}},
		rooms.ParticipantJoined{Stay: stay}, rooms.ParticipantLeft{Stay: stay},
		rooms.MeetingStarted{Meeting: rooms.Meeting{Banned: []rooms.Ban{{Name: "secret-ban"}}}},
	} {
		event, ok := Of(rooms.Fact{ID: "1", Room: "r", At: monday, Data: data, By: rooms.Actor{Address: "secret-address"}})
		if !ok {
			t.Fatalf("%s is not told", data.Kind())
		}
		if body, err := event.Body(); err != nil || strings.Contains(string(body), "secret") {
			t.Errorf("%s tells %s (%v)", data.Kind(), body, err)
		}
	}
}

// What somebody wrote to one person is told to no program, whatever it asked for.
func TestWhispersAreNotTold(t *testing.T) {
	whisper := chat.Written{Line: chat.Line{ID: "1", By: chat.Person{Key: "a", Name: "Ana"}, To: chat.Person{Key: "b", Name: "Ben"}, Text: "between us"}}
	if event, told := Of(rooms.Fact{ID: "1", Room: "r", At: monday, Data: whisper}); told {
		t.Errorf("told %+v", event)
	}
}

func TestLargePayloadsAreCut(t *testing.T) {
	event := Event{ID: "msg_1", Type: "meeting.started", Room: "r", At: monday, Data: strings.Repeat("x", MaxBody)}
	body, err := event.Body()
	if err != nil || len(body) > MaxBody || !strings.Contains(string(body), `"truncated":true`) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestWhoWantsWhat(t *testing.T) {
	joined := Event{Type: "participant.joined", Room: "a"}
	private := Event{Type: "chat.written", Room: "a", OptIn: true}
	for _, c := range []struct {
		name string
		s    Subscription
		e    Event
		want bool
	}{
		{"all", Subscription{Events: []string{All}}, joined, true},
		{"by name", Subscription{Events: []string{"meeting.ended", "participant.joined"}}, joined, true},
		{"others", Subscription{Events: []string{"meeting.ended"}}, joined, false},
		{"another room", Subscription{Events: []string{All}, Room: "b"}, joined, false},
		{"this room", Subscription{Events: []string{All}, Room: "a"}, joined, true},
		{"all but what must be named", Subscription{Events: []string{All}}, private, false},
		{"what was named", Subscription{Events: []string{"chat.written"}}, private, true},
		{"disabled", Subscription{Events: []string{All}, Disabled: monday}, joined, false},
		{"expired", Subscription{Events: []string{All}, Expires: monday}, joined, false},
	} {
		if got := c.s.Wants(c.e, monday); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestSubscriptionsThatCannotBe(t *testing.T) {
	good := Subscription{URL: "https://hooks.example/x?y=1", Events: []string{"meeting.ended"}}
	if err := good.Check(monday, nil); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Subscription){
		"plain http":      func(s *Subscription) { s.URL = "http://hooks.example/" },
		"no scheme":       func(s *Subscription) { s.URL = "hooks.example" },
		"file":            func(s *Subscription) { s.URL = "file:///etc/passwd" },
		"credentials":     func(s *Subscription) { s.URL = "https://user:pw@hooks.example/" },
		"fragment":        func(s *Subscription) { s.URL = "https://hooks.example/#x" },
		"long":            func(s *Subscription) { s.URL = "https://hooks.example/" + strings.Repeat("x", maxURL) },
		"no events":       func(s *Subscription) { s.Events = nil },
		"unknown event":   func(s *Subscription) { s.Events = []string{"meeting.exploded"} },
		"already expired": func(s *Subscription) { s.Expires = monday },
	} {
		s := good
		change(&s)
		if s.Check(monday, nil) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
