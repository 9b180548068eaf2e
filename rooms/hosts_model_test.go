package rooms

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"palabre/internal/catalogue"
)

// ledger is a memory that outlives the server: it keeps what a store would.
type ledger struct {
	mu    sync.Mutex
	found Recollection
}

func (l *ledger) Recall(context.Context, string) (Recollection, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found, nil
}

func (l *ledger) Keep(facts []Fact, kept func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range facts {
		switch data := f.Data.(type) {
		case MeetingStarted:
			l.found.Meeting, l.found.Seen = data.Meeting, f.At
		case MeetingChanged:
			l.found.Meeting, l.found.Seen = data.Meeting, f.At
		case MeetingSeen:
			l.found.Seen = f.At
		case MeetingEnded:
			l.found.Meeting, l.found.Seen = Meeting{}, time.Time{}
		case RoomChanged:
			l.found.Profile = data.Profile
		}
	}
	go kept()
}

func (l *ledger) Full() bool { return false }

// court is a world in which people hold power over each other.
type court struct {
	*world
	t      *testing.T
	tokens *fakeTokens
	memory *ledger
	steps  *int
	// inside are the participant ids that ever were in the meeting of that id.
	meeting string
	inside  map[string]bool
	locked  bool
}

const courtPeople, courtDoor = 6, 8

func (w *court) furnish() {
	w.house = newHouse(w.t, w.tokens, func(c *Config) {
		c.MaxPeople, c.MaxDoor, c.Memory = courtPeople, courtDoor, w.memory
	})
}

// TestS04_AnyOrdersKeepTheRoomInOrder has random people give random orders,
// races, losses and restarts among them, and looks at the room after each.
func TestS04_AnyOrdersKeepTheRoomInOrder(t *testing.T) {
	want := 100_000
	if testing.Short() {
		want = 5_000
	}
	setFlag(t, "rapid.checks", 50)
	setFlag(t, "rapid.steps", 250)
	steps, sequences := 0, 0
	for steps < want && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) {
			sequences++
			bubble(t, func(t *testing.T) { holdCourt(t, rt, &steps) })
		})
	}
	catalogue.Report(t, catalogue.Item{
		ID: "S4", Injected: "random orders of random people to one room: every host action, races, losses, returns, restarts, bans, locks, roles",
		Measured: fmt.Sprintf("%d steps in %d sequences, each followed by a look at the whole room", steps, sequences),
		Bar:      "10⁵ steps, no illegal state",
		Pass:     steps >= want && !t.Failed(),
	})
}

func setFlag(t *testing.T, name string, value int) {
	t.Helper()
	f := flag.Lookup(name)
	before := f.Value.String()
	ok(t, f.Value.Set(strconv.Itoa(value)))
	t.Cleanup(func() { ok(t, f.Value.Set(before)) })
}

func holdCourt(t *testing.T, rt *rapid.T, steps *int) {
	w := &court{world: &world{rt: rt}, t: t, tokens: &fakeTokens{}, memory: &ledger{}, steps: steps, inside: map[string]bool{}}
	w.furnish()
	defer func() { w.close() }()
	act := func(do func()) func(*rapid.T) {
		return func(*rapid.T) { *steps++; do() }
	}
	rt.Repeat(map[string]func(*rapid.T){
		"":           func(*rapid.T) { w.look() },
		"arrive":     act(w.come),
		"arrive too": act(w.come),
		"join":       act(w.join),
		"join too":   act(w.join),
		"leave":      act(func() { _ = w.pick().Leave(bg, 1) }),
		"send":       act(w.sendAny),
		"hand":       act(func() { w.allow(w.pick().Hand(bg, 1, true), CodeNotAdmitted, CodeForbidden) }),
		"admit":      act(w.admitSome),
		"moderate":   act(w.moderate),
		"expel":      act(w.expelSome),
		"appoint":    act(w.appointSome),
		"lock":       act(w.lockUp),
		"configure":  act(w.change),
		"end":        act(w.endSometimes),
		"disconnect": act(w.disconnect),
		"resume":     act(w.back),
		"machine":    act(w.machine),
		"race":       act(w.race),
		"restart":    act(w.restart),
		"wait":       act(func() { time.Sleep(time.Duration(rapid.IntRange(1, 12).Draw(rt, "s")) * time.Second) }),
	})
}

func (w *court) come() {
	role := rapid.SampledFrom([]Role{Host, CoHost, Member, Guest, Guest, Viewer}).Draw(w.rt, "role")
	identity := rapid.SampledFrom([]string{"", "", "zoe", "yan", "xia"}).Draw(w.rt, "identity")
	network := rapid.SampledFrom([]string{"home", "office"}).Draw(w.rt, "network")
	c, err := w.open(Request{Role: role, Identity: identity, Vouched: role != Guest || identity != "", Address: network})
	if err != nil {
		w.allow(err, CodeRoomFull, CodeBanned, CodeLocked)
		return
	}
	w.clients = append(w.clients, &client{caller: c, identity: identity, attached: true, log: map[uint64]Event{}})
}

func (w *court) join() {
	c := w.pick()
	w.names++
	err := c.Join(bg, 1, fmt.Sprint("P", w.names), Sending{Microphone: true, Camera: rapid.Bool().Draw(w.rt, "camera")})
	w.allow(err, CodeRoomFull, CodeBadMessage, CodeBanned, CodeLocked)
}

func (w *court) sendAny() {
	on := Sending{Microphone: rapid.Bool().Draw(w.rt, "mic"), Screen: rapid.Bool().Draw(w.rt, "screen")}
	w.allow(w.pick().SetSending(bg, 1, on), CodeNotAdmitted, CodeForbidden)
}

// order has somebody give an order that needs a right, and fails when it was
// followed though their role at that moment does not have it.
func (w *court) order(c *client, need Action, do func() error, codes ...Code) {
	had := w.has(c, need)
	err := do()
	if err == nil && !had {
		w.rt.Fatalf("%s did what needs %s without having it", c.id(), need)
	}
	w.allow(err, append(codes, CodeNotAdmitted, CodeForbidden, CodeNotFound)...)
}

// has asks the room itself.
func (w *court) has(c *client, need Action) (had bool) {
	w.see(func(r *room) {
		p := r.people[c.id()]
		had = p != nil && p.place == joined && slices.Contains(w.rooms.cfg.Permissions[p.role].May, need)
	})
	return had
}

// see looks into the room on its own goroutine, if there is one.
func (w *court) see(look func(*room)) {
	for _, room := range w.rooms.all() {
		w.allow(room.call(bg, func() error { look(room); return nil }))
	}
}

func (w *court) admitSome() {
	c, other := w.pick(), w.pick()
	switch rapid.IntRange(0, 2).Draw(w.rt, "how") {
	case 0:
		w.order(c, Admit, func() error { return w.letting(c.Admit(bg, 1, other.id())) }, CodeRoomFull, CodeLocked, CodeBanned)
	case 1:
		w.order(c, Deny, func() error { return c.Deny(bg, 1, other.id()) })
	default:
		w.order(c, Admit, func() error { return w.letting(c.AdmitAll(bg, 1)) }, CodeRoomFull, CodeLocked, CodeBanned)
	}
}

// letting notes that whoever is in now was let in by somebody.
func (w *court) letting(err error) error {
	w.see(func(r *room) {
		for _, p := range r.inside {
			w.inside[p.lasting()] = true
		}
	})
	return err
}

func (w *court) moderate() {
	c, other := w.pick(), w.pick()
	source := rapid.SampledFrom([]Source{Microphone, Camera, Screen}).Draw(w.rt, "source")
	do := rapid.SampledFrom([]func() error{
		func() error { return c.Mute(bg, 1, other.id()) }, func() error { return c.Mute(bg, 1, "") },
		func() error { return c.Stop(bg, 1, other.id(), source) }, func() error { return c.Ask(bg, 1, other.id(), source) },
		func() error { return c.Lower(bg, 1, other.id()) }, func() error { return c.Lower(bg, 1, "") },
	}).Draw(w.rt, "what")
	w.order(c, Moderate, do, CodeBadMessage)
}

func (w *court) expelSome() {
	c, other := w.pick(), w.pick()
	switch rapid.IntRange(0, 9).Draw(w.rt, "how") {
	case 0, 1, 2, 3, 4:
		w.order(c, Remove, func() error { return c.Ban(bg, 1, other.id()) })
	case 5:
		w.order(c, Remove, func() error { return c.Unban(bg, 1, w.someBan()) })
	default:
		w.order(c, Remove, func() error { return c.Remove(bg, 1, other.id()) })
	}
}

func (w *court) someBan() (id string) {
	w.see(func(r *room) {
		if len(r.meeting.Banned) > 0 {
			id = r.meeting.Banned[0].ID
		}
	})
	return id
}

func (w *court) appointSome() {
	c, other := w.pick(), w.pick()
	role := rapid.SampledFrom([]Role{Owner, Host, CoHost, Presenter, Member, Guest, Viewer, "king"}).Draw(w.rt, "role")
	w.order(c, Appoint, func() error { return c.Appoint(bg, 1, other.id(), role) }, CodeBadMessage)
}

func (w *court) lockUp() {
	c := w.pick()
	locked := rapid.IntRange(0, 2).Draw(w.rt, "locked") == 0
	w.order(c, Lock, func() error { return c.Lock(bg, 1, locked) })
}

func (w *court) change() {
	c := w.pick()
	on := rapid.Bool().Draw(w.rt, "on")
	most := rapid.IntRange(0, courtPeople).Draw(w.rt, "most")
	least := rapid.SampledFrom([]Role{"", Member, Presenter, Host, Owner}).Draw(w.rt, "least")
	change := rapid.SampledFrom([]Change{
		{Lobby: &on}, {MuteOnEntry: &on}, {AudioOnly: &on}, {MaxPeople: &most}, {Least: map[Action]Role{Publish: least}}, {Least: map[Action]Role{Share: least}},
	}).Draw(w.rt, "change")
	w.order(c, Configure, func() error { return c.Configure(bg, 1, change) })
}

func (w *court) endSometimes() {
	c := w.pick()
	if rapid.IntRange(0, 5).Draw(w.rt, "really") == 0 {
		w.order(c, End, func() error { return c.End(bg, 1) })
	}
}

// back resumes whoever lost their connection; who was put out stays out.
func (w *court) back() {
	c := w.pick()
	again, err := w.open(Request{Resume: c.token(), LastSeq: c.last, Address: "home"})
	if err != nil {
		w.allow(err, CodeResumeFailed, CodeBanned, CodeLocked, CodeRoomFull)
		return
	}
	if w.isBanned(c.id()) {
		w.rt.Fatalf("%s is banned and came back", c.id())
	}
	if again.Welcome().Outcome == Resumed {
		again.last, again.people, again.seen = c.last, c.people, c.seen
	} else {
		c.log = map[uint64]Event{}
	}
	c.caller, c.attached = again, true
}

func (w *court) isBanned(id string) (banned bool) {
	w.see(func(r *room) {
		banned = slices.ContainsFunc(r.meeting.Banned, func(b Ban) bool { return b.Participant == id })
	})
	return banned
}

// race has several people give orders at the same moment.
func (w *court) race() {
	var all sync.WaitGroup
	for range 3 {
		c, other := w.pick(), w.pick()
		do := rapid.SampledFrom([]func(){
			func() { _ = c.Appoint(bg, 0, other.id(), Host) }, func() { _ = c.Appoint(bg, 0, other.id(), Guest) },
			func() { _ = c.Remove(bg, 0, other.id()) }, func() { _ = c.Join(bg, 0, "R", Sending{Microphone: true}) },
			func() { _ = c.Leave(bg, 0) }, func() { _ = c.SetSending(bg, 0, Sending{Microphone: true, Screen: true}) },
			func() { _ = c.Lock(bg, 0, true) }, c.Detach,
		}).Draw(w.rt, "racing")
		all.Go(do)
	}
	all.Wait()
}

// restart kills the server, without a word, and starts another on what the memory has.
func (w *court) restart() {
	if rapid.IntRange(0, 3).Draw(w.rt, "really") > 0 {
		return
	}
	synctest.Wait()
	var before Meeting
	w.see(func(r *room) { before = r.meeting })
	for _, c := range w.clients {
		c.pull()
		c.attached = false
	}
	w.close()
	w.furnish()
	time.Sleep(time.Second)
	if before.ID == "" || len(w.clients) == 0 {
		return
	}
	agent, err := w.rooms.Agent(bg, testRoom, Actor{Role: Owner})
	if err != nil {
		w.rt.Fatalf("after a restart: %v", err)
	}
	defer agent.Close()
	w.see(func(r *room) {
		if !reflect.DeepEqual(r.meeting, before) {
			w.rt.Fatalf("the meeting was\n%+v\nand after a restart is\n%+v", before, r.meeting)
		}
	})
}

// look holds the room against what must be true of it, once all is quiet.
func (w *court) look() {
	for _, c := range w.clients {
		c.pull()
	}
	synctest.Wait()
	_, places := w.truth()
	w.checkMedia(places)
	w.see(func(r *room) {
		w.checkMeeting(r)
		for _, p := range r.inside {
			w.checkPowers(r, p)
		}
		w.checkStandIn(r)
	})
}

// checkMeeting: who is banned is not in, and nobody new came into what is locked.
func (w *court) checkMeeting(r *room) {
	for _, p := range r.inside {
		for _, b := range r.meeting.Banned {
			if b.Identity != "" && b.Identity == p.identity || b.Identity == "" && b.Participant == p.id {
				w.rt.Fatalf("%s is in and banned by %+v", p.id, b)
			}
		}
	}
	now := map[string]bool{}
	for _, p := range r.inside {
		now[p.lasting()] = true
	}
	if r.meeting.ID == w.meeting && r.meeting.Locked && w.locked {
		for _, p := range r.inside {
			// Whoever came as a host may be one no more by now.
			known := w.inside[p.lasting()] || r.may(p, Lock) || r.allowed(p.born, Lock)
			if !known {
				w.rt.Fatalf("%s (%s) came into a locked meeting", p.id, p.role)
			}
		}
	}
	if r.meeting.ID == "" {
		return // nobody is in; after a restart the meeting may be taken up again
	}
	if r.meeting.ID != w.meeting {
		w.inside = map[string]bool{}
	}
	w.meeting, w.locked = r.meeting.ID, r.meeting.Locked
	maps.Copy(w.inside, now)
	for _, who := range r.meeting.Insiders { // a host may have come and gone between two looks
		w.inside[who] = true
	}
}

// checkPowers: nobody is or sends what their role does not give.
func (w *court) checkPowers(r *room, p *person) {
	due := r.due(p)
	given, there := r.meeting.Roles[p.lasting()]
	switch {
	case p.acting && p.role != Host, !p.acting && p.role != due:
		w.rt.Fatalf("%s is %s, acting %v, and due to be %s", p.id, p.role, p.acting, due)
	case due == Owner, p.role == "king":
		w.rt.Fatalf("%s became %s where nobody could make them", p.id, due)
	case due != p.born && (!there || given != due):
		w.rt.Fatalf("%s came as %s and is %s, which nobody gave", p.id, p.born, due)
	case p.sending != r.mask(p.role, p.sending):
		w.rt.Fatalf("%s, a %s, sends %+v", p.id, p.role, p.sending)
	}
	if p.link.stands() {
		if peer := w.media.of(w.t, p.id); peer.sending != p.sending {
			w.rt.Fatalf("the media plane takes %+v from %s, the room says %+v", peer.sending, p.id, p.sending)
		}
	}
}

// checkStandIn: somebody stands in exactly while hosts are missing.
func (w *court) checkStandIn(r *room) {
	acting, hosts, able := 0, 0, 0
	for _, p := range r.inside {
		host := r.allowed(r.due(p), Appoint)
		if p.acting {
			acting++
		}
		if host && !p.away {
			hosts++
		}
		if !host && !p.away && p.kind == Attendee && r.rooms.cfg.Permissions.May(r.due(p), Publish) {
			able++
		}
	}
	switch {
	case acting > 1, acting > 0 && hosts > 0, acting > 0 && !r.meeting.Hosted:
		w.rt.Fatalf("%d stand in, %d hosts are there, hosted %v", acting, hosts, r.meeting.Hosted)
	case hosts > 0 && !r.meeting.Hosted:
		w.rt.Fatal("a host is there and the meeting does not know")
	case acting == 0 && hosts == 0 && able > 0 && r.meeting.Hosted && r.standsAt.IsZero():
		w.rt.Fatalf("nobody stands in, of %d who could", able)
	}
}

// machine sends or watches now and then.
func (w *court) machine() {
	kind := rapid.SampledFrom([]Kind{Publisher, Spectator}).Draw(w.rt, "kind")
	s, err := w.open(Request{Kind: kind, Role: Member, Participant: "cam", Credential: "c", Vouched: true})
	if err == nil {
		_, err = s.Negotiate(bg, Offer{SDP: "o"})
	}
	w.allow(err, CodeRoomFull, CodeLocked, CodeBanned, CodeNotAdmitted, CodeForbidden)
}
