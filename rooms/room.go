package rooms

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"
)

// inboxSize is how many commands may wait for a room. Whoever sends the next
// one waits, which slows that client's reading down and nobody else.
const inboxSize = 256

// room is one meeting: its goroutine owns everything below the channels.
type room struct {
	name  string
	rooms *Rooms
	log   *slog.Logger
	// holders counts what keeps the room alive: its sessions, until their media
	// is gone too, and calls of Open under way. Rooms.mu guards it.
	holders int

	inbox chan func()
	// glance asks the goroutine to look at outboxes and links, whose own
	// goroutines must not wait for it.
	glance chan struct{}
	stop   chan struct{}
	done   chan struct{}
	timer  *time.Timer

	people   map[string]*person       // all sessions by participant id
	sessions map[string]*person       // all sessions by session id
	links    map[string]chan struct{} // by participant id, until closed: media not yet gone
	inside   []*person                // everyone visible in the room, in the order they came
	hidden   int                      // spectators
	slow     []*person                // to be detached after this command
	preview  Preview                  // as last told
	// told is when people were last told how good connections are, retell when
	// that is due again; zero while nothing changed.
	told, retell time.Time
	talk         *talk
	polls        polling

	// profile is the room as it is remembered, its settings in force.
	profile Profile
	// recalled says that the memory has answered; until then only who proves a
	// right comes in. answered is closed when it did, or failed, for the first time. unkept counts the facts that wait for it, later holds
	// what it and other goroutines want done here.
	recalled bool
	answered chan struct{}
	unkept   int
	later    errands
	// ink is what people's data channels brought, sketches what came of it.
	ink      *inkwell
	sketches sketches
	breaking breaking
	// meeting is the one that is on; its ID is empty while nobody is in. seen
	// is when a recalled one was last known to be on.
	meeting Meeting
	seen    time.Time
	// tally counts who was in the meeting; heartbeat is when it is next said to be on.
	tally     tally
	heartbeat time.Time
	// hostLost is when the last host present was lost, hostsUntil how long all
	// are waited for after a restart, standsAt when to ask again who stands in.
	hostLost, hostsUntil, standsAt time.Time
}

func newRoom(rooms *Rooms, name string) *room {
	return &room{
		name: name, rooms: rooms, log: rooms.cfg.Logger.With("room", rooms.alias(name)),
		inbox: make(chan func(), inboxSize), glance: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}), answered: make(chan struct{}),
		people: map[string]*person{}, sessions: map[string]*person{}, links: map[string]chan struct{}{},
		profile:  Profile{Name: name, Kind: Temporary, Settings: rooms.cfg.Settings},
		ink:      newInkwell(),
		recalled: rooms.cfg.Memory == nil, talk: &talk{},
	}
}

// run is the room's goroutine. It ends when nothing holds the room any more.
func (r *room) run() {
	defer close(r.done)
	r.timer = time.NewTimer(time.Hour)
	defer r.timer.Stop()
	r.arm()
	defer r.awaken()()
	for {
		select {
		case command := <-r.inbox:
			command()
		case <-r.glance:
			_ = r.guarded(r.inspect)
		case <-r.timer.C:
			_ = r.guarded(r.expire)
		case <-r.ink.wake:
			_ = r.guarded(r.sketch)
		case <-r.stop:
			return
		}
		_ = r.guarded(r.settle)
	}
}

// catchUp does what other goroutines asked for.
func (r *room) catchUp() error {
	for _, f := range r.later.take() {
		f()
	}
	return nil
}

// call runs a command on the room's goroutine and gives its error. ctx bounds
// the wait for its turn; once it runs it is not given up, and it never blocks.
func (r *room) call(ctx context.Context, command func() error) error {
	reply := make(chan error, 1)
	run := func() {
		if err := ctx.Err(); err != nil {
			reply <- &Error{Code: CodeUnavailable, Message: "The request was given up.", Err: err}
			return
		}
		reply <- r.guarded(command)
	}
	select {
	case r.inbox <- run:
	case <-r.done:
		return errEnded
	case <-ctx.Done():
		return &Error{Code: CodeUnavailable, Message: "The request was given up.", Err: ctx.Err()}
	}
	select {
	case err := <-reply:
		return err
	case <-r.done:
	}
	select {
	case err := <-reply:
		return err
	default:
		return errEnded
	}
}

// guarded keeps a fault of one command from ending every meeting of the
// server: it is counted, logged with its stack, and told as an internal error.
func (r *room) guarded(command func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			r.rooms.metrics.faults.Inc()
			r.log.Error("a command failed in a way it never should", "fault", fault, "stack", string(debug.Stack()))
			err = &Error{Code: CodeInternal, Err: fmt.Errorf("fault in a room: %v", fault)}
		}
	}()
	return command()
}

// look asks the room to inspect its sessions; it never blocks.
func (r *room) look() {
	select {
	case r.glance <- struct{}{}:
	default: // it has been asked already
	}
}

// inspect finds readers that fell behind and machines whose media changed.
func (r *room) inspect() error {
	if err := r.catchUp(); err != nil {
		return err
	}
	for _, p := range r.everyone() {
		r.graded(p)
		if p.kind == Attendee {
			if !p.away && !p.out.attached() {
				r.slow = append(r.slow, p)
			}
			continue
		}
		switch p.link.state() {
		case linkNew: // the deadline of its arrival runs
		case linkUp:
			p.deadline = time.Time{}
		case linkDown:
			if p.deadline.IsZero() {
				p.deadline = time.Now().Add(r.rooms.cfg.ResumeWindow)
			}
		case linkFailed:
			r.remove(p, ReasonLost, 0)
		}
	}
	r.arm()
	return nil
}

// settle detaches the readers the command found to be slow. Telling the
// others may find more.
func (r *room) settle() error {
	for len(r.slow) > 0 {
		p := r.slow[0]
		r.slow = r.slow[1:]
		if p.place == gone || p.away {
			continue
		}
		r.rooms.metrics.slow.Inc()
		r.log.Info("a slow reader was detached", "participant", p.id)
		r.depart(p)
	}
	r.hang()
	return nil
}

// expire tells what is due and gives up the places whose time has run out, the
// earliest first.
func (r *room) expire() error {
	now := time.Now()
	r.broadcast(now)
	r.beat(now)
	r.retellPolls(now)
	r.passBreakouts(now)
	if !r.standsAt.IsZero() && !now.Before(r.standsAt) {
		r.rerank(nil, 0)
	}
	due := slices.DeleteFunc(r.everyone(), func(p *person) bool {
		return p.deadline.IsZero() || p.deadline.After(now)
	})
	slices.SortFunc(due, func(a, b *person) int { return a.deadline.Compare(b.deadline) })
	for _, p := range due {
		r.remove(p, ReasonLost, 0)
	}
	r.arm()
	return nil
}

// arm sets the timer to what is due first.
func (r *room) arm() {
	next := r.retell
	if !r.heartbeat.IsZero() && (next.IsZero() || r.heartbeat.Before(next)) {
		next = r.heartbeat
	}
	if due := r.polls.retell; !due.IsZero() && (next.IsZero() || due.Before(next)) {
		next = due
	}
	if due := r.breakoutsDue(); !due.IsZero() && (next.IsZero() || due.Before(next)) {
		next = due
	}
	if !r.standsAt.IsZero() && (next.IsZero() || r.standsAt.Before(next)) {
		next = r.standsAt
	}
	for _, p := range r.sessions {
		if !p.deadline.IsZero() && (next.IsZero() || p.deadline.Before(next)) {
			next = p.deadline
		}
	}
	if next.IsZero() {
		r.timer.Stop()
		return
	}
	r.timer.Reset(max(time.Until(next), 0))
}

// everyone lists all sessions, so that they may be removed on the way.
func (r *room) everyone() []*person {
	all := make([]*person, 0, len(r.sessions))
	for _, p := range r.sessions {
		all = append(all, p)
	}
	return all
}

// tell writes an event into one outbox.
func (r *room) tell(p *person, re Ref, data Data) {
	if p.out.push(re, narrowed(p, data)) {
		r.slow = append(r.slow, p)
	}
}

// tellAll tells everyone in the room; re goes to the one who asked.
func (r *room) tellAll(by *person, re Ref, data Data) {
	for _, p := range r.inside {
		if p == by {
			r.tell(p, re, data)
		} else {
			r.tell(p, 0, data)
		}
	}
}

// tellOthers tells everyone in the room but one.
func (r *room) tellOthers(but *person, data Data) {
	for _, p := range r.inside {
		if p != but {
			r.tell(p, 0, data)
		}
	}
}

// may answers whether somebody may do something here.
func (r *room) may(p *person, action Action) bool { return r.allowed(p.role, action) }

// allowed answers for a role. Everything that asks who may do what ends here.
func (r *room) allowed(role Role, action Action) bool {
	if action == Attach && r.rooms.cfg.Files.Limit == 0 {
		return false
	}
	return r.profile.Settings.may(r.rooms.cfg.Permissions, role, action)
}

// allows lists what a role may do here.
func (r *room) allows(role Role) []Action {
	return slices.DeleteFunc(actions(), func(a Action) bool { return !r.allowed(role, a) })
}

// require is may as an error.
func (r *room) require(p *person, action Action) error {
	switch {
	case p.place != joined:
		return refuse(CodeNotAdmitted, "Join the room first.")
	case !r.may(p, action):
		return refuse(CodeForbidden, fmt.Sprintf("The role %s may not do this (%s) here.", p.role, action))
	}
	return nil
}
