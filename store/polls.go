package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"palabre/rooms"
	"palabre/rooms/poll"
)

const pollColumns = `id, question, asker, asker_name, state, shared, counts, created, opened, closed`

func pollCreated(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	p := fact.Data.(rooms.PollCreated).Poll
	question, err := json.Marshal(p.Question)
	if err != nil {
		return fmt.Errorf("write down a poll: %w", err)
	}
	counts, err := json.Marshal(p.Counts)
	if err != nil {
		return fmt.Errorf("write down a poll: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO polls (id, meeting, room, question, asker, asker_name, state, counts, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		p.ID, fact.Meeting, fact.Room, string(question), p.Asker.Key, p.Asker.Name, string(p.State), string(counts), micros(p.Created))
	return wrapped(err, "write a poll")
}

func pollOpened(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	p := fact.Data.(rooms.PollOpened).Poll
	_, err := tx.ExecContext(ctx, `UPDATE polls SET state = $2, opened = $3 WHERE id = $1 AND state = $4`,
		p.ID, string(poll.Open), micros(p.Opened), string(poll.Draft))
	return wrapped(err, "write that a poll is open")
}

// pollVoted writes a vote: in a named poll as one, in an anonymous one that the
// voter has voted, and apart from that the counts.
func pollVoted(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	cast := fact.Data.(rooms.PollVoted).Cast
	counts, err := json.Marshal(cast.Counts)
	if err != nil {
		return fmt.Errorf("write down the counts of a poll: %w", err)
	}
	result, err := tx.ExecContext(ctx, `UPDATE polls SET counts = $2 WHERE id = $1`, cast.Poll, string(counts))
	there, err := changed(result, err)
	if err != nil {
		return fmt.Errorf("write the counts of a poll: %w", err)
	}
	if there == 0 {
		return nil // it was deleted since
	}
	if cast.Anonymous {
		_, err = tx.ExecContext(ctx, `INSERT INTO poll_voters (poll, voter) VALUES ($1, $2) ON CONFLICT (poll, voter) DO NOTHING`,
			cast.Poll, cast.Voter.Key)
		return wrapped(err, "write that somebody has voted")
	}
	choice, err := json.Marshal(cast.Choice)
	if err != nil {
		return fmt.Errorf("write down a vote: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO poll_votes (poll, voter, name, choice) VALUES ($1, $2, $3, $4)
		ON CONFLICT (poll, voter) DO UPDATE SET name = excluded.name, choice = excluded.choice`,
		cast.Poll, cast.Voter.Key, cast.Voter.Name, string(choice))
	return wrapped(err, "write a vote")
}

func pollClosed(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	_, err := tx.ExecContext(ctx, `UPDATE polls SET state = $2, closed = $3 WHERE id = $1`,
		fact.Data.(rooms.PollClosed).Poll.ID, string(poll.Closed), micros(fact.At))
	return wrapped(err, "write that a poll is closed")
}

func pollShared(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	_, err := tx.ExecContext(ctx, `UPDATE polls SET shared = TRUE WHERE id = $1`, fact.Data.(rooms.PollShared).Poll.ID)
	return wrapped(err, "write that a poll is shared")
}

// pollDeleted removes a poll with all its votes.
func pollDeleted(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	id := fact.Data.(rooms.PollDeleted).Poll
	for _, statement := range []string{
		`DELETE FROM poll_votes WHERE poll = $1`, `DELETE FROM poll_voters WHERE poll = $1`, `DELETE FROM polls WHERE id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return fmt.Errorf("remove a poll: %w", err)
		}
	}
	return nil
}

// recallPolls adds the polls of a meeting to what is remembered of it.
func recallPolls(ctx context.Context, db *sql.DB, found *rooms.Recollection) error {
	polls, err := readPolls(ctx, db, found.Meeting.ID)
	found.Polls = polls
	return err
}

// Polls gives all polls of a meeting, in the order they were written, with
// everything that is kept of them.
func (s *Store) Polls(ctx context.Context, meeting string) ([]poll.Poll, error) {
	polls, err := readPolls(ctx, s.read, meeting)
	return polls, s.explained(err)
}

func readPolls(ctx context.Context, db *sql.DB, meeting string) ([]poll.Poll, error) {
	rows, err := db.QueryContext(ctx, `SELECT `+pollColumns+` FROM polls WHERE meeting = $1 ORDER BY id`, meeting)
	if err != nil {
		return nil, fmt.Errorf("read polls: %w", err)
	}
	polls, err := collect(rows, scanPoll)
	if err != nil {
		return nil, fmt.Errorf("read polls: %w", err)
	}
	if len(polls) == 0 {
		return nil, nil
	}
	byID := map[string]*poll.Poll{}
	for i := range polls {
		byID[polls[i].ID] = &polls[i]
	}
	return polls, errors.Join(readVotes(ctx, db, meeting, byID), readVoters(ctx, db, meeting, byID))
}

func readVotes(ctx context.Context, db *sql.DB, meeting string, polls map[string]*poll.Poll) error {
	rows, err := db.QueryContext(ctx, `
		SELECT v.poll, v.voter, v.name, v.choice FROM poll_votes AS v JOIN polls AS p ON p.id = v.poll WHERE p.meeting = $1`, meeting)
	if err != nil {
		return fmt.Errorf("read votes: %w", err)
	}
	type vote struct {
		poll, voter string
		poll.Vote
	}
	votes, err := collect(rows, func(row scanner) (v vote, err error) {
		var choice string
		if err = row.Scan(&v.poll, &v.voter, &v.Name, &choice); err == nil {
			err = json.Unmarshal([]byte(choice), &v.Choice)
		}
		return v, err
	})
	if err != nil {
		return fmt.Errorf("read votes: %w", err)
	}
	for _, v := range votes {
		p := polls[v.poll]
		if p == nil {
			continue // written since the polls were read
		}
		if p.Votes == nil {
			p.Votes = map[string]poll.Vote{}
		}
		p.Votes[v.voter] = v.Vote
	}
	return nil
}

func readVoters(ctx context.Context, db *sql.DB, meeting string, polls map[string]*poll.Poll) error {
	rows, err := db.QueryContext(ctx, `
		SELECT v.poll, v.voter FROM poll_voters AS v JOIN polls AS p ON p.id = v.poll WHERE p.meeting = $1`, meeting)
	if err != nil {
		return fmt.Errorf("read who has voted: %w", err)
	}
	voters, err := collect(rows, func(row scanner) (v [2]string, err error) {
		err = row.Scan(&v[0], &v[1])
		return v, err
	})
	if err != nil {
		return fmt.Errorf("read who has voted: %w", err)
	}
	for _, v := range voters {
		p := polls[v[0]]
		if p == nil {
			continue
		}
		if p.Voters == nil {
			p.Voters = map[string]bool{}
		}
		p.Voters[v[1]] = true
	}
	return nil
}

func scanPoll(row scanner) (poll.Poll, error) {
	var p poll.Poll
	var question, state, counts string
	var created, opened, closed int64
	if err := row.Scan(&p.ID, &question, &p.Asker.Key, &p.Asker.Name, &state, &p.Shared, &counts, &created, &opened, &closed); err != nil {
		return p, err
	}
	p.State, p.Created, p.Opened, p.Closed = poll.State(state), instant(created), instant(opened), instant(closed)
	return p, errors.Join(json.Unmarshal([]byte(question), &p.Question), json.Unmarshal([]byte(counts), &p.Counts))
}
