package rooms

import (
	"context"
	"fmt"
)

// Passwords is what the rooms need of whoever hashes passwords. Both take a
// while and much memory: never call them on a room's goroutine.
type Passwords interface {
	// Hash gives what is kept of a password.
	Hash(ctx context.Context, password string) (hash string, err error)
	// Match says whether a password is the one a hash was made of.
	Match(ctx context.Context, hash, password string) (bool, error)
}

// HashPassword gives what [Settings] keep of a password; of none, none.
func (r *Rooms) HashPassword(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if r.cfg.Passwords == nil {
		return "", refuse(CodeUnavailable, "This server keeps no passwords.")
	}
	hash, err := r.cfg.Passwords.Hash(ctx, password)
	if err != nil {
		return "", &Error{Code: CodeBadMessage, Message: "This password cannot be used: it needs 1 to 256 bytes.", Err: err}
	}
	return hash, nil
}

// hashed gives a change with the hash of its password. Who may not change
// anything has nothing hashed.
func (s *Session) hashed(ctx context.Context, change Change) (Change, error) {
	if change.Password == nil {
		return change, nil
	}
	if err := s.command(ctx, func(r *room, p *person) error { return r.require(p, Configure) }); err != nil {
		return change, err
	}
	hash, err := s.room.rooms.HashPassword(ctx, *change.Password)
	change.Password = &hash
	return change, err
}

// asks says whether somebody must know the room's password: who may walk past
// the lobby and who was given a role by a token or link need not.
func (r *room) asks(a arrival) bool {
	return r.profile.Settings.Password != "" && a.kind == Attendee && !a.vouched && !a.fresh && !r.allowed(a.role, Pass)
}

// known says why somebody does not know the room's password.
func (r *room) known(a arrival) error {
	switch {
	case !r.asks(a) || a.proved == r.profile.Settings.Password:
		return nil
	case a.password == "":
		return refuse(CodePasswordNeeded, "This room asks for its password.")
	}
	return refuse(CodePasswordWrong, "This is not the room's password.")
}

// prove compares the password an arrival came with to the room's, beside the
// room's goroutine. What was proved is a hash, so that a password that changes
// meanwhile is asked for again.
func (r *room) prove(ctx context.Context, a arrival) (arrival, error) {
	if a.password == "" || r.rooms.cfg.Passwords == nil {
		return a, nil
	}
	hash := ""
	err := r.call(ctx, func() error {
		if r.recalled && r.asks(a) {
			hash = r.profile.Settings.Password
		}
		return nil
	})
	if err != nil || hash == "" {
		return a, err
	}
	same, err := r.rooms.cfg.Passwords.Match(ctx, hash, a.password)
	if err != nil {
		return a, &Error{Code: CodeUnavailable, Message: "The password could not be checked now.", RetryAfter: recallPause, Err: fmt.Errorf("checking a room's password: %w", err)}
	}
	if same {
		a.proved = hash
	}
	return a, nil
}
