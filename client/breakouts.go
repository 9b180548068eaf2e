package client

import "palabre/signaling/protocol"

// BreakoutsChanged says what breakout rooms there are now. Who is where is in
// [ParticipantChanged] and [PeopleChanged].
type BreakoutsChanged struct{ protocol.Breakouts }

// BreakoutNotice is what a host tells everybody in every breakout room.
type BreakoutNotice struct{ protocol.BreakoutNotice }

func (BreakoutsChanged) event() {}
func (BreakoutNotice) event()   {}

// PlanBreakouts replaces the plan of the breakout rooms.
func (s *Session) PlanBreakouts(plan protocol.BreakoutPlan) error {
	return s.tell(protocol.TypeBreakoutPlan, plan)
}

// AssignBreakout says to which breakout room people belong.
func (s *Session) AssignBreakout(room string, people ...string) error {
	return s.tell(protocol.TypeBreakoutAssign, protocol.BreakoutAssign{People: people, Room: room})
}

// OpenBreakouts opens the breakout rooms.
func (s *Session) OpenBreakouts() error { return s.tell(protocol.TypeBreakoutOpen, nil) }

// JoinBreakout goes to a breakout room, or with an empty one to the main room.
func (s *Session) JoinBreakout(room string) error {
	return s.tell(protocol.TypeBreakoutJoin, protocol.BreakoutTarget{Room: room})
}

// CloseBreakouts takes everybody back to the main room after a countdown.
func (s *Session) CloseBreakouts(after protocol.BreakoutClose) error {
	return s.tell(protocol.TypeBreakoutClose, after)
}

// AskForHelp asks a host to come to one's breakout room, or no longer does.
func (s *Session) AskForHelp(asking bool) error {
	return s.tell(protocol.TypeBreakoutHelp, protocol.BreakoutHelp{Asking: asking})
}

// Broadcast tells everybody in every breakout room something.
func (s *Session) Broadcast(text string) error {
	return s.tell(protocol.TypeBreakoutBroadcast, protocol.BreakoutText{Text: text})
}
