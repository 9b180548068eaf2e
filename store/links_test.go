package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"palabre/identity"
	"palabre/identity/audit"
	"palabre/rooms"
	"palabre/signaling/api"
	"palabre/store"
	"palabre/store/storetest"
)

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func TestLinksAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, at := t.Context(), now()
		var made []rooms.Invitation
		for i := range 5 {
			link, err := s.AddLink(ctx, "garden", rooms.Invitation{
				Role: rooms.Guest, Name: fmt.Sprint("guest ", i), Once: i == 0, Maker: []string{"ana", "bo"}[i%2], MakerName: "Ana",
				Created: at, Expires: at.Add(time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
			made = append([]rooms.Invitation{link}, made...)
		}
		list, err := s.Links(ctx, "garden", "", "", 3)
		if diff := cmp.Diff(made[:3], list); err != nil || diff != "" {
			t.Errorf("the first page: %v\n%s", err, diff)
		}
		list, err = s.Links(ctx, "garden", "", list[2].ID, 3)
		if diff := cmp.Diff(made[3:], list); err != nil || diff != "" {
			t.Errorf("the second page: %v\n%s", err, diff)
		}
		if list, err := s.Links(ctx, "garden", "bo", "", 10); err != nil || len(list) != 2 {
			t.Errorf("of one maker: %v, %v", list, err)
		}
		if list, err := s.Links(ctx, "cellar", "", "", 10); err != nil || len(list) != 0 {
			t.Errorf("of another room: %v, %v", list, err)
		}
		for _, wrong := range [][3]string{{"garden", "bo", made[0].ID}, {"cellar", "", made[0].ID}, {"garden", "", "nothing"}} {
			if _, err := s.RevokeLink(ctx, wrong[0], wrong[1], wrong[2], at); !errors.Is(err, rooms.ErrNotFound) {
				t.Errorf("revoking %v: %v", wrong, err)
			}
		}
		gone, err := s.RevokeLink(ctx, "garden", "ana", made[0].ID, at)
		if err != nil || !gone.Revoked.Equal(at) {
			t.Errorf("revoked %+v, %v", gone, err)
		}
		if state, err := s.LinkState(ctx, made[0].ID, "garden"); err != nil || !state.Revoked.Equal(at) {
			t.Errorf("its state is %+v, %v", state, err)
		}
		if state, err := s.LinkState(ctx, "never heard of", "garden"); err != nil || state != (identity.LinkState{}) {
			t.Errorf("the state of no link is %+v, %v", state, err)
		}
	})
}

func TestALinkIsUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		firsts := make([]bool, 8)
		for i := range firsts {
			wg.Go(func() {
				var err error
				if firsts[i], err = s.SpendLink(t.Context(), "l1", fmt.Sprint("visit ", i), now(), now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winner := -1
		for i, first := range firsts {
			if first && winner >= 0 {
				t.Error("two came by a link for one visit")
			}
			if first {
				winner = i
			}
		}
		if winner < 0 {
			t.Fatal("nobody came in")
		}
		if again, err := s.SpendLink(t.Context(), "l1", fmt.Sprint("visit ", winner), now(), now()); err != nil || !again {
			t.Errorf("the same visit again: %v, %v", again, err)
		}
		if state, err := s.LinkState(t.Context(), "l1", "garden"); err != nil || state.Used.IsZero() {
			t.Errorf("its state is %+v, %v", state, err)
		}
	})
}

func TestARoomIsClaimedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, at := t.Context(), now()
		claim := func(room, link string, free bool, want bool) {
			t.Helper()
			if err := s.ClaimRoom(ctx, room, link, free, at, at.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if state, err := s.LinkState(ctx, link, room); err != nil || state.Owns != want {
				t.Errorf("%s owns %s: %+v, %v", link, room, state, err)
			}
		}
		claim("tea", "first", true, true)
		claim("tea", "second", true, false)
		claim("busy", "third", false, false)
		if _, err := s.AddRoom(ctx, rooms.Actor{Key: "k"}, rooms.Profile{Name: "board", Kind: rooms.Permanent, Created: at, Updated: at}); err != nil {
			t.Fatal(err)
		}
		claim("board", "fourth", true, false)
		// An administrator's room is no stranger's who asked for its name before.
		if _, err := s.AddRoom(ctx, rooms.Actor{Key: "k"}, rooms.Profile{Name: "tea", Kind: rooms.Permanent, Created: at, Updated: at}); err != nil {
			t.Fatal(err)
		}
		if state, err := s.LinkState(ctx, "first", "tea"); err != nil || state.Owns || state.Since.IsZero() {
			t.Errorf("after the room was made: %+v, %v", state, err)
		}
		at = at.Add(2 * time.Hour)
		claim("stale", "fifth", true, true)
		at = at.Add(2 * time.Hour)
		claim("stale", "sixth", true, true)
	})
}

func TestRoomsAreMadeChangedAndDeleted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, at, by := t.Context(), now(), rooms.Actor{Key: "k1", Name: "Portal"}
		profile := rooms.Profile{Name: "garden", Kind: rooms.Permanent, Owner: "ana", Created: at, Updated: at, Settings: rooms.Settings{Title: "The Garden", Lobby: true}}
		stored, err := s.AddRoom(ctx, by, profile)
		if diff := cmp.Diff(api.Stored{Profile: profile, Version: 1}, stored); err != nil || diff != "" {
			t.Fatalf("made: %v\n%s", err, diff)
		}
		if _, err := s.AddRoom(ctx, by, profile); !errors.Is(err, rooms.ErrConflict) {
			t.Errorf("made twice: %v", err)
		}
		profile.Settings.Title, profile.Settings.Password = "The Orchard", "a hash"
		if _, err := s.ChangeRoom(ctx, by, profile, 7); !errors.Is(err, rooms.ErrConflict) {
			t.Errorf("over another version: %v", err)
		}
		if _, err := s.ChangeRoom(ctx, by, profile, 1); err != nil {
			t.Fatal(err)
		}
		got, err := s.Room(ctx, "garden")
		if diff := cmp.Diff(api.Stored{Profile: profile, Version: 2}, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("changed: %v\n%s", err, diff)
		}
		if _, err := s.Room(ctx, "nowhere"); !errors.Is(err, rooms.ErrNotFound) {
			t.Errorf("a room nobody made: %v", err)
		}
		listing(t, s)
		link, err := s.AddLink(ctx, "garden", rooms.Invitation{Role: rooms.Host, Created: at, Expires: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveRoom(ctx, by, "garden"); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveRoom(ctx, by, "garden"); !errors.Is(err, rooms.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if state, err := s.LinkState(ctx, link.ID, "garden"); err != nil || state.Revoked.IsZero() || state.Since.IsZero() {
			t.Errorf("a link into it is %+v, %v", state, err)
		}
		done(t, s, "room.created", "room.changed", "room.deleted")
	})
}

// listing makes more rooms and reads them page by page.
func listing(t *testing.T, s *store.Store) {
	t.Helper()
	for i := range 5 {
		p := rooms.Profile{Name: fmt.Sprint("team-", i), Kind: rooms.Scheduled, Created: now(), Updated: now(), Settings: rooms.Settings{Title: "100% us"}}
		if _, err := s.AddRoom(t.Context(), rooms.Actor{}, p); err != nil {
			t.Fatal(err)
		}
	}
	names := func(f api.RoomFilter) (list []string) {
		t.Helper()
		page := api.Page{Limit: 2}
		for {
			items, next, err := s.Rooms(t.Context(), f, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				list = append(list, item.Name)
			}
			if next == "" {
				return list
			}
			page.After = next
		}
	}
	for _, test := range []struct {
		filter api.RoomFilter
		want   int
	}{
		{api.RoomFilter{}, 6}, {api.RoomFilter{Kind: rooms.Scheduled}, 5}, {api.RoomFilter{Owner: "ana"}, 1}, {api.RoomFilter{Name: "ORCH"}, 1},
		{api.RoomFilter{Name: "100%"}, 5}, {api.RoomFilter{Name: "%"}, 5}, {api.RoomFilter{Name: "_"}, 0}, {api.RoomFilter{Name: "am-3"}, 1},
	} {
		if got := names(test.filter); len(got) != test.want {
			t.Errorf("%+v finds %v", test.filter, got)
		}
	}
}

// done checks that the audit log has actions, in their order.
func done(t *testing.T, s *store.Store, want ...string) {
	t.Helper()
	entries, _, err := s.AuditLog(context.Background(), audit.Filter{Actor: "k1"}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append([]string{e.Action}, got...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the audit log:\n%s", diff)
	}
}

func TestAPIKeysAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, by := t.Context(), rooms.Actor{Key: "k1"}
		key, text, hash, err := identity.NewAPIKey(identity.APIKey{Name: "Portal", Scopes: []identity.Scope{identity.RoomsRead}, Rooms: identity.Patterns{"team-*"}}, now())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AddAPIKey(ctx, by, key, hash); err != nil {
			t.Fatal(err)
		}
		v, err := identity.NewVerifier(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.VerifyKey(ctx, text)
		if diff := cmp.Diff(key, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("verified: %v\n%s", err, diff)
		}
		list, err := s.APIKeys(ctx, "", 10)
		if err != nil || len(list) != 1 || list[0].Used.IsZero() {
			t.Errorf("listed: %+v, %v", list, err)
		}
		if err := s.RevokeAPIKey(ctx, by, key.ID, now()); err != nil {
			t.Fatal(err)
		}
		if err := s.RevokeAPIKey(ctx, by, key.ID, now()); !errors.Is(err, identity.ErrNoKey) {
			t.Errorf("revoked twice: %v", err)
		}
		v, err = identity.NewVerifier(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.VerifyKey(ctx, text); !errors.Is(err, identity.ErrKey) {
			t.Errorf("after it was revoked: %v", err)
		}
		done(t, s, "key.created", "key.revoked")
	})
}
