// Package poll is the polls of one meeting: a pure machine of plain values with
// one owner, told the time by whoever drives it.
//
// A poll is drafted, opened and closed, and can be deleted at any time. While
// it is open people vote, and change their vote as often as they like: the
// newest counts, and each person counts once.
//
// In a named poll it is kept who chose what. In an anonymous one two things are
// kept apart: who has voted, and how often each option was chosen; nothing ties
// the one to the other. So that a vote can be changed even there, the [Book]
// remembers people's choices in its memory alone, which nothing reads but the
// next vote of the same person, and forgets them when the poll closes. After a
// restart of the server an anonymous vote therefore stands: who had voted can no
// longer change it, and does not count twice.
package poll

import (
	"errors"
	"maps"
	"slices"
	"time"
)

const (
	// MaxPolls is how many polls one meeting has at most.
	MaxPolls = 20
	// MaxQuestion and MaxOption are the longest texts, in characters.
	MaxQuestion = 300
	MaxOption   = 120
	// MinOptions and MaxOptions are how many answers there are to choose from.
	MinOptions = 2
	MaxOptions = 12
	// MaxVoters bounds who is remembered to have voted in one poll: guests who
	// come again and again would otherwise grow it without end.
	MaxVoters = 5000
)

// Why something cannot be done.
var (
	ErrUnknown  = errors.New("there is no such poll")
	ErrTooMany  = errors.New("the meeting has all the polls it can hold")
	ErrQuestion = errors.New("a poll needs a question and different answers to choose from")
	ErrTooLong  = errors.New("the question or an answer is too long")
	ErrOpened   = errors.New("the poll has been opened before")
	ErrNotOpen  = errors.New("the poll is not open")
	ErrDraft    = errors.New("the poll has not been opened")
	ErrChoice   = errors.New("this is no choice the poll offers")
	ErrFinal    = errors.New("this vote can no longer be changed")
	ErrCrowded  = errors.New("too many people have voted")
)

// Sharing says who sees the results of a poll, beside who asked it.
type Sharing string

// The ways of sharing.
const (
	Live      Sharing = "live"    // everybody, while people vote
	AtTheEnd  Sharing = "closed"  // everybody, once it is closed
	OnlyAsker Sharing = "private" // nobody else, until they are shared
)

// State is how far a poll is.
type State string

// The states.
const (
	Draft  State = "draft"
	Open   State = "open"
	Closed State = "closed"
)

// Question is what is asked, and how.
type Question struct {
	Text    string   `json:"question"`
	Options []string `json:"options"`
	// Multiple lets people choose several options, else exactly one.
	Multiple bool `json:"multiple"`
	// Anonymous keeps nobody's choice.
	Anonymous bool    `json:"anonymous"`
	Results   Sharing `json:"results"`
}

// Person is somebody who asks or votes. Key stays the same when they come back.
type Person struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

// Vote is what somebody chose: indexes of options, rising.
type Vote struct {
	Name   string `json:"name"`
	Choice []int  `json:"choice"`
}

// Poll is one poll and what was answered.
type Poll struct {
	ID string `json:"id"`
	Question
	Asker Person `json:"asker"`
	State State  `json:"state"`
	// Shared says that the results were shown to everybody by hand.
	Shared  bool      `json:"shared"`
	Created time.Time `json:"created"`
	Opened  time.Time `json:"opened,omitzero"`
	Closed  time.Time `json:"closed,omitzero"`
	// Counts is how often each option was chosen.
	Counts []int `json:"counts"`
	// Votes are those of a named poll, by the voter's key.
	Votes map[string]Vote `json:"-"`
	// Voters are who has voted in an anonymous one.
	Voters map[string]bool `json:"-"`
}

// Check says whether a question can be asked. It looks at form and length; the
// texts themselves are for whoever takes them from people.
func (q Question) Check() error {
	if len(q.Options) < MinOptions || len(q.Options) > MaxOptions || q.Text == "" {
		return ErrQuestion
	}
	switch q.Results {
	case Live, AtTheEnd, OnlyAsker:
	default:
		return ErrQuestion
	}
	if runes(q.Text) > MaxQuestion {
		return ErrTooLong
	}
	for i, option := range q.Options {
		if option == "" || slices.Contains(q.Options[:i], option) {
			return ErrQuestion
		}
		if runes(option) > MaxOption {
			return ErrTooLong
		}
	}
	return nil
}

// choice gives a choice in the form it is kept in: rising, without repeats.
func (q Question) choice(wanted []int) ([]int, error) {
	chosen := slices.Clone(wanted)
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	if len(chosen) == 0 || len(chosen) > 1 && !q.Multiple || chosen[0] < 0 || chosen[len(chosen)-1] >= len(q.Options) {
		return nil, ErrChoice
	}
	return chosen, nil
}

// Shows says whether somebody may see the results.
func (p *Poll) Shows(reader string) bool {
	switch {
	case p.State == Draft:
		return false
	case reader != "" && reader == p.Asker.Key, p.Shared, p.Results == Live:
		return true
	}
	return p.Results == AtTheEnd && p.State == Closed
}

// Public says whether everybody may see the results.
func (p *Poll) Public() bool { return p.Shows("") }

// People is how many have voted.
func (p *Poll) People() int { return len(p.Votes) + len(p.Voters) }

// Voted says whether somebody has.
func (p *Poll) Voted(key string) bool {
	_, named := p.Votes[key]
	return named || p.Voters[key]
}

// clone gives a copy that shares nothing with the poll.
func (p *Poll) clone() Poll {
	c := *p
	c.Options, c.Counts = slices.Clone(p.Options), slices.Clone(p.Counts)
	c.Votes, c.Voters = maps.Clone(p.Votes), maps.Clone(p.Voters)
	return c
}

func runes(text string) int { return len([]rune(text)) }
