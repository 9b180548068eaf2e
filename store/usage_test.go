package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"palabre/rooms"
	"palabre/rooms/attendance"
	"palabre/store"
	"palabre/store/storetest"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// weekday is two meetings on Monday, one of which goes on past midnight.
func weekday(t *testing.T, s *store.Store) {
	t.Helper()
	at := func(clock string) time.Time {
		hour, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return monday.Add(time.Duration(hour.Hour())*time.Hour + time.Duration(hour.Minute())*time.Minute)
	}
	n := 0
	fact := func(room, meeting string, at time.Time, data rooms.FactData) rooms.Fact {
		n++
		return rooms.Fact{ID: fmt.Sprintf("f%03d", n), Room: room, Meeting: meeting, At: at, Data: data}
	}
	stay := func(id, who string, from, to time.Time, took time.Duration) rooms.Stay {
		return rooms.Stay{ID: id, Participant: "p-" + id, Identity: who, Name: who, Role: rooms.Member, Joined: from, Left: to, Took: took,
			Spoke: 5 * time.Minute, Poor: time.Minute, Client: "web/0.1"}
	}
	first, second := rooms.Meeting{ID: "m1", Started: at("09:00")}, rooms.Meeting{ID: "m2", Started: at("23:30")}
	remember(t, s,
		fact("garden", "m1", at("09:00"), rooms.MeetingStarted{Meeting: first}),
		fact("garden", "m1", at("10:00"), rooms.ParticipantLeft{Stay: stay("s1", "ana", at("09:00"), at("10:00"), 200*time.Millisecond)}),
		fact("garden", "m1", at("09:20"), rooms.ParticipantLeft{Stay: stay("s2", "ben", at("09:10"), at("09:20"), 400*time.Millisecond)}),
		fact("garden", "m1", at("09:40"), rooms.ParticipantLeft{Stay: stay("s3", "ben", at("09:20"), at("09:40"), 0)}),
		fact("garden", "m1", at("10:00"), rooms.MeetingEnded{Meeting: first, People: 2, Most: 2, Reason: rooms.ReasonLeft}),
		fact("pond", "m2", at("23:30"), rooms.MeetingStarted{Meeting: second}),
		fact("pond", "m2", monday.Add(25*time.Hour), rooms.ParticipantLeft{Stay: stay("s4", "ana", at("23:30"), monday.Add(25*time.Hour), time.Second)}),
		fact("pond", "m2", monday.Add(25*time.Hour), rooms.MeetingEnded{Meeting: second, People: 1, Most: 1, Reason: rooms.ReasonLeft}),
		fact("", "", at("12:00"), rooms.JoinsFailed{Codes: map[rooms.Code]int{rooms.CodeRoomFull: 2, rooms.CodeForbidden: 1}}),
		fact("", "", at("13:00"), rooms.JoinsFailed{Codes: map[rooms.Code]int{rooms.CodeRoomFull: 3}}),
	)
}

func TestUsageByDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		weekday(t, s)
		server := []attendance.Day{
			{
				Day: "2026-03-02", Meetings: 2, MeetingTime: 2.5 * 3600, Joins: 4, People: 2, PersonTime: 2 * 3600, Most: 2,
				Join:     attendance.JoinTimes{P50: 0.4, P95: 1, P99: 1, Count: 3, Without: 1},
				Failures: map[string]int{"room-full": 5, "forbidden": 1},
			},
			{Day: "2026-03-03", People: 1, PersonTime: 3600, Most: 1, Failures: map[string]int{}},
			{Day: "2026-03-04", Failures: map[string]int{}},
		}
		garden := attendance.Day{
			Day: "2026-03-02", Meetings: 1, MeetingTime: 3600, Joins: 3, People: 2, PersonTime: 90 * 60, Most: 2,
			Join: attendance.JoinTimes{P50: 0.2, P95: 0.4, P99: 0.4, Count: 2, Without: 1}, Failures: map[string]int{},
		}
		look := func(when string) {
			t.Helper()
			got, err := s.Usage(t.Context(), "", monday.Add(5*time.Hour), monday.AddDate(0, 0, 2))
			if diff := cmp.Diff(server, got); err != nil || diff != "" {
				t.Errorf("%s: the server's days, %v:\n%s", when, err, diff)
			}
			got, err = s.Usage(t.Context(), "garden", monday, monday)
			if diff := cmp.Diff([]attendance.Day{garden}, got); err != nil || diff != "" {
				t.Errorf("%s: the garden's day, %v:\n%s", when, err, diff)
			}
		}
		look("as it happens")
		for range 2 {
			if err := s.CloseDays(t.Context(), monday.AddDate(0, 0, 7)); err != nil {
				t.Fatal(err)
			}
		}
		look("once counted")
		for _, days := range []int{-1, attendance.MaxDays + 1} {
			if _, err := s.Usage(t.Context(), "", monday, monday.AddDate(0, 0, days)); rooms.CodeOf(err) != rooms.CodeBadMessage {
				t.Errorf("%d days are given: %v", days, err)
			}
		}
	})
}

func TestFiguresOutliveTheirStays(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		weekday(t, s)
		before, err := s.Usage(t.Context(), "", monday, monday)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CloseDays(t.Context(), monday.AddDate(0, 0, 3)); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"stays", "meetings", "join_failures"} {
			if _, err := raw(t, url).Exec(`DELETE FROM ` + table); err != nil {
				t.Fatal(err)
			}
		}
		after, err := s.Usage(t.Context(), "", monday, monday)
		if diff := cmp.Diff(before, after); err != nil || diff != "" {
			t.Errorf("%v:\n%s", err, diff)
		}
	})
}

func TestAttendanceOfAMeeting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		weekday(t, s)
		list, next, err := s.Meetings(t.Context(), "garden", "", 10)
		if err != nil || len(list) != 1 || next != "" || list[0].People != 2 || !list[0].Ended.Equal(monday.Add(10*time.Hour)) {
			t.Fatalf("the meetings are %+v, %v", list, err)
		}
		people, err := s.Attendance(t.Context(), list[0])
		if err != nil || len(people) != 2 {
			t.Fatalf("there were %+v, %v", people, err)
		}
		ben := people[1]
		if people[0].Name != "ana" || ben.Stays != 2 || ben.Stayed != 30*time.Minute || ben.Spoke != 10*time.Minute ||
			ben.Poor != 2*time.Minute || ben.Took != 400*time.Millisecond || !ben.Last.Equal(monday.Add(9*time.Hour+40*time.Minute)) {
			t.Errorf("ben's part is %+v", ben)
		}
		if _, err := s.Meeting(t.Context(), "pond", "m1"); rooms.CodeOf(err) != rooms.CodeNotFound {
			t.Errorf("a meeting of another room is given: %v", err)
		}
	})
}
