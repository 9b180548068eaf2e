package rooms

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestRoleTable(t *testing.T) {
	guest := "publish share chat whisper attach signal vote draw"
	member := guest + " pass admit invite"
	presenter := member + " ask"
	coHost := presenter + " deny record moderate remove break inspect lock"
	host := coHost + " appoint configure export end"
	want := map[Role]string{
		Owner: host + " own", Host: host, CoHost: coHost, Presenter: presenter, Member: member, Guest: guest,
		Viewer: "pass vote", "root": "",
	}
	table := DefaultPermissions()
	if err := table.Validate(); err != nil {
		t.Fatal(err)
	}
	for role, granted := range want {
		for _, action := range append(actions(), "reign") {
			if may := slices.Contains(strings.Fields(granted), string(action)); table.May(role, action) != may {
				t.Errorf("a %s may %s: %v, want %v", role, action, !may, may)
			}
		}
		if table.Known(role) != (role != "root") {
			t.Errorf("%s is known: %v", role, table.Known(role))
		}
	}
	if order := fmt.Sprint(table.Roles()); order != "[owner host co-host presenter member guest viewer]" {
		t.Errorf("the roles in order: %s", order)
	}
}

func TestTablesOfPermissionsThatCannotBe(t *testing.T) {
	table := DefaultPermissions().With(Permissions{"scribe": {Rank: 35, May: []Action{Chat, Export}}})
	if err := table.Validate(); err != nil || !table.May("scribe", Export) || table.May("scribe", Publish) {
		t.Errorf("a role of one's own: %v, %v", err, table["scribe"])
	}
	for name, custom := range map[string]Permissions{
		"a name with a space": {"the scribe": {}},
		"a rank above all":    {"scribe": {Rank: 101}},
		"an unknown action":   {"scribe": {May: []Action{"reign"}}},
	} {
		if err := table.With(custom).Validate(); err == nil {
			t.Errorf("%s is a table", name)
		}
	}
	delete(table, Guest)
	if err := table.Validate(); err == nil {
		t.Error("a table without guests")
	}
}

func TestSettings(t *testing.T) {
	table := DefaultPermissions()
	s, err := Settings{Title: " Stand\nup ", Least: map[Action]Role{Share: Presenter}, Origins: []string{"https://chat.example"}}.Clean(table, 100)
	if err != nil || s.Title != "Standup" {
		t.Fatalf("%+v, %v", s, err)
	}
	for role, may := range map[Role]bool{Owner: true, Presenter: true, Member: false, Guest: false, Viewer: false} {
		if s.may(table, role, Share) != may {
			t.Errorf("a %s may share: %v", role, !may)
		}
	}
	if (Settings{Least: map[Action]Role{Publish: Viewer}}).may(table, Viewer, Publish) {
		t.Error("a setting gave what the table does not")
	}
	for name, bad := range map[string]Settings{
		"a long title":            {Title: strings.Repeat("a", maxTitle+1)},
		"an action for all times": {Least: map[Action]Role{Pass: Host}},
		"an unknown role":         {Least: map[Action]Role{Share: "king"}},
		"too many people":         {MaxPeople: 101},
		"fewer than none":         {MaxPeople: -1},
		"for ever":                {Retention: MaxRetention + 1},
		"a path as origin":        {Origins: []string{"https://chat.example/x"}},
		"a policy as origin":      {Origins: []string{"https://chat.example;script-src"}},
		"any origin":              {Origins: []string{"https://*"}},
	} {
		if _, err := bad.Clean(table, 100); err == nil {
			t.Errorf("%s is a setting", name)
		}
	}
}

func TestErrorsSayWhatMayBeSaid(t *testing.T) {
	secret := &Error{Code: CodeInternal, Message: "the disk at /x is full", Err: fs.ErrPermission}
	tests := []struct {
		err     error
		code    Code
		message string
		is      error
	}{
		{refuse(CodeForbidden, "No."), CodeForbidden, "No.", ErrForbidden},
		{fmt.Errorf("joining: %w", refuse(CodeRoomFull, "Full.")), CodeRoomFull, "Full.", ErrRoomFull},
		{ErrBadOffer, CodeBadOffer, "bad-offer", ErrBadOffer},
		{secret, CodeInternal, "Internal error.", fs.ErrPermission},
		{errors.New("boom"), CodeInternal, "Internal error.", nil},
		{nil, CodeInternal, "Internal error.", nil},
	}
	for _, test := range tests {
		if code, message := CodeOf(test.err), MessageOf(test.err); code != test.code || message != test.message {
			t.Errorf("%v is %s: %q, want %s: %q", test.err, code, message, test.code, test.message)
		}
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%v is not %v", test.err, test.is)
		}
	}
	if errors.Is(ErrForbidden, ErrRoomFull) || secret.Error() == "" {
		t.Error("errors of different codes are the same")
	}
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	tokens := &fakeTokens{}
	for name, cfg := range map[string]Config{"no tokens": {}, "negative": {Tokens: tokens, MaxPeople: -1}} {
		if _, err := New(cfg, &fakeMedia{}); err == nil {
			t.Errorf("%s: made rooms", name)
		}
	}
	if _, err := New(Config{Tokens: tokens}, nil); err == nil {
		t.Error("made rooms without media")
	}
	registry := prometheus.NewRegistry()
	if _, err := New(Config{Tokens: tokens, Metrics: registry}, &fakeMedia{}); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Tokens: tokens, Metrics: registry}, &fakeMedia{}); err == nil {
		t.Error("registered the metrics twice")
	}
}

func TestFigures(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	inHouse(t, func(c *Config) { c.Metrics, c.Settings.Lobby = registry, true }, func(t *testing.T, h *house) {
		host, member := h.person(Host, "Host"), h.person(Member, "Member")
		_, err := h.mustOpen(Request{Kind: Spectator, Role: Viewer}).Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		guest := h.mustOpen(Request{Role: Guest})
		_, err = guest.Negotiate(bg, Offer{})
		wantCode(t, err, CodeNotAdmitted)
		wantCode(t, member.Deny(bg, 0, guest.id()), CodeForbidden)
		if _, err := h.resume(member); err != nil {
			t.Error(err)
		}
		_, err = h.open(Request{Resume: "forged"})
		wantCode(t, err, CodeResumeFailed)
		ok(t, host.Leave(bg, 0))
		got := figures(t, registry)
		for name, want := range map[string]float64{
			"palabre_joins_total host": 1, "palabre_joins_total member": 1, "palabre_joins_total viewer": 1,
			"palabre_leaves_total left": 1, "palabre_participants": 1, "palabre_rooms": 1, "palabre_spectators": 1,
			"palabre_resumes_total failed": 1, "palabre_resumes_total resumed": 1, "palabre_slow_readers_total": 0,
			"palabre_room_refusals_total forbidden": 1, "palabre_room_refusals_total not-admitted": 1,
			"palabre_room_refusals_total resume-failed": 1, "palabre_room_faults_total": 0,
		} {
			if value, there := got[name]; !there || value != want {
				t.Errorf("%s is %v (there: %v), want %v", name, value, there, want)
			}
		}
	})
}

// figures gives what a registry holds, by name and label.
func figures(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	ok(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			values[name] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return values
}

func TestAFaultInOneRoomHarmsNoOther(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		err := ada.command(bg, func(*room, *person) error {
			var nobody *person
			nobody.name = "X"
			return nil
		})
		wantCode(t, err, CodeInternal)
		ok(t, ada.Say(bg, 0, "still here", ""))
	})
}

func TestWithoutAKeyNobodyComesIn(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		door := h.mustOpen(Request{Role: Guest})
		h.tokens.broken = true
		wantCode(t, door.Join(bg, 1, "Ada", Sending{}), CodeInternal)
		_, err := h.open(Request{Role: Guest})
		wantCode(t, err, CodeInternal)
		h.tokens.broken = false
		ok(t, door.Join(bg, 1, "Ada", Sending{}))
	})
}

func TestWhoGivesUpDisturbsNothing(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ctx, cancel := context.WithCancel(bg)
		cancel()
		_, err := h.rooms.Open(ctx, Request{Room: testRoom, Role: Guest})
		wantCode(t, err, CodeUnavailable)
		synctest.Wait()
		if s := h.rooms.Stats(); s.Rooms != 0 {
			t.Errorf("a room nobody entered lives on: %+v", s)
		}
		for _, bad := range []Request{{Room: testRoom, Role: "root"}, {Role: Guest}, {Room: strings.Repeat("x", 300), Role: Guest}} {
			if _, err := h.rooms.Open(bg, bad); err == nil {
				t.Errorf("opened %.80v", bad)
			}
		}
	})
}

func TestReadyUntilThereIsNoMore(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		ada.pull()
		all := make(chan []Event)
		go func() {
			var got []Event
			for range ada.Ready() {
				events, err := ada.Take(9)
				if got = append(got, events...); err != nil {
					if !errors.Is(err, ErrEnded) {
						t.Errorf("the end is %v", err)
					}
					all <- got
					return
				}
			}
		}()
		synctest.Wait()
		ok(t, ben.Say(bg, 0, "hi", ""))
		synctest.Wait()
		ok(t, ada.Leave(bg, 0))
		got := <-all
		if line, is := got[0].Data.(Line); !is || line.Text != "hi" {
			t.Errorf("got %+v", got)
		}
		if last := got[len(got)-1]; last.Data != (Closed{ReasonLeft}) {
			t.Errorf("the last is %+v", last)
		}
	})
}

func TestNotifiedUntilThereIsNoMore(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		ada.pull()
		var calls atomic.Int64
		ada.Notify(func() { calls.Add(1) })
		if calls.Load() == 0 {
			t.Error("what came before is told to nobody")
		}
		for _, happen := range []func() error{
			func() error { return ben.Say(bg, 0, "hi", "") },
			func() error { return ada.Leave(bg, 0) },
		} {
			calls.Store(0)
			ok(t, happen())
			synctest.Wait()
			if calls.Load() == 0 {
				t.Error("not told")
			}
			if events, err := ada.Take(9); len(events) == 0 {
				t.Errorf("nothing to take, %v", err)
			}
		}
		if _, err := ada.Take(9); !errors.Is(err, ErrEnded) {
			t.Errorf("the end is %v", err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				for round := range 10 {
					c := h.mustOpen(Request{Role: Member})
					_ = c.Join(bg, 1, fmt.Sprint("P", i), Sending{})
					_, _ = c.Negotiate(bg, Offer{SDP: "o"})
					_ = c.Say(bg, 2, "hello", fmt.Sprint(round))
					c.pullNow()
					c.Detach()
					back, err := h.resume(c)
					if err != nil {
						t.Error(err)
						return
					}
					back.pullNow()
					_ = back.Leave(bg, 3)
					back.pullNow()
				}
			})
		}
		all.Wait()
		// Who read too slowly was detached, and could not leave.
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := h.rooms.Stats(); s != (Stats{}) {
			t.Errorf("left behind: %+v", s)
		}
	})
}

func TestAThousandMeetingsLeaveNothingBehind(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		before := runtime.NumGoroutine()
		for i := range 1000 {
			c := h.mustOpen(Request{Room: fmt.Sprint("room", i), Role: Guest})
			_, err := c.Negotiate(bg, Offer{SDP: "o"})
			ok(t, err)
			ok(t, c.Join(bg, 1, "Ada", Sending{}))
			ok(t, c.Leave(bg, 0))
		}
		synctest.Wait()
		if after := runtime.NumGoroutine(); after > before+5 || h.rooms.Stats().Rooms != 0 {
			t.Errorf("%d goroutines became %d, %+v", before, after, h.rooms.Stats())
		}
	})
}
