package rooms

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const (
	// maxInvitee is the longest name of whom a link is for, in characters.
	maxInvitee = maxName
	// MaxInvitation is the longest time a link may be good for.
	MaxInvitation = 366 * 24 * time.Hour
	// defaultInvitation is how long a link is good for where nobody said.
	defaultInvitation = 7 * 24 * time.Hour
)

// Invitation is a link that lets somebody in with a role.
type Invitation struct {
	ID   string
	Role Role
	// Name says whom it is for; where it is good for one visit it is their name there.
	Name string
	// Once: it is good for one visit.
	Once             bool
	Created, Expires time.Time
	// Used and Revoked are zero for never. Used is of links for one visit.
	Used, Revoked time.Time
	// Maker is who made it, by identity, participant id or the key of a program,
	// and MakerName what they were called.
	Maker, MakerName string
	// Token is what lets in; it is known when the link is made and never after.
	Token string
}

// Invitations is what the rooms need of whoever signs and keeps links.
type Invitations interface {
	// Invite makes a link of a wish: ID, Created and Token are filled in.
	Invite(ctx context.Context, room string, wish Invitation) (Invitation, error)
	// Invitations lists a room's links, newest first; those of one maker, or of
	// all where that is empty. after is the ID the page before ended with.
	Invitations(ctx context.Context, room, maker, after string, limit int) ([]Invitation, error)
	// Revoke ends a link, of one maker or of any where that is empty.
	// ErrNotFound where there is none.
	Revoke(ctx context.Context, room, maker, id string) (Invitation, error)
}

type (
	// LinkCreated: somebody made a link into the room.
	LinkCreated struct {
		ID      string
		Role    Role
		Name    string
		Once    bool
		Expires time.Time
	}
	// LinkRevoked: a link lets nobody in any more.
	LinkRevoked struct {
		ID   string
		Role Role
		Name string
	}
)

func (LinkCreated) Kind() string { return "link.created" }
func (LinkRevoked) Kind() string { return "link.revoked" }

// Invite makes a link for others, no higher than oneself. The event that answers
// it is the [Invitation].
func (s *Session) Invite(ctx context.Context, re Ref, wish Invitation) (Invitation, error) {
	var by Actor
	err := s.command(ctx, func(r *room, p *person) (err error) {
		by = p.actor()
		wish, err = r.invitation(p, wish, time.Now())
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	made, err := s.room.rooms.cfg.Invitations.Invite(ctx, s.room.name, wish)
	if err != nil {
		return Invitation{}, err
	}
	s.report(by, re, made, LinkCreated{ID: made.ID, Role: made.Role, Name: made.Name, Once: made.Once, Expires: made.Expires})
	return made, nil
}

// InvitationList is a page of links. Next is what to ask for the next one by;
// empty ends the list.
type InvitationList struct {
	Items []Invitation
	Next  string
}

// Invitations lists links, newest first: those of the room to who may configure
// it, else one's own. The event that answers it is the list.
func (s *Session) Invitations(ctx context.Context, re Ref, after string, limit int) (InvitationList, error) {
	maker, _, err := s.inviting(ctx)
	if err != nil {
		return InvitationList{}, err
	}
	items, err := s.room.rooms.cfg.Invitations.Invitations(ctx, s.room.name, maker, after, limit+1)
	if err != nil {
		return InvitationList{}, err
	}
	list := InvitationList{Items: items}
	if len(items) > limit {
		list.Items, list.Next = items[:limit], items[limit-1].ID
	}
	s.report(Actor{}, re, list, nil)
	return list, nil
}

// Disinvite revokes a link: any to who may configure the room, else one's own.
// Who came in by it stays. The event that answers it is the [Invitation].
func (s *Session) Disinvite(ctx context.Context, re Ref, id string) (Invitation, error) {
	maker, by, err := s.inviting(ctx)
	if err != nil {
		return Invitation{}, err
	}
	gone, err := s.room.rooms.cfg.Invitations.Revoke(ctx, s.room.name, maker, id)
	if err != nil {
		return Invitation{}, err
	}
	s.report(by, re, gone, LinkRevoked{ID: gone.ID, Role: gone.Role, Name: gone.Name})
	return gone, nil
}

// inviting says whose links somebody may see: all where maker is empty.
func (s *Session) inviting(ctx context.Context) (maker string, by Actor, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		if err := r.mayInvite(p); err != nil {
			return err
		}
		if by = p.actor(); r.may(p, Configure) {
			return nil
		}
		if maker = p.maker(); maker == "" {
			return refuse(CodeForbidden, "Nobody knows whose links these are: the token has no identity (sub).")
		}
		return nil
	})
	return maker, by, err
}

func (r *room) mayInvite(by *person) error {
	if r.rooms.cfg.Invitations == nil {
		return refuse(CodeUnavailable, "This server keeps no links.")
	}
	return r.require(by, Invite)
}

// invitation checks a wish for a link and completes it.
func (r *room) invitation(by *person, wish Invitation, now time.Time) (Invitation, error) {
	if err := r.mayInvite(by); err != nil {
		return wish, err
	}
	table := r.rooms.cfg.Permissions
	switch {
	case !table.Known(wish.Role):
		return wish, refuse(CodeBadMessage, fmt.Sprintf("There is no role %.32q.", wish.Role))
	case table.Rank(wish.Role) > table.Rank(by.role):
		return wish, refuse(CodeForbidden, "Nobody invites others above their own role.")
	case wish.Expires.IsZero():
		wish.Expires = now.Add(defaultInvitation)
	case !wish.Expires.After(now) || wish.Expires.Sub(now) > MaxInvitation:
		return wish, refuse(CodeBadMessage, "A link ends in the future and within a year.")
	}
	wish.Name = strings.TrimSpace(stripControls(wish.Name))
	if wish.Name != firstRunes(wish.Name, maxInvitee) {
		return wish, refuse(CodeTooLarge, fmt.Sprintf("The name of whom a link is for has at most %d characters.", maxInvitee))
	}
	wish.Maker, wish.MakerName = by.maker(), by.name
	return wish, nil
}

// maker is what somebody's links are known by.
func (p *person) maker() string {
	if p.key != "" {
		return "key " + p.key
	}
	return p.lasting()
}

// report has a fact remembered that came about beside the room's goroutine, and
// tells who asked. That the room has ended meanwhile undoes nothing.
func (s *Session) report(by Actor, re Ref, answer Data, fact FactData) {
	_ = s.room.call(context.Background(), func() error {
		if fact != nil {
			s.room.keep(by, fact, nil)
		}
		s.room.tell(s.person, re, answer)
		return nil
	})
}

func (i Invitation) size() int {
	return 200 + len(i.Name) + len(i.MakerName) + len(i.Token)
}

func (l InvitationList) size() int {
	n := 40
	for _, item := range l.Items {
		n += item.size()
	}
	return n
}
