package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"palabre/rooms"
	"palabre/store"
	"palabre/store/storetest"
)

// remember writes facts and waits until they are safe.
func remember(t *testing.T, s *store.Store, facts ...rooms.Fact) {
	t.Helper()
	kept := make(chan struct{})
	s.Memory().Keep(facts, func() { close(kept) })
	select {
	case <-kept:
	case <-time.After(20 * time.Second):
		t.Fatal("the facts are not kept")
	}
}

func TestAMeetingIsRecalled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		begin := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
		profile := rooms.Profile{Name: "garden", Kind: rooms.Permanent, Owner: "ana", Created: begin, Updated: begin,

			Settings: rooms.Settings{Title: "Garden", Lobby: true, Least: map[rooms.Action]rooms.Role{rooms.Chat: rooms.Member}}}
		meeting := rooms.Meeting{ID: "m1", Started: begin, Hosted: true}
		locked := meeting
		locked.Locked, locked.Roles = true, map[string]rooms.Role{"bob": rooms.Host}
		fact := func(id string, after time.Duration, data rooms.FactData) rooms.Fact {
			return rooms.Fact{ID: id, Room: "garden", Meeting: "m1", At: begin.Add(after), Data: data}
		}
		remember(t, s,
			fact("f1", 0, rooms.RoomChanged{Profile: profile}),
			fact("f2", 0, rooms.MeetingStarted{Meeting: meeting}),
			fact("f3", 0, rooms.ParticipantJoined{Stay: rooms.Stay{ID: "s1", Participant: "p1", Name: "Ana", Joined: begin}}),
			fact("f4", time.Minute, rooms.MeetingChanged{Meeting: locked}),
			fact("f5", 2*time.Minute, rooms.MeetingSeen{Present: []rooms.Stay{{ID: "s1", Participant: "p1", Spoke: time.Second, Joined: begin}}}),
		)
		found, err := s.Memory().Recall(t.Context(), "garden")
		want := rooms.Recollection{Profile: profile, Meeting: locked, Seen: begin.Add(2 * time.Minute),
			People: map[string]bool{"p1": false}, Most: 1}
		if diff := cmp.Diff(want, found, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("recalled with %v, but for\n%s", err, diff)
		}
		remember(t, s, fact("f6", 3*time.Minute, rooms.MeetingEnded{Meeting: locked, People: 1, Most: 1, Reason: rooms.ReasonLeft}))
		found, err = s.Memory().Recall(t.Context(), "garden")
		if diff := cmp.Diff(rooms.Recollection{Profile: profile}, found); err != nil || diff != "" {
			t.Errorf("after the end recalled with %v, but for\n%s", err, diff)
		}
		found, err = s.Memory().Recall(t.Context(), "elsewhere")
		if diff := cmp.Diff(rooms.Recollection{}, found); err != nil || diff != "" {
			t.Errorf("of another room recalled with %v, but for\n%s", err, diff)
		}
	})
}
