package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/rooms/poll"
)

// Polls is what is remembered of the polls of meetings. The store implements it.
type Polls interface {
	Polls(ctx context.Context, meeting string) ([]poll.Poll, error)
}

func (a *API) pollRoutes() []Route {
	write := func(method, path string, action rooms.Action, do func(*Call) (Reply, error)) Route {
		return Route{Method: method, Path: "/rooms/{room}/polls" + path, Scope: identity.PollsWrite, Action: action, Do: do}
	}
	return []Route{
		{Method: http.MethodGet, Path: "/rooms/{room}/polls", Scope: identity.PollsRead, Action: rooms.Vote, Do: a.listPolls},
		{Method: http.MethodGet, Path: "/rooms/{room}/meetings/{meeting}/polls", Scope: identity.PollsRead, Action: rooms.Export, Do: a.exportPolls},
		write(http.MethodPost, "", rooms.Ask, a.createPoll),
		write(http.MethodPost, "/{poll}/open", rooms.Ask, aboutPoll((*rooms.Session).OpenPoll)),
		write(http.MethodPost, "/{poll}/close", rooms.Ask, aboutPoll((*rooms.Session).ClosePoll)),
		write(http.MethodPost, "/{poll}/share", rooms.Ask, aboutPoll((*rooms.Session).SharePoll)),
		write(http.MethodDelete, "/{poll}", rooms.Ask, aboutPoll((*rooms.Session).DeletePoll)),
		write(http.MethodPut, "/{poll}/vote", rooms.Vote, votePoll),
	}
}

// wirePoll is a poll in answers. Counts and votes are there where they may be seen.
type wirePoll struct {
	ID        string       `json:"id"`
	Question  string       `json:"question"`
	Options   []string     `json:"options"`
	Multiple  bool         `json:"multiple"`
	Anonymous bool         `json:"anonymous"`
	Results   poll.Sharing `json:"results"`
	State     poll.State   `json:"state"`
	Shared    bool         `json:"shared"`
	Asker     string       `json:"asker"`
	Created   time.Time    `json:"created"`
	Opened    *time.Time   `json:"opened,omitempty"`
	Closed    *time.Time   `json:"closed,omitempty"`
	People    int          `json:"people"`
	Counts    []int        `json:"counts,omitempty"`
	Votes     []poll.Vote  `json:"votes,omitempty"`
}

func pollOnWire(p poll.Poll, people int, counts []int, votes []poll.Vote) wirePoll {
	return wirePoll{
		ID: p.ID, Question: p.Text, Options: p.Options, Multiple: p.Multiple, Anonymous: p.Anonymous, Results: p.Results, State: p.State,
		Shared: p.Shared, Asker: p.Asker.Name, Created: p.Created.UTC(), Opened: moment(p.Opened), Closed: moment(p.Closed),
		People: people, Counts: counts, Votes: votes,
	}
}

// listPolls gives the polls of the meeting that is on, as the caller may see them.
func (a *API) listPolls(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	found, err := agent.Polls(c.Context())
	if err != nil {
		return Reply{}, err
	}
	items := make([]wirePoll, len(found))
	for i, v := range found {
		items[i] = pollOnWire(v.Poll, v.Count, v.Counts, v.Ballots)
	}
	return list(items, "")
}

// createPoll asks something in the meeting that is on.
func (a *API) createPoll(c *Call) (Reply, error) {
	var asked struct {
		Question  string       `json:"question"`
		Options   []string     `json:"options"`
		Multiple  bool         `json:"multiple"`
		Anonymous bool         `json:"anonymous"`
		Results   poll.Sharing `json:"results"`
		Open      bool         `json:"open"`
	}
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	id, err := agent.CreatePoll(c.Context(), 0, poll.Question{
		Text: asked.Question, Options: asked.Options, Multiple: asked.Multiple, Anonymous: asked.Anonymous, Results: cmp.Or(asked.Results, poll.Live),
	}, asked.Open)
	if err != nil {
		return Reply{}, err
	}
	return created(c.http.Request.URL.Path+"/"+id, map[string]string{"id": id})
}

// aboutPoll is an operation that names a poll and nothing else.
func aboutPoll(do func(*rooms.Session, context.Context, rooms.Ref, string) error) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		return c.act(func(ctx context.Context, agent *rooms.Agent) error { return do(agent.Session, ctx, 0, c.Param("poll")) })
	}
}

func votePoll(c *Call) (Reply, error) {
	var vote struct {
		Choice []int `json:"choice"`
	}
	if err := c.Decode(&vote); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.VotePoll(ctx, 0, c.Param("poll"), vote.Choice)
	})
}

// exportPolls gives the polls of a meeting that is remembered, with the results
// everybody may see and those of the caller's own polls. Who asked in private was
// told that nobody else sees the results: all of them take a scope of its own.
func (a *API) exportPolls(c *Call) (Reply, error) {
	if a.cfg.Polls == nil || a.cfg.Reports == nil {
		return Reply{}, errNoStore
	}
	m, err := a.cfg.Reports.Meeting(c.Context(), c.Room, c.Param("meeting"))
	if err != nil {
		return Reply{}, err
	}
	found, err := a.cfg.Polls.Polls(c.Context(), m.ID)
	if err != nil {
		return Reply{}, err
	}
	items := []wirePoll{}
	for _, p := range found {
		shows := c.Key.May(identity.PollsPrivate) || p.Shows(c.By.Voter())
		if p.State == poll.Draft && !shows {
			continue
		}
		w := pollOnWire(p, p.People(), nil, nil)
		if shows {
			w.Counts, w.Votes = p.Counts, p.Ballots()
		}
		items = append(items, w)
	}
	if c.wantsCSV() {
		return csvReply("polls-"+m.Started.UTC().Format(time.DateOnly), pollTable(items))
	}
	return list(items, "")
}

// pollTable is a row for every option, with who chose it where that is kept.
func pollTable(polls []wirePoll) table {
	rows := table{{"poll", "question", "kind", "named", "state", "asked_by", "opened", "people", "option", "votes", "voters"}}
	for _, p := range polls {
		kind, named := "single", "named"
		if p.Multiple {
			kind = "multiple"
		}
		if p.Anonymous {
			named = "anonymous"
		}
		for i, option := range p.Options {
			count, voters := "", []string{}
			if p.Counts != nil {
				count = strconv.Itoa(p.Counts[i])
			}
			for _, vote := range p.Votes {
				if slices.Contains(vote.Choice, i) {
					voters = append(voters, vote.Name)
				}
			}
			opened := ""
			if p.Opened != nil {
				opened = stamp(*p.Opened)
			}
			rows = append(rows, []string{
				p.ID, p.Question, kind, named, string(p.State), p.Asker, opened, strconv.Itoa(p.People), option, count, strings.Join(voters, "; "),
			})
		}
	}
	return rows
}
