package main

import (
	"context"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/store"
)

// invitations signs the links of rooms and has them kept.
type invitations struct {
	links *identity.Links
	kept  *store.Store
}

// Invite makes a link. The name of whom it is for is theirs in the room only
// where the link is for one visit.
func (i invitations) Invite(ctx context.Context, room string, wish rooms.Invitation) (rooms.Invitation, error) {
	wish.Created = time.Now().UTC()
	made, err := i.kept.AddLink(ctx, room, wish)
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
	return i.kept.Links(ctx, room, maker, after, limit)
}

func (i invitations) Revoke(ctx context.Context, room, maker, id string) (rooms.Invitation, error) {
	return i.kept.RevokeLink(ctx, room, maker, id, time.Now())
}
