package rooms

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// place is how far somebody has come into a room.
type place int

const (
	atDoor place = iota
	waiting
	joined
	gone
)

// person is one session and who holds it. Only the room's goroutine reads and
// writes it, but for the parts with locks of their own: out and link.
type person struct {
	room    string
	id      string // the participant id, known to everybody
	session string // the session id, known to its resume tokens only
	kind    Kind
	// identity was proved by a token; chosen means that id was not: the client picked it.
	identity   string
	chosen     bool
	credential string
	name       string
	nameFixed  bool
	// role is what counts, born what they came with; acting says that they
	// stand in for the hosts.
	role, born Role
	acting     bool
	admitted   bool
	// nameless: nothing vouched for them when they came.
	nameless bool
	watch    string
	client   string
	// address is the network they came from, shortened; key the API key of a program.
	address, key string
	// voucher is to be used up before they come in; nil once it is.
	voucher Voucher
	// stay is their time in the meeting; it begins when they are seen.
	stay Stay
	// group is the breakout room they are in, goal the one their media is on the
	// way to; empty in the main room.
	group, goal string

	place   place
	away    bool
	sending Sending
	// hushed is what somebody else took off and they have not yet heard of.
	hushed Sending
	// picture is what they look like who wait; nil without.
	picture []byte
	hand    time.Time
	joined  time.Time
	// bars is how good their connection is, as the others were told.
	bars Bars
	// deadline is when the place is given up; zero while there is no reason to.
	deadline time.Time

	out  *outbox
	link *link
	done chan struct{}
}

// visible says whether others see this person in the room.
func (p *person) visible() bool { return p.place == joined && p.kind != Spectator }

// public is what others see of a person.
func (p *person) public() Person {
	return Person{
		ID: p.id, Name: p.name, Role: p.role, Sending: p.sending,
		Hand: p.hand, Away: p.away, Joined: p.joined, Group: p.group, Acting: p.acting,
	}
}

// actor is this person as somebody who did something.
func (p *person) actor() Actor {
	return Actor{Participant: p.id, Identity: p.identity, Name: p.name, Role: p.role, Key: p.key, Address: p.address}
}

// arrival is a checked request for a new session.
type arrival struct {
	kind       Kind
	fresh      bool
	id         string // wanted participant id: a publisher's choice, or that of a passport
	identity   string
	credential string
	name       string
	nameFixed  bool
	// born is the role they show, role what they have here.
	role, born Role
	admitted   bool
	// nameless: nothing vouched for them when they first came.
	nameless bool
	// vouched: a token or link said who they are, or what they may do.
	vouched bool
	// password is what they said, proved the hash of the room's password where
	// that was right, voucher what coming in uses up.
	password, proved string
	voucher          Voucher
	sending          Sending
	watch            string
	client           string
	address          string
}

// newPerson makes somebody who stands at the door of a room.
func (r *room) newPerson(a arrival, id string) (*person, *reader) {
	p := &person{
		room: r.name, id: id, session: uuid.NewString(), kind: a.kind,
		identity: a.identity, credential: a.credential,
		chosen: a.kind == Publisher && a.identity == "" && a.id != "",
		name:   a.name, nameFixed: a.nameFixed, role: a.role, born: a.born, admitted: a.admitted, nameless: a.nameless,
		sending: r.mask(a.role, a.sending), watch: a.watch, client: a.client, address: a.address, voucher: a.voucher,
		done: make(chan struct{}),
	}
	if p.kind == Publisher && p.name == "" {
		p.name = firstRunes(id, maxName)
	}
	out, reader := newOutbox(a.kind != Attendee)
	p.out = out
	p.link = r.newLink(p)
	return p, reader
}

func (r *room) newLink(p *person) *link {
	ctx, cancel := context.WithCancel(context.Background())
	return &link{
		media: r.rooms.media, room: r.name, participant: p.id, log: r.log,
		push: func(data Data) {
			if p.out.push(0, data) {
				r.look()
			}
		},
		changed: r.look,
		spawn:   func(f func()) { r.rooms.running.Go(f) },
		drew:    func(data []byte) { r.ink.pour(p, data) },
		roomy:   func() { r.ink.roomy(p) },
		freed:   func() { r.rooms.release(r) },
		after:   r.links[p.id],
		gone:    make(chan struct{}),
		turn:    make(chan struct{}, 1),
		ctx:     ctx,
		cancel:  cancel,
	}
}
