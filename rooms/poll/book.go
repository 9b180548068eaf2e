package poll

import (
	"maps"
	"slices"
	"time"
)

// Book is the polls of one meeting, in the order they were written. The zero
// value is an empty one. What it gives out are copies.
type Book struct {
	polls []*Poll
	// ballots are the choices in anonymous polls that are open, by poll and
	// voter. They are never given out.
	ballots map[string]map[string][]int
}

// Restore makes the book of a meeting that goes on after a restart.
func Restore(polls []Poll) Book {
	var b Book
	for i := range polls {
		p := polls[i].clone()
		if len(p.Counts) != len(p.Options) {
			p.Counts = make([]int, len(p.Options))
		}
		b.polls = append(b.polls, &p)
	}
	return b
}

// Len is how many polls there are.
func (b *Book) Len() int { return len(b.polls) }

// All gives every poll.
func (b *Book) All() []Poll {
	all := make([]Poll, len(b.polls))
	for i, p := range b.polls {
		all[i] = p.clone()
	}
	return all
}

// Get gives one poll.
func (b *Book) Get(id string) (Poll, error) {
	p := b.find(id)
	if p == nil {
		return Poll{}, ErrUnknown
	}
	return p.clone(), nil
}

// Create writes a poll down without asking it yet.
func (b *Book) Create(id string, q Question, by Person, at time.Time) (Poll, error) {
	if len(b.polls) >= MaxPolls {
		return Poll{}, ErrTooMany
	}
	if err := q.Check(); err != nil {
		return Poll{}, err
	}
	p := &Poll{ID: id, Question: q, Asker: by, State: Draft, Created: at, Counts: make([]int, len(q.Options))}
	p.Options = slices.Clone(q.Options)
	b.polls = append(b.polls, p)
	return p.clone(), nil
}

// Open lets people vote. A poll is opened once.
func (b *Book) Open(id string, at time.Time) (Poll, error) {
	p := b.find(id)
	switch {
	case p == nil:
		return Poll{}, ErrUnknown
	case p.State != Draft:
		return Poll{}, ErrOpened
	}
	p.State, p.Opened = Open, at
	return p.clone(), nil
}

// Cast is what a vote came to: what is to be kept of it.
type Cast struct {
	Poll      string
	Voter     Person
	Anonymous bool
	// Choice is what they chose, in an anonymous poll nothing.
	Choice []int
	// Counts is how often each option is chosen now.
	Counts []int
	// Changed says that the voter had voted before.
	Changed bool
}

// Vote takes somebody's choice, in the place of the one they made before.
func (b *Book) Vote(id string, by Person, wanted []int) (Cast, error) {
	p := b.find(id)
	switch {
	case p == nil:
		return Cast{}, ErrUnknown
	case p.State != Open:
		return Cast{}, ErrNotOpen
	}
	choice, err := p.choice(wanted)
	if err != nil {
		return Cast{}, err
	}
	changed := p.Voted(by.Key)
	if !changed && p.People() >= MaxVoters {
		return Cast{}, ErrCrowded
	}
	before, known := b.chosen(p, by.Key)
	if changed && !known {
		return Cast{}, ErrFinal
	}
	p.count(before, -1)
	p.count(choice, 1)
	b.note(p, by, choice)
	cast := Cast{Poll: id, Voter: by, Anonymous: p.Anonymous, Counts: slices.Clone(p.Counts), Changed: changed}
	if !p.Anonymous {
		cast.Choice = choice
	}
	return cast, nil
}

// Close ends the voting.
func (b *Book) Close(id string, at time.Time) (Poll, error) {
	p := b.find(id)
	switch {
	case p == nil:
		return Poll{}, ErrUnknown
	case p.State != Open:
		return Poll{}, ErrNotOpen
	}
	p.State, p.Closed = Closed, at
	delete(b.ballots, id)
	return p.clone(), nil
}

// Share shows the results to everybody from now on.
func (b *Book) Share(id string) (Poll, error) {
	p := b.find(id)
	switch {
	case p == nil:
		return Poll{}, ErrUnknown
	case p.State == Draft:
		return Poll{}, ErrDraft
	}
	p.Shared = true
	return p.clone(), nil
}

// Delete takes a poll away with all its votes, and gives it as it was.
func (b *Book) Delete(id string) (Poll, error) {
	p := b.find(id)
	if p == nil {
		return Poll{}, ErrUnknown
	}
	b.polls = slices.DeleteFunc(b.polls, func(other *Poll) bool { return other == p })
	delete(b.ballots, id)
	return p.clone(), nil
}

// View is a poll as one person may see it.
type View struct {
	Poll
	// Mine is what the reader chose, as far as anybody knows, Cast that they have voted.
	Mine []int
	Cast bool
	// Final says that the reader's vote can no longer be changed while the poll is open.
	Final bool
	// Shown says that Counts may be seen; else they are nil. People may always be.
	Shown bool
	Count int
}

// View gives a poll as one person may see it: without others' votes, which
// [Poll.Ballots] gives, and without counts that are not for them.
func (b *Book) View(id, reader string) (View, error) {
	p := b.find(id)
	if p == nil {
		return View{}, ErrUnknown
	}
	mine, known := b.chosen(p, reader)
	v := View{Poll: *p, Mine: slices.Clone(mine), Cast: p.Voted(reader), Shown: p.Shows(reader), Count: p.People()}
	v.Final = v.Cast && !known && p.State == Open
	v.Options, v.Counts, v.Votes, v.Voters = slices.Clone(p.Options), nil, nil, nil
	if v.Shown {
		v.Counts = slices.Clone(p.Counts)
	}
	return v, nil
}

// Ballots gives who chose what, by name; of an anonymous poll nothing.
func (p *Poll) Ballots() []Vote {
	votes := make([]Vote, 0, len(p.Votes))
	for _, key := range slices.Sorted(maps.Keys(p.Votes)) {
		votes = append(votes, p.Votes[key])
	}
	slices.SortStableFunc(votes, func(a, b Vote) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return votes
}

func (b *Book) find(id string) *Poll {
	for _, p := range b.polls {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// chosen gives somebody's choice where it is known.
func (b *Book) chosen(p *Poll, key string) ([]int, bool) {
	if p.Anonymous {
		choice, known := b.ballots[p.ID][key]
		return choice, known
	}
	vote, known := p.Votes[key]
	return vote.Choice, known
}

// note keeps that somebody voted, and of named polls and in memory what.
func (b *Book) note(p *Poll, by Person, choice []int) {
	if !p.Anonymous {
		if p.Votes == nil {
			p.Votes = map[string]Vote{}
		}
		p.Votes[by.Key] = Vote{Name: by.Name, Choice: choice}
		return
	}
	if p.Voters == nil {
		p.Voters = map[string]bool{}
	}
	p.Voters[by.Key] = true
	if b.ballots == nil {
		b.ballots = map[string]map[string][]int{}
	}
	if b.ballots[p.ID] == nil {
		b.ballots[p.ID] = map[string][]int{}
	}
	b.ballots[p.ID][by.Key] = choice
}

func (p *Poll) count(choice []int, by int) {
	for _, option := range choice {
		p.Counts[option] += by
	}
}
