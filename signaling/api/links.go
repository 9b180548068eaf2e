package api

import (
	"net/http"
	"net/url"
	"time"

	"palabre/identity"
	"palabre/rooms"
)

func (a *API) linkRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/rooms/{room}/links", Scope: identity.LinksRead, Action: rooms.Invite, Do: a.listLinks},
		{Method: http.MethodPost, Path: "/rooms/{room}/links", Scope: identity.LinksWrite, Action: rooms.Invite, Secret: true, Do: a.createLink},
		{Method: http.MethodDelete, Path: "/rooms/{room}/links/{link}", Scope: identity.LinksWrite, Action: rooms.Invite, Do: a.revokeLink},
	}
}

// wireLink is a link as who made it may see it, newLink the wish for one.
type (
	wireLink struct {
		ID      string     `json:"id"`
		Role    rooms.Role `json:"role"`
		Name    string     `json:"name,omitempty"`
		Once    bool       `json:"once"`
		Created time.Time  `json:"created"`
		Expires time.Time  `json:"expires"`
		Used    *time.Time `json:"used,omitempty"`
		Revoked *time.Time `json:"revoked,omitempty"`
		By      string     `json:"by,omitempty"`
		// URL is told once, when the link is made.
		URL string `json:"url,omitempty"`
	}
	newLink struct {
		Role    rooms.Role `json:"role"`
		Name    string     `json:"name,omitempty"`
		Once    bool       `json:"once,omitempty"`
		Expires *time.Time `json:"expires,omitempty"`
	}
)

func (c *Call) link(i rooms.Invitation) wireLink {
	w := wireLink{
		ID: i.ID, Role: i.Role, Name: i.Name, Once: i.Once, Created: i.Created.UTC(), Expires: i.Expires.UTC(),
		Used: moment(i.Used), Revoked: moment(i.Revoked), By: i.MakerName,
	}
	if i.Token != "" {
		w.URL = c.api.door.Link(c.http.Request, c.Room) + "#token=" + i.Token
	}
	return w
}

func (a *API) createLink(c *Call) (Reply, error) {
	var asked newLink
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	wish := rooms.Invitation{Role: asked.Role, Name: asked.Name, Once: asked.Once}
	if asked.Expires != nil {
		wish.Expires = *asked.Expires
	}
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	made, err := agent.Invite(c.Context(), 0, wish)
	if err != nil {
		return Reply{}, err
	}
	link := c.link(made)
	return created("/api/v1/rooms/"+url.PathEscape(c.Room)+"/links/"+link.ID, link)
}

func (a *API) listLinks(c *Call) (Reply, error) {
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	found, err := agent.Invitations(c.Context(), 0, page.After, page.Limit)
	if err != nil {
		return Reply{}, err
	}
	items := make([]wireLink, len(found.Items))
	for i, one := range found.Items {
		items[i] = c.link(one)
	}
	return list(items, found.Next)
}

func (a *API) revokeLink(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	if _, err := agent.Disinvite(c.Context(), 0, c.Param("link")); err != nil {
		return Reply{}, err
	}
	return done()
}
