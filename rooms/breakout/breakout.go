// Package breakout is the breakout rooms of one meeting: a pure machine of
// plain values with one owner, told the time by whoever drives it.
//
// Somebody plans groups and who belongs where, opens them, and everybody goes
// to their group; who is in none is in the main room, which has the empty id.
// When they close everybody is back in the main room, and the plan is there to
// be opened again. People are named by what they are lastingly known by, so
// that somebody who is away, or comes later, still belongs where they were assigned.
package breakout

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	// MaxGroups is how many groups there are at most.
	MaxGroups = 50
	// MaxName is the longest name of a group, in characters.
	MaxName = 40
	// MaxAssigned bounds who is remembered to belong or be somewhere: guests who come
	// again and again would otherwise grow it without end.
	MaxAssigned = 2000
	// MaxLength is the longest time groups are open by the clock.
	MaxLength = 24 * time.Hour
	// Countdown is how long people have to come to an end when the groups are
	// closed and nobody says otherwise; MaxCountdown the longest.
	Countdown    = 30 * time.Second
	MaxCountdown = 10 * time.Minute
)

// Why something cannot be done.
var (
	ErrOpen     = errors.New("the groups are open")
	ErrClosed   = errors.New("the groups are not open")
	ErrPlan     = errors.New("no groups are planned")
	ErrTooMany  = errors.New("there are too many groups")
	ErrName     = errors.New("a group needs a name of up to 40 characters")
	ErrWay      = errors.New("people are assigned by hand, at random or by choice")
	ErrUnknown  = errors.New("there is no such group")
	ErrCrowded  = errors.New("too many people are assigned")
	ErrNoChoice = errors.New("people do not choose where they go here")
	ErrLength   = errors.New("groups are open for up to a day, and close within ten minutes")
	ErrOutside  = errors.New("who is in no group asks in the main room")
)

// Way is how people come into groups.
type Way string

// The ways.
const (
	ByHand   Way = "hand"
	AtRandom Way = "random"
	ByChoice Way = "choice"
)

// Group is one breakout room.
type Group struct {
	// ID is the machine's; each opening gives new ones, so that who comes into a
	// group of that name later is given nothing that was said there before.
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Plan is what is decided before the groups open.
type Plan struct {
	Groups []Group `json:"groups,omitempty"`
	Way    Way     `json:"way,omitempty"`
	// Return lets people go back to the main room, and to their group again, by themselves.
	Return bool `json:"return,omitempty"`
	// Length is how long the groups are open, in nanoseconds; 0 until somebody closes them.
	Length time.Duration `json:"length,omitempty"`
}

// Call is somebody in a group who asks for help.
type Call struct {
	Who   string    `json:"who"`
	Group string    `json:"group"`
	At    time.Time `json:"at"`
}

// State is the machine. The zero value has no groups. Its JSON is what is
// stored; times are kept by the wall clock there, see [State.Restart].
type State struct {
	Plan
	// Assigned is who belongs to which group.
	Assigned map[string]string `json:"assigned,omitempty"`
	Open     bool              `json:"open,omitempty"`
	Opened   time.Time         `json:"opened,omitzero"`
	// Ends is when everybody goes back; zero while nobody has said.
	Ends time.Time `json:"ends,omitzero"`
	// Closing: somebody has closed the groups, and people come to an end.
	Closing bool `json:"closing,omitempty"`
	// Here is where those are who were sent or went somewhere since the opening;
	// empty is the main room.
	Here  map[string]string `json:"here,omitempty"`
	Calls []Call            `json:"calls,omitempty"`
	// Made counts the groups there ever were in the meeting.
	Made int `json:"made,omitempty"`
}

// Clone gives a copy that shares nothing.
func (s *State) Clone() *State {
	c := *s
	c.Groups, c.Calls = slices.Clone(s.Groups), slices.Clone(s.Calls)
	c.Assigned, c.Here = maps.Clone(s.Assigned), maps.Clone(s.Here)
	return &c
}

// Planned says whether there are groups.
func (s *State) Planned() bool { return len(s.Groups) > 0 }

// Known says whether a group is there; the main room always is.
func (s *State) Known(group string) bool {
	return group == "" || slices.ContainsFunc(s.Groups, func(g Group) bool { return g.ID == group })
}

// Name gives the name of a group; empty for the main room.
func (s *State) Name(group string) string {
	for _, g := range s.Groups {
		if g.ID == group {
			return g.Name
		}
	}
	return ""
}

// Place is where somebody is; empty for the main room.
func (s *State) Place(who string) string {
	if !s.Open {
		return ""
	}
	return s.Here[who]
}

// Arrange replaces the plan; without groups there is none any more. Groups
// named by an id keep it, and those who belong there; others are new.
func (s *State) Arrange(p Plan) error {
	if s.Open {
		return ErrOpen
	}
	if err := p.check(); err != nil {
		return err
	}
	groups := make([]Group, 0, len(p.Groups))
	made := s.Made
	for _, g := range p.Groups {
		taken := slices.ContainsFunc(groups, func(other Group) bool { return other.ID == g.ID })
		if g.ID == "" || taken || !s.Known(g.ID) {
			made++
			g.ID = strconv.Itoa(made)
		}
		groups = append(groups, g)
	}
	s.Plan, s.Made = p, made
	s.Groups = groups
	maps.DeleteFunc(s.Assigned, func(_, group string) bool { return !s.Known(group) })
	return nil
}

func (p Plan) check() error {
	if len(p.Groups) > MaxGroups {
		return ErrTooMany
	}
	for _, g := range p.Groups {
		if n := utf8.RuneCountInString(g.Name); n == 0 || n > MaxName {
			return ErrName
		}
	}
	if p.Way != ByHand && p.Way != AtRandom && p.Way != ByChoice {
		return ErrWay
	}
	if p.Length < 0 || p.Length > MaxLength {
		return ErrLength
	}
	return nil
}

// Assign says where somebody belongs; the empty group is nowhere. While the
// groups are open nobody moves by that, see [State.Send].
func (s *State) Assign(who, group string) error {
	switch {
	case !s.Planned():
		return ErrPlan
	case !s.Known(group):
		return ErrUnknown
	case group == "":
		delete(s.Assigned, who)
		return nil
	}
	if _, had := s.Assigned[who]; !had && len(s.Assigned) >= MaxAssigned {
		return ErrCrowded
	}
	if s.Assigned == nil {
		s.Assigned = map[string]string{}
	}
	s.Assigned[who] = group
	return nil
}

// Shuffle assigns people to the groups at random, so that of these people no
// group has two more than another.
func (s *State) Shuffle(people []string, chance *rand.Rand) error {
	switch {
	case s.Open:
		return ErrOpen
	case !s.Planned():
		return ErrPlan
	}
	people = slices.Clone(people)
	chance.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	order := chance.Perm(len(s.Groups)) // who gets one more is chance, too
	for i, who := range people {
		if err := s.Assign(who, s.Groups[order[i%len(order)]].ID); err != nil {
			return err
		}
	}
	return nil
}

// Begin opens the groups: those present who belong somewhere go there.
func (s *State) Begin(present []string, now time.Time) error {
	switch {
	case s.Open:
		return ErrOpen
	case !s.Planned():
		return ErrPlan
	}
	ids := map[string]string{}
	s.Groups = slices.Clone(s.Groups)
	for i := range s.Groups {
		s.Made++
		id := strconv.Itoa(s.Made)
		ids[s.Groups[i].ID], s.Groups[i].ID = id, id
	}
	for who, group := range s.Assigned {
		s.Assigned[who] = ids[group]
	}
	s.Open, s.Closing, s.Opened, s.Ends = true, false, now, time.Time{}
	if s.Length > 0 {
		s.Ends = now.Add(s.Length)
	}
	s.Here = nil
	for _, who := range present {
		if group := s.Assigned[who]; group != "" {
			s.put(who, group)
		}
	}
	return nil
}
