package store_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"palabre/rooms"
	"palabre/store"
	"palabre/store/storetest"
)

// stay is a row of the table of stays, with times in minutes since a moment.
type stay struct {
	id           string
	joined, gone int64
	reason       string
}

func stays(t *testing.T, s *store.Store, begin time.Time) map[string]stay {
	t.Helper()
	rows, err := s.Pool().QueryContext(t.Context(), `SELECT id, joined, COALESCE(gone, 0), reason FROM stays`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	all := map[string]stay{}
	for rows.Next() {
		var r stay
		if err := rows.Scan(&r.id, &r.joined, &r.gone, &r.reason); err != nil {
			t.Fatal(err)
		}
		r.joined = int64(time.UnixMicro(r.joined).Sub(begin).Minutes())
		if r.gone != 0 {
			r.gone = int64(time.UnixMicro(r.gone).Sub(begin).Minutes())
		}
		all[r.id] = r
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// script writes facts about one meeting, minute by minute.
type script struct {
	t     *testing.T
	store *store.Store
	begin time.Time
	room  string
	count int
}

func (s *script) at(minute int, data rooms.FactData) {
	s.t.Helper()
	s.count++
	remember(s.t, s.store, rooms.Fact{
		ID: fmt.Sprint(s.room, s.count), Room: s.room, Meeting: "m-" + s.room, At: s.begin.Add(time.Duration(minute) * time.Minute), Data: data,
	})
}

func (s *script) joins(minute int, id string) rooms.Stay {
	s.t.Helper()
	stay := rooms.Stay{ID: id, Participant: "p-" + id, Joined: s.begin.Add(time.Duration(minute) * time.Minute)}
	s.at(minute, rooms.ParticipantJoined{Stay: stay})
	return stay
}

func (s *script) leaves(minute int, stay rooms.Stay) {
	s.t.Helper()
	stay.Left = s.begin.Add(time.Duration(minute) * time.Minute)
	s.at(minute, rooms.ParticipantLeft{Stay: stay, Reason: rooms.ReasonLeft})
}

func TestStaysThatNobodySawEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		begin := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
		m := &script{t: t, store: s, begin: begin, room: "garden"}
		meeting := rooms.Meeting{ID: "m-garden", Started: begin}
		m.at(0, rooms.MeetingStarted{Meeting: meeting})
		ana, bob := m.joins(0, "ana"), m.joins(1, "bob")
		m.leaves(2, bob)
		m.at(3, rooms.MeetingSeen{Present: []rooms.Stay{ana}})
		cleo := m.joins(4, "cleo") // comes after the meeting was last said to be on; then the server is killed
		found, err := s.Memory().Recall(t.Context(), "garden")
		if err != nil || found.Most != 2 || len(found.People) != 3 || !found.Seen.Equal(begin.Add(3*time.Minute)) {
			t.Errorf("recalled %+v, %v", found, err)
		}
		m.at(6, rooms.MeetingResumed{Meeting: meeting, Seen: found.Seen})
		again := m.joins(6, "ana again")
		m.leaves(9, again)
		m.leaves(9, cleo) // told late by mistake: what is closed stays closed
		m.at(9, rooms.MeetingEnded{Meeting: meeting, People: 3, Most: 2, Reason: rooms.ReasonLeft})
		lost, left := string(rooms.ReasonLost), string(rooms.ReasonLeft)
		want := map[string]stay{
			"ana": {"ana", 0, 3, lost}, "bob": {"bob", 1, 2, left}, "cleo": {"cleo", 4, 4, lost}, "ana again": {"ana again", 6, 9, left},
		}
		for id, got := range stays(t, s, begin) {
			if got != want[id] {
				t.Errorf("the stay of %s is %+v, want %+v", id, got, want[id])
			}
		}
	})
}

func TestEverybodyOfALargeMeetingIsWrittenDown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		begin := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
		m := &script{t: t, store: s, begin: begin, room: "hall"}
		m.at(0, rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m-hall", Started: begin}})
		present := make([]rooms.Stay, 43)
		for i := range present {
			present[i] = m.joins(0, fmt.Sprint(i))
			present[i].Spoke = time.Duration(i+1) * time.Second
		}
		m.at(3, rooms.MeetingSeen{Present: present})
		var people, spoke int
		if err := s.Pool().QueryRowContext(t.Context(), `SELECT COUNT(DISTINCT spoke), SUM(spoke) FROM stays`).Scan(&people, &spoke); err != nil {
			t.Fatal(err)
		}
		if want := 43 * 44 / 2 * 1_000_000; people != 43 || spoke != want {
			t.Errorf("%d people are written down to have spoken for %d µs, want 43 and %d", people, spoke, want)
		}
	})
}

func TestAMeetingNobodyCameBackToIsEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		begin := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
		for _, room := range []string{"lost", "resumed"} {
			m := &script{t: t, store: s, begin: begin, room: room}
			m.at(0, rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m-" + room, Started: begin}})
			m.joins(0, "ana in "+room)
			m.joins(1, "bob in "+room)
			m.at(2, rooms.MeetingSeen{})
		}
		(&script{t: t, store: s, begin: begin, room: "resumed", count: 10}).at(50, rooms.MeetingSeen{})
		if err := s.EndLost(t.Context(), begin.Add(30*time.Minute)); err != nil {
			t.Fatal(err)
		}
		for room, on := range map[string]bool{"lost": false, "resumed": true} {
			found, err := s.Memory().Recall(t.Context(), room)
			if err != nil || (found.Meeting.ID != "") != on {
				t.Errorf("the meeting in %s: %+v, %v", room, found.Meeting, err)
			}
		}
		var ended, people int64
		var reason string
		if err := s.Pool().QueryRowContext(t.Context(), `SELECT ended, people, reason FROM meetings WHERE room = 'lost'`).Scan(&ended, &people, &reason); err != nil {
			t.Fatal(err)
		}
		if at := time.UnixMicro(ended); !at.Equal(begin.Add(2*time.Minute)) || people != 2 || reason != string(rooms.ReasonLost) {
			t.Errorf("it ended at %v with %d people: %s", at, people, reason)
		}
	})
}

func TestWhatIsTooOldIsDeleted(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		server, own time.Duration
		left        bool // of a meeting of ten days ago
	}{
		"the server's time, not yet":   {90 * day, 0, true},
		"the server's time is over":    {9 * day, 0, false},
		"for ever":                     {0, 0, true},
		"the room's is shorter":        {90 * day, 5 * day, false},
		"the room's is longer":         {5 * day, 90 * day, true},
		"the room's, a server's never": {0, 5 * day, false},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.EachURL(t, func(t *testing.T, url string) {
				s, err := store.Open(t.Context(), store.Config{URL: url, Retention: c.server})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				now := time.Now()
				m := &script{t: t, store: s, begin: now.Add(-10 * day), room: "garden"}
				m.at(0, rooms.RoomChanged{Profile: rooms.Profile{Name: "garden", Kind: rooms.Permanent, Settings: rooms.Settings{Retention: c.own}}})
				meeting := rooms.Meeting{ID: "m-garden", Started: m.begin}
				m.at(0, rooms.MeetingStarted{Meeting: meeting})
				m.leaves(5, m.joins(0, "ana"))
				m.at(5, rooms.MeetingEnded{Meeting: meeting, Reason: rooms.ReasonLeft})
				on := &script{t: t, store: s, begin: now.Add(-10 * day), room: "orchard"} // still going on
				on.at(0, rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m-orchard", Started: on.begin}})
				on.joins(0, "bob")
				rest(t, s, "m-garden")
				if err := s.Expire(t.Context(), now); err != nil {
					t.Fatal(err)
				}
				_, ana := stays(t, s, now)["ana"]
				_, bob := stays(t, s, now)["bob"]
				var meetings int
				if err := s.Pool().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM meetings`).Scan(&meetings); err != nil {
					t.Fatal(err)
				}
				for _, table := range []string{"chat_lines", "chat_marks", "polls", "poll_votes", "poll_voters"} {
					var n int
					if err := s.Pool().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || (n > 0) != c.left {
						t.Errorf("%d rows are left in %s, %v", n, table, err)
					}
				}
				if ana != c.left || !bob || (meetings == 2) != c.left {
					t.Errorf("Ana's stay is left: %v, Bob's: %v, meetings: %d", ana, bob, meetings)
				}
			})
		})
	}
}

// TestTemporaryRoomsAreForgotten some time after the last one was in them; others are not.
func TestTemporaryRoomsAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const day = 24 * time.Hour
		now := time.Now()
		for name, c := range map[string]struct {
			kind  rooms.RoomKind
			begin time.Duration // of its only meeting, before now; zero for none
			ended bool
		}{
			"old":       {rooms.Temporary, 3 * day, true},
			"empty":     {rooms.Temporary, 0, true},
			"on":        {rooms.Temporary, 3 * day, false},
			"permanent": {rooms.Permanent, 3 * day, true},
		} {
			m := &script{t: t, store: s, begin: now.Add(-3 * day), room: name}
			m.at(0, rooms.RoomChanged{Profile: rooms.Profile{Name: name, Kind: c.kind, Created: m.begin, Updated: m.begin}})
			meeting := rooms.Meeting{ID: "m-" + name, Started: m.begin}
			if c.begin > 0 {
				m.at(0, rooms.MeetingStarted{Meeting: meeting})
			}
			if c.begin > 0 && c.ended {
				m.at(5, rooms.MeetingEnded{Meeting: meeting, Reason: rooms.ReasonLeft})
			}
		}
		if err := s.ForgetTemporary(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		for name, left := range map[string]bool{"old": false, "empty": false, "on": true, "permanent": true} {
			found, err := s.Memory().Recall(t.Context(), name)
			if err != nil || (found.Profile.Name != "") != left {
				t.Errorf("%s is remembered: %v (%v), want %v", name, found.Profile.Name != "", err, left)
			}
		}
	})
}

// rest puts a row into each table with parts of a meeting.
func rest(t *testing.T, s *store.Store, meeting string) {
	t.Helper()
	err := s.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, statement := range []string{
			`INSERT INTO chat_lines (id, room, meeting, author, participant, name, text, folded, at) VALUES ('c', 'garden', '` + meeting + `', '', '', '', '', '', 1)`,
			`INSERT INTO chat_marks (line, author, emoji, participant, name, at) VALUES ('c', '', '', '', '', 1)`,
			`INSERT INTO polls (id, meeting, room, question, asker, asker_name, state, counts, created) VALUES ('p', '` + meeting + `', 'garden', '', '', '', '', '', 1)`,
			`INSERT INTO poll_votes (poll, voter, name, choice) VALUES ('p', '', '', '')`,
			`INSERT INTO poll_voters (poll, voter) VALUES ('p', '')`,
		} {
			if _, err := tx.ExecContext(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
