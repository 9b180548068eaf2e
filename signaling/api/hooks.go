package api

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"palabre/identity"
	"palabre/notify/webhook"
	"palabre/rooms"
)

// Hooks is what the API needs for webhooks.
type Hooks struct {
	// Book keeps them; nil answers 503.
	Book webhook.Book
	// Journal is told of every change, for the audit log.
	Journal webhook.Journal
	// Allow are networks that may be reached although they are not public, and without https.
	Allow []netip.Prefix
}

// hookRoutes are the same for the whole server, by an API key, and for one room,
// also by its owner's token.
func (a *API) hookRoutes() []Route {
	var routes []Route
	for _, under := range []struct {
		prefix string
		action rooms.Action
	}{{"", ""}, {"/rooms/{room}", rooms.Own}} {
		read := func(method, path string, do func(*Call) (Reply, error)) {
			routes = append(routes, Route{Method: method, Path: under.prefix + path, Scope: identity.WebhooksRead, Action: under.action, Do: do})
		}
		write := func(method, path string, do func(*Call) (Reply, error)) {
			routes = append(routes, Route{Method: method, Path: under.prefix + path, Scope: identity.WebhooksWrite, Action: under.action, Do: do})
		}
		read(http.MethodGet, "/hooks", a.listHooks)
		write(http.MethodPost, "/hooks", a.addHook)
		read(http.MethodGet, "/hooks/{hook}", a.showHook)
		write(http.MethodPatch, "/hooks/{hook}", a.changeHook)
		write(http.MethodDelete, "/hooks/{hook}", a.removeHook)
		write(http.MethodPost, "/hooks/{hook}/rotate", a.rotateHook)
		write(http.MethodPost, "/hooks/{hook}/test", a.testHook)
		read(http.MethodGet, "/hooks/{hook}/deliveries", a.listDeliveries)
		write(http.MethodPost, "/hooks/{hook}/deliveries/{delivery}/redeliver", a.redeliver)
	}
	return append(routes,
		Route{Method: http.MethodGet, Path: "/hook-events", Do: a.listHookEvents},
		Route{Method: http.MethodGet, Path: "/hook-events/{event}/samples", Do: a.hookSamples},
	)
}

type (
	// wireHook is a webhook in answers; its secret is shown when it is made.
	wireHook struct {
		ID       string      `json:"id"`
		URL      string      `json:"url"`
		Events   []string    `json:"events"`
		Room     string      `json:"room,omitempty"`
		Secret   string      `json:"secret,omitempty"`
		Created  time.Time   `json:"created"`
		By       string      `json:"by,omitempty"`
		Expires  *time.Time  `json:"expires,omitempty"`
		Disabled *time.Time  `json:"disabled,omitempty"`
		Why      webhook.Why `json:"why,omitempty"`
		Failing  *time.Time  `json:"failing,omitempty"`
		Waiting  int         `json:"waiting"`
		Dropped  int         `json:"dropped"`
	}
	newHook struct {
		URL     string     `json:"url"`
		Events  []string   `json:"events"`
		Room    string     `json:"room,omitempty"`
		Expires *time.Time `json:"expires,omitempty"`
	}
	hookChange struct {
		URL     *string    `json:"url,omitempty"`
		Events  *[]string  `json:"events,omitempty"`
		Expires *time.Time `json:"expires,omitempty"`
		Enabled *bool      `json:"enabled,omitempty"`
	}
	// wireDelivery says how a delivery went, and not what was in it.
	wireDelivery struct {
		ID       string        `json:"id"`
		Event    string        `json:"event"`
		Created  time.Time     `json:"created"`
		State    webhook.State `json:"state"`
		Attempts int           `json:"attempts"`
		Due      *time.Time    `json:"due,omitempty"`
		Tried    *time.Time    `json:"tried,omitempty"`
		Took     float64       `json:"tookSeconds"`
		Status   int           `json:"status,omitempty"`
		Error    string        `json:"error,omitempty"`
	}
)

func showHook(s webhook.Subscription) wireHook {
	return wireHook{
		ID: s.ID, URL: s.URL, Events: s.Events, Room: s.Room, Created: s.Created.UTC(), By: s.By, Expires: moment(s.Expires),
		Disabled: moment(s.Disabled), Why: s.Why, Failing: moment(s.Failing), Waiting: s.Waiting, Dropped: s.Dropped,
	}
}

// hookFault gives refusals of webhooks the form of the API.
func hookFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, webhook.ErrNotFound):
		return refuse(rooms.CodeNotFound, "There is no such webhook.")
	case errors.Is(err, webhook.ErrInvalid):
		return refuse(rooms.CodeBadMessage, sentence(err))
	case errors.Is(err, webhook.ErrTooMany):
		return refuse(rooms.CodeTooLarge, "This server keeps all the webhooks it can: delete some first.")
	}
	return err
}

func (a *API) addHook(c *Call) (Reply, error) {
	if a.cfg.Hooks.Book == nil {
		return Reply{}, errNoStore
	}
	var asked newHook
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	s := webhook.Subscription{
		ID: uuid.Must(uuid.NewV7()).String(), URL: asked.URL, Events: asked.Events, Secrets: []string{webhook.NewSecret()},
		Created: time.Now(), By: c.By.Name,
	}
	if asked.Expires != nil {
		s.Expires = *asked.Expires
	}
	var err error
	if s.Room, err = a.hookRoom(c, asked.Room); err != nil {
		return Reply{}, err
	}
	if err := s.Check(s.Created, a.cfg.Hooks.Allow); err != nil {
		return Reply{}, hookFault(err)
	}
	if err := a.cfg.Hooks.Book.AddWebhook(c.Context(), s); err != nil {
		return Reply{}, hookFault(err)
	}
	a.noteHook(c, s, "added")
	shown := showHook(s)
	shown.Secret = s.Secrets[0]
	return created(c.http.Request.URL.Path+"/"+url.PathEscape(s.ID), shown)
}

// hookRoom says which room a new webhook is for: that of the path, or one the key opens.
func (a *API) hookRoom(c *Call, asked string) (string, error) {
	if c.Room != "" {
		return c.Room, nil
	}
	if asked == "" {
		if len(c.Key.Rooms) > 0 {
			return "", refuse(rooms.CodeForbidden, "This API key is for some rooms: name one of them.")
		}
		return "", nil
	}
	room, err := a.door.RoomName(asked)
	if err == nil && !c.Key.Opens(room) {
		err = refuse(rooms.CodeForbidden, "This API key is for other rooms.")
	}
	return room, err
}

// hook finds the webhook of the path, if the caller may know of it.
func (a *API) hook(c *Call) (webhook.Subscription, error) {
	if a.cfg.Hooks.Book == nil {
		return webhook.Subscription{}, errNoStore
	}
	s, err := a.cfg.Hooks.Book.Webhook(c.Context(), c.Param("hook"))
	if err == nil && !mayKnow(c, s) {
		err = webhook.ErrNotFound
	}
	return s, hookFault(err)
}

func mayKnow(c *Call, s webhook.Subscription) bool {
	if c.Room != "" {
		return s.Room == c.Room
	}
	return len(c.Key.Rooms) == 0 || s.Room != "" && c.Key.Opens(s.Room)
}

func (a *API) listHooks(c *Call) (Reply, error) {
	if a.cfg.Hooks.Book == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.Hooks.Book.Webhooks(c.Context(), c.Room, page.After, page.Limit+1)
	if err != nil {
		return Reply{}, err
	}
	found, next := cut(found, page.Limit, func(s webhook.Subscription) string { return s.ID })
	items := make([]wireHook, 0, len(found))
	for _, s := range found {
		if mayKnow(c, s) {
			items = append(items, showHook(s))
		}
	}
	return list(items, next)
}

// cut takes the item away that only said that there is another page.
func cut[T any](found []T, limit int, id func(T) string) (page []T, next string) {
	if len(found) <= limit {
		return found, ""
	}
	return found[:limit], id(found[limit-1])
}

func (a *API) showHook(c *Call) (Reply, error) {
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	return ok(showHook(s))
}

// changeHook changes what the body names. One that was disabled and is enabled
// again begins with what happens from then on.
func (a *API) changeHook(c *Call) (Reply, error) {
	var asked hookChange
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	set(&s.URL, asked.URL)
	set(&s.Events, asked.Events)
	set(&s.Expires, asked.Expires)
	if err := s.Check(time.Now(), a.cfg.Hooks.Allow); err != nil {
		return Reply{}, hookFault(err)
	}
	what := "changed"
	switch {
	case asked.Enabled == nil:
	case *asked.Enabled:
		what, s.Disabled, s.Why, s.Failing = "enabled", time.Time{}, "", time.Time{}
	case s.Disabled.IsZero():
		what, s.Disabled, s.Why = "disabled", time.Now(), webhook.WhyAdmin
	}
	if err := a.cfg.Hooks.Book.ChangeWebhook(c.Context(), s); err != nil {
		return Reply{}, hookFault(err)
	}
	a.noteHook(c, s, what)
	return ok(showHook(s))
}

func (a *API) removeHook(c *Call) (Reply, error) {
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	if err := a.cfg.Hooks.Book.DeleteWebhook(c.Context(), s.ID); err != nil {
		return Reply{}, hookFault(err)
	}
	a.noteHook(c, s, "deleted")
	return done()
}

// rotateHook gives a webhook a new secret; the one before signs as well for a day.
func (a *API) rotateHook(c *Call) (Reply, error) {
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	s.Secrets = slices.Insert(s.Secrets[:1:1], 0, webhook.NewSecret())
	s.Rotated = time.Now()
	if err := a.cfg.Hooks.Book.ChangeWebhook(c.Context(), s); err != nil {
		return Reply{}, hookFault(err)
	}
	a.noteHook(c, s, "rotated")
	shown := showHook(s)
	shown.Secret = s.Secrets[0]
	return ok(shown)
}

func (a *API) testHook(c *Call) (Reply, error) {
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	event := webhook.TestEvent(uuid.Must(uuid.NewV7()).String(), s.Room, time.Now())
	if err := a.cfg.Hooks.Book.Deliver(c.Context(), s.ID, event); err != nil {
		return Reply{}, hookFault(err)
	}
	a.noteHook(c, s, "tested")
	return Reply{Status: http.StatusAccepted, Body: map[string]string{"delivery": event.ID}}, nil
}

func (a *API) listDeliveries(c *Call) (Reply, error) {
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.Hooks.Book.Deliveries(c.Context(), s.ID, page.After, page.Limit+1)
	if err != nil {
		return Reply{}, err
	}
	found, next := cut(found, page.Limit, func(d webhook.Delivery) string { return d.ID })
	items := make([]wireDelivery, 0, len(found))
	for _, d := range found {
		w := wireDelivery{
			ID: d.ID, Event: d.Type, Created: d.Created.UTC(), State: d.State, Attempts: d.Attempts,
			Tried: moment(d.Last.At), Took: d.Last.Took.Seconds(), Status: d.Last.Status, Error: d.Last.Error,
		}
		if d.State == webhook.Waiting {
			w.Due = moment(d.Due)
		}
		items = append(items, w)
	}
	return list(items, next)
}

func (a *API) redeliver(c *Call) (Reply, error) {
	s, err := a.hook(c)
	if err != nil {
		return Reply{}, err
	}
	if err := a.cfg.Hooks.Book.Redeliver(c.Context(), s.ID, c.Param("delivery"), time.Now()); err != nil {
		return Reply{}, hookFault(err)
	}
	a.noteHook(c, s, "redelivered")
	return Reply{Status: http.StatusAccepted}, nil
}

// listHookEvents is the table of everything a webhook may be told.
func (a *API) listHookEvents(*Call) (Reply, error) { return list(webhook.Catalogue(), "") }

// hookSamples is a list of payloads of one kind, as tools that build on
// REST hooks show them to whoever sets up a trigger.
func (a *API) hookSamples(c *Call) (Reply, error) {
	for _, event := range webhook.Catalogue() {
		if event.Name == c.Param("event") {
			return ok([]any{event.Sample})
		}
	}
	return Reply{}, refuse(rooms.CodeNotFound, "There is no such event.")
}

func (a *API) noteHook(c *Call, s webhook.Subscription, what string) {
	if a.cfg.Hooks.Journal != nil {
		a.cfg.Hooks.Journal.Keep([]rooms.Fact{webhook.NewFact(s, what, c.By, time.Now())}, func() {})
	}
}
