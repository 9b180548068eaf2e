package client

import "palabre/signaling/protocol"

// AdmitAll lets everybody in who waits.
func (s *Session) AdmitAll() error { return s.tell(protocol.TypeAdmitAll, nil) }

// Mute takes somebody's microphone off, or with an empty id everybody's but one's own.
func (s *Session) Mute(participant string) error {
	return s.tell(protocol.TypeMute, protocol.Target{Participant: participant})
}

// Stop takes somebody's camera or screen off.
func (s *Session) Stop(participant string, source protocol.Source) error {
	return s.tell(protocol.TypeStop, protocol.Aim{Participant: participant, Source: source})
}

// Ask asks somebody to turn microphone or camera on.
func (s *Session) Ask(participant string, source protocol.Source) error {
	return s.tell(protocol.TypeAsk, protocol.Aim{Participant: participant, Source: source})
}

// Lower lowers somebody's hand, or with an empty id all hands.
func (s *Session) Lower(participant string) error {
	return s.tell(protocol.TypeLower, protocol.Target{Participant: participant})
}

// Remove puts somebody out, who may come back.
func (s *Session) Remove(participant string) error {
	return s.tell(protocol.TypeRemove, protocol.Target{Participant: participant})
}

// Ban puts somebody out for the rest of the meeting.
func (s *Session) Ban(participant string) error {
	return s.tell(protocol.TypeBan, protocol.Target{Participant: participant})
}

// Appoint gives somebody a role.
func (s *Session) Appoint(participant string, role protocol.Role) error {
	return s.tell(protocol.TypeAppoint, protocol.Appoint{Participant: participant, Role: role})
}

// Lock lets nobody new in, or does again.
func (s *Session) Lock(locked bool) error {
	return s.tell(protocol.TypeLock, protocol.Lock{Locked: locked})
}

// Configure changes settings of the room.
func (s *Session) Configure(change protocol.Configure) error {
	return s.tell(protocol.TypeConfigure, change)
}

// End ends the meeting for everybody.
func (s *Session) End() error { return s.tell(protocol.TypeEnd, nil) }

// About returns the room, and what the session may do in it, as last told.
func (s *Session) About() protocol.Room {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about
}

func (s *Session) applyChanged(c protocol.Changed) Event {
	for _, p := range c.Participants {
		s.applyParticipant(p)
	}
	return PeopleChanged{c.Participants}
}

func (s *Session) applyRoom(r protocol.Room) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about = r
	return RoomChanged{r}
}

// applyAsked says to the server that what a host took off is off: until it has
// heard that, the server holds whatever names it as on for said before.
func (s *Session) applyAsked(a protocol.Asked) Event {
	s.mu.Lock()
	off, own := s.sending, a.Participant == s.welcome.Participant
	switch a.What {
	case protocol.AskedMuted:
		off.Microphone = false
	case protocol.AskedCameraOff:
		off.Camera = false
	case protocol.AskedShareOff:
		off.Screen, off.ScreenAudio, off.Motion = false, false, false
	}
	s.mu.Unlock()
	if own {
		// A line that was lost meanwhile says all of it again when it is back.
		_ = s.SetMedia(off)
	}
	return Asked{a}
}
