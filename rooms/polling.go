package rooms

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"palabre/rooms/poll"
)

// pollsEvery is the least time between two messages about polls in which only
// votes changed: hundreds of people voting at once must not make hundreds of
// messages to each. Who votes is told at once.
const pollsEvery = time.Second

// polling is a room's polls and when people were last told of them.
type polling struct {
	book poll.Book
	// unkept counts the changes not yet remembered: nobody is shown what a
	// crash would take back.
	unkept       int
	told, retell time.Time
}

// createPoll writes a poll down, and opens it at once where that is wished.
func (r *room) createPoll(by *person, re Ref, q poll.Question, open bool) (id string, err error) {
	if err := r.require(by, Ask); err != nil {
		return "", err
	}
	if r.meeting.ID == "" {
		return "", refuse(CodeNotFound, "No meeting is on in this room.")
	}
	if err := r.remembering(); err != nil {
		return "", err
	}
	q = cleanQuestion(q)
	now := time.Now()
	p, err := r.polls.book.Create(newID(), q, r.pollster(by), now)
	if err != nil {
		return "", pollRefusal(err)
	}
	if !open {
		r.keepPoll(by.actor(), PollCreated{p}, func() { r.tellPolls(by, re) })
		return p.ID, nil
	}
	r.keepPoll(by.actor(), PollCreated{p}, nil)
	return p.ID, r.openPoll(by, re, p.ID)
}

func (r *room) openPoll(by *person, re Ref, id string) error {
	return r.changePoll(by, re, id, func() (FactData, error) {
		p, err := r.polls.book.Open(id, time.Now())
		return PollOpened{p}, err
	})
}

func (r *room) closePoll(by *person, re Ref, id string) error {
	return r.changePoll(by, re, id, func() (FactData, error) {
		p, err := r.polls.book.Close(id, time.Now())
		return PollClosed{resultOf(p)}, err
	})
}

func (r *room) sharePoll(by *person, re Ref, id string) error {
	return r.changePoll(by, re, id, func() (FactData, error) {
		p, err := r.polls.book.Share(id)
		return PollShared{resultOf(p)}, err
	})
}

func (r *room) deletePoll(by *person, re Ref, id string) error {
	return r.changePoll(by, re, id, func() (FactData, error) {
		p, err := r.polls.book.Delete(id)
		return PollDeleted{Poll: p.ID, Text: p.Text}, err
	})
}

// changePoll does something to a poll for who may: who asked it, and who moderates.
func (r *room) changePoll(by *person, re Ref, id string, change func() (FactData, error)) error {
	p, unknown := r.polls.book.Get(id)
	if !r.may(by, Moderate) || by.place != joined {
		if err := r.require(by, Ask); err != nil {
			return err
		}
		if unknown == nil && p.Asker.Key != by.voter() {
			return refuse(CodeForbidden, "Only who asked a poll, and who moderates, may do this.")
		}
	}
	if unknown != nil {
		return pollRefusal(unknown)
	}
	if err := r.remembering(); err != nil {
		return err
	}
	fact, err := change()
	if err != nil {
		return pollRefusal(err)
	}
	r.keepPoll(by.actor(), fact, func() { r.tellPolls(by, re) })
	return nil
}

// votePoll takes somebody's choice.
func (r *room) votePoll(by *person, re Ref, id string, choice []int) error {
	if err := r.require(by, Vote); err != nil {
		return err
	}
	if by.voter() == "" {
		return refuse(CodeForbidden, "A vote needs somebody whose it is.")
	}
	if err := r.remembering(); err != nil {
		return err
	}
	cast, err := r.polls.book.Vote(id, r.pollster(by), choice)
	if err != nil {
		return pollRefusal(err)
	}
	actor := by.actor()
	if cast.Anonymous {
		actor = Actor{}
	}
	r.keepPoll(actor, PollVoted{Poll: id, Choice: cast.Choice, Changed: cast.Changed, Cast: cast}, func() {
		r.tell(by, re, r.pollsFor(by))
		if r.polls.retell.IsZero() {
			r.polls.retell = later(time.Now(), r.polls.told.Add(pollsEvery))
			r.arm()
		}
	})
	return nil
}

// ballots tells who chose what in a named poll, to who may see its results.
func (r *room) ballots(by *person, id string) ([]poll.Vote, error) {
	if by.place != joined {
		return nil, refuse(CodeNotAdmitted, "Join the room first.")
	}
	p, err := r.polls.book.Get(id)
	switch {
	case err != nil:
		return nil, pollRefusal(err)
	case p.Anonymous:
		return nil, refuse(CodeForbidden, "An anonymous poll keeps nobody's choice.")
	case !p.Shows(by.voter()):
		return nil, refuse(CodeForbidden, "The results of this poll are not shown to you.")
	}
	return p.Ballots(), nil
}

// keepPoll has a change of the polls remembered.
func (r *room) keepPoll(by Actor, fact FactData, then func()) {
	r.polls.unkept++
	meeting := r.meeting.ID
	r.keep(by, fact, func() {
		if meeting != r.meeting.ID {
			return // they went with their meeting
		}
		r.polls.unkept--
		if then != nil {
			then()
		}
	})
}

// tellPolls tells everybody; re goes to who asked, who is not always in a list.
func (r *room) tellPolls(by *person, re Ref) {
	if r.polls.unkept > 0 { // the last of them tells all
		if by != nil && re != 0 {
			r.tell(by, re, r.pollsFor(by))
		}
		return
	}
	r.polls.told, r.polls.retell = time.Now(), time.Time{}
	for _, p := range r.inside {
		if p == by {
			r.tell(p, re, r.pollsFor(p))
		} else {
			r.tell(p, 0, r.pollsFor(p))
		}
	}
}

// retellPolls tells of votes when that is due.
func (r *room) retellPolls(now time.Time) {
	if !r.polls.retell.IsZero() && !r.polls.retell.After(now) {
		r.tellPolls(nil, 0)
	}
}

// greetPolls tells a newcomer, where there is something to tell.
func (r *room) greetPolls(p *person) {
	if r.polls.book.Len() > 0 {
		r.tell(p, 0, r.pollsFor(p))
	}
}

// pollsFor is the polls as one person may see them: drafts are for those who
// may do something with them.
func (r *room) pollsFor(p *person) Polls {
	views := []PollView{}
	for _, one := range r.polls.book.All() {
		view, err := r.polls.book.View(one.ID, p.voter())
		if err != nil {
			continue
		}
		own := one.Asker.Key == p.voter()
		manage := own && r.may(p, Ask) || r.may(p, Moderate)
		if one.State == poll.Draft && !manage {
			continue
		}
		views = append(views, PollView{View: view, Own: own, Manage: manage})
	}
	return Polls{views}
}

// pollster is somebody who asks or votes, by the name they have in the room
// even where they act from outside.
func (r *room) pollster(by *person) poll.Person {
	name := by.name
	if inside := r.find(by.identity); name == "" && by.identity != "" && inside != nil {
		name = inside.name
	}
	return poll.Person{Key: by.voter(), Name: cmp.Or(name, firstRunes(by.voter(), maxName))}
}

// voter is what somebody's polls and votes are known by.
func (p *person) voter() string {
	return Actor{Participant: p.id, Identity: p.identity, Key: p.key}.Voter()
}

// Voter is what the polls somebody asks, and their votes, are known by: polls
// that are remembered name their asker so. It is empty for nobody.
func (a Actor) Voter() string {
	if key := cmp.Or(a.Identity, a.Participant); key != "" || a.Key == "" {
		return key
	}
	return "key " + a.Key // no participant has a space in their id
}

// cleanQuestion gives a question in the form others are shown.
func cleanQuestion(q poll.Question) poll.Question {
	q.Text = cleanPhrase(q.Text, poll.MaxQuestion)
	options := make([]string, 0, min(len(q.Options), poll.MaxOptions+1))
	for _, option := range q.Options[:min(len(q.Options), poll.MaxOptions+1)] {
		options = append(options, cleanPhrase(option, poll.MaxOption))
	}
	q.Options = options
	return q
}

// cleanPhrase is one line of text without what cannot be seen. What is too long
// stays so, within reason, to be refused.
func cleanPhrase(text string, most int) string {
	text = firstRunes(text, 4*most)
	text = strings.Join(strings.Fields(norm.NFC.String(stripControls(strings.Map(spaceToSpace, text)))), " ")
	if !strings.ContainsFunc(text, visible) {
		return ""
	}
	return text
}

// pollRefusal puts what polls refuse into the vocabulary of commands.
func pollRefusal(err error) error {
	code := CodeBadMessage
	switch {
	case errors.Is(err, poll.ErrUnknown):
		code = CodeNotFound
	case errors.Is(err, poll.ErrTooMany), errors.Is(err, poll.ErrTooLong), errors.Is(err, poll.ErrCrowded):
		code = CodeTooLarge
	case errors.Is(err, poll.ErrFinal):
		code = CodeForbidden
	}
	text := err.Error()
	return refuse(code, strings.ToUpper(text[:1])+text[1:]+".")
}

// CreatePoll writes a poll down and gives its id; with open people are asked at
// once. The answer is [Polls].
func (s *Session) CreatePoll(ctx context.Context, re Ref, q poll.Question, open bool) (id string, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		id, err = r.createPoll(p, re, q, open)
		return err
	})
	return id, err
}

// OpenPoll lets people vote. The answer to this and the following is [Polls].
func (s *Session) OpenPoll(ctx context.Context, re Ref, id string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.openPoll(p, re, id) })
}

// VotePoll takes this person's choice, the indexes of options, in the place of
// the one they made before.
func (s *Session) VotePoll(ctx context.Context, re Ref, id string, choice []int) error {
	return s.command(ctx, func(r *room, p *person) error { return r.votePoll(p, re, id, choice) })
}

// ClosePoll ends the voting.
func (s *Session) ClosePoll(ctx context.Context, re Ref, id string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.closePoll(p, re, id) })
}

// SharePoll shows the results to everybody.
func (s *Session) SharePoll(ctx context.Context, re Ref, id string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.sharePoll(p, re, id) })
}

// DeletePoll takes a poll away with its votes.
func (s *Session) DeletePoll(ctx context.Context, re Ref, id string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.deletePoll(p, re, id) })
}

// Ballots asks who chose what in a named poll. The answer is [Ballots].
func (s *Session) Ballots(ctx context.Context, re Ref, id string) error {
	return s.command(ctx, func(r *room, p *person) error {
		votes, err := r.ballots(p, id)
		if err == nil {
			r.tell(p, re, Ballots{Poll: id, Votes: votes})
		}
		return err
	})
}

// Polls gives the polls of the meeting that is on as this person may see them,
// and with each the votes where those may be seen. Programs need it, who are told nothing.
func (s *Session) Polls(ctx context.Context) (polls []PollView, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		if p.place != joined {
			return refuse(CodeNotAdmitted, "Join the room first.")
		}
		polls = r.pollsFor(p).Polls
		for i := range polls {
			if votes, err := r.ballots(p, polls[i].ID); err == nil {
				polls[i].Ballots = votes
			}
		}
		return nil
	})
	return polls, err
}
