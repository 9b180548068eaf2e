package client

import "palabre/signaling/protocol"

// LinkChanged answers [Session.CreateLink] and [Session.RevokeLink].
type LinkChanged struct{ protocol.Link }

// LinksListed answers [Session.ListLinks].
type LinksListed struct{ protocol.Links }

func (LinkChanged) event() {}
func (LinksListed) event() {}

// CreateLink makes a link that lets others in.
func (s *Session) CreateLink(wish protocol.LinkWish) error {
	return s.tell(protocol.TypeLinkCreate, wish)
}

// ListLinks asks for the links there are, newest first, after the id the page before ended with.
func (s *Session) ListLinks(after string) error {
	return s.tell(protocol.TypeLinkList, protocol.LinkPage{After: after})
}

// RevokeLink lets nobody in by a link any more.
func (s *Session) RevokeLink(link string) error {
	return s.tell(protocol.TypeLinkRevoke, protocol.LinkTarget{Link: link})
}
