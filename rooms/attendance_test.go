package rooms

import (
	"testing"
	"testing/synctest"
	"time"
)

// stays gives every stay a memory was told of, the newest word of each, by name.
func (n *notebook) stays() map[string]Stay {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[string]Stay{}
	for _, fact := range n.facts {
		switch data := fact.Data.(type) {
		case ParticipantJoined:
			all[data.Stay.ID] = data.Stay
		case ParticipantLeft:
			all[data.Stay.ID] = data.Stay
		case MeetingSeen:
			for _, stay := range data.Present {
				all[stay.ID] = stay
			}
		}
	}
	byName := map[string]Stay{}
	for _, stay := range all {
		byName[stay.Name] = stay
	}
	return byName
}

// speaking runs half a minute in which Ana speaks for ten seconds and her
// connection is bad for five.
func speaking(t *testing.T, h *house) *caller {
	ana := h.mustOpen(Request{Role: Guest, Identity: "ana"})
	_, err := ana.Negotiate(bg, Offer{SDP: "o"})
	ok(t, err)
	ok(t, ana.Join(bg, 1, "Ana", Sending{Microphone: true}))
	synctest.Wait()
	report := h.media.of(t, ana.id()).report
	time.Sleep(400 * time.Millisecond)
	report.Connected()
	report.Quality(3, 3)
	report.Speakers([]string{"somebody"}, "somebody")
	time.Sleep(5 * time.Second)
	report.Speakers([]string{"somebody", ana.id()}, "somebody")
	report.Speakers([]string{ana.id()}, ana.id())
	time.Sleep(10 * time.Second)
	report.Speakers(nil, ana.id())
	report.Quality(3, 1)
	time.Sleep(5 * time.Second)
	report.Quality(3, 2)
	time.Sleep(9 * time.Second)
	return ana
}

func TestStaysSayHowLongSomebodySpoke(t *testing.T) {
	memory := &notebook{}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		began := time.Now()
		ana := speaking(t, h)
		ok(t, ana.Rename(bg, 0, "Ana B."))
		ok(t, ana.Leave(bg, 0))
		synctest.Wait()
		stay := memory.stays()["Ana B."]
		if stay.Spoke != 10*time.Second || stay.Poor != 5*time.Second || stay.Took != 400*time.Millisecond ||
			stay.Left.Sub(began) != 29*time.Second+400*time.Millisecond || stay.Identity != "ana" {
			t.Errorf("the stay is %+v", stay)
		}
	})
}

func TestWhoSpeaksWhenTheServerIsKilledHasSpoken(t *testing.T) {
	memory := &notebook{}
	inHouse(t, func(c *Config) { c.Memory = memory }, func(t *testing.T, h *house) {
		ana := h.person(Guest, "Ana")
		_, err := ana.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		report := h.media.of(t, ana.id()).report
		report.Connected()
		report.Speakers([]string{ana.id()}, ana.id())
		time.Sleep(2 * beatEvery)
		synctest.Wait()
		if stay := memory.stays()["Ana"]; stay.Spoke < beatEvery || !stay.Left.IsZero() {
			t.Errorf("after half a minute of talk the stay is %+v", stay)
		}
	})
}

func TestPersonalFiguresCanBeSwitchedOff(t *testing.T) {
	memory := &notebook{}
	inHouse(t, func(c *Config) { c.Memory, c.Impersonal = memory, true }, func(t *testing.T, h *house) {
		ana := speaking(t, h)
		ok(t, ana.Leave(bg, 0))
		again := speaking(t, h)
		synctest.Wait()
		var names []string
		for _, fact := range memory.facts {
			if joined, is := fact.Data.(ParticipantJoined); is {
				names = append(names, joined.Stay.Participant)
			}
		}
		if len(names) != 2 || names[0] != names[1] || names[0] == again.id() || names[0] == "ana" {
			t.Errorf("the same person is counted as %v", names)
		}
		for _, stay := range memory.stays() {
			if stay.Name != "" || stay.Identity != "" || stay.Spoke != 0 || stay.Poor != 0 || stay.Took == 0 {
				t.Errorf("a stay without personal figures is %+v", stay)
			}
		}
	})
}

func TestFailedJoinsAreCountedByWhy(t *testing.T) {
	memory := &notebook{}
	inHouse(t, func(c *Config) { c.Memory, c.MaxPeople = memory, 1 }, func(t *testing.T, h *house) {
		h.person(Guest, "Ana")
		for range 3 {
			door := h.mustOpen(Request{Role: Guest})
			wantCode(t, door.Join(bg, 0, "Ben", Sending{}), CodeRoomFull)
			ok(t, door.Leave(bg, 0))
		}
		_, err := h.open(Request{Role: "root"})
		wantCode(t, err, CodeForbidden)
		h.rooms.JoinFailed(CodeUnauthorized)
		time.Sleep(failuresEvery + beatEvery)
		synctest.Wait()
		var found []JoinsFailed
		for _, fact := range memory.facts {
			if failed, is := fact.Data.(JoinsFailed); is {
				found = append(found, failed)
			}
		}
		if len(found) != 1 || found[0].Codes[CodeRoomFull] != 3 || found[0].Codes[CodeForbidden] != 1 || found[0].Codes[CodeUnauthorized] != 1 {
			t.Errorf("remembered are %+v", found)
		}
	})
}
