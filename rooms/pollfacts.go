package rooms

import "palabre/rooms/poll"

type (
	// Polls is every poll of the meeting as its reader may see it.
	Polls struct{ Polls []PollView }

	// PollView is one poll as one person may see it.
	PollView struct {
		poll.View
		// Own says that the reader asked it, Manage that they may open, close,
		// share and delete it.
		Own, Manage bool
		// Ballots is who chose what, for those who read all by [Session.Polls].
		Ballots []poll.Vote
	}

	// Ballots is who chose what in one named poll.
	Ballots struct {
		Poll  string
		Votes []poll.Vote
	}
)

// The facts about polls. What is not in their JSON is for the store alone.
type (
	// PollCreated: somebody wrote a poll down.
	PollCreated struct {
		Poll poll.Poll `json:"poll"`
	}
	// PollOpened: people are asked.
	PollOpened struct {
		Poll poll.Poll `json:"poll"`
	}
	// PollVoted: somebody voted, or changed their vote. Of an anonymous poll the
	// fact is nobody's and has no choice.
	PollVoted struct {
		Poll    string `json:"poll"`
		Choice  []int  `json:"choice,omitempty"`
		Changed bool   `json:"changed,omitempty"`
		// Cast is what the store keeps: in an anonymous poll that the voter has
		// voted, and apart from that the counts.
		Cast poll.Cast `json:"-"`
	}
	// PollClosed: voting is over.
	PollClosed struct {
		Poll PollResult `json:"poll"`
	}
	// PollShared: everybody may see the results now.
	PollShared struct {
		Poll PollResult `json:"poll"`
	}
	// PollDeleted: a poll and its votes are gone.
	PollDeleted struct {
		Poll string `json:"poll"`
		Text string `json:"question"`
	}
)

// PollResult is what a poll came to. Counts are there where everybody may see them.
type PollResult struct {
	ID      string   `json:"id"`
	Text    string   `json:"question"`
	Options []string `json:"options"`
	Counts  []int    `json:"counts,omitempty"`
	People  int      `json:"people"`
}

func resultOf(p poll.Poll) PollResult {
	result := PollResult{ID: p.ID, Text: p.Text, Options: p.Options, People: p.People()}
	if p.Public() {
		result.Counts = p.Counts
	}
	return result
}

func (PollCreated) Kind() string { return "poll.created" }
func (PollOpened) Kind() string  { return "poll.opened" }
func (PollVoted) Kind() string   { return "poll.voted" }
func (PollClosed) Kind() string  { return "poll.closed" }
func (PollShared) Kind() string  { return "poll.shared" }
func (PollDeleted) Kind() string { return "poll.deleted" }

func (e Polls) size() int {
	n := overhead
	for _, p := range e.Polls {
		n += 3*overhead + len(p.Text) + textSize(p.Options)
	}
	return n
}

func (e Ballots) size() int { return overhead * (1 + len(e.Votes)) }
