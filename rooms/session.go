package rooms

import (
	"context"

	"palabre/rooms/chat"
)

// Kind says how a session takes part.
type Kind int

// The kinds of session.
const (
	// Attendee is a person or program with an event stream: it opens at the
	// door, joins under a name, and may lose its connection and come back.
	Attendee Kind = iota
	// Publisher sends media and nothing else (WHIP): visible, joins under Name
	// or else its id as soon as its first offer is answered, and lives until Leave
	// or as long as its media connection. Its events need not be read; watch Done.
	Publisher
	// Spectator receives media and nothing else (WHEP): it joins as soon as its
	// first offer is answered, nobody sees it, and it lives until Leave or as
	// long as its media connection. Its events need not be read; watch Done.
	Spectator
)

// String names a kind, for logs.
func (k Kind) String() string {
	switch k {
	case Attendee:
		return "attendee"
	case Publisher:
		return "publisher"
	case Spectator:
		return "spectator"
	}
	return "unknown"
}

// Request asks for a session.
type Request struct {
	Kind Kind
	// Room is the canonical room name; whoever calls has checked it.
	Room string
	// Identity is who this is, proved by a token (sub). It becomes the
	// participant id when nobody in the room has it, and joining replaces an
	// older participant with the same one. Empty for people nobody vouched for.
	Identity string
	// Participant is an id a publisher chose itself, for tokens without
	// identity. It never takes the place of a proved identity or an attendee,
	// and of another publisher only with the same Credential.
	Participant string
	// Credential stands for what the client showed (say a hash of its token).
	Credential string
	// Name is what the person is or would be called. With NameFixed it came
	// with a token and nobody may change it.
	Name      string
	NameFixed bool
	Role      Role
	// Vouched says that a token or link named the role, so that it holds even
	// while the room's memory is away.
	Vouched bool
	// Address is the network the client came from, shortened so that it names
	// no single person: for bans and the audit log.
	Address string
	// Password is what the person says the room's password is.
	Password string
	// Voucher is used up when they come in; nil where nothing is.
	Voucher Voucher
	// Sending is what a Publisher sends.
	Sending Sending
	// Watch is whom a Spectator watches, by id or identity; CodeNotFound while
	// absent. Empty shows the stage or who speaks.
	Watch string
	// Resume is the token of the last Welcome or Joined, LastSeq the last event
	// seen. With Resume all fields but Room, LastSeq, Client and Address are not looked at.
	Resume  string
	LastSeq uint64
	// Client says which program this is, for the logs.
	Client string
}

// Outcome says what became of an Open.
type Outcome int

// The outcomes.
const (
	// Opened: a new session.
	Opened Outcome = iota
	// Resumed: the old session goes on; events after LastSeq follow.
	Resumed
	// Fresh: the token is good but the server no longer has the session or what
	// it missed: a new session at the door under the old participant id.
	Fresh
)

// Welcome tells a client what it got.
type Welcome struct {
	Outcome     Outcome
	Participant string
	Room        string
	Role        Role
	Name        string
	NameFixed   bool
	// Resume is the token to come back with.
	Resume string
	// Prepare says that offers are welcome before joining.
	Prepare bool
	// Media says that the media connection still stands (after Resumed).
	Media   bool
	Preview Preview
	// About is the room; who must be admitted sees its title, and what they may send once they are.
	About About
}

// Session is one connection's hold on a place in a room. When the client
// resumes over another connection, that gets a Session of its own and this
// one is dead: its commands fail and Take gives [ErrTaken].
//
// All methods are safe for concurrent use. Commands are carried out in the
// order they are given. A command fails with an [Error].
type Session struct {
	room    *room
	person  *person
	reader  *reader
	welcome Welcome
}

// Welcome says who and where this session is.
func (s *Session) Welcome() Welcome { return s.welcome }

// Ready receives when Take may have something.
func (s *Session) Ready() <-chan struct{} { return s.reader.ready }

// Notify has f called when Take may have something, once now and then instead
// of what Ready receives: nobody needs to wait for that. f must not block, nor
// call the session.
func (s *Session) Notify(f func()) { s.person.out.notify(s.reader, f) }

// Take gives up to limit events that wait, oldest first, without blocking.
// Without any it gives the reason when there will be no more: [ErrEnded],
// [ErrSlow], [ErrTaken] or [ErrDetached].
func (s *Session) Take(limit int) ([]Event, error) { return s.person.out.take(s.reader, limit) }

// Done is closed when the session is over for good, not when it is merely detached.
func (s *Session) Done() <-chan struct{} { return s.person.done }

// Detach says that the connection is lost. The place is kept for the resume
// window. It does nothing once the session has ended or another connection
// has it, nor for publishers and spectators, whose connection is that of media.
func (s *Session) Detach() {
	// That the session has ended already is no failure.
	_ = s.room.call(context.Background(), func() error { return s.room.detached(s.person, s.reader) })
}

// Negotiate answers an SDP offer. It may take as long as media needs and holds
// up nobody else. Sections the role may not send are taken out of the offer's
// meaning. CodeNotAdmitted while a lobby holds the person back. The first
// answer takes publishers and spectators into the room.
func (s *Session) Negotiate(ctx context.Context, offer Offer) (sdp string, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		offer, err = r.negotiable(p, offer)
		return err
	})
	if err != nil {
		return "", err
	}
	if s.person.kind != Attendee {
		if err := s.spend(ctx); err != nil {
			return "", err
		}
	}
	sdp, err = s.person.link.answer(ctx, offer)
	if err != nil {
		s.room.rooms.metrics.refused(err)
		s.room.rooms.joinFailed(err)
		return "", err
	}
	if s.person.kind != Attendee {
		err = s.command(ctx, func(r *room, p *person) error { return r.begin(p) })
	}
	return sdp, err
}

// Join enters the room under a name (ignored where a token fixed it). The
// answer is the event [Joined], or [Waiting] where somebody must admit.
func (s *Session) Join(ctx context.Context, re Ref, name string, sending Sending) error {
	if err := s.spend(ctx); err != nil {
		return err
	}
	err := s.command(ctx, func(r *room, p *person) error { return r.join(p, re, name, sending) })
	s.room.rooms.joinFailed(err)
	return err
}

// Leave ends the session; its last event is [Closed].
func (s *Session) Leave(ctx context.Context, re Ref) error {
	return s.command(ctx, func(r *room, p *person) error {
		r.remove(p, ReasonLeft, re)
		return nil
	})
}

// SetSending says which sources the participant means to send now.
func (s *Session) SetSending(ctx context.Context, re Ref, sending Sending) error {
	return s.command(ctx, func(r *room, p *person) error { return r.setSending(p, re, sending) })
}

// SetLayout says what the participant shows. There is no event in answer.
func (s *Session) SetLayout(ctx context.Context, layout Layout) error {
	return s.command(ctx, func(r *room, p *person) error { return r.setLayout(p, layout) })
}

// Write says something to everybody, or to one person. A line with a nonce the
// room has seen from this person is not sent again; the sender alone is given
// the first one. The answer is the event [Line], once the line is stored.
func (s *Session) Write(ctx context.Context, re Ref, m Message) error {
	return s.command(ctx, func(r *room, p *person) error {
		_, err := r.write(p, re, m)
		return err
	})
}

// Post is Write for programs: it gives the line at once, maybe before it is stored.
func (s *Session) Post(ctx context.Context, m Message) (line chat.Line, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		line, err = r.write(p, 0, m)
		return err
	})
	return line, err
}

// Edit changes the text of a line one wrote; the answer is [LineEdited].
func (s *Session) Edit(ctx context.Context, re Ref, line, text string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.edit(p, re, line, text) })
}

// Unsay deletes a line one wrote, or with [Moderate] one of others; the answer is [LineDeleted].
func (s *Session) Unsay(ctx context.Context, re Ref, line string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.unsay(p, re, line) })
}

// Mark sets one's reaction on a line or, with gone, takes it away; the answer is [LineReacted].
func (s *Session) Mark(ctx context.Context, re Ref, line, emoji string, gone bool) error {
	return s.command(ctx, func(r *room, p *person) error { return r.mark(p, re, line, emoji, gone) })
}

// Hand raises or lowers one's own hand.
func (s *Session) Hand(ctx context.Context, re Ref, raised bool) error {
	return s.command(ctx, func(r *room, p *person) error { return r.raise(p, re, raised) })
}

// React sends a reaction to everybody.
func (s *Session) React(ctx context.Context, re Ref, emoji string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.react(p, re, emoji) })
}

// Admit lets a waiting person in.
func (s *Session) Admit(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.admit(p, re, participant) })
}

// Deny refuses a waiting person.
func (s *Session) Deny(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.deny(p, re, participant) })
}

// Rename changes one's own name, unless a token fixed it.
func (s *Session) Rename(ctx context.Context, re Ref, name string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.rename(p, re, name) })
}

// AllowDrawing says who may draw on the screen somebody shares: CodeNotFound
// while they share none. Whoever shares may, and who may moderate. Answered by [Drawings].
func (s *Session) AllowDrawing(ctx context.Context, re Ref, sharer string, rule DrawingRule, people []string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.allowDrawing(p, re, sharer, rule, people) })
}

// Drawings says which shared screens can be drawn on.
func (s *Session) Drawings(ctx context.Context) (d Drawings, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		d = r.drawings()
		return r.require(p, Draw)
	})
	return d, err
}

// ClearDrawing takes everything off the screen somebody shares, for the same
// people. Answered by [Drawings].
func (s *Session) ClearDrawing(ctx context.Context, re Ref, sharer string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.clearDrawing(p, re, sharer) })
}

// command runs a command on the room's goroutine, if this connection still
// has the session.
func (s *Session) command(ctx context.Context, command func(*room, *person) error) error {
	err := s.room.call(ctx, func() error {
		if why := s.person.out.reading(s.reader); why != nil {
			return &Error{Code: CodeUnavailable, Message: "This connection no longer has the session.", Err: why}
		}
		return command(s.room, s.person)
	})
	if err != nil {
		s.room.rooms.metrics.refused(err)
	}
	return err
}
