package signaling

import (
	"context"
	"time"

	"palabre/rooms"
	"palabre/rooms/breakout"
	"palabre/signaling/protocol"
)

// breakingOut is what each message about breakout rooms does.
func breakingOut() map[protocol.ClientType]command {
	return map[protocol.ClientType]command{
		protocol.TypeBreakoutPlan: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutPlan) error {
			return s.PlanBreakouts(ctx, re, domainPlan(m))
		}),
		protocol.TypeBreakoutAssign: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutAssign) error {
			return s.AssignBreakout(ctx, re, m.People, m.Room)
		}),
		protocol.TypeBreakoutShuffle: without((*rooms.Session).ShuffleBreakouts),
		protocol.TypeBreakoutOpen:    without((*rooms.Session).OpenBreakouts),
		protocol.TypeBreakoutJoin: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutTarget) error {
			return s.JoinBreakout(ctx, re, m.Room)
		}),
		protocol.TypeBreakoutHelp: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutHelp) error {
			return s.AskForHelp(ctx, re, m.Asking)
		}),
		protocol.TypeBreakoutAnswer: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Target) error {
			return s.AnswerHelp(ctx, re, m.Participant)
		}),
		protocol.TypeBreakoutBroadcast: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutText) error {
			return s.BroadcastToBreakouts(ctx, re, m.Text)
		}),
		protocol.TypeBreakoutExtend: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutExtend) error {
			return s.ExtendBreakouts(ctx, re, duration(m.By))
		}),
		protocol.TypeBreakoutClose: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.BreakoutClose) error {
			return s.CloseBreakouts(ctx, re, countdown(m))
		}),
	}
}

// duration is so many milliseconds. What is longer than a week is a week, which
// is too long for anything here.
func duration(millis int64) time.Duration {
	const week = 7 * 24 * time.Hour
	return time.Duration(min(max(millis, -week.Milliseconds()), week.Milliseconds())) * time.Millisecond
}

// countdown is how long closing takes.
func countdown(m protocol.BreakoutClose) time.Duration {
	switch {
	case m.Now:
		return 0
	case m.Countdown == 0:
		return breakout.Countdown
	}
	return duration(m.Countdown)
}

func domainPlan(m protocol.BreakoutPlan) breakout.Plan {
	plan := breakout.Plan{Way: breakout.Way(m.Way), Return: m.Return, Length: duration(m.Length)}
	for _, room := range m.Rooms {
		plan.Groups = append(plan.Groups, breakout.Group(room))
	}
	return plan
}

// wireBreakingOut puts what is told of breakout rooms into its form on the wire.
func wireBreakingOut(data rooms.Data) (kind protocol.ServerType, out any) {
	switch d := data.(type) {
	case rooms.Breakouts:
		return protocol.TypeBreakouts, wireBreakouts(d)
	case rooms.BreakoutNotice:
		return protocol.TypeBreakoutNotice, wireNotice(d)
	}
	return "", nil
}

// wireBreakouts says how long is left rather than until when: the clocks of
// clients are their own. It is worked out when the message leaves.
func wireBreakouts(b rooms.Breakouts) protocol.Breakouts {
	out := protocol.Breakouts{
		Rooms: make([]protocol.Breakout, len(b.Groups)), Way: protocol.BreakoutWay(b.Way), Return: b.Return, Length: b.Length.Milliseconds(),
		Open: b.Open, Closing: b.Closing, Own: b.Own, Asking: b.Asking, Assigned: b.Assigned,
	}
	for i, g := range b.Groups {
		out.Rooms[i] = protocol.Breakout(g)
	}
	if !b.Ends.IsZero() {
		out.Left = max(1, time.Until(b.Ends).Milliseconds())
	}
	for _, c := range b.Calls {
		out.Calls = append(out.Calls, protocol.BreakoutCall{Participant: c.Participant, Name: c.Name, Room: c.Group, At: millis(c.At)})
	}
	return out
}

func wireNotice(n rooms.BreakoutNotice) protocol.BreakoutNotice {
	return protocol.BreakoutNotice{ID: n.ID, Participant: n.Participant, Name: n.Name, Text: n.Text, At: millis(n.At)}
}
