package protocol

// What somebody does with polls.
const (
	TypePollCreate  ClientType = "poll-create"  // [PollCreate]; answered by "polls", as are the next five
	TypePollOpen    ClientType = "poll-open"    // [PollTarget]
	TypePollVote    ClientType = "poll-vote"    // [PollVote]
	TypePollClose   ClientType = "poll-close"   // [PollTarget]
	TypePollShare   ClientType = "poll-share"   // [PollTarget]: show everybody the results
	TypePollDelete  ClientType = "poll-delete"  // [PollTarget]
	TypePollBallots ClientType = "poll-ballots" // [PollTarget]: who chose what in a named poll; answered by "ballots"
)

// What the server says of polls.
const (
	TypePolls   ServerType = "polls"   // [Polls]: every poll of the meeting, as the reader may see it
	TypeBallots ServerType = "ballots" // [Ballots], answers poll-ballots
)

// PollCreate asks something. With Open people may vote at once, else it waits as a draft.
type PollCreate struct {
	Question string   `json:"question"`
	Options  []string `json:"options"`
	// Multiple lets people choose several options, else exactly one.
	Multiple bool `json:"multiple"`
	// Anonymous keeps nobody's choice.
	Anonymous bool        `json:"anonymous"`
	Results   PollSharing `json:"results"`
	Open      bool        `json:"open"`
}

// PollSharing says who sees the results of a poll beside who asked it.
type PollSharing string

const (
	ResultsLive    PollSharing = "live"    // everybody, while people vote
	ResultsClosed  PollSharing = "closed"  // everybody, once it is closed
	ResultsPrivate PollSharing = "private" // nobody, until they are shared
)

// PollTarget names the poll a command is about.
type PollTarget struct {
	Poll string `json:"poll"`
}

// PollVote chooses options by their indexes, in the place of what one chose before.
type PollVote struct {
	Poll   string `json:"poll"`
	Choice []int  `json:"choice"`
}

// Polls is every poll of the meeting, oldest first, as its reader may see it.
// It comes after joined where there are any, and whenever something changed;
// where only votes did, at most once a second.
type Polls struct {
	Polls []Poll `json:"polls"`
}

// Poll is one poll as its reader may see it. Moments are in milliseconds since 1970 UTC.
type Poll struct {
	ID        string      `json:"id"`
	Question  string      `json:"question"`
	Options   []string    `json:"options"`
	Multiple  bool        `json:"multiple"`
	Anonymous bool        `json:"anonymous"`
	Results   PollSharing `json:"results"`
	State     PollState   `json:"state"`
	// Asker is the name of who asked it; Own says that it was the reader.
	Asker string `json:"asker"`
	Own   bool   `json:"own"`
	// Manage: the reader may open, close, share and delete it.
	Manage bool `json:"manage"`
	// Voted says that the reader has, Choice what, as far as anybody knows.
	Voted  bool  `json:"voted"`
	Choice []int `json:"choice"`
	// Final: the reader's vote can no longer be changed, as the server knows
	// nobody's choice in an anonymous poll after a restart.
	Final bool `json:"final,omitempty"`
	// Shared: the results were shown to everybody by hand.
	Shared bool `json:"shared"`
	// People is how many have voted.
	People int `json:"people"`
	// Counts is how often each option was chosen, where the reader may see the results.
	Counts []int `json:"counts,omitempty"`
	Opened int64 `json:"opened,omitempty"`
	Closed int64 `json:"closed,omitempty"`
}

// PollState is how far a poll is.
type PollState string

const (
	PollDraft  PollState = "draft"
	PollOpen   PollState = "open"
	PollClosed PollState = "closed"
)

// Ballots is who chose what in one named poll, by name.
type Ballots struct {
	Poll  string   `json:"poll"`
	Votes []Ballot `json:"votes"`
}

// Ballot is one person's choice.
type Ballot struct {
	Name   string `json:"name"`
	Choice []int  `json:"choice"`
}
