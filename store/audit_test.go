package store_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"palabre/identity/audit"
	"palabre/rooms"
	"palabre/store"
	"palabre/store/storetest"
)

// raw opens a database beside the store, as somebody would who tampers with it.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func writeAudit(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for i := range n {
		err := s.Audit(t.Context(), audit.Record{
			At: time.Now().Add(time.Duration(i-n) * time.Hour), Actor: audit.Actor{Key: "k1"}, Action: "key.created", Target: fmt.Sprint("k", i),
			Detail: json.RawMessage(`{"scopes": ["rooms:read"]}`),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTamperingWithTheStoredAuditLogIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		statement string
		seq       int64
	}{
		"change":        {`UPDATE audit SET target = 'k99' WHERE seq = 4`, 4},
		"delete":        {`DELETE FROM audit WHERE seq = 4`, 5},
		"delete oldest": {`DELETE FROM audit WHERE seq < 3`, 3},
		"delete newest": {`DELETE FROM audit WHERE seq > 6`, 7},
		"insert": {`INSERT INTO audit SELECT 9, 'forged', at, participant, identity, name, role, api_key, address, action, room, meeting,
			target, outcome, detail, hash, hash FROM audit WHERE seq = 8`, 9},
		"reorder": {`UPDATE audit SET seq = CASE seq WHEN 4 THEN 104 ELSE seq END`, 5},
		"swap": {`UPDATE audit SET detail = (SELECT o.target FROM audit AS o WHERE o.seq = 9 - audit.seq),
			target = 'k0' WHERE seq IN (4, 5)`, 4},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.EachURL(t, func(t *testing.T, url string) {
				s := storetest.Open(t, url)
				writeAudit(t, s, 8)
				var v audit.Verifier
				if err := s.VerifyAudit(t.Context(), &v); err != nil || v.Count() != 8 {
					t.Fatalf("%d entries, %v", v.Count(), err)
				}
				if _, err := raw(t, url).Exec(test.statement); err != nil {
					t.Fatal(err)
				}
				err := s.VerifyAudit(t.Context(), &audit.Verifier{})
				broken, ok := errors.AsType[*audit.Broken](err)
				if !ok || broken.Seq != test.seq {
					t.Errorf("%v, want it found at %d", err, test.seq)
				}
			})
		})
	}
}

func TestHostActionsAreAuditedWithTheirFacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		by := rooms.Actor{Participant: "p1", Identity: "ana", Name: "Ana", Role: rooms.Host, Address: "192.0.2.0/24"}
		fact := func(id string, by rooms.Actor, data rooms.FactData) rooms.Fact {
			return rooms.Fact{ID: id, Room: "garden", Meeting: "m1", At: time.Now(), By: by, Data: data}
		}
		profile := rooms.Profile{Name: "garden", Kind: rooms.Permanent, Settings: rooms.Settings{Password: "$argon2id$secret"}}
		facts := []rooms.Fact{
			fact("f1", rooms.Actor{}, rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m1", Started: time.Now()}}),
			fact("f2", by, rooms.RoomChanged{Profile: profile, Changed: []string{"password"}}),
			fact("f5", by, rooms.ParticipantRemoved{Whom: rooms.Actor{Participant: "p2", Identity: "ben", Name: "Ben"}}),
			fact("f6", by, rooms.ParticipantStopped{Source: rooms.Microphone, Whom: []rooms.Actor{{Participant: "p3"}}}),
			fact("f3", by, rooms.ParticipantJoined{Stay: rooms.Stay{ID: "s1", Joined: time.Now()}}),
			fact("f4", by, rooms.MeetingEnded{Meeting: rooms.Meeting{ID: "m1", Started: time.Now()}, People: 3, Reason: rooms.ReasonRemoved}),
		}
		remember(t, s, facts...)
		remember(t, s, facts[1]) // the same again is written once
		entries, next, err := s.AuditLog(t.Context(), audit.Filter{Room: "garden"}, 0, 10)
		if err != nil || next != 0 || len(entries) != 4 {
			t.Fatalf("%d entries, next %d, %v: %+v", len(entries), next, err, entries)
		}
		if muted, removed := entries[1], entries[2]; removed.Target != "ben" || removed.Action != "participant.removed" || muted.Target != "p3" {
			t.Errorf("to whom it was done: %+v, %+v", removed, muted)
		}
		e := entries[3]
		if e.Action != "room.changed" || e.ID != "f2" || e.Actor.Identity != "ana" || e.Actor.Address != "192.0.2.0/24" || e.Meeting != "m1" {
			t.Errorf("the entry is %+v", e)
		}
		if strings.Contains(string(e.Detail), "argon2id") || !strings.Contains(string(e.Detail), `["password"]`) {
			t.Errorf("its detail is %s", e.Detail)
		}
		if entries[0].Action != "meeting.ended" {
			t.Errorf("the end of the meeting is %+v", entries[0])
		}
		if err := s.VerifyAudit(t.Context(), &audit.Verifier{}); err != nil {
			t.Error(err)
		}
	})
}

func TestSeveralServersDoNotForkTheChain(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		stores := []*store.Store{storetest.Open(t, url), storetest.Open(t, url)}
		var all sync.WaitGroup
		for i, s := range stores {
			for range 2 {
				all.Go(func() {
					for range 10 {
						if err := s.Audit(t.Context(), audit.Record{Action: "key.used", Actor: audit.Actor{Key: fmt.Sprint("k", i)}}); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		all.Wait()
		var v audit.Verifier
		if err := stores[0].VerifyAudit(t.Context(), &v); err != nil || v.Count() != 40 {
			t.Errorf("%d entries, %v", v.Count(), err)
		}
	})
}

func TestOldAuditEntriesAreCutOff(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		writeAudit(t, s, 10) // the first ten hours ago
		for _, cut := range []struct {
			age  time.Duration
			want int64
		}{{20 * time.Hour, 0}, {5*time.Hour + 30*time.Minute, 5}, {90 * time.Minute, 4}, {0, 2}} {
			count, err := s.CutAudit(t.Context(), time.Now().Add(-cut.age))
			if err != nil || count != cut.want {
				t.Fatalf("cut %d entries older than %v, %v; want %d", count, cut.age, err, cut.want)
			}
			if err := s.VerifyAudit(t.Context(), &audit.Verifier{}); err != nil {
				t.Fatalf("after a cut: %v", err)
			}
		}
		if _, err := raw(t, url).Exec(`DELETE FROM audit WHERE seq = (SELECT MIN(seq) FROM audit)`); err != nil {
			t.Fatal(err)
		}
		if err := s.VerifyAudit(t.Context(), &audit.Verifier{}); err == nil {
			t.Error("more is gone than was cut off, and nobody notices")
		}
	})
}

func TestTheAuditLogInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		writeAudit(t, s, 7)
		var seqs []int64
		for before := int64(0); ; {
			entries, next, err := s.AuditLog(t.Context(), audit.Filter{Actor: "k1"}, before, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				seqs = append(seqs, e.Seq)
			}
			if before = next; next == 0 {
				break
			}
		}
		if fmt.Sprint(seqs) != "[7 6 5 4 3 2 1]" {
			t.Errorf("read %v", seqs)
		}
		entries, _, err := s.AuditLog(t.Context(), audit.Filter{Since: time.Now().Add(-150 * time.Minute), Action: "key.created"}, 0, 10)
		if err != nil || len(entries) != 2 {
			t.Errorf("of the last hours %d entries, %v", len(entries), err)
		}
	})
}
