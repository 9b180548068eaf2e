package rooms

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeTokens signs by remembering. Two servers that share one have the same keys.
type fakeTokens struct {
	mu     sync.Mutex
	states map[string]sealed
	broken bool
}

type sealed struct {
	state   []byte
	expires time.Time
}

func (f *fakeTokens) SealResume(state []byte, lifetime time.Duration) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		return "", errors.New("no key")
	}
	if f.states == nil {
		f.states = map[string]sealed{}
	}
	token := fmt.Sprintf("resume-%d", len(f.states)+1)
	f.states[token] = sealed{state, time.Now().Add(lifetime)}
	return token, nil
}

func (f *fakeTokens) OpenResume(token string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.states[token]
	if !ok || time.Now().After(s.expires) {
		return nil, errors.New("forged or expired")
	}
	return s.state, nil
}

// fakeMedia is a media plane without media.
type fakeMedia struct {
	mu    sync.Mutex
	peers []*fakePeer
	// gate, when set, holds up every Answer until it is closed.
	gate chan struct{}
	// shut, when set, holds up every Close until it is closed.
	shut     chan struct{}
	enterErr error
	faults   []string
}

type fakePeer struct {
	media             *fakeMedia
	room, participant string
	report            MediaReport
	offers            []Offer
	layout            Layout
	sending           Sending
	group             string
	// hold, when set, holds up every Move until it is closed.
	hold            chan struct{}
	entered, closed bool
	sent            [][]byte
	full            bool
}

func (m *fakeMedia) Open(room, participant string, report MediaReport) (MediaPeer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.peers {
		if p.room == room && p.participant == participant && !p.closed {
			m.faults = append(m.faults, "two peers at once for "+participant)
		}
	}
	if strings.HasPrefix(participant, "unopenable") {
		return nil, errors.New("no peer for you")
	}
	p := &fakePeer{media: m, room: room, participant: participant, report: report}
	m.peers = append(m.peers, p)
	return p, nil
}

func (p *fakePeer) Answer(ctx context.Context, offer Offer) (string, error) {
	p.media.mu.Lock()
	p.offers = append(p.offers, offer)
	gate := p.media.gate
	p.media.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	switch offer.SDP {
	case "bad":
		return "", fmt.Errorf("%w: too many lines", ErrBadOffer)
	case "broken":
		return "", errors.New("out of ports")
	}
	return "answer to " + offer.SDP, nil
}

func (p *fakePeer) Enter(context.Context) error {
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	if p.media.enterErr != nil {
		return p.media.enterErr
	}
	if len(p.offers) == 0 || p.closed {
		p.media.faults = append(p.media.faults, "entered before an offer or after the end")
	}
	p.entered = true
	return nil
}

func (p *fakePeer) Move(group string) {
	if p.hold != nil {
		<-p.hold
	}
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	p.group = group
}

func (p *fakePeer) SetLayout(layout Layout) {
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	p.layout = layout
}

func (p *fakePeer) SetSending(sending Sending) {
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	p.sending = sending
}

// Send takes what is sent over the data channel, unless the line is full.
func (p *fakePeer) Send(message []byte) bool {
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	if p.full {
		return false
	}
	p.sent = append(p.sent, append([]byte(nil), message...))
	return true
}

// Stats counts the offers as packets, so that peers can be told apart.
func (p *fakePeer) Stats() MediaStats {
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	return MediaStats{Tracks: []TrackStats{{Source: Camera, Layers: []LayerStats{{Packets: uint64(len(p.offers))}}}}}
}

func (p *fakePeer) Close() error {
	p.media.mu.Lock()
	shut := p.media.shut
	p.media.mu.Unlock()
	if shut != nil {
		<-shut
	}
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	if p.closed {
		p.media.faults = append(p.media.faults, "closed twice: "+p.participant)
	}
	p.closed = true
	return nil
}

// of gives the newest peer of a participant.
func (m *fakeMedia) of(t testing.TB, participant string) *fakePeer {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.peers) - 1; i >= 0; i-- {
		if m.peers[i].participant == participant {
			return m.peers[i]
		}
	}
	t.Fatalf("no media peer for %s", participant)
	return nil
}

func (m *fakeMedia) open() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, p := range m.peers {
		if !p.closed {
			n++
		}
	}
	return n
}

// house is a server's rooms under test, inside a synctest bubble.
type house struct {
	t      testing.TB
	rooms  *Rooms
	media  *fakeMedia
	tokens *fakeTokens
}

// inHouse runs a test inside a bubble with rooms of its own, and checks
// afterwards that media was used as it must be.
func inHouse(t *testing.T, change func(*Config), test func(*testing.T, *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, &fakeTokens{}, change)
		test(t, h)
		h.close()
	})
}

func newHouse(t testing.TB, tokens *fakeTokens, change func(*Config)) *house {
	t.Helper()
	cfg := Config{Tokens: tokens}
	if change != nil {
		change(&cfg)
	}
	media := &fakeMedia{}
	rooms, err := New(cfg, media)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &house{t: t, rooms: rooms, media: media, tokens: tokens}
}

func (h *house) close() {
	h.t.Helper()
	if err := h.rooms.Close(); err != nil {
		h.t.Errorf("Close: %v", err)
	}
	if n := h.media.open(); n != 0 {
		h.t.Errorf("%d media peers are still open after Close", n)
	}
	for _, fault := range h.media.faults {
		h.t.Errorf("media: %s", fault)
	}
	if n := h.rooms.Stats(); n != (Stats{}) {
		h.t.Errorf("after Close there still is %+v", n)
	}
}

const testRoom = "calm-olive"

// bg is the context of clients that do not give up.
var bg = context.Background()

// caller is a client: a session and everything it was told.
type caller struct {
	t testing.TB
	*Session
	seen   []Event
	people map[string]Person
	last   uint64
}

func (h *house) open(req Request) (*caller, error) {
	if req.Room == "" {
		req.Room = testRoom
	}
	session, err := h.rooms.Open(bg, req)
	if err != nil {
		return nil, err
	}
	return &caller{t: h.t, Session: session, people: map[string]Person{}}, nil
}

func (h *house) mustOpen(req Request) *caller {
	h.t.Helper()
	c, err := h.open(req)
	if err != nil {
		h.t.Fatalf("Open(%+v): %v", req, err)
	}
	return c
}

// person opens and joins, and forgets what it was told on the way.
func (h *house) person(role Role, name string) *caller {
	h.t.Helper()
	c := h.mustOpen(Request{Role: role})
	if err := c.Join(bg, 1, name, Sending{}); err != nil {
		h.t.Fatalf("%s joins: %v", name, err)
	}
	c.pull()
	return c
}

// resume comes back over a new connection with what this one was given.
func (h *house) resume(c *caller) (*caller, error) {
	back, err := h.open(Request{Resume: c.token(), LastSeq: c.last})
	if err != nil {
		return nil, err
	}
	if back.Welcome().Outcome == Resumed {
		back.people, back.last = c.people, c.last
	}
	return back, nil
}

// token is the newest resume token the caller was given.
func (c *caller) token() string {
	token := c.Welcome().Resume
	for _, e := range c.seen {
		if joined, ok := e.Data.(Joined); ok {
			token = joined.Resume
		}
	}
	return token
}

// Say writes a line to everybody.
func (c *caller) Say(ctx context.Context, re Ref, text, nonce string) error {
	return c.Write(ctx, re, Message{Text: text, Nonce: nonce})
}

func (c *caller) id() string { return c.Welcome().Participant }

// pull takes all that waits once the rooms are quiet, and gives what is new.
func (c *caller) pull() []Event {
	c.t.Helper()
	synctest.Wait()
	return c.pullNow()
}

// pullNow takes all that waits, checks the numbering, and gives what is new.
func (c *caller) pullNow() []Event {
	c.t.Helper()
	var all []Event
	for {
		events, err := c.Take(1000)
		for _, e := range events {
			c.apply(e)
		}
		all = append(all, events...)
		if err != nil || len(events) == 0 {
			return all
		}
	}
}

// apply keeps a client's own picture of the room.
func (c *caller) apply(e Event) {
	c.t.Helper()
	c.seen = append(c.seen, e)
	if e.Seq != 0 {
		if e.Seq != c.last+1 {
			c.t.Errorf("%s was told number %d after %d", c.id(), e.Seq, c.last)
		}
		c.last = e.Seq
	}
	switch data := e.Data.(type) {
	case Joined:
		c.people = map[string]Person{}
		for _, p := range data.People {
			c.people[p.ID] = p
		}
	case Person:
		c.people[data.ID] = data
	case Changed:
		for _, p := range data.People {
			c.people[p.ID] = p
		}
	case Left:
		delete(c.people, data.Participant)
	}
}

// told gives the events of one type among some.
func told[D Data](events []Event) []D {
	var list []D
	for _, e := range events {
		if data, ok := e.Data.(D); ok {
			list = append(list, data)
		}
	}
	return list
}

// only gives the one event of a type among some.
func only[D Data](t testing.TB, events []Event) D {
	t.Helper()
	list := told[D](events)
	if len(list) != 1 {
		t.Fatalf("got %d events of type %s among %s, want one", len(list), reflect.TypeFor[D](), describe(events))
	}
	return list[0]
}

func describe(events []Event) string {
	var text strings.Builder
	for _, e := range events {
		fmt.Fprintf(&text, " %d:%T%+v", e.Seq, e.Data, e.Data)
	}
	return text.String()
}

func wantCode(t testing.TB, err error, code Code) {
	t.Helper()
	if err == nil || CodeOf(err) != code {
		t.Errorf("got error %v, want code %s", err, code)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
