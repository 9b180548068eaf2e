package signaling

import (
	"context"

	"palabre/rooms"
	"palabre/rooms/poll"
	"palabre/signaling/protocol"
)

// polling is what each message about polls does.
func polling() map[protocol.ClientType]command {
	return map[protocol.ClientType]command{
		protocol.TypePollCreate: with(createPoll),
		protocol.TypePollVote: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.PollVote) error {
			return s.VotePoll(ctx, re, m.Poll, m.Choice)
		}),
		protocol.TypePollOpen:    aboutPoll((*rooms.Session).OpenPoll),
		protocol.TypePollClose:   aboutPoll((*rooms.Session).ClosePoll),
		protocol.TypePollShare:   aboutPoll((*rooms.Session).SharePoll),
		protocol.TypePollDelete:  aboutPoll((*rooms.Session).DeletePoll),
		protocol.TypePollBallots: aboutPoll((*rooms.Session).Ballots),
	}
}

func createPoll(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.PollCreate) error {
	_, err := s.CreatePoll(ctx, re, poll.Question{
		Text: m.Question, Options: m.Options, Multiple: m.Multiple, Anonymous: m.Anonymous, Results: poll.Sharing(m.Results),
	}, m.Open)
	return err
}

// aboutPoll is a command that names a poll and nothing else.
func aboutPoll(do func(*rooms.Session, context.Context, rooms.Ref, string) error) command {
	return with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.PollTarget) error {
		return do(s, ctx, re, m.Poll)
	})
}

// wirePolling puts what is told of polls into its form on the wire.
func wirePolling(data rooms.Data) (kind protocol.ServerType, out any) {
	switch d := data.(type) {
	case rooms.Polls:
		return protocol.TypePolls, wirePolls(d)
	case rooms.Ballots:
		return protocol.TypeBallots, wireBallots(d)
	}
	return "", nil
}

func wirePolls(p rooms.Polls) protocol.Polls {
	out := protocol.Polls{Polls: make([]protocol.Poll, len(p.Polls))}
	for i, v := range p.Polls {
		out.Polls[i] = protocol.Poll{
			ID: v.ID, Question: v.Text, Options: list(v.Options), Multiple: v.Multiple, Anonymous: v.Anonymous,
			Results: protocol.PollSharing(v.Results), State: protocol.PollState(v.State), Asker: v.Asker.Name, Own: v.Own, Manage: v.Manage,
			Voted: v.Cast, Choice: indexes(v.Mine), Final: v.Final, Shared: v.Shared, People: v.Count, Counts: v.Counts,
			Opened: millis(v.Opened), Closed: millis(v.Closed),
		}
	}
	return out
}

func wireBallots(b rooms.Ballots) protocol.Ballots {
	out := protocol.Ballots{Poll: b.Poll, Votes: make([]protocol.Ballot, len(b.Votes))}
	for i, v := range b.Votes {
		out.Votes[i] = protocol.Ballot{Name: v.Name, Choice: indexes(v.Choice)}
	}
	return out
}

func indexes(list []int) []int {
	if list == nil {
		return []int{}
	}
	return list
}
