package rooms

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// retryDraining is what a client refused by a draining server is told to wait:
// about the time its successor needs to start.
const retryDraining = 2 * time.Second

// retryFull is what a client is told to wait that found the machine full.
const retryFull = 10 * time.Second

var (
	errDraining = &Error{Code: CodeUnavailable, Message: "The server is about to restart.", RetryAfter: retryDraining}
	errEnded    = &Error{Code: CodeUnavailable, Message: "The session has ended.", Err: ErrEnded}
)

// Rooms holds all rooms of a server.
type Rooms struct {
	cfg     Config
	media   Media
	metrics *metrics
	// boot tells this run of the server from others in resume tokens.
	boot    string
	seed    maphash.Seed // of aliases
	started time.Time

	draining atomic.Bool
	failures failures
	veil     veil
	// running counts the goroutines of all rooms and links.
	running sync.WaitGroup

	mu     sync.Mutex
	rooms  map[string]*room
	closed bool
}

// New makes the rooms of a server. They need no goroutine until somebody comes.
func New(cfg Config, media Media) (*Rooms, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if media == nil {
		return nil, errors.New("rooms need a media plane")
	}
	r := &Rooms{
		cfg: cfg, media: media, boot: uuid.NewString(), seed: maphash.MakeSeed(), started: time.Now(), rooms: map[string]*room{},
	}
	if r.metrics, err = newMetrics(cfg.Metrics, r); err != nil {
		return nil, fmt.Errorf("registering the metrics of the rooms: %w", err)
	}
	return r, nil
}

// Open gives a session: a new one at the door, or with a resume token the old one.
func (r *Rooms) Open(ctx context.Context, req Request) (*Session, error) {
	session, err := r.openAny(ctx, req)
	if err != nil {
		r.metrics.refused(err)
		r.joinFailed(err)
	}
	return session, err
}

func (r *Rooms) openAny(ctx context.Context, req Request) (*Session, error) {
	if r.Draining() {
		return nil, errDraining
	}
	if req.Resume == "" {
		a, err := req.arrival()
		if err == nil {
			err = r.room()
		}
		if err != nil {
			return nil, err
		}
		return r.within(ctx, req.Room, func(room *room) (*Session, error) {
			a, err := room.prove(ctx, a)
			if err != nil {
				return nil, err
			}
			return room.opened(ctx, func() (*Session, error) { return room.open(a) })
		})
	}
	session, err := r.reopen(ctx, req)
	r.metrics.resumed(session, err)
	return session, err
}

// reopen brings back whoever holds a resume token.
func (r *Rooms) reopen(ctx context.Context, req Request) (*Session, error) {
	pass, err := r.unseal(req.Resume, req.Room)
	if err != nil {
		return nil, err
	}
	if pass.Boot != r.boot {
		if err := r.room(); err != nil {
			return nil, err
		}
		room, err := r.hold(pass.Room)
		if err != nil {
			return nil, err
		}
		defer r.release(room)
		room.heard(ctx)
	}
	client := clientName(req.Client)
	return r.within(ctx, pass.Room, func(room *room) (*Session, error) {
		return room.opened(ctx, func() (*Session, error) {
			if pass.Boot == r.boot {
				return room.resume(pass, req.LastSeq, client)
			}
			return room.open(pass.arrival(client, req.Address))
		})
	})
}

// room counts somebody in who holds no place yet.
func (r *Rooms) room() error {
	if err := r.cfg.Room(); err != nil {
		return &Error{Code: CodeUnavailable, Message: "The server is full: it takes nobody new for the moment.", RetryAfter: retryFull, Err: err}
	}
	return nil
}

// within keeps a room alive while a session is opened in it.
func (r *Rooms) within(ctx context.Context, name string, open func(*room) (*Session, error)) (*Session, error) {
	room, err := r.hold(name)
	if err != nil {
		return nil, err
	}
	// Whoever opened holds the room by themselves now.
	defer r.release(room)
	return open(room)
}

// opened runs a command that opens a session on the room's goroutine.
func (r *room) opened(ctx context.Context, open func() (*Session, error)) (*Session, error) {
	var session *Session
	err := r.call(ctx, func() (err error) {
		session, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return session, nil
}

// arrival checks a request for a new session.
func (req Request) arrival() (arrival, error) {
	a := arrival{
		kind: req.Kind, id: req.Participant, identity: req.Identity, credential: req.Credential,
		role: req.Role, sending: req.Sending, watch: req.Watch, client: clientName(req.Client),
		vouched: req.Vouched, address: req.Address, password: req.Password, voucher: req.Voucher,
	}
	for _, id := range []string{a.id, a.identity, a.watch} {
		if id == "" {
			continue
		}
		if err := checkID(id); err != nil {
			return arrival{}, err
		}
	}
	a.nameless = req.Kind == Attendee && !req.Vouched && req.Identity == ""
	name, err := cleanName(req.Name)
	switch {
	case err == nil:
		a.name, a.nameFixed = name, req.NameFixed
	case req.NameFixed && req.Name != "":
		return arrival{}, err
	}
	return a, nil
}

// hold gives the room of a name, a new one if need be, and keeps it alive until release.
func (r *Rooms) hold(name string) (*room, error) {
	if err := checkRoom(name); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errDraining
	}
	room := r.rooms[name]
	if room == nil {
		if len(r.rooms) >= r.cfg.MaxRooms {
			return nil, &Error{Code: CodeUnavailable, Message: "The server has all the rooms it can hold."}
		}
		room = newRoom(r, name)
		r.rooms[name] = room
		r.running.Go(room.run)
	}
	room.holders++
	return room, nil
}

// keep notes one more reason for a held room to stay.
func (r *Rooms) keep(room *room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room.holders++
}

// release undoes hold or keep. The last one ends the room.
func (r *Rooms) release(room *room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room.holders--
	if room.holders == 0 {
		delete(r.rooms, room.name)
		close(room.stop)
	}
}

// Drain tells every session to come back after a time between after and twice
// after, so that they do not all come at once, and refuses new sessions and joins with
// CodeUnavailable from now on. Calls go on until Close.
func (r *Rooms) Drain(ctx context.Context, after time.Duration) error {
	if r.draining.Swap(true) {
		return nil
	}
	var errs []error
	for _, room := range r.all() {
		err := room.call(ctx, func() error { return room.restarting(after) })
		if err != nil && !errors.Is(err, ErrEnded) {
			errs = append(errs, fmt.Errorf("telling the room %s to come back: %w", r.alias(room.name), err))
		}
	}
	return errors.Join(errs...)
}

// alias is what logs and errors call a room. Whoever knows an open room's name
// may enter it, so that the name is kept out of logs like a token: the alias is
// the same for a room as long as the server runs, and says nothing after.
func (r *Rooms) alias(name string) string {
	return fmt.Sprintf("%08x", uint32(maphash.String(r.seed, name)))
}

// Live says whether somebody is in a room, or at its door.
func (r *Rooms) Live(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rooms[name] != nil
}

// Draining says whether Drain was called.
func (r *Rooms) Draining() bool { return r.draining.Load() }

func (r *Rooms) all() []*room {
	r.mu.Lock()
	defer r.mu.Unlock()
	rooms := make([]*room, 0, len(r.rooms))
	for _, room := range r.rooms {
		rooms = append(rooms, room)
	}
	return rooms
}

// Stats counts what a server holds.
type Stats struct {
	// Rooms counts the rooms somebody has joined or stands at the door of.
	Rooms int
	// Participants counts everyone visible in a room.
	Participants int
}

// Stats counts what is there now.
func (r *Rooms) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{Rooms: len(r.rooms), Participants: int(r.metrics.inside.Load())}
}

// Close ends every session (with [Closed] and reason shutdown, unless Drain has told
// them to come back) and waits until no goroutine of the rooms is left.
func (r *Rooms) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	var errs []error
	for _, room := range r.all() {
		if err := room.call(context.Background(), room.shut); err != nil && !errors.Is(err, ErrEnded) {
			errs = append(errs, fmt.Errorf("closing the room %s: %w", r.alias(room.name), err))
		}
	}
	r.running.Wait()
	r.keepFailures(time.Now(), 0)
	return errors.Join(errs...)
}
