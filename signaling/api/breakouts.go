package api

import (
	"context"
	"net/http"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/rooms/breakout"
)

func (a *API) breakoutRoutes() []Route {
	act := func(method, path string, do func(*Call) (Reply, error)) Route {
		return Route{Method: method, Path: "/rooms/{room}/breakouts" + path, Scope: identity.MeetingsWrite, Action: rooms.Break, Do: do}
	}
	return []Route{
		{Method: http.MethodGet, Path: "/rooms/{room}/breakouts", Scope: identity.MeetingsRead, Action: rooms.Break, Do: getBreakouts},
		act(http.MethodPut, "", planBreakouts),
		act(http.MethodDelete, "", func(c *Call) (Reply, error) {
			return c.act(func(ctx context.Context, agent *rooms.Agent) error {
				return agent.PlanBreakouts(ctx, 0, breakout.Plan{Way: breakout.ByHand})
			})
		}),
		act(http.MethodPost, "/assign", assignBreakout),
		act(http.MethodPost, "/shuffle", simply((*rooms.Session).ShuffleBreakouts)),
		act(http.MethodPost, "/open", simply((*rooms.Session).OpenBreakouts)),
		act(http.MethodPost, "/extend", extendBreakouts),
		act(http.MethodPost, "/close", closeBreakouts),
		act(http.MethodPost, "/broadcast", broadcastToBreakouts),
		act(http.MethodPost, "/calls/{participant}/answer", aboutSomebody((*rooms.Session).AnswerHelp)),
	}
}

// wireBreakouts is the breakout rooms of the meeting that is on. Durations are in seconds.
type wireBreakouts struct {
	Rooms    []breakout.Group  `json:"rooms"`
	Way      breakout.Way      `json:"way,omitempty"`
	Return   bool              `json:"return"`
	Length   int               `json:"length"`
	Open     bool              `json:"open"`
	Closing  bool              `json:"closing"`
	Ends     *time.Time        `json:"ends,omitempty"`
	Assigned map[string]string `json:"assigned"`
	Where    map[string]string `json:"where"`
	Calls    []wireHelpCall    `json:"calls"`
}

type wireHelpCall struct {
	Participant string    `json:"participant"`
	Name        string    `json:"name"`
	Room        string    `json:"room"`
	At          time.Time `json:"at"`
}

func getBreakouts(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	found, err := agent.Breakouts(c.Context())
	if err != nil {
		return Reply{}, err
	}
	out := wireBreakouts{
		Rooms: found.Groups, Way: found.Way, Return: found.Return, Length: int(found.Length / time.Second), Open: found.Open, Closing: found.Closing,
		Ends: moment(found.Ends), Assigned: found.Assigned, Where: found.Where, Calls: []wireHelpCall{},
	}
	if out.Rooms == nil {
		out.Rooms = []breakout.Group{}
	}
	for _, call := range found.Calls {
		out.Calls = append(out.Calls, wireHelpCall{call.Participant, call.Name, call.Group, call.At.UTC()})
	}
	return ok(out)
}

// lasting is a duration of a body, longer than anything allowed where it makes no sense.
func lasting(n int) time.Duration {
	if n > int(breakout.MaxLength/time.Second) {
		return breakout.MaxLength + 1
	}
	return time.Duration(n) * time.Second
}

func planBreakouts(c *Call) (Reply, error) {
	var asked struct {
		Rooms  []breakout.Group `json:"rooms"`
		Way    breakout.Way     `json:"way"`
		Return bool             `json:"return"`
		Length int              `json:"length"`
	}
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	plan := breakout.Plan{Groups: asked.Rooms, Way: asked.Way, Return: asked.Return, Length: lasting(asked.Length)}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error { return agent.PlanBreakouts(ctx, 0, plan) })
}

func assignBreakout(c *Call) (Reply, error) {
	var asked struct {
		People []string `json:"people"`
		Room   string   `json:"room"`
	}
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.AssignBreakout(ctx, 0, asked.People, asked.Room)
	})
}

func extendBreakouts(c *Call) (Reply, error) {
	var asked struct {
		By int `json:"by"`
	}
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.ExtendBreakouts(ctx, 0, lasting(asked.By))
	})
}

func closeBreakouts(c *Call) (Reply, error) {
	asked := struct {
		Countdown int `json:"countdown"`
	}{int(breakout.Countdown / time.Second)}
	if !c.Empty() {
		if err := c.Decode(&asked); err != nil {
			return Reply{}, err
		}
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.CloseBreakouts(ctx, 0, lasting(asked.Countdown))
	})
}

func broadcastToBreakouts(c *Call) (Reply, error) {
	var asked struct {
		Text string `json:"text"`
	}
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.BroadcastToBreakouts(ctx, 0, asked.Text)
	})
}
