package rooms

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestComingBackInTime(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		_, err := ben.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		ok(t, ada.Say(bg, 0, "one", ""))
		ben.pull()
		ada.pull()
		ben.Detach()
		if p := only[Person](t, ada.pull()); !p.Away || p.ID != ben.id() {
			t.Errorf("Ada is told %+v, want Ben away", p)
		}
		ok(t, ada.Say(bg, 0, "two", ""))
		ok(t, ada.Hand(bg, 0, true))
		time.Sleep(29 * time.Second)
		ada.pull()

		back, err := h.resume(ben)
		ok(t, err)
		if w := back.Welcome(); w.Outcome != Resumed || w.Participant != ben.id() || !w.Media || w.Resume == "" {
			t.Errorf("welcome back is %+v", w)
		}
		events := back.pull()
		if line := only[Line](t, events); line.Text != "two" {
			t.Errorf("Ben is given the line %+v", line)
		}
		if p := only[Person](t, ada.pull()); p.Away {
			t.Errorf("Ada is told %+v, want Ben back", p)
		}
		ok(t, back.Say(bg, 1, "three", ""))
		time.Sleep(time.Minute)
		if left := told[Left](append(ada.pull(), back.pull()...)); len(left) > 0 {
			t.Errorf("after he came back somebody was told %+v", left)
		}
		if peer := h.media.of(t, ben.id()); peer.closed || !peer.entered {
			t.Errorf("his media is entered %v, closed %v", peer.entered, peer.closed)
		}
	})
}

// TestChangedWhileAway tells somebody what they became meanwhile, and that they are back.
func TestChangedWhileAway(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Host, "Ada"), h.person(Member, "Ben")
		ben.Detach()
		synctest.Wait()
		ok(t, ada.Appoint(bg, 1, ben.id(), Presenter))
		back, err := h.resume(ben)
		ok(t, err)
		back.pull()
		if p := back.people[ben.id()]; p.Role != Presenter || p.Away {
			t.Errorf("Ben sees himself as %+v, want a presenter who is there", p)
		}
	})
}

func TestNotComingBack(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		_, err := ben.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		ada.pull()
		start := time.Now()
		ben.Detach()
		<-ben.Done()
		if after := time.Since(start); after != 30*time.Second {
			t.Errorf("Ben was given up after %s, want 30 s", after)
		}
		synctest.Wait()
		if left := only[Left](t, ada.pull()); left != (Left{ben.id(), ReasonLost}) {
			t.Errorf("Ada is told %+v", left)
		}
		if !h.media.of(t, ben.id()).closed {
			t.Error("his media peer still is open")
		}
		_, err = h.resume(ben)
		wantCode(t, err, CodeResumeFailed)
	})
}

func TestResumeTakesOverAnAttachedSession(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		ada.pull()
		back, err := h.resume(ben)
		ok(t, err)
		if _, err := ben.Take(1); !errors.Is(err, ErrTaken) {
			t.Errorf("the older connection gets %v, want ErrTaken", err)
		}
		err = ben.Say(bg, 1, "still me", "")
		wantCode(t, err, CodeUnavailable)
		if !errors.Is(err, ErrTaken) {
			t.Errorf("its commands fail with %v, want ErrTaken", err)
		}
		ben.Detach() // late news of the dead connection harms nobody
		ok(t, back.Say(bg, 1, "me again", ""))
		if events := ada.pull(); len(events) != 1 {
			t.Errorf("Ada sees more than the line: %s", describe(events))
		}
	})
}

func TestResumeRefusals(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		h.person(Guest, "Ben")
		for _, req := range []Request{
			{Resume: "resume-x"},                   // forged
			{Room: "another", Resume: ada.token()}, // for another room
		} {
			_, err := h.open(req)
			wantCode(t, err, CodeResumeFailed)
		}
		ok(t, ada.Say(bg, 0, "still here", ""))
		ok(t, ada.Leave(bg, 0))
		_, err := h.resume(ada)
		wantCode(t, err, CodeResumeFailed)
		time.Sleep(25 * time.Hour)
		_, err = h.resume(ada)
		wantCode(t, err, CodeResumeFailed)
	})
}

func TestResumeAfterMissingTooMuchStartsFresh(t *testing.T) {
	tests := []struct {
		name string
		miss func(t *testing.T, h *house, ada, ben *caller)
		last func(ben *caller) uint64
	}{
		{"more events than are kept", func(t *testing.T, _ *house, ada, ben *caller) {
			ben.Detach()
			for i := range maxKept + 1 {
				ok(t, ada.Hand(bg, 0, i%2 == 0))
				ada.pull()
			}
		}, func(ben *caller) uint64 { return ben.last }},
		{"more bytes than are kept", func(t *testing.T, h *house, ada, ben *caller) {
			speakers := []*caller{ada, h.person(Guest, "Cy")}
			ben.Detach()
			for i := range maxKeptBytes/12000 + 1 {
				ok(t, speakers[i%2].Say(bg, 0, strings.Repeat("€", 4000), ""))
				ada.pull()
				speakers[1].pull()
				time.Sleep(100 * time.Millisecond) // one person writes 5 lines a second
			}
			ok(t, speakers[1].Leave(bg, 0))
		}, func(ben *caller) uint64 { return ben.last }},
		{"a number never given", func(*testing.T, *house, *caller, *caller) {},
			func(ben *caller) uint64 { return ben.last + 1 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inHouse(t, nil, func(t *testing.T, h *house) {
				ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
				test.miss(t, h, ada, ben)
				ada.pull()
				back, err := h.open(Request{Resume: ben.token(), LastSeq: test.last(ben)})
				ok(t, err)
				if w := back.Welcome(); w.Outcome != Fresh || w.Participant != ben.id() || w.Media {
					t.Errorf("welcome is %+v, want a fresh start as %s", w, ben.id())
				}
				ok(t, back.Join(bg, 1, "Ben", Sending{}))
				ada.pull()
				if n := len(ada.people); n != 2 {
					t.Errorf("Ada sees %d people, want 2 and no ghost", n)
				}
				if e := back.pull()[0]; e.Seq != 1 {
					t.Errorf("a fresh stream begins with number %d", e.Seq)
				}
			})
		})
	}
}

func TestComingBackAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &fakeTokens{}
		withLobby := func(c *Config) { c.Settings.Lobby = true }
		old := newHouse(t, tokens, withLobby)
		host := old.person(Host, "Host")
		guest := old.mustOpen(Request{Role: Guest})
		ok(t, guest.Join(bg, 1, "Guest", Sending{}))
		ok(t, host.Admit(bg, 0, guest.id()))
		guest.pull()
		waits := old.mustOpen(Request{Role: Guest})
		fixed := old.mustOpen(Request{Role: Member, Identity: "zoe@example.org", Name: "Zoé", NameFixed: true})
		ok(t, old.rooms.Drain(bg, time.Second))
		old.close()

		h := newHouse(t, tokens, withLobby)
		back, err := h.resume(guest)
		ok(t, err)
		if w := back.Welcome(); w.Outcome != Fresh || w.Participant != guest.id() || !w.Prepare {
			t.Errorf("welcome is %+v, want a fresh start as %s", w, guest.id())
		}
		back.last = 0
		ok(t, back.Join(bg, 1, "Guest", Sending{}))
		only[Joined](t, back.pull()) // who was let in is not asked to wait again

		// A second try with the same token, say after a lost welcome, leaves no double.
		again, err := h.resume(guest)
		ok(t, err)
		again.last = 0
		ok(t, again.Join(bg, 1, "Guest", Sending{}))
		if joined := only[Joined](t, again.pull()); len(joined.People) != 1 {
			t.Errorf("the room holds %+v", joined.People)
		}
		if closed := only[Closed](t, back.pull()); closed.Reason != ReasonReplaced {
			t.Errorf("the first try ends with %+v", closed)
		}

		held, err := h.resume(waits)
		ok(t, err)
		if held.Welcome().Prepare {
			t.Error("who was never let in may prepare")
		}
		zoe, err := h.resume(fixed)
		ok(t, err)
		if w := zoe.Welcome(); w.Participant != "zoe@example.org" || w.Name != "Zoé" || !w.NameFixed || w.Role != Member {
			t.Errorf("welcome is %+v", w)
		}
		time.Sleep(restartWindow + time.Second)
		_, err = h.resume(fixed)
		wantCode(t, err, CodeResumeFailed)
		h.close()
	})
}

func TestSlowReader(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben, cy := h.person(Guest, "Ada"), h.person(Guest, "Ben"), h.person(Guest, "Cy")
		ada.pull()
		ben.pull()
		for i := range maxPending + 1 {
			ok(t, ada.Hand(bg, 0, i%2 == 0))
			ada.pull()
			cy.pull()
		}
		synctest.Wait()
		if _, err := ben.Take(1); !errors.Is(err, ErrSlow) {
			t.Fatalf("the slow reader gets %v, want ErrSlow", err)
		}
		cy.pull()
		if p := cy.people[ben.id()]; !p.Away {
			t.Errorf("the others see %+v, want away", p)
		}
		back, err := h.resume(ben)
		ok(t, err)
		if got := len(back.pull()); got != maxPending+2 {
			t.Errorf("the slow reader is given %d events after coming back, want all and that they are back: %d", got, maxPending+2)
		}
		ok(t, ada.Say(bg, 0, "welcome back", ""))
		if line := only[Line](t, back.pull()); line.Text != "welcome back" {
			t.Errorf("then %+v", line)
		}
	})
}

func TestSpeakersAreNewestOnlyAndUnnumbered(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		_, err := ada.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		report := h.media.of(t, ada.id()).report
		for i := range 1000 {
			report.Speakers([]string{fmt.Sprint(i)}, "")
		}
		events := ada.pull()
		if want := []Event{{Data: Speakers{Speaking: []string{"999"}}}}; !reflect.DeepEqual(events, want) {
			t.Errorf("told %s", describe(events))
		}
		ada.Detach()
		back, err := h.resume(ada)
		ok(t, err)
		if s := only[Speakers](t, back.pull()); s.Speaking[0] != "999" {
			t.Errorf("after coming back told %+v", s)
		}
	})
}

func TestDrain(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		var people []*caller
		for i := range 50 {
			people = append(people, h.person(Guest, fmt.Sprint("P", i)))
		}
		door := h.mustOpen(Request{Role: Guest})
		for _, p := range people {
			p.pull()
		}
		ok(t, h.rooms.Drain(bg, 2*time.Second))
		times := map[time.Duration]bool{}
		for _, p := range append(people, door) {
			after := only[Restarting](t, p.pull()).After
			if after < 2*time.Second || after >= 4*time.Second {
				t.Errorf("told to come back after %s", after)
			}
			times[after] = true
		}
		if len(times) < 40 {
			t.Errorf("51 people come back at %d different times", len(times))
		}
		wantCode(t, door.Join(bg, 1, "Late", Sending{}), CodeUnavailable)
		_, err := h.open(Request{Role: Guest})
		wantCode(t, err, CodeUnavailable)
		_, err = h.resume(people[0])
		wantCode(t, err, CodeUnavailable)
		ok(t, people[0].Say(bg, 0, "the call goes on", ""))
		ok(t, h.rooms.Drain(bg, time.Second))
		people[1].pull()
		ok(t, h.rooms.Close())
		if events := people[1].pull(); len(events) > 0 {
			t.Errorf("who was told to come back is told %s", describe(events))
		}
	})
}

func TestCloseWithoutDrainSaysSo(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		ada.pull()
		ok(t, h.rooms.Close())
		if events := ada.pull(); len(events) != 1 || events[0].Data != (Closed{ReasonShutdown}) {
			t.Errorf("Ada is told %s", describe(events))
		}
		<-ben.Done()
		_, err := h.open(Request{Role: Guest})
		wantCode(t, err, CodeUnavailable)
	})
}
