package api

import (
	"context"
	"net/http"

	"palabre/identity"
	"palabre/rooms"
)

// drawingRoutes is who may draw on shared screens, and an empty canvas. What is
// drawn goes over data channels alone.
func (a *API) drawingRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/rooms/{room}/drawings", Scope: identity.MeetingsRead, Action: rooms.Draw, Do: listDrawings},
		{Method: http.MethodPut, Path: "/rooms/{room}/drawings/{participant}", Scope: identity.MeetingsWrite, Action: rooms.Moderate, Do: allowDrawing},
		{Method: http.MethodDelete, Path: "/rooms/{room}/drawings/{participant}", Scope: identity.MeetingsWrite, Action: rooms.Moderate, Do: aboutSomebody((*rooms.Session).ClearDrawing)},
	}
}

// wireDrawing is a shared screen as something to draw on.
type wireDrawing struct {
	Participant string            `json:"participant"`
	Rule        rooms.DrawingRule `json:"rule"`
	People      []string          `json:"people,omitempty"`
	Used        bool              `json:"used"`
}

func listDrawings(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	found, err := agent.Drawings(c.Context())
	if err != nil {
		return Reply{}, err
	}
	items := make([]wireDrawing, len(found.Canvases))
	for i, d := range found.Canvases {
		items[i] = wireDrawing{Participant: d.Participant, Rule: d.Rule, People: d.People, Used: d.Used}
	}
	return list(items, "")
}

func allowDrawing(c *Call) (Reply, error) {
	var given struct {
		Rule   rooms.DrawingRule `json:"rule"`
		People []string          `json:"people,omitempty"`
	}
	if err := c.Decode(&given); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.AllowDrawing(ctx, 0, c.Param("participant"), given.Rule, given.People)
	})
}
