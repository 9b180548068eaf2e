package rooms

import (
	"slices"
	"strings"
	"time"

	"palabre/rooms/breakout"
)

// tellWithin is how long the others are not told that somebody has come to
// their group while more are on the way: many who move at once make one event.
const tellWithin = 200 * time.Millisecond

type (
	// Breakouts is the breakout rooms as one person may know them. Who is where
	// is in [Person].
	Breakouts struct {
		Groups []breakout.Group
		Way    breakout.Way
		Return bool
		Length time.Duration
		// Open says that the groups are open; Ends is when they close, zero while
		// nobody has said, and Closing that somebody has closed them.
		Open, Closing bool
		Ends          time.Time
		// Own is the group this person belongs to, Asking that they ask for help.
		Own    string
		Asking bool
		// Assigned and Calls are told to those who may Break alone: who belongs
		// where, by participant id or, of those who are not here, by identity;
		// and who asks for help, oldest first. Where is who is in which group,
		// by participant id, for those who read it by [Session.Breakouts].
		Assigned, Where map[string]string
		Calls           []HelpCall
	}

	// HelpCall is somebody who asks for help.
	HelpCall struct {
		Participant, Name, Group string
		At                       time.Time
	}

	// BreakoutNotice is a message to everybody in every breakout room.
	BreakoutNotice struct {
		ID, Participant, Name, Text string
		At                          time.Time
	}
)

// The facts about breakout rooms.
type (
	// BreakoutPlanned: the plan is another; without groups there is none.
	BreakoutPlanned struct {
		Groups []breakout.Group `json:"groups"`
		Way    breakout.Way     `json:"way"`
		Return bool             `json:"return"`
		Length time.Duration    `json:"length"`
	}
	// BreakoutShuffled: people were assigned at random.
	BreakoutShuffled struct{}
	// BreakoutOpened: people went to their groups.
	BreakoutOpened struct {
		Groups []breakout.Group `json:"groups"`
		Way    breakout.Way     `json:"way"`
		Ends   time.Time        `json:"ends,omitzero"`
		People int              `json:"people"`
	}
	// BreakoutMoved: somebody belongs to another group or, where the groups are
	// open, went there. Name is the group's; both are empty for the main room.
	BreakoutMoved struct {
		Whom  []Actor
		Group string `json:"group"`
		Name  string `json:"name"`
		Open  bool   `json:"open"`
	}
	// BreakoutHelp: somebody asks for help, or no longer does.
	BreakoutHelp struct {
		Whom   Actor
		Group  string `json:"group"`
		Name   string `json:"name"`
		Asking bool   `json:"asking"`
	}
	// BreakoutBroadcast: everybody was told something.
	BreakoutBroadcast struct {
		Text string `json:"text"`
	}
	// BreakoutExtended and BreakoutClosing: the groups close at another time.
	BreakoutExtended struct {
		Ends time.Time `json:"ends"`
	}
	BreakoutClosing struct {
		Ends time.Time `json:"ends"`
	}
	// BreakoutClosed: everybody is back in the main room.
	BreakoutClosed struct {
		Opened time.Time `json:"opened"`
	}
)

func (BreakoutPlanned) Kind() string   { return "breakout.planned" }
func (BreakoutShuffled) Kind() string  { return "breakout.shuffled" }
func (BreakoutOpened) Kind() string    { return "breakout.opened" }
func (BreakoutHelp) Kind() string      { return "breakout.help" }
func (BreakoutBroadcast) Kind() string { return "breakout.broadcast" }
func (BreakoutExtended) Kind() string  { return "breakout.extended" }
func (BreakoutClosing) Kind() string   { return "breakout.closing" }
func (BreakoutClosed) Kind() string    { return "breakout.closed" }

func (f BreakoutMoved) Kind() string {
	if f.Open {
		return "breakout.moved"
	}
	return "breakout.assigned"
}

func (e Breakouts) size() int {
	return overhead * (2 + len(e.Groups) + len(e.Assigned) + len(e.Calls))
}

func (e BreakoutNotice) size() int { return 2*overhead + len(e.Text) + len(e.Name) }

// breaking is a room's breakout rooms, and who is on the way between them.
type breaking struct {
	breakout.State
	// going are those whose media is not yet where they are to be; come those
	// whose is, and of whom the others are told by tell at the latest.
	going map[*person]bool
	come  []*person
	tell  time.Time
}

// audience is who hears what somebody says, themselves included: everyone in
// the same breakout room, and while none are open everyone inside. Who is in no
// list, as a program, speaks to the main room.
func (r *room) audience(p *person) []*person {
	var list []*person
	for _, other := range r.inside {
		if other.group == p.group {
			list = append(list, other)
		}
	}
	return list
}

// disperse takes everybody where the breakout rooms have them.
func (r *room) disperse() {
	for _, p := range r.inside {
		r.guide(p)
	}
}

// guide has somebody's media go where they are to be. They are there, for
// themselves and for the others, once nothing of those they left can reach them.
func (r *room) guide(p *person) {
	group := r.breaking.Place(p.lasting())
	if p.goal == group {
		return
	}
	p.goal = group
	if r.breaking.going == nil {
		r.breaking.going = map[*person]bool{}
	}
	r.breaking.going[p] = true
	p.link.move(group, func() { r.afterwards(func() { r.arrived(p, group) }) })
}

// arrived takes note that somebody's media is in a group.
func (r *room) arrived(p *person, group string) {
	if p.place != joined || p.goal != group {
		return
	}
	delete(r.breaking.going, p)
	if p.group != group {
		p.group, p.hand = group, time.Time{}
		r.breaking.come = append(r.breaking.come, p)
	}
	if r.breaking.tell.IsZero() {
		r.breaking.tell = time.Now().Add(tellWithin)
		r.arm()
	}
	r.welcomeAll(time.Now())
}

// welcomeAll tells everybody of those who have come to their groups: when all
// have, or when it is time. Who came is told what was written there.
func (r *room) welcomeAll(now time.Time) {
	b := &r.breaking
	if b.tell.IsZero() || len(b.going) > 0 && now.Before(b.tell) {
		return
	}
	come := b.come
	b.come, b.tell = nil, time.Time{}
	r.tellChanged(come, nil, 0)
	raised := Changed{People: []Person{}}
	for _, p := range r.inside {
		if !p.hand.IsZero() {
			raised.People = append(raised.People, p.public())
		}
	}
	for _, p := range come {
		r.tellHistory(p)
		if len(raised.People) > 0 {
			r.tell(p, 0, raised)
		}
	}
}

// narrowed is an event as one reader is told it: a hand raised in another
// breakout room is none of theirs.
func narrowed(reader *person, data Data) Data {
	hidden := func(p Person) bool { return p.Group != reader.group && !p.Hand.IsZero() }
	all := func(people []Person) []Person {
		people = slices.Clone(people)
		for i := range people {
			if hidden(people[i]) {
				people[i].Hand = time.Time{}
			}
		}
		return people
	}
	switch d := data.(type) {
	case Person:
		if hidden(d) {
			d.Hand = time.Time{}
			return d
		}
	case Changed:
		if slices.ContainsFunc(d.People, hidden) {
			return Changed{People: all(d.People)}
		}
	case Joined:
		if slices.ContainsFunc(d.People, hidden) {
			d.People = all(d.People)
			return d
		}
	}
	return data
}

// settleIn says where a newcomer is: where they were, or where they belong.
func (r *room) settleIn(p *person) {
	key := p.lasting()
	_, was := r.breaking.Here[key]
	p.group = r.breaking.Enter(key)
	if p.goal = p.group; p.group == "" {
		return
	}
	p.link.move(p.group, func() {})
	if !was {
		r.meeting.Breakouts = r.breaking.Clone()
		r.changed(p.actor())
	}
}

// resumeBreakouts goes on with the breakout rooms of a meeting that was recalled.
func (r *room) resumeBreakouts() {
	if r.meeting.Breakouts != nil {
		r.breaking.State = *r.meeting.Breakouts.Clone()
		r.breaking.Restart(time.Now())
		r.arm()
	}
}

// strayed forgets somebody who is gone.
func (r *room) strayed(p *person, reason Reason) {
	b := &r.breaking
	delete(b.going, p)
	b.come = slices.DeleteFunc(b.come, func(other *person) bool { return other == p })
	if !b.Planned() {
		return
	}
	key := p.lasting()
	asked := b.Asks(key)
	b.Leave(key, p.identity == "" && (reason == ReasonLeft || reason == ReasonRemoved))
	r.meeting.Breakouts = b.Clone() // written down with the next change
	if asked {
		r.tellBreakouts(nil, 0)
	}
	r.welcomeAll(time.Now())
}

// passBreakouts does what is due: tells who has come, and closes groups whose time is up.
func (r *room) passBreakouts(now time.Time) {
	r.welcomeAll(now)
	opened := r.breaking.Opened
	if !r.breaking.Tick(now) {
		return
	}
	r.meeting.Breakouts = r.breaking.Clone()
	r.keep(Actor{}, BreakoutClosed{Opened: opened}, nil)
	r.changed(Actor{})
	r.tellBreakouts(nil, 0)
	r.disperse()
}

// breakoutsDue is when passBreakouts has something to do; zero while it has nothing.
func (r *room) breakoutsDue() time.Time {
	due, tell := r.breaking.Due(), r.breaking.tell
	if due.IsZero() || !tell.IsZero() && tell.Before(due) {
		return tell
	}
	return due
}

// tellBreakouts tells everybody what they may know; re goes to the one who asked.
func (r *room) tellBreakouts(by *person, re Ref) {
	for _, p := range r.inside {
		if p == by {
			r.tell(p, re, r.breakouts(p))
		} else {
			r.tell(p, 0, r.breakouts(p))
		}
	}
}

// greetBreakouts tells one person, where there is something to tell.
func (r *room) greetBreakouts(p *person) {
	if r.breaking.Planned() {
		r.tell(p, 0, r.breakouts(p))
	}
}

// breakouts is what one person may know: a plan that is not open is for those
// who make it.
func (r *room) breakouts(p *person) Breakouts {
	b, host := &r.breaking, r.may(p, Break)
	if !b.Open && !host {
		return Breakouts{}
	}
	key := p.lasting()
	view := Breakouts{
		Groups: slices.Clone(b.Groups), Way: b.Way, Return: b.Return, Length: b.Length,
		Open: b.Open, Closing: b.Closing, Ends: b.Ends, Own: b.Assigned[key], Asking: b.Asks(key),
	}
	if !host {
		return view
	}
	view.Assigned = make(map[string]string, len(b.Assigned))
	here := r.byKey()
	for key, group := range b.Assigned {
		if p := here[key]; p != nil {
			key = p.id
		}
		view.Assigned[key] = group
	}
	for _, call := range b.Calls {
		if p := here[call.Who]; p != nil {
			view.Calls = append(view.Calls, HelpCall{Participant: p.id, Name: p.name, Group: call.Group, At: call.At})
		}
	}
	return view
}

// byKey is everybody inside by what they are lastingly known by.
func (r *room) byKey() map[string]*person {
	here := make(map[string]*person, len(r.inside))
	for _, p := range r.inside {
		here[p.lasting()] = p
	}
	return here
}

// named is people as facts name them.
func (r *room) named(keys []string) []Actor {
	here, list := r.byKey(), make([]Actor, len(keys))
	for i, key := range keys {
		list[i] = Actor{Identity: key}
		if p := here[key]; p != nil {
			list[i] = p.whom()
		}
	}
	return list
}

// sentence makes an error a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
