package rooms

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeMemory remembers in a list; it can be slow, away, or full.
type fakeMemory struct {
	mu     sync.Mutex
	facts  []Fact
	found  Recollection
	asked  int
	delay  time.Duration // of Recall
	away   bool          // Recall fails
	hold   bool          // kept is not called before release
	full   bool
	waiter []func()
}

func (m *fakeMemory) Recall(ctx context.Context, _ string) (Recollection, error) {
	m.mu.Lock()
	m.asked++
	delay, away, found := m.delay, m.away, m.found
	m.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return Recollection{}, ctx.Err()
	}
	if away {
		return Recollection{}, errors.New("no database")
	}
	return found, nil
}

func (m *fakeMemory) Keep(facts []Fact, kept func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.facts = append(m.facts, facts...)
	if m.hold {
		m.waiter = append(m.waiter, kept)
		return
	}
	go kept()
}

func (m *fakeMemory) Full() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.full
}

func (m *fakeMemory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// release calls what waited, in order.
func (m *fakeMemory) release() {
	m.mu.Lock()
	list := m.waiter
	m.hold, m.waiter = false, nil
	m.mu.Unlock()
	for _, kept := range list {
		kept()
	}
}

func (m *fakeMemory) kinds() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for _, f := range m.facts {
		list = append(list, f.Data.Kind())
	}
	return list
}

// remembered gives the data of all facts of one type.
func remembered[F FactData](m *fakeMemory) []F {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []F
	for _, f := range m.facts {
		if data, ok := f.Data.(F); ok {
			list = append(list, data)
		}
	}
	return list
}

func withMemory(m *fakeMemory) func(*Config) { return func(c *Config) { c.Memory = m } }

func TestAMeetingIsToldToTheMemoryInOrder(t *testing.T) {
	memory := &fakeMemory{}
	inHouse(t, withMemory(memory), func(t *testing.T, h *house) {
		ada := h.person(Host, "Ada")
		bob := h.person(Member, "Bob")
		ok(t, ada.Say(bg, 2, "hello", "n1"))
		time.Sleep(2*beatEvery + time.Second)
		ok(t, bob.Leave(bg, 3))
		ok(t, ada.Leave(bg, 3))
		synctest.Wait()
		kinds := slices.DeleteFunc(memory.kinds(), func(kind string) bool {
			return !slices.Contains([]string{"meeting.started", "participant.joined", "chat.written", "meeting.seen", "participant.left", "meeting.ended"}, kind)
		})
		want := []string{"meeting.started", "participant.joined", "participant.joined", "chat.written", "meeting.seen", "meeting.seen",
			"participant.left", "participant.left", "meeting.ended"}
		if !slices.Equal(kinds, want) {
			t.Errorf("the memory is told %v, want %v", kinds, want)
		}
		end := remembered[MeetingEnded](memory)[0]
		if end.People != 2 || end.Most != 2 || end.Reason != ReasonLeft {
			t.Errorf("the end: %+v", end)
		}
		ids := map[string]bool{}
		for _, f := range memory.facts {
			ids[f.ID] = true
			if f.Room != testRoom || f.Meeting != end.Meeting.ID || f.At.IsZero() {
				t.Errorf("fact %+v", f)
			}
		}
		if len(ids) != len(memory.facts) {
			t.Error("facts share ids")
		}
	})
}

// TestWhatPeopleSeeIsSafe has chat appear only once it is stored.
func TestWhatPeopleSeeIsSafe(t *testing.T) {
	memory := &fakeMemory{}
	inHouse(t, withMemory(memory), func(t *testing.T, h *house) {
		ada, bob := h.person(Host, "Ada"), h.person(Member, "Bob")
		ada.pull()
		memory.set(func() { memory.hold = true })
		for _, text := range []string{"one", "two", "three"} {
			ok(t, ada.Say(bg, 2, text, text))
		}
		synctest.Wait()
		if early := told[Line](bob.pull()); len(early) != 0 {
			t.Errorf("told before it was stored: %v", early)
		}
		memory.release()
		synctest.Wait()
		var texts []string
		for _, line := range told[Line](bob.pull()) {
			texts = append(texts, line.Text)
		}
		if !slices.Equal(texts, []string{"one", "two", "three"}) {
			t.Errorf("told %v", texts)
		}
	})
}

// TestASlowMemoryHoldsNobodyUp lets in after a moment who proves a right, and
// refuses for the moment who does not.
func TestASlowMemoryHoldsNobodyUp(t *testing.T) {
	for name, memory := range map[string]*fakeMemory{
		"slow": {delay: 2 * time.Second}, "away": {away: true}, "silent": {delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, withMemory(memory), func(t *testing.T, h *house) {
				memory.found.Profile = Profile{Name: testRoom, Kind: Permanent, Settings: Settings{Title: "Garden"}}
				_, err := h.open(Request{Role: Guest, Name: "Gus"})
				wantCode(t, err, CodeUnavailable)
				begin := time.Now()
				ada := h.mustOpen(Request{Role: Host, Vouched: true})
				ok(t, ada.Join(bg, 1, "Ada", Sending{}))
				if took := time.Since(begin); took > recallPatience {
					t.Errorf("let in after %v", took)
				}
				ada.pull()
				memory.set(func() { memory.delay, memory.away = min(memory.delay, 2*time.Second), false })
				time.Sleep(recallTimeout + recallPause + 2*time.Second)
				if about := only[About](t, ada.pull()); about.Title != "Garden" {
					t.Errorf("once the memory is back the room is %+v", about)
				}
				h.mustOpen(Request{Role: Guest, Name: "Gus"})
			})
		})
	}
}

func TestCommandsAreRefusedWhenNothingMoreCanWait(t *testing.T) {
	memory := &fakeMemory{}
	inHouse(t, withMemory(memory), func(t *testing.T, h *house) {
		ada := h.person(Host, "Ada")
		memory.set(func() { memory.full = true })
		wantCode(t, ada.Say(bg, 2, "hello", "n1"), CodeUnavailable)
		before := len(memory.kinds())
		time.Sleep(beatEvery + time.Second)
		if after := len(memory.kinds()); after != before {
			t.Errorf("%d facts more, which nobody needs", after-before)
		}
		bob := h.person(Member, "Bob") // people still come
		memory.set(func() { memory.full = false })
		ok(t, bob.Say(bg, 2, "hello", "n2"))
	})
}

// TestARestartTakesTheMeetingUp is what a server finds after one that was killed.
func TestARestartTakesTheMeetingUp(t *testing.T) {
	for name, c := range map[string]struct {
		gone      time.Duration
		continues bool
	}{"soon": {time.Minute, true}, "late": {continueWithin + time.Minute, false}} {
		t.Run(name, func(t *testing.T) {
			memory := &fakeMemory{}
			inHouse(t, withMemory(memory), func(t *testing.T, h *house) {
				old := Meeting{ID: "m1", Started: time.Now().Add(-time.Hour), Locked: true, Hosted: true}
				seen := time.Now().Add(-c.gone)
				memory.found = Recollection{Meeting: old, Seen: seen, People: map[string]bool{"p1": false, "bob": true}, Most: 2}
				memory.delay = time.Second // the disk is busy after the start
				first := newHouse(t, h.tokens, nil)
				ada := first.person(Host, "Ada")
				first.close()
				if back, err := h.open(Request{Resume: ada.token()}); err != nil {
					t.Fatal(err)
				} else {
					ok(t, back.Join(bg, 1, "Ada", Sending{}))
					joined := only[Joined](t, back.pull())
					if joined.Started.Equal(old.Started) != c.continues || joined.About.Locked != c.continues {
						t.Errorf("joined %+v", joined)
					}
					ok(t, back.Leave(bg, 2))
				}
				synctest.Wait()
				resumed, ended := remembered[MeetingResumed](memory), remembered[MeetingEnded](memory)
				if c.continues && (len(resumed) != 1 || !resumed[0].Seen.Equal(seen) || len(ended) != 1 || ended[0].People != 3 || ended[0].Most != 2) {
					t.Errorf("resumed %+v, ended %+v", resumed, ended)
				}
				if !c.continues && (len(resumed) != 0 || len(ended) != 2 || ended[0].Meeting.ID != "m1" || ended[0].Reason != ReasonLost || ended[0].People != 2) {
					t.Errorf("resumed %+v, ended %+v", resumed, ended)
				}
			})
		})
	}
}

// TestAStopLeavesTheMeetingOpen writes down when it was, and no end.
func TestAStopLeavesTheMeetingOpen(t *testing.T) {
	memory := &fakeMemory{}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, &fakeTokens{}, withMemory(memory))
		h.person(Host, "Ada")
		time.Sleep(time.Second)
		memory.set(func() { memory.hold = true })
		h.close()
		memory.release() // after the room is gone
		seen := remembered[MeetingSeen](memory)
		if len(seen) != 1 || len(seen[0].Present) != 1 || len(remembered[MeetingEnded](memory)) != 0 {
			t.Errorf("the memory holds %v", memory.kinds())
		}
	})
}
