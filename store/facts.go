package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"

	"palabre/rooms"
)

// every stands for facts of all kinds.
const every = "*"

// projection is what the tables learn from one kind of fact. It runs in the
// transaction of its batch, maybe more than once for a fact: it must change
// nothing the second time (ON CONFLICT). An error that is the fact's own has
// it left out for ever, and all its projections with it.
type projection struct {
	kind  string // a fact's Kind, or every
	write func(context.Context, *sql.Tx, rooms.Fact) error
}

// projections lists them all; those of one fact run in this order.
func projections() []projection {
	return []projection{
		{rooms.RoomChanged{}.Kind(), roomChanged},
		{rooms.RoomDeleted{}.Kind(), roomUnscheduled},
		{rooms.MeetingStarted{}.Kind(), meetingStarted},
		{rooms.MeetingResumed{}.Kind(), meetingResumed},
		{rooms.MeetingChanged{}.Kind(), meetingChanged},
		{rooms.MeetingSeen{}.Kind(), meetingSeen},
		{rooms.MeetingEnded{}.Kind(), meetingEnded},
		{rooms.ParticipantJoined{}.Kind(), participantJoined},
		{rooms.ParticipantLeft{}.Kind(), participantLeft},
		{rooms.PollCreated{}.Kind(), pollCreated},
		{rooms.PollOpened{}.Kind(), pollOpened},
		{rooms.PollVoted{}.Kind(), pollVoted},
		{rooms.PollClosed{}.Kind(), pollClosed},
		{rooms.PollShared{}.Kind(), pollShared},
		{rooms.PollDeleted{}.Kind(), pollDeleted},
		{rooms.JoinsFailed{}.Kind(), joinsFailed},
		{every, audited},
		{"chat.written", chatWritten}, {"whisper.written", chatWritten},
		{"chat.edited", chatEdited}, {"whisper.edited", chatEdited},
		{"chat.deleted", chatDeleted}, {"whisper.deleted", chatDeleted},
		{"chat.reacted", chatReacted}, {"whisper.reacted", chatReacted},
		{every, announced},
	}
}

// writers gives the projections by kind, those of every fact last.
type writers struct {
	byKind map[string][]projection
	always []projection
}

func newWriters(list []projection) writers {
	w := writers{byKind: map[string][]projection{}}
	for _, p := range list {
		if p.kind == every {
			w.always = append(w.always, p)
		} else {
			w.byKind[p.kind] = append(w.byKind[p.kind], p)
		}
	}
	return w
}

// write has all projections of a fact written. One that fails in a way it
// never should fails its fact alone.
func (w writers) write(ctx context.Context, tx *sql.Tx, fact rooms.Fact) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("fault in a projection: %v\n%s", fault, debug.Stack())
		}
	}()
	kind := fact.Data.Kind()
	for _, list := range [][]projection{w.byKind[kind], w.always} {
		for _, p := range list {
			if err := p.write(ctx, tx, fact); err != nil {
				return fmt.Errorf("write the fact %s of %s: %w", fact.ID, kind, err)
			}
		}
	}
	return nil
}
