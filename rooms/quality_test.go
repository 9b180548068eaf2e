package rooms

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// connected is somebody in the room with a media connection.
func (h *house) connected(name string) *caller {
	h.t.Helper()
	c := h.person(Guest, name)
	_, err := c.Negotiate(bg, Offer{SDP: "o"})
	ok(h.t, err)
	c.pull()
	return c
}

func (h *house) grade(c *caller, up, down int) {
	h.t.Helper()
	h.media.of(h.t, c.id()).report.Quality(up, down)
}

// bars are who is told of, among some events.
func bars(events []Event) map[string]Bars {
	all := map[string]Bars{}
	for _, q := range told[Quality](events) {
		for _, l := range q.People {
			all[l.Participant] = l.Bars
		}
	}
	return all
}

func wantBars(t *testing.T, who string, events []Event, want map[string]Bars) {
	t.Helper()
	if diff := cmp.Diff(want, bars(events)); diff != "" {
		t.Errorf("%s is told (-want +got):\n%s", who, diff)
	}
}

func TestQualityReachesEverybody(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.connected("Ada"), h.connected("Ben")
		door := h.mustOpen(Request{Role: Guest})
		h.grade(ada, 3, 3)
		synctest.Wait()
		want := map[string]Bars{ada.id(): {3, 3}}
		wantBars(t, "Ada", ada.pull(), want)
		wantBars(t, "Ben", ben.pull(), want)
		wantBars(t, "who stands at the door", door.pull(), map[string]Bars{})

		// A change is told alone, and one that is undone in time not at all.
		time.Sleep(2 * qualityEvery)
		h.grade(ben, 2, 3)
		synctest.Wait()
		wantBars(t, "Ada", ada.pull(), map[string]Bars{ben.id(): {2, 3}})
		h.grade(ben, 0, 3)
		h.grade(ben, 2, 3)
		time.Sleep(2 * qualityEvery)
		synctest.Wait()
		wantBars(t, "Ada", ada.pull(), map[string]Bars{})

		// A newcomer is told of everybody, right after who is there.
		carl := h.mustOpen(Request{Role: Guest})
		ok(t, carl.Join(bg, 1, "Carl", Sending{}))
		events := carl.pull()
		wantBars(t, "Carl", events, map[string]Bars{ada.id(): {3, 3}, ben.id(): {2, 3}})
		if _, first := events[0].Data.(Joined); !first {
			t.Errorf("Carl is told %s", describe(events))
		}
		for _, e := range events {
			if _, unnumbered := e.Data.(Quality); unnumbered && e.Seq != 0 {
				t.Errorf("quality has the number %d", e.Seq)
			}
		}
	})
}

func TestQualityIsCoalesced(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		var people []*caller
		for i := range 20 {
			people = append(people, h.connected(fmt.Sprint("P", i)))
		}
		for _, p := range people {
			p.pull()
		}
		// Everybody's changes ten times in five seconds.
		messages := 0
		for i := range 10 {
			for _, p := range people {
				h.grade(p, i%3, 3)
			}
			time.Sleep(qualityEvery / 2)
			synctest.Wait()
			messages += len(told[Quality](people[0].pull()))
		}
		if messages < 3 || messages > 6 {
			t.Errorf("200 changes in 5 s make %d messages, want one a second", messages)
		}
		// Who does not read is told once, of everybody, the newest.
		time.Sleep(2 * qualityEvery)
		synctest.Wait()
		q := only[Quality](t, people[1].pull())
		if len(q.People) != len(people) {
			t.Errorf("told of %d people, want %d", len(q.People), len(people))
		}
		for _, l := range q.People {
			if l.Bars != (Bars{0, 3}) {
				t.Errorf("told %+v, want the newest", l)
			}
		}
	})
}

func TestQualityAfterAResume(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.connected("Ada"), h.connected("Ben")
		h.grade(ada, 3, 2)
		h.grade(ben, 1, 3)
		synctest.Wait()
		time.Sleep(2 * qualityEvery)
		synctest.Wait()
		ada.pull()
		ada.Detach()
		back, err := h.resume(ada)
		ok(t, err)
		wantBars(t, "Ada, back,", back.pull(), map[string]Bars{ada.id(): {3, 2}, ben.id(): {1, 3}})
	})
}

func TestQualityOfWhoIsGone(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.connected("Ada"), h.connected("Ben")
		h.grade(ben, 3, 3)
		synctest.Wait()
		time.Sleep(2 * qualityEvery)
		ada.pull()

		// Whose connection is gone for good is at nothing; the new one begins anew.
		old := h.media.of(t, ben.id()).report
		old.Failed("over")
		synctest.Wait()
		wantBars(t, "Ada", ada.pull(), map[string]Bars{ben.id(): {}})
		_, err := ben.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		old.Quality(3, 3)
		time.Sleep(2 * qualityEvery)
		synctest.Wait()
		wantBars(t, "Ada", ada.pull(), map[string]Bars{})

		// Of who left nothing is said any more.
		h.grade(ben, 2, 2)
		synctest.Wait()
		ok(t, ben.Leave(bg, 0))
		wantBars(t, "Ada", ada.pull(), map[string]Bars{})
	})
}

func TestStatistics(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.connected("Ada"), h.person(Member, "Ben")
		spectator := h.mustOpen(Request{Kind: Spectator, Role: Viewer})
		_, err := spectator.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		_ = h.mustOpen(Request{Role: Guest}) // at the door
		all, err := h.rooms.Statistics(bg, testRoom, Host)
		ok(t, err)
		want := map[string]MediaStats{
			ada.id(): {Tracks: []TrackStats{{Source: Camera, Layers: []LayerStats{{Packets: 1}}}}},
			ben.id(): {}, // no connection yet
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("statistics (-want +got):\n%s", diff)
		}
		all, err = h.rooms.Statistics(bg, "another-room", Host)
		if err != nil || len(all) != 0 {
			t.Errorf("a room nobody is in: %v, %v", all, err)
		}
		for _, role := range []Role{Member, Guest, Viewer, "nobody"} {
			for _, name := range []string{testRoom, "another-room"} {
				_, err := h.rooms.Statistics(bg, name, role)
				wantCode(t, err, CodeForbidden)
			}
		}
		_, err = h.rooms.Statistics(bg, "", Host)
		wantCode(t, err, CodeBadMessage)
		if n := h.rooms.Stats().Rooms; n != 1 {
			t.Errorf("asking made rooms: %d", n)
		}
	})
}
