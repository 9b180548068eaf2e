package api

import (
	"context"
	"net/http"

	"palabre/identity"
	"palabre/rooms"
)

// moderationRoutes is what hosts do in a meeting that is on.
func (a *API) moderationRoutes() []Route {
	act := func(method, path string, action rooms.Action, do func(*Call) (Reply, error)) Route {
		return Route{Method: method, Path: "/rooms/{room}" + path, Scope: identity.MeetingsWrite, Action: action, Do: do}
	}
	return []Route{
		act(http.MethodPost, "/people/{participant}/mute", rooms.Moderate, aboutSomebody((*rooms.Session).Mute)),
		act(http.MethodPost, "/people/{participant}/stop", rooms.Moderate, aboutSource((*rooms.Session).Stop)),
		act(http.MethodPost, "/people/{participant}/ask", rooms.Moderate, aboutSource((*rooms.Session).Ask)),
		act(http.MethodPost, "/people/{participant}/lower-hand", rooms.Moderate, aboutSomebody((*rooms.Session).Lower)),
		act(http.MethodPost, "/people/{participant}/remove", rooms.Remove, aboutSomebody((*rooms.Session).Remove)),
		act(http.MethodPost, "/people/{participant}/ban", rooms.Remove, aboutSomebody((*rooms.Session).Ban)),
		act(http.MethodPut, "/people/{participant}/role", rooms.Appoint, appoint),
		act(http.MethodPost, "/mute-all", rooms.Moderate, aboutAll((*rooms.Session).Mute)),
		act(http.MethodPost, "/lower-hands", rooms.Moderate, aboutAll((*rooms.Session).Lower)),
		{Method: http.MethodGet, Path: "/rooms/{room}/bans", Scope: identity.MeetingsRead, Action: rooms.Remove, Do: listBans},
		act(http.MethodDelete, "/bans/{ban}", rooms.Remove, unban),
		act(http.MethodPut, "/lock", rooms.Lock, locks(true)),
		act(http.MethodDelete, "/lock", rooms.Lock, locks(false)),
		act(http.MethodPost, "/lobby/{participant}/admit", rooms.Admit, aboutSomebody((*rooms.Session).Admit)),
		act(http.MethodPost, "/lobby/{participant}/deny", rooms.Deny, aboutSomebody((*rooms.Session).Deny)),
		act(http.MethodPost, "/lobby/admit-all", rooms.Admit, simply((*rooms.Session).AdmitAll)),
		act(http.MethodPatch, "/live/settings", rooms.Configure, configure),
		act(http.MethodPost, "/end", rooms.End, simply((*rooms.Session).End)),
	}
}

// simply is an operation that needs to know nothing, aboutSomebody one on the
// participant of the path, aboutAll the same on everybody.
func simply(do func(*rooms.Session, context.Context, rooms.Ref) error) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		return c.act(func(ctx context.Context, agent *rooms.Agent) error { return do(agent.Session, ctx, 0) })
	}
}

func aboutSomebody(do func(*rooms.Session, context.Context, rooms.Ref, string) error) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		return c.act(func(ctx context.Context, agent *rooms.Agent) error {
			return do(agent.Session, ctx, 0, c.Param("participant"))
		})
	}
}

func aboutAll(do func(*rooms.Session, context.Context, rooms.Ref, string) error) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		return c.act(func(ctx context.Context, agent *rooms.Agent) error { return do(agent.Session, ctx, 0, "") })
	}
}

// aboutSource is one on a source of the participant, which the body names.
func aboutSource(do func(*rooms.Session, context.Context, rooms.Ref, string, rooms.Source) error) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		var aim struct {
			Source rooms.Source `json:"source"`
		}
		if err := c.Decode(&aim); err != nil {
			return Reply{}, err
		}
		return c.act(func(ctx context.Context, agent *rooms.Agent) error {
			return do(agent.Session, ctx, 0, c.Param("participant"), aim.Source)
		})
	}
}

func appoint(c *Call) (Reply, error) {
	var given struct {
		Role rooms.Role `json:"role"`
	}
	if err := c.Decode(&given); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.Appoint(ctx, 0, c.Param("participant"), given.Role)
	})
}

func locks(locked bool) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		return c.act(func(ctx context.Context, agent *rooms.Agent) error { return agent.Lock(ctx, 0, locked) })
	}
}

func unban(c *Call) (Reply, error) {
	return c.act(func(ctx context.Context, agent *rooms.Agent) error { return agent.Unban(ctx, 0, c.Param("ban")) })
}

// wireBan is somebody who may not come back while the meeting lasts.
type wireBan struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Identity string `json:"identity,omitempty"`
}

func listBans(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	state, err := agent.Live(c.Context())
	if err != nil {
		return Reply{}, err
	}
	items := make([]wireBan, len(state.Meeting.Banned))
	for i, b := range state.Meeting.Banned {
		items[i] = wireBan{ID: b.ID, Name: b.Name, Identity: b.Identity}
	}
	return list(items, "")
}

// configure changes the settings of the room as who is in it could: at once,
// and without the version that a change of the stored room asks for.
func configure(c *Call) (Reply, error) {
	var change struct {
		Title       *string                     `json:"title,omitempty"`
		Lobby       *bool                       `json:"lobby,omitempty"`
		MuteOnEntry *bool                       `json:"muteOnEntry,omitempty"`
		AudioOnly   *bool                       `json:"audioOnly,omitempty"`
		MaxPeople   *int                        `json:"maxPeople,omitempty"`
		Password    *string                     `json:"password,omitempty"`
		Least       map[rooms.Action]rooms.Role `json:"least,omitempty"`
		Retention   *float64                    `json:"retentionDays,omitempty"`
		Origins     *[]string                   `json:"origins,omitempty"`
	}
	if err := c.Decode(&change); err != nil {
		return Reply{}, err
	}
	settings := rooms.Change{
		Title: change.Title, Lobby: change.Lobby, MuteOnEntry: change.MuteOnEntry, AudioOnly: change.AudioOnly,
		MaxPeople: change.MaxPeople, Password: change.Password, Least: change.Least, Origins: change.Origins,
	}
	if change.Retention != nil {
		settings.Retention = new(rooms.Days(*change.Retention))
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.Configure(ctx, 0, settings)
	})
}
