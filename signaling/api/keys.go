package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"palabre/identity"
	"palabre/rooms"
)

// KeyBook is where API keys are made and revoked. The store implements it.
type KeyBook interface {
	// APIKeys lists keys by their IDs, after one of them.
	APIKeys(ctx context.Context, after string, limit int) ([]identity.APIKey, error)
	AddAPIKey(ctx context.Context, by rooms.Actor, key identity.APIKey, hash []byte) error
	// RevokeAPIKey fails with identity.ErrNoKey where there is none that is not revoked.
	RevokeAPIKey(ctx context.Context, by rooms.Actor, id string, at time.Time) error
}

func (a *API) keyRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/keys", Scope: identity.KeysRead, Server: true, Do: a.listKeys},
		{Method: http.MethodPost, Path: "/keys", Scope: identity.KeysWrite, Secret: true, Do: a.createKey},
		{Method: http.MethodDelete, Path: "/keys/{key}", Scope: identity.KeysWrite, Server: true, Do: a.revokeKey},
	}
}

// wireKey is a key as it may be seen, newKey the wish for one.
type (
	wireKey struct {
		ID      string           `json:"id"`
		Name    string           `json:"name"`
		Scopes  []identity.Scope `json:"scopes"`
		Rooms   []string         `json:"rooms"`
		Created time.Time        `json:"created"`
		Expires *time.Time       `json:"expires,omitempty"`
		Revoked *time.Time       `json:"revoked,omitempty"`
		Used    *time.Time       `json:"used,omitempty"`
		// Text is the key itself, told once.
		Text string `json:"key,omitempty"`
	}
	newKey struct {
		Name    string           `json:"name"`
		Scopes  []identity.Scope `json:"scopes"`
		Rooms   []string         `json:"rooms,omitempty"`
		Expires *time.Time       `json:"expires,omitempty"`
	}
)

func keyOf(k identity.APIKey) wireKey {
	return wireKey{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, Rooms: slices.Concat([]string{}, k.Rooms), Created: k.Created.UTC(),
		Expires: moment(k.Expires), Revoked: moment(k.Revoked), Used: moment(k.Used),
	}
}

// createKey makes a key that may do no more than the one it was made with.
func (a *API) createKey(c *Call) (Reply, error) {
	if a.cfg.KeyBook == nil {
		return Reply{}, errNoStore
	}
	var asked newKey
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	wish := identity.APIKey{Name: asked.Name, Scopes: asked.Scopes, Rooms: asked.Rooms}
	if asked.Expires != nil {
		wish.Expires = *asked.Expires
	}
	now := time.Now()
	made, text, hash, err := identity.NewAPIKey(wish, now)
	switch {
	case err != nil:
		return Reply{}, err
	case slices.ContainsFunc(made.Scopes, func(s identity.Scope) bool { return !c.Key.May(s) }), !made.Rooms.Within(c.Key.Rooms):
		return Reply{}, refuse(rooms.CodeForbidden, "A key makes no key that may do more than it may.")
	case !c.Key.Expires.IsZero() && (made.Expires.IsZero() || made.Expires.After(c.Key.Expires)):
		return Reply{}, refuse(rooms.CodeForbidden, "A key makes no key that is good for longer than it is.")
	}
	if err := a.cfg.KeyBook.AddAPIKey(c.Context(), c.By, made, hash); err != nil {
		return Reply{}, err
	}
	w := keyOf(made)
	w.Text = text
	return created("/api/v1/keys/"+made.ID, w)
}

func (a *API) listKeys(c *Call) (Reply, error) {
	if a.cfg.KeyBook == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.KeyBook.APIKeys(c.Context(), page.After, page.Limit+1)
	if err != nil {
		return Reply{}, err
	}
	next := ""
	if len(found) > page.Limit {
		found = found[:page.Limit]
		next = found[page.Limit-1].ID
	}
	items := make([]wireKey, len(found))
	for i, k := range found {
		items[i] = keyOf(k)
	}
	return list(items, next)
}

func (a *API) revokeKey(c *Call) (Reply, error) {
	if a.cfg.KeyBook == nil {
		return Reply{}, errNoStore
	}
	if err := a.cfg.KeyBook.RevokeAPIKey(c.Context(), c.By, c.Param("key"), time.Now()); err != nil {
		return Reply{}, err
	}
	return done()
}
