package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"palabre/rooms"
	"palabre/rooms/chat"
)

// maxLines is the most lines one query of the chat gives.
const maxLines = 200

// like quotes what means something in a pattern of LIKE … ESCAPE '!'.
var like = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// condition is the WHERE of a query and its values.
type condition struct {
	terms  []string
	values []any
}

// and adds a term; each ? in it stands for one value.
func (c *condition) and(term string, values ...any) {
	for _, value := range values {
		c.values = append(c.values, value)
		term = strings.Replace(term, "?", fmt.Sprintf("$%d", len(c.values)), 1)
	}
	c.terms = append(c.terms, term)
}

func (c *condition) where() string { return "WHERE " + strings.Join(c.terms, " AND ") }

// ChatLines gives a page of stored lines with their reactions; next is empty
// after the last. Private lines of others than the reader are never given.
func (s *Store) ChatLines(ctx context.Context, q chat.Query) (lines []chat.Stored, next string, err error) {
	limit := min(max(q.Limit, 1), maxLines)
	c := linesOf(q)
	order := "id"
	if q.Newest {
		order = "id DESC"
	}
	lines, err = queryLines(ctx, s.read, c.where()+fmt.Sprintf(" ORDER BY %s LIMIT %d", order, limit+1), c.values...)
	if err != nil {
		return nil, "", s.explained(err)
	}
	if len(lines) > limit {
		lines = lines[:limit]
		next = lines[limit-1].ID
	}
	return lines, next, s.explained(s.mark(ctx, lines))
}

func linesOf(q chat.Query) condition {
	var c condition
	c.and("room = ?", q.Room)
	c.and("(reader = '' OR reader = ? OR author = ?)", q.Reader, q.Reader)
	if q.Reader == "" {
		c.and("reader = ''")
	}
	if q.Meeting != "" {
		c.and("meeting = ?", q.Meeting)
	}
	for _, term := range q.Terms() {
		c.and("folded LIKE ? ESCAPE '!'", "%"+like.Replace(term)+"%")
	}
	if q.Author != "" {
		c.and("(author = ? OR participant = ? OR name = ?)", q.Author, q.Author, q.Author)
	}
	if !q.Since.IsZero() {
		c.and("at >= ?", micros(q.Since))
	}
	if !q.Until.IsZero() {
		c.and("at < ?", micros(q.Until))
	}
	switch {
	case q.After != "" && q.Newest:
		c.and("id < ?", q.After)
	case q.After != "":
		c.and("id > ?", q.After)
	}
	return c
}

// mark puts reactions to lines.
func (s *Store) mark(ctx context.Context, lines []chat.Stored) error {
	for part := range slices.Chunk(lines, maxRows) {
		var in strings.Builder
		values := make([]any, len(part))
		placeholders(&in, 1, len(part))
		for i := range part {
			values[i] = part[i].ID
		}
		marks, err := queryMarks(ctx, s.read, "line IN "+in.String(), values...)
		if err != nil {
			return err
		}
		for i := range part {
			part[i].Marks = marks[part[i].ID]
		}
	}
	return nil
}

// ChatLine gives one line of a room that is for everybody, deleted or not; an
// error that is rooms.ErrNotFound where there is none.
func (s *Store) ChatLine(ctx context.Context, room, id string) (chat.Stored, error) {
	lines, err := queryLines(ctx, s.read, `WHERE room = $1 AND id = $2 AND reader = ''`, room, id)
	if err != nil {
		return chat.Stored{}, s.explained(err)
	}
	if len(lines) == 0 {
		return chat.Stored{}, &rooms.Error{Code: rooms.CodeNotFound, Message: "There is no such line."}
	}
	return lines[0], s.explained(s.mark(ctx, lines))
}

// EachChatLine gives every line a query asks for, one after the other, however
// many there are. Lines that come meanwhile may be among them.
func (s *Store) EachChatLine(ctx context.Context, q chat.Query, do func(chat.Stored) error) error {
	q.Limit = maxLines
	for {
		lines, next, err := s.ChatLines(ctx, q)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if err := do(line); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

// FilesKept says which of some files still belong to a line.
func (s *Store) FilesKept(ctx context.Context, files []string) (map[string]bool, error) {
	kept := map[string]bool{}
	for part := range slices.Chunk(files, maxRows) {
		var in strings.Builder
		values := make([]any, len(part))
		placeholders(&in, 1, len(part))
		for i, file := range part {
			values[i] = file
		}
		rows, err := s.read.QueryContext(ctx, "SELECT file FROM chat_lines WHERE file IN "+in.String(), values...)
		if err != nil {
			return nil, s.explained(fmt.Errorf("look for attached files: %w", err))
		}
		found, err := collect(rows, func(row scanner) (id string, err error) { return id, row.Scan(&id) })
		if err != nil {
			return nil, s.explained(fmt.Errorf("look for attached files: %w", err))
		}
		for _, id := range found {
			kept[id] = true
		}
	}
	return kept, nil
}
