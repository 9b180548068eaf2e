package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"palabre/rooms"
	"palabre/rooms/chat"
)

// chatWritten and its like write what package chat says has happened. Private
// lines have kinds of their own, and the same tables.
func chatWritten(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	l := fact.Data.(chat.Written).Line
	_, err := tx.ExecContext(ctx, `
		INSERT INTO chat_lines (id, room, meeting, author, participant, name, breakout, reader, reader_id, reader_name, text, folded,
			at, nonce, quote, quote_author, quote_name, quote_text, file, file_name, file_type, file_size, file_width, file_height)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
		ON CONFLICT (id) DO NOTHING`,
		l.ID, fact.Room, fact.Meeting, l.By.Key, l.By.Participant, l.By.Name, l.By.Group, l.To.Key, l.To.Participant, l.To.Name,
		l.Text, l.Searchable(), micros(l.At), l.Nonce, l.Quote.Line, l.Quote.Participant, l.Quote.Name, l.Quote.Text,
		l.File.ID, l.File.Name, l.File.Type, l.File.Size, l.File.Width, l.File.Height)
	return wrapped(err, "write a line of chat")
}

func chatEdited(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	e := fact.Data.(chat.Edited)
	l := chat.Line{Text: e.Text}
	err := tx.QueryRowContext(ctx, `SELECT name, file_name FROM chat_lines WHERE id = $1 AND room = $2`, e.Line, fact.Room).
		Scan(&l.By.Name, &l.File.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it is kept no longer
	}
	if err != nil {
		return fmt.Errorf("look for a line of chat: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE chat_lines SET text = $3, folded = $4, edited = $5 WHERE id = $1 AND room = $2 AND deleted = FALSE`,
		e.Line, fact.Room, e.Text, l.Searchable(), micros(e.At))
	return wrapped(err, "change a line of chat")
}

// chatDeleted leaves of a line who wrote it and when. What a moderator deletes
// may be of a meeting long over, but never a private line.
func chatDeleted(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	e := fact.Data.(chat.Deleted)
	n, err := changed(tx.ExecContext(ctx, `
		UPDATE chat_lines SET deleted = TRUE, text = '', folded = '', edited = 0, quote = '', quote_author = '', quote_name = '', quote_text = '',
			file = '', file_name = '', file_type = '', file_size = 0, file_width = 0, file_height = 0
		WHERE id = $1 AND room = $2 AND (reader <> '') = $3`, e.Line, fact.Room, e.Private))
	if err != nil || n == 0 {
		return wrapped(err, "delete a line of chat")
	}
	for _, text := range []string{
		`DELETE FROM chat_marks WHERE line = $1`,
		`UPDATE chat_lines SET quote_text = '' WHERE quote = $1`,
	} {
		if _, err := tx.ExecContext(ctx, text, e.Line); err != nil {
			return fmt.Errorf("delete what was about a line of chat: %w", err)
		}
	}
	return nil
}

func chatReacted(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	e := fact.Data.(chat.Reacted)
	by := e.Mark.By
	var err error
	if e.Gone {
		_, err = tx.ExecContext(ctx, `DELETE FROM chat_marks WHERE line = $1 AND author = $2 AND emoji = $3`, e.Line, by.Key, e.Mark.Emoji)
	} else {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO chat_marks (line, author, emoji, participant, name, at)
			SELECT id, $2, $3, $4, $5, $6 FROM chat_lines WHERE id = $1 AND room = $7 AND deleted = FALSE
			ON CONFLICT (line, author, emoji) DO NOTHING`,
			e.Line, by.Key, e.Mark.Emoji, by.Participant, by.Name, micros(e.At), fact.Room)
	}
	return wrapped(err, "write a reaction to a line of chat")
}

// recallChat gives the newest lines of the meeting that was on, private ones
// and reactions included.
func recallChat(ctx context.Context, db *sql.DB, found *rooms.Recollection) error {
	const newest = `SELECT id FROM chat_lines WHERE meeting = $1 ORDER BY id DESC LIMIT $2`
	var lines []chat.Stored
	var marks map[string][]chat.Mark
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		lines, err = queryLines(ctx, db, `WHERE id IN (`+newest+`) ORDER BY id`, found.Meeting.ID, chat.MaxLines)
		return err
	})
	group.Go(func() (err error) {
		marks, err = queryMarks(ctx, db, `line IN (`+newest+`)`, found.Meeting.ID, chat.MaxLines)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	found.Chat = make([]chat.Line, len(lines))
	for i, stored := range lines {
		found.Chat[i] = stored.Line
		found.Chat[i].Marks = marks[stored.ID]
	}
	return nil
}

// queryLines reads lines without their reactions.
func queryLines(ctx context.Context, db *sql.DB, where string, values ...any) ([]chat.Stored, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT id, meeting, author, participant, name, breakout, reader, reader_id, reader_name, text, at, edited, deleted, nonce,
			quote, quote_author, quote_name, quote_text, file, file_name, file_type, file_size, file_width, file_height
		FROM chat_lines `+where, values...)
	if err != nil {
		return nil, fmt.Errorf("read the chat: %w", err)
	}
	lines, err := collect(rows, scanLine)
	if err != nil {
		return nil, fmt.Errorf("read the chat: %w", err)
	}
	return lines, nil
}

func scanLine(row scanner) (l chat.Stored, err error) {
	var at, edited int64
	err = row.Scan(&l.ID, &l.Meeting, &l.By.Key, &l.By.Participant, &l.By.Name, &l.By.Group, &l.To.Key, &l.To.Participant, &l.To.Name,
		&l.Text, &at, &edited, &l.Deleted, &l.Nonce, &l.Quote.Line, &l.Quote.Participant, &l.Quote.Name, &l.Quote.Text,
		&l.File.ID, &l.File.Name, &l.File.Type, &l.File.Size, &l.File.Width, &l.File.Height)
	l.At, l.Edited = instant(at), instant(edited)
	return l, err
}

// queryMarks reads reactions by line, oldest first.
func queryMarks(ctx context.Context, db *sql.DB, where string, values ...any) (map[string][]chat.Mark, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT line, emoji, author, participant, name FROM chat_marks WHERE `+where+` ORDER BY line, at, author, emoji`, values...)
	if err != nil {
		return nil, fmt.Errorf("read the reactions to lines of chat: %w", err)
	}
	type row struct {
		line string
		mark chat.Mark
	}
	list, err := collect(rows, func(in scanner) (r row, err error) {
		err = in.Scan(&r.line, &r.mark.Emoji, &r.mark.By.Key, &r.mark.By.Participant, &r.mark.By.Name)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the reactions to lines of chat: %w", err)
	}
	marks := map[string][]chat.Mark{}
	for _, r := range list {
		marks[r.line] = append(marks[r.line], r.mark)
	}
	return marks, nil
}
