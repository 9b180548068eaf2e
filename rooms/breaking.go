package rooms

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"
	"unicode/utf8"

	"palabre/rooms/breakout"
)

const (
	// maxNotice is the longest message to all breakout rooms, in characters.
	maxNotice = 500
	// maxSent is how many people one command may send somewhere.
	maxSent = 500
)

// errNoMeeting: breakout rooms are a meeting's, and none is on.
var errNoMeeting = refuse(CodeNotFound, "No meeting is on in this room.")

// PlanBreakouts replaces the plan of the breakout rooms, before they open; a
// plan without groups takes it away. With the way at random people are assigned
// at once. This and what follows is answered by [Breakouts].
func (s *Session) PlanBreakouts(ctx context.Context, re Ref, plan breakout.Plan) error {
	return s.command(ctx, func(r *room, p *person) error { return r.planBreakouts(p, re, plan) })
}

// AssignBreakout says to which group people belong, by participant id or
// identity, of people to come too; the empty group is the main room. While the
// groups are open who is there goes at once.
func (s *Session) AssignBreakout(ctx context.Context, re Ref, people []string, group string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.assignBreakout(p, re, people, group) })
}

// ShuffleBreakouts assigns everybody inside to the groups at random, but for
// those who may open and close them.
func (s *Session) ShuffleBreakouts(ctx context.Context, re Ref) error {
	return s.command(ctx, func(r *room, p *person) error { return r.shuffleBreakouts(p, re) })
}

// OpenBreakouts opens the groups: who belongs to one goes there.
func (s *Session) OpenBreakouts(ctx context.Context, re Ref) error {
	return s.command(ctx, func(r *room, p *person) error { return r.openBreakouts(p, re) })
}

// JoinBreakout goes to a group, or with an empty id back to the main room:
// where people may choose, and for those who may Break to any.
func (s *Session) JoinBreakout(ctx context.Context, re Ref, group string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.joinBreakout(p, re, group) })
}

// ExtendBreakouts gives the groups more time; who was counted down is no longer.
func (s *Session) ExtendBreakouts(ctx context.Context, re Ref, by time.Duration) error {
	return s.command(ctx, func(r *room, p *person) error {
		return r.breakOpen(p, re, func(now time.Time) (FactData, error) {
			err := r.breaking.Extend(by, now)
			return BreakoutExtended{Ends: r.breaking.Ends}, err
		})
	})
}

// CloseBreakouts takes everybody back to the main room after a countdown,
// usually [breakout.Countdown].
func (s *Session) CloseBreakouts(ctx context.Context, re Ref, countdown time.Duration) error {
	return s.command(ctx, func(r *room, p *person) error {
		return r.breakOpen(p, re, func(now time.Time) (FactData, error) {
			err := r.breaking.Close(countdown, now)
			return BreakoutClosing{Ends: r.breaking.Ends}, err
		})
	})
}

// AskForHelp tells those who may Break that help is wanted in one's group, or
// no longer is.
func (s *Session) AskForHelp(ctx context.Context, re Ref, asking bool) error {
	return s.command(ctx, func(r *room, p *person) error { return r.askForHelp(p, re, asking) })
}

// AnswerHelp ends somebody's asking for help.
func (s *Session) AnswerHelp(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.answerHelp(p, re, participant) })
}

// BroadcastToBreakouts writes a message to everybody in every group, answered
// by [BreakoutNotice].
func (s *Session) BroadcastToBreakouts(ctx context.Context, re Ref, text string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.broadcastToBreakouts(p, re, text) })
}

// Breakouts gives the breakout rooms as this session may know them.
func (s *Session) Breakouts(ctx context.Context) (view Breakouts, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		if p.place != joined {
			return refuse(CodeNotAdmitted, "Join the room first.")
		}
		view = r.breakouts(p)
		view.Where = map[string]string{}
		for _, other := range r.inside {
			if other.group != "" {
				view.Where[other.id] = other.group
			}
		}
		return nil
	})
	return view, err
}

func (r *room) planBreakouts(by *person, re Ref, plan breakout.Plan) error {
	plan.Groups = slices.Clone(plan.Groups)
	for i := range plan.Groups {
		plan.Groups[i].Name = cleanPhrase(plan.Groups[i].Name, breakout.MaxName)
	}
	return r.breakOpen(by, re, func(time.Time) (FactData, error) {
		if err := r.breaking.Arrange(plan); err != nil {
			return nil, err
		}
		if plan.Way == breakout.AtRandom && r.breaking.Planned() {
			if err := r.deal(); err != nil {
				return nil, err
			}
		}
		return BreakoutPlanned{Groups: r.breaking.Groups, Way: plan.Way, Return: plan.Return, Length: plan.Length}, nil
	})
}

func (r *room) assignBreakout(by *person, re Ref, people []string, group string) error {
	if len(people) > maxSent {
		return refuse(CodeTooLarge, "Too many people at once.")
	}
	keys := make([]string, len(people))
	for i, id := range people {
		if err := checkID(id); err != nil {
			return err
		}
		keys[i] = id
		if p := r.find(id); p != nil && p.visible() {
			keys[i] = p.lasting()
		}
	}
	here := r.byKey()
	return r.breakOpen(by, re, func(time.Time) (FactData, error) {
		for _, key := range keys {
			if err := r.breaking.Assign(key, group); err != nil {
				return nil, err
			}
			if !r.breaking.Open || here[key] == nil {
				continue
			}
			if err := r.breaking.Send(key, group); err != nil {
				return nil, err
			}
		}
		return BreakoutMoved{Whom: r.named(keys), Group: group, Name: r.breaking.Name(group), Open: r.breaking.Open}, nil
	})
}

func (r *room) shuffleBreakouts(by *person, re Ref) error {
	return r.breakOpen(by, re, func(time.Time) (FactData, error) {
		err := r.deal()
		return BreakoutShuffled{}, err
	})
}

// deal assigns those inside at random who do not open and close groups themselves.
func (r *room) deal() error {
	var keys []string
	for _, p := range r.inside {
		if !r.may(p, Break) {
			keys = append(keys, p.lasting())
		}
	}
	return r.breaking.Shuffle(keys, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
}

func (r *room) openBreakouts(by *person, re Ref) error {
	return r.breakOpen(by, re, func(now time.Time) (FactData, error) {
		var keys []string
		for _, p := range r.inside {
			keys = append(keys, p.lasting())
		}
		if err := r.breaking.Begin(keys, now); err != nil {
			return nil, err
		}
		return BreakoutOpened{Groups: r.breaking.Groups, Way: r.breaking.Way, Ends: r.breaking.Ends, People: len(r.breaking.Here)}, nil
	})
}

func (r *room) joinBreakout(by *person, re Ref, group string) error {
	if by.place != joined || !by.visible() {
		return refuse(CodeNotAdmitted, "Join the room first.")
	}
	return r.rebreak(by, re, func(time.Time) (FactData, error) {
		key, host := by.lasting(), r.may(by, Break)
		choose := r.breaking.Choose
		if host {
			choose = r.breaking.Send
		}
		if err := choose(key, group); err != nil {
			return nil, err
		}
		if host && group != "" {
			r.breaking.Attend(group)
		}
		return BreakoutMoved{Whom: []Actor{by.whom()}, Group: group, Name: r.breaking.Name(group), Open: true}, nil
	})
}

func (r *room) askForHelp(p *person, re Ref, asking bool) error {
	if p.place != joined {
		return refuse(CodeNotAdmitted, "Join the room first.")
	}
	return r.rebreak(p, re, func(now time.Time) (FactData, error) {
		key := p.lasting()
		if !asking {
			r.breaking.Hush(key)
		} else if err := r.breaking.Help(key, now); err != nil {
			return nil, err
		}
		group := r.breaking.Place(key)
		return BreakoutHelp{Whom: p.whom(), Group: group, Name: r.breaking.Name(group), Asking: asking}, nil
	})
}

func (r *room) answerHelp(by *person, re Ref, id string) error {
	return r.breakOpen(by, re, func(time.Time) (FactData, error) {
		p := r.find(id)
		if p == nil || !r.breaking.Hush(p.lasting()) {
			return nil, refuse(CodeNotFound, "Nobody with this id asks for help.")
		}
		group := r.breaking.Place(p.lasting())
		return BreakoutHelp{Whom: p.whom(), Group: group, Name: r.breaking.Name(group)}, nil
	})
}

func (r *room) broadcastToBreakouts(by *person, re Ref, text string) error {
	if err := r.require(by, Break); err != nil {
		return err
	}
	text = cleanPhrase(text, maxNotice)
	switch {
	case !r.breaking.Open:
		return breakRefusal(breakout.ErrClosed)
	case text == "":
		return refuse(CodeBadMessage, "A message needs at least one character that can be seen.")
	case utf8.RuneCountInString(text) > maxNotice:
		return refuse(CodeTooLarge, "A message to all rooms has at most 500 characters.")
	}
	if err := r.remembering(); err != nil {
		return err
	}
	notice := BreakoutNotice{ID: newID(), Participant: by.id, Name: by.name, Text: text, At: time.Now()}
	meeting := r.meeting.ID
	r.keep(by.actor(), BreakoutBroadcast{Text: text}, func() {
		if r.meeting.ID != meeting {
			return
		}
		r.tellAll(by, re, notice)
		if !slices.Contains(r.inside, by) {
			r.tell(by, re, notice)
		}
	})
	return nil
}

// breakOpen changes the breakout rooms for somebody who may.
func (r *room) breakOpen(by *person, re Ref, change func(time.Time) (FactData, error)) error {
	if err := r.require(by, Break); err != nil {
		return err
	}
	return r.rebreak(by, re, change)
}

// rebreak changes the breakout rooms, has that remembered, and then tells
// everybody and takes them where they are to be.
func (r *room) rebreak(by *person, re Ref, change func(time.Time) (FactData, error)) error {
	if r.meeting.ID == "" {
		return errNoMeeting
	}
	if err := r.remembering(); err != nil {
		return err
	}
	fact, err := change(time.Now())
	if err != nil {
		r.forgetBreak()
		return breakRefusal(err)
	}
	r.meeting.Breakouts = r.breaking.Clone()
	r.arm()
	meeting := r.meeting.ID
	r.keep(by.actor(), fact, nil)
	r.keep(by.actor(), MeetingChanged{r.meeting}, func() {
		if r.meeting.ID == meeting {
			r.tellBreakouts(by, re)
			r.disperse()
		}
	})
	return nil
}

// forgetBreak takes back what a command did before it failed.
func (r *room) forgetBreak() {
	before := r.meeting.Breakouts
	if before == nil {
		before = &breakout.State{}
	}
	r.breaking.State = *before.Clone()
}

// breakRefusal puts what the breakout rooms refuse into the vocabulary of commands.
func breakRefusal(err error) error {
	code := CodeBadMessage
	switch {
	case errors.Is(err, breakout.ErrUnknown), errors.Is(err, breakout.ErrPlan):
		code = CodeNotFound
	case errors.Is(err, breakout.ErrOpen), errors.Is(err, breakout.ErrClosed), errors.Is(err, breakout.ErrOutside):
		code = CodeConflict
	case errors.Is(err, breakout.ErrNoChoice):
		code = CodeForbidden
	case errors.Is(err, breakout.ErrTooMany), errors.Is(err, breakout.ErrCrowded), errors.Is(err, breakout.ErrName):
		code = CodeTooLarge
	}
	if _, domain := errors.AsType[*Error](err); domain {
		return err
	}
	return &Error{Code: code, Message: sentence(err), Err: err}
}
