package signaling

import (
	"context"
	"time"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

// linksAtOnce is how many links a page of them has over the WebSocket.
const linksAtOnce = 50

func createLink(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.LinkWish) error {
	wish := rooms.Invitation{Role: rooms.Role(m.Role), Name: m.Name, Once: m.Once}
	if m.Expires != 0 {
		wish.Expires = time.UnixMilli(m.Expires)
	}
	_, err := s.Invite(ctx, re, wish)
	return err
}

func wireLink(i rooms.Invitation) protocol.Link {
	return protocol.Link{
		ID: i.ID, Role: protocol.Role(i.Role), Name: i.Name, Once: i.Once, By: i.MakerName, Token: i.Token,
		Created: millis(i.Created), Expires: millis(i.Expires), Used: millis(i.Used), Revoked: millis(i.Revoked),
	}
}

func wireLinks(l rooms.InvitationList) protocol.Links {
	out := protocol.Links{Links: make([]protocol.Link, len(l.Items)), Next: l.Next}
	for i, item := range l.Items {
		out.Links[i] = wireLink(item)
	}
	return out
}
