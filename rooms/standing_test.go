package rooms

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"palabre/internal/catalogue"
)

// roles is who is what, as a caller sees it; who stands in is marked.
func (c *caller) roles() map[string]string {
	c.pull()
	roles := map[string]string{}
	for id, p := range c.people {
		roles[id] = string(p.Role)
		if p.Acting {
			roles[id] += " acting"
		}
	}
	return roles
}

func wantRoles(t *testing.T, c *caller, want map[string]string) {
	t.Helper()
	synctest.Wait()
	if got := c.roles(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s sees %v, want %v", c.id(), got, want)
	}
}

func TestAHostWhoIsGoneIsStoodInForAndGetsItBack(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana := h.named(Host, "ana")
		ben, kim := h.named(Guest, "ben"), h.named(Presenter, "kim")
		h.named(Viewer, "vic")
		all := map[string]string{"ana": "host", "ben": "guest", "kim": "presenter", "vic": "viewer"}
		wantRoles(t, ben, all)
		ana.Detach()
		time.Sleep(4 * time.Second)
		wantRoles(t, ben, all) // she may be back in a moment
		time.Sleep(2 * time.Second)
		wantRoles(t, ben, map[string]string{"ana": "host", "ben": "guest", "kim": "host acting", "vic": "viewer"})
		if about := lastAbout(t, kim); about.Role != Host || !slices.Contains(about.May, End) || !slices.Equal(about.Roles, []Role{Presenter, Member, Guest, Viewer}) {
			t.Errorf("who stands in is told %+v", about)
		}
		wantCode(t, kim.Appoint(bg, 1, "ben", CoHost), CodeForbidden) // above what Kim is of right
		ok(t, kim.Appoint(bg, 1, "ben", Presenter))
		wantCode(t, kim.Remove(bg, 1, "ana"), CodeForbidden)
		back, err := h.resume(ana)
		ok(t, err)
		wantRoles(t, ben, map[string]string{"ana": "host", "ben": "presenter", "kim": "presenter", "vic": "viewer"})
		wantCode(t, kim.End(bg, 1), CodeForbidden)
		ok(t, back.Leave(bg, 0)) // for good: nobody is waited for
		wantRoles(t, ben, map[string]string{"ben": "host acting", "kim": "presenter", "vic": "viewer"})
		ben.Detach()
		wantRoles(t, kim, map[string]string{"ben": "presenter", "kim": "host acting", "vic": "viewer"})
	})
}

func TestAMeetingWithoutHostsHasNobodyToStandInFor(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ben, kim := h.named(Guest, "ben"), h.named(CoHost, "kim")
		ok(t, kim.Leave(bg, 0))
		wantRoles(t, ben, map[string]string{"ben": "guest"})
	})
}

// TestTwoHostsAtOnce has two hosts give each other contrary orders at the same
// moment, a hundred times over: the room takes them one after the other, so
// that one of them counts, everybody sees the same, and nobody ends up with both.
func TestTwoHostsAtOnce(t *testing.T) {
	for i := range 100 {
		inHouse(t, nil, func(t *testing.T, h *house) {
			owner := h.named(Owner, "owner")
			a, b := h.named(Owner, "a"), h.named(Owner, "b")
			ben := h.named(Guest, "ben")
			var errs [2]error
			var both sync.WaitGroup
			orders := [][2]func() error{
				{func() error { return a.Remove(bg, 1, "b") }, func() error { return b.Remove(bg, 1, "a") }},
				{func() error { return a.Appoint(bg, 1, "b", Guest) }, func() error { return b.Appoint(bg, 1, "a", Guest) }},
				{func() error { return a.Appoint(bg, 1, "ben", CoHost) }, func() error { return b.Remove(bg, 1, "ben") }},
				{func() error { return a.Lock(bg, 1, true) }, func() error { return b.Lock(bg, 1, false) }},
				{func() error { return a.End(bg, 1) }, func() error { return b.Appoint(bg, 1, "ben", Host) }},
			}
			pair := orders[i%len(orders)]
			for j := range errs {
				both.Go(func() { errs[j] = pair[j]() })
			}
			both.Wait()
			synctest.Wait()
			if i%len(orders) < 2 && (errs[0] == nil) == (errs[1] == nil) {
				t.Errorf("of two orders that exclude each other: %v, %v", errs[0], errs[1])
			}
			owner.pull()
			for _, c := range []*caller{a, b, ben} {
				c.pull()
				if c.over() {
					continue
				}
				if fmt.Sprint(c.roles()) != fmt.Sprint(owner.roles()) {
					t.Errorf("%s sees %v, the owner %v", c.id(), c.roles(), owner.roles())
				}
			}
		})
	}
}

// over says whether the session has ended.
func (c *caller) over() bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

func TestWhatHostsDecidedOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, tokens := &ledger{}, &fakeTokens{}
		h := newHouse(t, tokens, func(c *Config) { c.Memory = memory })
		ana, ben, kim := h.named(Host, "ana"), h.named(Host, "ben"), h.stranger("Kim", "home")
		eve, out := h.stranger("Eve", "office"), h.stranger("Out", "office")
		ok(t, ana.Appoint(bg, 0, kim.id(), CoHost))
		owner := h.named(Owner, "own")
		ok(t, owner.Appoint(bg, 0, "ben", Guest))
		ok(t, ana.Ban(bg, 0, eve.id()))
		ok(t, ana.Remove(bg, 0, out.id()))
		ok(t, ana.Lock(bg, 0, true))
		ok(t, ana.Configure(bg, 0, Change{Title: new("Plan")}))
		for _, c := range []*caller{ana, ben, kim, eve, out} {
			c.pull()
		}
		synctest.Wait()
		h.close()

		h = newHouse(t, tokens, func(c *Config) { c.Memory = memory })
		defer func() { h.close() }()
		come := func(c *caller) *caller {
			back, err := h.resume(c)
			ok(t, err)
			ok(t, back.Join(bg, 1, "Again", Sending{}))
			back.pull()
			return back
		}
		kim = come(kim)
		if about := lastAbout(t, kim); about.Role != CoHost || !about.Locked || about.Title != "Plan" || len(about.Banned) != 1 {
			t.Errorf("after a restart a co-host is told %+v", about)
		}
		if p := kim.people[kim.id()]; p.Acting {
			t.Error("somebody stands in for a host who is on their way back")
		}
		come(ben) // whose token and resume token say host
		ana = come(ana)
		wantRoles(t, ana, map[string]string{"ana": "host", "ben": "guest", kim.id(): "co-host"})
		_, err := h.resume(eve)
		wantCode(t, err, CodeBanned)
		_, err = h.resume(out)
		wantCode(t, err, CodeResumeFailed)
		_, err = h.open(Request{Role: Guest})
		wantCode(t, err, CodeLocked)
		_, err = h.open(Request{Role: Host, Identity: "ben", Vouched: true})
		ok(t, err) // was in before the lock
	})
}

// TestW09_TheCapHolds has many times more people than places refresh their
// pages, reconnect and resume at once.
func TestW09_TheCapHolds(t *testing.T) {
	const most, people, rounds = 10, 60, 40
	inHouse(t, func(c *Config) { c.MaxPeople, c.MaxDoor = most, 4*people }, func(t *testing.T, h *house) {
		var mu sync.Mutex
		seen, joins, refused := 0, 0, 0
		note := func(err error) {
			inside := 0
			for _, room := range h.rooms.all() {
				_ = room.call(bg, func() error { inside = len(room.inside) + room.hidden; return nil })
			}
			mu.Lock()
			defer mu.Unlock()
			seen = max(seen, inside)
			if err == nil {
				joins++
			} else if CodeOf(err) == CodeRoomFull {
				refused++
			}
		}
		var all sync.WaitGroup
		for i := range people {
			all.Go(func() {
				identity := ""
				if i%3 == 0 {
					identity = fmt.Sprint("id", i/2) // some come twice
				}
				var c *caller
				for round := range rounds {
					if c != nil && round%4 != 0 { // the connection breaks and comes back
						c.Detach()
						if back, err := h.resume(c); err == nil {
							c = back
							c.pullNow()
							continue
						}
					}
					fresh, err := h.open(Request{Role: Guest, Identity: identity, Vouched: identity != ""})
					if err != nil { // a refresh: the old page is gone without a word
						note(err)
						continue
					}
					if c != nil {
						c.Detach()
					}
					c = fresh
					note(c.Join(bg, 1, "P", Sending{}))
					c.pullNow()
					if round%8 == 7 {
						_ = c.Leave(bg, 0)
						c = nil
					}
				}
			})
		}
		all.Wait()
		catalogue.Report(t, catalogue.Item{
			ID:       "W9",
			Injected: fmt.Sprintf("%d people refresh, reconnect and resume %d times each at a room of %d", people, rounds, most),
			Measured: fmt.Sprintf("most inside at once %d; %d joins, %d refused", seen, joins, refused),
			Bar:      fmt.Sprintf("never more than %d inside", most),
			Pass:     seen <= most && seen > 0 && refused > 0,
		})
		time.Sleep(time.Minute)
	})
}
