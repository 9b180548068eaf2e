package store

import (
	"context"
	"time"

	"palabre/identity"
	"palabre/rooms"
)

// Invitations has links signed and keeps what there is to know of them.
func (s *Store) Invitations(links *identity.Links) rooms.Invitations { return invitations{links, s} }

type invitations struct {
	links *identity.Links
	store *Store
}

// Invite makes a link. The name of whom it is for is theirs in the room only
// where the link is for one visit.
func (i invitations) Invite(ctx context.Context, room string, wish rooms.Invitation) (rooms.Invitation, error) {
	wish.Created = time.Now().UTC()
	made, err := i.store.AddLink(ctx, room, wish)
	if err != nil {
		return rooms.Invitation{}, err
	}
	link := identity.Link{ID: made.ID, Room: room, Role: string(made.Role), Once: made.Once, Expires: made.Expires}
	if made.Once {
		link.Name = made.Name
	}
	made.Token, err = i.links.Sign(link)
	return made, err
}

func (i invitations) Invitations(ctx context.Context, room, maker, after string, limit int) ([]rooms.Invitation, error) {
	return i.store.Links(ctx, room, maker, after, limit)
}

func (i invitations) Revoke(ctx context.Context, room, maker, id string) (rooms.Invitation, error) {
	return i.store.RevokeLink(ctx, room, maker, id, time.Now())
}
