package client

import "palabre/signaling/protocol"

// PollsChanged says what polls there are now, as one may see them.
type PollsChanged struct{ protocol.Polls }

// BallotsShown answers [Session.AskBallots].
type BallotsShown struct{ protocol.Ballots }

func (PollsChanged) event() {}
func (BallotsShown) event() {}

// CreatePoll asks everybody something, or prepares to.
func (s *Session) CreatePoll(poll protocol.PollCreate) error {
	return s.tell(protocol.TypePollCreate, poll)
}

// OpenPoll lets people vote in a poll that was prepared.
func (s *Session) OpenPoll(poll string) error {
	return s.tell(protocol.TypePollOpen, protocol.PollTarget{Poll: poll})
}

// Vote chooses options of a poll by their indexes, instead of those chosen before.
func (s *Session) Vote(poll string, choice ...int) error {
	return s.tell(protocol.TypePollVote, protocol.PollVote{Poll: poll, Choice: choice})
}

// ClosePoll ends the voting.
func (s *Session) ClosePoll(poll string) error {
	return s.tell(protocol.TypePollClose, protocol.PollTarget{Poll: poll})
}

// SharePoll shows everybody the results.
func (s *Session) SharePoll(poll string) error {
	return s.tell(protocol.TypePollShare, protocol.PollTarget{Poll: poll})
}

// DeletePoll takes a poll away.
func (s *Session) DeletePoll(poll string) error {
	return s.tell(protocol.TypePollDelete, protocol.PollTarget{Poll: poll})
}

// AskBallots asks who chose what in a poll with names.
func (s *Session) AskBallots(poll string) error {
	return s.tell(protocol.TypePollBallots, protocol.PollTarget{Poll: poll})
}
