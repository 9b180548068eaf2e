package breakout

import (
	"slices"
	"time"
)

// Send takes somebody to a group, or to the main room, whatever they may do themselves.
func (s *State) Send(who, group string) error {
	switch {
	case !s.Open:
		return ErrClosed
	case !s.Known(group):
		return ErrUnknown
	}
	if _, was := s.Here[who]; !was && len(s.Here) >= MaxAssigned {
		return ErrCrowded
	}
	if s.Here[who] != group {
		s.Hush(who)
	}
	s.put(who, group)
	return nil
}

func (s *State) put(who, group string) {
	if s.Here == nil {
		s.Here = map[string]string{}
	}
	s.Here[who] = group
}

// Choose takes somebody where they want to go: to any group where people
// choose, and where they may return back to the main room and to the group they belong to.
func (s *State) Choose(who, group string) error {
	belongs := group == "" || group == s.Assigned[who]
	if s.Open && s.Known(group) && s.Way != ByChoice && !(s.Return && belongs) {
		return ErrNoChoice
	}
	return s.Send(who, group)
}

// Enter says where somebody is who comes in while the meeting is on: where
// they were before they left or the server restarted, else where they belong.
func (s *State) Enter(who string) string {
	if !s.Open {
		return ""
	}
	group, was := s.Here[who]
	if !was {
		group = s.Assigned[who]
	}
	if !s.Known(group) {
		group = ""
	}
	if group != "" && (was || len(s.Here) < MaxAssigned) {
		s.put(who, group)
		return group
	}
	return ""
}

// Leave notes that somebody is gone. Who comes back is where they were; who
// cannot come back as the same person is forgotten.
func (s *State) Leave(who string, forgotten bool) {
	s.Hush(who)
	if forgotten {
		delete(s.Here, who)
		delete(s.Assigned, who)
	}
}

// Help notes that somebody in a group asks for help. Asking again changes nothing.
func (s *State) Help(who string, now time.Time) error {
	switch group := s.Place(who); {
	case !s.Open:
		return ErrClosed
	case group == "":
		return ErrOutside
	case !s.Asks(who):
		s.Calls = append(s.Calls, Call{Who: who, Group: group, At: now})
	}
	return nil
}

// Asks says whether somebody asks for help.
func (s *State) Asks(who string) bool {
	return slices.ContainsFunc(s.Calls, func(c Call) bool { return c.Who == who })
}

// Hush ends somebody's asking for help, and says whether they did.
func (s *State) Hush(who string) bool {
	before := len(s.Calls)
	s.Calls = slices.DeleteFunc(s.Calls, func(c Call) bool { return c.Who == who })
	return len(s.Calls) < before
}

// Attend ends all asking for help in a group, because somebody has come to help.
func (s *State) Attend(group string) {
	s.Calls = slices.DeleteFunc(s.Calls, func(c Call) bool { return c.Group == group })
}

// Extend gives the groups more time, and those that close still time at all.
func (s *State) Extend(by time.Duration, now time.Time) error {
	from := s.Ends
	if s.Closing || from.IsZero() {
		from = now
	}
	ends := from.Add(by)
	switch {
	case !s.Open:
		return ErrClosed
	case by <= 0 || by > MaxLength || ends.Sub(now) > MaxLength:
		return ErrLength
	}
	s.Ends, s.Closing = ends, false
	return nil
}

// Close has the groups end after a countdown, or sooner where their time is up before.
func (s *State) Close(countdown time.Duration, now time.Time) error {
	switch {
	case !s.Open:
		return ErrClosed
	case countdown < 0 || countdown > MaxCountdown:
		return ErrLength
	}
	if ends := now.Add(countdown); s.Ends.IsZero() || ends.Before(s.Ends) {
		s.Ends = ends
	}
	s.Closing = true
	return nil
}

// Due is when [State.Tick] has something to do; zero while it has nothing.
func (s *State) Due() time.Time {
	if !s.Open {
		return time.Time{}
	}
	return s.Ends
}

// Tick lets time pass, and says whether the groups closed: everybody is back
// in the main room.
func (s *State) Tick(now time.Time) (closed bool) {
	if due := s.Due(); due.IsZero() || now.Before(due) {
		return false
	}
	s.Open, s.Closing, s.Opened, s.Ends = false, false, time.Time{}, time.Time{}
	s.Here, s.Calls = nil, nil
	return true
}

// Restart takes the state up again that a server before this one stored. From
// now on the end is measured by this server's own clock, which nobody turns; and
// since the stored one was a time of day, which may have been turned meanwhile,
// there is always a countdown left, and never more time than was given.
func (s *State) Restart(now time.Time) {
	if !s.Open || s.Ends.IsZero() {
		return
	}
	given := max(s.Ends.Sub(s.Opened), Countdown)
	left := s.Ends.Sub(now.Round(0)) // by the time of day alone
	s.Ends = now.Add(min(max(left, Countdown), given))
}
