package client

import (
	"fmt"
	"slices"
	"time"

	"palabre/signaling/protocol"
)

// receive takes one frame of the server. It runs on the link's reading
// goroutine, so frames are taken one at a time and in order.
func (s *Session) receive(f frame) {
	if s.repeated(f) {
		return
	}
	event, err := s.apply(f)
	if err != nil {
		s.log.Warn("a message of the server was not understood", "type", f.Type, "error", err)
		return
	}
	if event != nil {
		s.emit(event)
	}
}

// repeated notes a frame's number and says whether it was seen before.
func (s *Session) repeated(f frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Type == protocol.TypeWelcome {
		s.lastSeq = 0
	}
	if f.Seq == 0 {
		return false
	}
	if f.Seq <= s.lastSeq {
		return true
	}
	s.lastSeq = f.Seq
	return false
}

// apply updates the session's picture of the room and returns the event that
// tells of it, nil for answers that somebody waits for.
func (s *Session) apply(f frame) (Event, error) {
	switch f.Type {
	case protocol.TypeWelcome:
		return read(f, s.applyWelcome)
	case protocol.TypeResumed:
		return read(f, s.applyResumed)
	case protocol.TypeWaiting:
		return Waiting{}, nil
	case protocol.TypeJoined:
		return read(f, s.applyJoined)
	case protocol.TypePreview:
		return read(f, func(p protocol.Preview) Event { return Preview{p} })
	case protocol.TypeParticipant:
		return read(f, s.applyParticipant)
	case protocol.TypeLeft:
		return read(f, s.applyLeft)
	case protocol.TypeKnock:
		return read(f, func(k protocol.Knock) Event { return Knocked{k} })
	case protocol.TypeChanged:
		return read(f, s.applyChanged)
	case protocol.TypeAsked:
		return read(f, s.applyAsked)
	case protocol.TypeRoom:
		return read(f, s.applyRoom)
	case protocol.TypeSeats:
		return read(f, s.applySeats)
	case protocol.TypeSpeakers:
		return read(f, func(w protocol.Speakers) Event { return Speaking{w} })
	case protocol.TypeQuality:
		return read(f, func(q protocol.Quality) Event { return QualityChanged{q} })
	case protocol.TypeLayers:
		return read(f, s.applyLayers)
	case protocol.TypeChatLine, protocol.TypeChatEdited, protocol.TypeChatDeleted, protocol.TypeChatReacted, protocol.TypeChatHistory:
		return applyChat(f)
	case protocol.TypeReaction:
		return read(f, func(r protocol.Reaction) Event { return Reacted{r} })
	case protocol.TypePolls, protocol.TypeBallots, protocol.TypeLink, protocol.TypeLinks,
		protocol.TypeDrawings, protocol.TypeBreakouts, protocol.TypeBreakoutNotice:
		return applyTopic(f)
	case protocol.TypeICERestart:
		s.need(repairRestart)
		return nil, nil
	case protocol.TypeMediaLost:
		s.need(repairRebuild)
		return nil, nil
	case protocol.TypeRestarting:
		return read(f, s.applyRestarting)
	case protocol.TypeClosed:
		return read(f, s.applyClosed)
	case protocol.TypeError:
		return read(f, func(e protocol.Error) Event { return s.applyError(f.Re, e) })
	case protocol.TypeAnswer, protocol.TypePong, protocol.TypeFileTicketed, protocol.TypeFileLinked:
		return nil, nil
	default:
		return nil, fmt.Errorf("unknown type %q", f.Type)
	}
}

// applyTopic gives what happened to things of which the session keeps nothing.
func applyTopic(f frame) (Event, error) {
	switch f.Type {
	case protocol.TypeDrawings:
		return read(f, func(d protocol.Drawings) Event { return DrawingsChanged{d} })
	case protocol.TypePolls:
		return read(f, func(p protocol.Polls) Event { return PollsChanged{p} })
	case protocol.TypeBallots:
		return read(f, func(b protocol.Ballots) Event { return BallotsShown{b} })
	case protocol.TypeLink:
		return read(f, func(l protocol.Link) Event { return LinkChanged{l} })
	case protocol.TypeLinks:
		return read(f, func(l protocol.Links) Event { return LinksListed{l} })
	case protocol.TypeBreakouts:
		return read(f, func(b protocol.Breakouts) Event { return BreakoutsChanged{b} })
	case protocol.TypeBreakoutNotice:
		return read(f, func(n protocol.BreakoutNotice) Event { return BreakoutNotice{n} })
	default:
		return nil, fmt.Errorf("unknown type %q of a topic", f.Type)
	}
}

// applyChat gives what happened in the chat; the session keeps no lines.
func applyChat(f frame) (Event, error) {
	switch f.Type {
	case protocol.TypeChatLine:
		return read(f, func(c protocol.ChatLine) Event { return ChatReceived{c} })
	case protocol.TypeChatEdited:
		return read(f, func(c protocol.ChatEdited) Event { return ChatEdited{c} })
	case protocol.TypeChatDeleted:
		return read(f, func(c protocol.ChatDeleted) Event { return ChatDeleted{c} })
	case protocol.TypeChatReacted:
		return read(f, func(c protocol.ChatReacted) Event { return ChatReacted{c} })
	case protocol.TypeChatHistory:
		return read(f, func(c protocol.ChatHistory) Event { return ChatHistory{c} })
	default:
		return nil, fmt.Errorf("unknown type %q of chat", f.Type)
	}
}

// read decodes a frame's data for the function that applies it.
func read[T any](f frame, apply func(T) Event) (Event, error) {
	data, err := decode[T](f)
	if err != nil {
		return nil, err
	}
	return apply(data), nil
}

func (s *Session) applyWelcome(w protocol.Welcome) Event {
	s.mu.Lock()
	s.welcome, s.resume, s.about = w, w.Resume, w.About
	s.admitted = make(chan struct{})
	s.mu.Unlock()
	s.media.setServers(w.ICEServers)
	return Preview{w.Preview}
}

func (s *Session) applyResumed(r protocol.Resumed) Event {
	if len(r.ICEServers) > 0 {
		s.media.setServers(r.ICEServers)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.welcome.Participant, s.resume = r.Participant, r.Resume
	if r.Fresh {
		s.lastSeq = 0
		s.admitted = make(chan struct{})
	}
	return Resumed{r}
}

func (s *Session) applyJoined(j protocol.Joined) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.Resume != "" {
		s.resume = j.Resume // it says that we were let in
	}
	s.people, s.about = slices.Clone(j.Participants), j.About
	select {
	case <-s.admitted:
	default:
		close(s.admitted)
	}
	return Joined{j}
}

func (s *Session) applyParticipant(p protocol.Participant) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.people, func(have protocol.Participant) bool { return have.ID == p.ID })
	if at < 0 {
		s.people = append(s.people, p)
	} else {
		s.people[at] = p
	}
	return ParticipantChanged{p}
}

func (s *Session) applyLeft(l protocol.Left) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = slices.DeleteFunc(s.people, func(p protocol.Participant) bool { return p.ID == l.Participant })
	return ParticipantLeft{l}
}

func (s *Session) applySeats(seats protocol.Seats) Event {
	s.mu.Lock()
	s.seats = seats.Seats
	s.mu.Unlock()
	s.media.seat(seats.Seats)
	return Seated{slices.Clone(seats.Seats)}
}

func (s *Session) applyLayers(l protocol.Layers) Event {
	if line := s.Line(l.Source); line != nil {
		line.want(l)
	}
	return LayersWanted{l}
}

func (s *Session) applyRestarting(r protocol.Restarting) Event {
	after := time.Duration(r.After) * time.Millisecond
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = restartWait{pending: true, delay: after}
	return Restarting{After: after}
}

func (s *Session) applyClosed(c protocol.Closed) Event {
	s.finish(&ClosedError{Reason: c.Reason})
	return nil
}

// applyError tells of refusals that nobody waits for.
func (s *Session) applyError(re uint32, e protocol.Error) Event {
	if re != 0 {
		return nil
	}
	return Failed{serverError(e)}
}
