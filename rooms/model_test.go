package rooms

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// world drives the rooms of one server with random commands of many clients,
// and knows in simple words what must hold.
type world struct {
	*house
	rt      *rapid.T
	clients []*client
	names   int
}

// client is one client as the test sees it.
type client struct {
	*caller
	identity string
	attached bool
	lost     time.Time // when the connection was
	// log holds every event by number, as first told: told again it must be the same.
	log map[uint64]Event
}

func TestAnyCommandsKeepTheRoomInOrder(t *testing.T) {
	for _, withLobby := range []bool{false, true} {
		t.Run(fmt.Sprint("lobby ", withLobby), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				bubble(t, func(t *testing.T) { checkWorld(t, rt, withLobby) })
			})
		})
	}
}

// bubble runs one sequence of rapid's in virtual time. What ends the sequence
// ends the bubble first, so that rapid can try again with less.
func bubble(t *testing.T, sequence func(*testing.T)) {
	var end any
	synctest.Test(t, func(t *testing.T) {
		defer func() { end = recover() }()
		sequence(t)
	})
	// Rapid tells ends apart by where they came from: one that only says that a
	// shortened sequence has run out must not look like the failure it looks for.
	switch {
	case end == nil:
	case reflect.TypeOf(end).Name() == "invalidData":
		panic(end)
	default:
		panic(end)
	}
}

func checkWorld(t *testing.T, rt *rapid.T, withLobby bool) {
	w := &world{rt: rt, house: newHouse(t, &fakeTokens{}, func(c *Config) {
		c.Settings.Lobby, c.MaxPeople, c.MaxDoor = withLobby, 6, 6
	})}
	defer w.close()
	rt.Repeat(map[string]func(*rapid.T){
		"":           func(*rapid.T) { w.check() },
		"open":       func(*rapid.T) { w.arrive() },
		"join":       func(*rapid.T) { w.join() },
		"leave":      func(*rapid.T) { w.act((*client).bye) },
		"say":        func(*rapid.T) { w.act(w.say) },
		"chat":       func(*rapid.T) { w.act(w.chat) },
		"hand":       func(*rapid.T) { w.act(w.hand) },
		"rename":     func(*rapid.T) { w.act(w.renameTo) },
		"send":       func(*rapid.T) { w.act(w.send) },
		"negotiate":  func(*rapid.T) { w.act((*client).negotiate) },
		"admit":      func(*rapid.T) { w.act(w.judge) },
		"disconnect": func(*rapid.T) { w.disconnect() },
		"resume":     func(*rapid.T) { w.comeBack() },
		"read":       func(*rapid.T) { w.act((*client).read) },
		"machine":    func(*rapid.T) { w.machine() },
		"wait":       func(*rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 20).Draw(w.rt, "s")) * time.Second) },
	})
}

func (w *world) pick() *client {
	if len(w.clients) == 0 {
		w.rt.Skip("nobody there")
	}
	return w.clients[rapid.IntRange(0, len(w.clients)-1).Draw(w.rt, "client")]
}

func (w *world) act(do func(*client)) { do(w.pick()) }

func (w *world) arrive() {
	role := rapid.SampledFrom([]Role{Host, Member, Guest, Viewer}).Draw(w.rt, "role")
	identity := rapid.SampledFrom([]string{"", "", "zoe", "yan"}).Draw(w.rt, "identity")
	c, err := w.open(Request{Role: role, Identity: identity})
	if err != nil {
		w.allow(err, CodeRoomFull)
		return
	}
	w.clients = append(w.clients, &client{
		caller: c, identity: identity, attached: true, log: map[uint64]Event{},
	})
}

func (w *world) join() {
	c := w.pick()
	w.names++
	sending := Sending{Microphone: rapid.Bool().Draw(w.rt, "mic"), Screen: rapid.Bool().Draw(w.rt, "screen")}
	w.allow(c.Join(bg, 1, fmt.Sprint("P", w.names), sending), CodeRoomFull, CodeBadMessage)
}

func (c *client) bye() { _ = c.Leave(bg, 1) }

func (w *world) say(c *client) {
	nonce := rapid.SampledFrom([]string{"", "a", "b"}).Draw(w.rt, "nonce")
	role := c.person.role
	err := c.Say(bg, 1, "hello", nonce)
	if err == nil && !DefaultPermissions().May(role, Chat) {
		w.rt.Fatalf("a %s said something", role)
	}
	w.allow(err, CodeNotAdmitted, CodeForbidden, CodeRateLimited)
}

// chat does something to a line somebody was told of, or writes to one person.
func (w *world) chat(c *client) {
	lines := told[Line](c.seen)
	if len(lines) == 0 {
		w.allow(c.Write(bg, 1, Message{Text: "psst", To: w.pick().id()}), CodeNotAdmitted, CodeForbidden, CodeNotFound, CodeBadMessage, CodeRateLimited)
		return
	}
	line := rapid.SampledFrom(lines).Draw(w.rt, "line")
	by := w.pick()
	var err error
	switch rapid.SampledFrom([]string{"edit", "unsay", "mark", "reply"}).Draw(w.rt, "what") {
	case "edit":
		if err = by.Edit(bg, 1, line.ID, "changed"); err == nil && by.id() != line.By.Participant && by.identity != line.By.Key {
			w.rt.Fatalf("%s edited a line of %s", by.id(), line.By.Participant)
		}
	case "unsay":
		err = by.Unsay(bg, 1, line.ID)
		own := by.id() == line.By.Participant || by.identity == line.By.Key
		mine := !line.Private() || by.id() == line.To.Participant || by.identity == line.To.Key // a private line is for its addressee alone to judge
		if err == nil && !own && !(mine && DefaultPermissions().May(by.person.role, Moderate)) {
			w.rt.Fatalf("a %s deleted a line of %s", by.person.role, line.By.Participant) // who stands in for a host is one
		}
	case "mark":
		err = by.Mark(bg, 1, line.ID, "👍", rapid.Bool().Draw(w.rt, "gone"))
	case "reply":
		err = by.Write(bg, 1, Message{Text: "yes", Reply: line.ID})
	}
	w.allow(err, CodeNotAdmitted, CodeForbidden, CodeNotFound, CodeRateLimited)
}

func (w *world) hand(c *client) {
	w.allow(c.Hand(bg, 1, rapid.Bool().Draw(w.rt, "raised")), CodeNotAdmitted, CodeForbidden)
}

func (w *world) renameTo(c *client) {
	w.names++
	w.allow(c.Rename(bg, 1, fmt.Sprint("P", w.names)), CodeNotAdmitted)
}

func (w *world) send(c *client) {
	w.allow(c.SetSending(bg, 1, Sending{Camera: rapid.Bool().Draw(w.rt, "camera")}), CodeNotAdmitted, CodeForbidden)
}

func (c *client) negotiate() { _, _ = c.Negotiate(bg, Offer{SDP: "o"}) }

// judge admits or denies somebody, whoever may stand there.
func (w *world) judge(c *client) {
	target := w.pick().id()
	admit := rapid.Bool().Draw(w.rt, "admit")
	judge := c.Deny
	if admit {
		judge = c.Admit
	}
	// Who stands in for a host who left has the role of one meanwhile.
	role, action := c.person.role, Deny
	if admit {
		action = Admit
	}
	err := judge(bg, 1, target)
	if err == nil && !DefaultPermissions().May(role, action) {
		w.rt.Fatalf("a %s admitted (%v) somebody", role, admit)
	}
	w.allow(err, CodeNotAdmitted, CodeForbidden, CodeNotFound, CodeRoomFull)
}

func (w *world) disconnect() {
	c := w.pick()
	// What was taken last may never have arrived.
	c.read()
	if c.attached && !c.ended() {
		c.attached, c.lost = false, time.Now()
	}
	c.Detach()
}

// comeBack resumes, attached or not, as if the last few events had never arrived.
func (w *world) comeBack() {
	c := w.pick()
	c.read()
	back := c.last - min(c.last, rapid.Uint64Range(0, 3).Draw(w.rt, "unseen"))
	over := c.ended() || !c.attached && time.Since(c.lost) >= 30*time.Second
	again, err := w.open(Request{Resume: c.token(), LastSeq: back})
	if over {
		if CodeOf(err) != CodeResumeFailed {
			w.rt.Fatalf("a session that is over came back: %v", err)
		}
		return
	}
	if err != nil {
		w.rt.Fatalf("coming back failed: %v", err)
	}
	if welcome := again.Welcome(); welcome.Outcome == Resumed {
		again.last, again.people, again.seen = back, c.people, c.seen
	} else {
		c.log = map[uint64]Event{}
	}
	if again.id() != c.id() {
		w.rt.Fatalf("%s came back as %s", c.id(), again.id())
	}
	c.caller, c.attached = again, true
	c.read()
}

// machine opens a publisher or a hidden viewer now and then.
func (w *world) machine() {
	kind := rapid.SampledFrom([]Kind{Publisher, Spectator}).Draw(w.rt, "kind")
	s, err := w.open(Request{Kind: kind, Role: Member, Participant: "cam", Credential: "c"})
	if err == nil {
		_, _ = s.Negotiate(bg, Offer{SDP: "o"})
	}
	w.allow(err, CodeRoomFull)
}

// allow fails on errors that are not expected. A dead connection is.
func (w *world) allow(err error, codes ...Code) {
	if err != nil && CodeOf(err) != CodeUnavailable && !slices.Contains(codes, CodeOf(err)) {
		w.rt.Fatalf("unexpected error: %v", err)
	}
}

// ended says whether the session is over for good.
func (c *client) ended() bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// read takes what waits and compares what was told before.
func (c *client) read() {
	for _, e := range c.pullNow() {
		if before, again := c.log[e.Seq]; again && !reflect.DeepEqual(before, e) {
			c.t.Errorf("number %d was %+v and now is %+v", e.Seq, before, e)
		}
		c.log[e.Seq] = e
	}
}

// check compares what every client was told with what is, once all is quiet.
func (w *world) check() {
	synctest.Wait()
	truth, places := w.truth()
	for _, c := range w.clients {
		if !c.attached || c.ended() {
			continue
		}
		c.read()
		if places[c.id()] != joined {
			continue
		}
		// Everybody has the same picture of everybody.
		if !maps.Equal(c.people, truth) {
			w.rt.Fatalf("%s sees\n%v\nbut there is\n%v", c.id(), c.people, truth)
		}
	}
	w.checkMedia(places)
}

// truth asks the room itself: who is visible, and the place of everybody.
func (w *world) truth() (map[string]Person, map[string]place) {
	people, places := map[string]Person{}, map[string]place{}
	for _, room := range w.rooms.all() {
		err := room.call(bg, func() error {
			identities := map[string]bool{}
			for _, p := range room.inside {
				people[p.id] = p.public()
				if p.identity != "" && identities[p.identity] {
					w.rt.Fatalf("the identity %s is inside twice", p.identity)
				}
				identities[p.identity] = true
			}
			for id, p := range room.people {
				places[id] = p.place
				if p.place == gone || p.id != id || room.sessions[p.session] != p {
					w.rt.Fatalf("%s is at %v under %s", p.id, p.place, id)
				}
			}
			w.checkCounts(room, len(people), places)
			return nil
		})
		w.allow(err)
	}
	return people, places
}

func (w *world) checkCounts(room *room, visible int, places map[string]place) {
	inside := 0
	for _, p := range places {
		if p == joined {
			inside++
		}
	}
	if visible != len(room.inside) || inside != visible+room.hidden || inside > room.rooms.cfg.MaxPeople || len(places) != len(room.sessions) {
		w.rt.Fatalf("%d are visible, %d hidden, %d inside, %d sessions", visible, room.hidden, inside, len(room.sessions))
	}
	if got := w.rooms.Stats().Participants; got != visible {
		w.rt.Fatalf("the figures say %d participants, there are %d", got, visible)
	}
	if sorted := slices.IsSortedFunc(room.inside, func(a, b *person) int { return cmp.Compare(a.joined.UnixNano(), b.joined.UnixNano()) }); !sorted {
		w.rt.Fatal("people are not in the order they came")
	}
}

// checkMedia makes sure that media flows for those who have joined and nobody else.
func (w *world) checkMedia(places map[string]place) {
	w.media.mu.Lock()
	defer w.media.mu.Unlock()
	for _, p := range w.media.peers {
		if p.closed {
			continue
		}
		if is := places[p.participant] == joined; p.entered != is {
			w.rt.Fatalf("media of %s has entered: %v, and they have joined: %v", p.participant, p.entered, is)
		}
	}
	for _, fault := range w.media.faults {
		w.rt.Fatalf("media: %s", fault)
	}
}
