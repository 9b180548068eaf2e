package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/rooms/chat"
)

// maxExport is the most lines one export holds; whoever wants more asks for
// shorter times.
const maxExport = 50_000

// ChatBook is the chat as it is stored. Private lines are never given here.
type ChatBook interface {
	// ChatLines gives a page of lines; next is the cursor of the one after it.
	ChatLines(ctx context.Context, q chat.Query) (lines []chat.Stored, next string, err error)
	// ChatLine gives one; an error that is rooms.ErrNotFound where there is none.
	ChatLine(ctx context.Context, room, id string) (chat.Stored, error)
	// EachChatLine gives all of them, one after the other.
	EachChatLine(ctx context.Context, q chat.Query, do func(chat.Stored) error) error
}

// FileLink gives the address of an attached file, and until when it is good.
type FileLink func(r *http.Request, room string, file chat.File) (address string, expires time.Time)

func (a *API) chatRoutes() []Route {
	const lines, line = "/rooms/{room}/chat", "/rooms/{room}/chat/{line}"
	return []Route{
		{Method: http.MethodGet, Path: lines, Scope: identity.ChatRead, Action: rooms.Export, Do: a.listChat},
		{Method: http.MethodPost, Path: lines, Scope: identity.ChatWrite, Action: rooms.Chat, Do: a.writeChat},
		{Method: http.MethodGet, Path: lines + "/export", Scope: identity.ChatRead, Action: rooms.Export, Do: a.exportChat},
		{Method: http.MethodPost, Path: lines + "/files", Scope: identity.ChatWrite, Action: rooms.Attach, Do: a.announceFile},
		{Method: http.MethodGet, Path: line, Scope: identity.ChatRead, Action: rooms.Export, Do: a.showLine},
		{Method: http.MethodPatch, Path: line, Scope: identity.ChatWrite, Action: rooms.Chat, Do: a.editLine},
		{Method: http.MethodDelete, Path: line, Scope: identity.ChatWrite, Action: rooms.Chat, Do: a.deleteLine},
		{Method: http.MethodGet, Path: line + "/file", Scope: identity.ChatRead, Action: rooms.Export, Do: a.linkFile},
		{Method: http.MethodPut, Path: line + "/reactions/{emoji}", Scope: identity.ChatWrite, Action: rooms.Signal, Do: reactLine(false)},
		{Method: http.MethodDelete, Path: line + "/reactions/{emoji}", Scope: identity.ChatWrite, Action: rooms.Signal, Do: reactLine(true)},
	}
}

type (
	// wireLine is a line of chat in answers, in lists and in exports.
	wireLine struct {
		ID          string         `json:"id"`
		Meeting     string         `json:"meeting,omitempty"`
		Participant string         `json:"participant"`
		Name        string         `json:"name"`
		Text        string         `json:"text"`
		At          time.Time      `json:"at"`
		Edited      *time.Time     `json:"edited,omitempty"`
		Deleted     bool           `json:"deleted"`
		Breakout    string         `json:"breakout,omitempty"`
		Reply       string         `json:"reply,omitempty"`
		File        *wireFile      `json:"file,omitempty"`
		Reactions   []wireReaction `json:"reactions"`
	}
	wireFile struct {
		Name   string `json:"name"`
		Type   string `json:"type"`
		Size   int64  `json:"size"`
		Width  int    `json:"width,omitempty"`
		Height int    `json:"height,omitempty"`
	}
	wireReaction struct {
		Emoji string   `json:"emoji"`
		Count int      `json:"count"`
		Names []string `json:"names"`
	}
	wireMessage struct {
		Text  string `json:"text"`
		Nonce string `json:"nonce,omitempty"`
		To    string `json:"to,omitempty"`
		Reply string `json:"reply,omitempty"`
	}
	wireAnnounced struct {
		wireMessage
		Name string `json:"name"`
		Size int64  `json:"size"`
	}
	wireTicket struct {
		Ticket  string    `json:"ticket"`
		URL     string    `json:"url"`
		Expires time.Time `json:"expires"`
	}
	wireFileLink struct {
		URL     string    `json:"url"`
		Expires time.Time `json:"expires"`
	}
)

func lineOnWire(l chat.Stored) wireLine {
	w := wireLine{
		ID: l.ID, Meeting: l.Meeting, Participant: l.By.Participant, Name: l.By.Name, Text: l.Text, At: l.At.UTC(), Edited: moment(l.Edited),
		Deleted: l.Deleted, Breakout: l.By.Group, Reply: l.Quote.Line, Reactions: []wireReaction{},
	}
	if l.File.ID != "" {
		w.File = &wireFile{l.File.Name, l.File.Type, l.File.Size, l.File.Width, l.File.Height}
	}
	for _, mark := range l.Marks {
		at := slices.IndexFunc(w.Reactions, func(r wireReaction) bool { return r.Emoji == mark.Emoji })
		if at < 0 {
			at = len(w.Reactions)
			w.Reactions = append(w.Reactions, wireReaction{Emoji: mark.Emoji})
		}
		w.Reactions[at].Count++
		w.Reactions[at].Names = append(w.Reactions[at].Names, mark.By.Name)
	}
	return w
}

// chatQuery reads which lines are asked for.
func (c *Call) chatQuery() (chat.Query, error) {
	q := chat.Query{Room: c.Room, Meeting: c.Query("meeting"), Words: c.Query("words"), Author: c.Query("author")}
	for _, bound := range []struct {
		name string
		into *time.Time
	}{{"since", &q.Since}, {"until", &q.Until}} {
		text := c.Query(bound.name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return q, refuse(rooms.CodeBadMessage, bound.name+" is a moment such as 2026-03-01T09:00:00Z (RFC 3339).")
		}
		*bound.into = at
	}
	switch c.Query("order") {
	case "", "oldest":
	case "newest":
		q.Newest = true
	default:
		return q, refuse(rooms.CodeBadMessage, "order is oldest or newest.")
	}
	return q, nil
}

func (a *API) listChat(c *Call) (Reply, error) {
	if a.cfg.Chat == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	q, err := c.chatQuery()
	if err != nil {
		return Reply{}, err
	}
	q.Limit, q.After = page.Limit, page.After
	found, next, err := a.cfg.Chat.ChatLines(c.Context(), q)
	if err != nil {
		return Reply{}, err
	}
	items := make([]wireLine, len(found))
	for i, line := range found {
		items[i] = lineOnWire(line)
	}
	return list(items, next)
}

func (a *API) showLine(c *Call) (Reply, error) {
	if a.cfg.Chat == nil {
		return Reply{}, errNoStore
	}
	line, err := a.cfg.Chat.ChatLine(c.Context(), c.Room, c.Param("line"))
	if err != nil {
		return Reply{}, err
	}
	return ok(lineOnWire(line))
}

// exportChat gives everything that is asked for at once: a line of JSON or of text for each.
func (a *API) exportChat(c *Call) (Reply, error) {
	if a.cfg.Chat == nil {
		return Reply{}, errNoStore
	}
	q, err := c.chatQuery()
	if err != nil {
		return Reply{}, err
	}
	write, kind, extension := writeJSONLine, "application/jsonl", "jsonl"
	switch c.Query("format") {
	case "", "jsonl":
	case "text":
		write, kind, extension = writeTextLine, "text/plain; charset=utf-8", "txt"
	default:
		return Reply{}, refuse(rooms.CodeBadMessage, "format is jsonl or text.")
	}
	var out bytes.Buffer
	count := 0
	err = a.cfg.Chat.EachChatLine(c.Context(), q, func(line chat.Stored) error {
		if count++; count > maxExport {
			return refuse(rooms.CodeTooLarge, fmt.Sprintf("These are more than %d lines: ask for a shorter time with since and until.", maxExport))
		}
		return write(&out, line)
	})
	if err != nil {
		return Reply{}, err
	}
	return Reply{Status: http.StatusOK, Body: out.Bytes(), ContentType: kind, Header: http.Header{
		"Content-Disposition": {`attachment; filename="chat.` + extension + `"`},
	}}, nil
}

func writeJSONLine(out *bytes.Buffer, line chat.Stored) error {
	if err := json.NewEncoder(out).Encode(lineOnWire(line)); err != nil {
		return fmt.Errorf("export a line of chat: %w", err)
	}
	return nil
}

// writeTextLine writes "2026-11-22 10:00:00Z Ana: text", what follows a line break indented.
func writeTextLine(out *bytes.Buffer, line chat.Stored) error {
	text := strings.ReplaceAll(line.Text, "\n", "\n    ")
	switch {
	case line.Deleted:
		text = "(deleted)"
	case line.File.ID != "":
		text = strings.TrimSpace(fmt.Sprintf("[%s, %d bytes] %s", line.File.Name, line.File.Size, text))
	}
	_, err := fmt.Fprintf(out, "%s %s: %s\n", line.At.UTC().Format("2006-01-02 15:04:05Z"), line.By.Name, text)
	return err
}

func (a *API) writeChat(c *Call) (Reply, error) {
	var message wireMessage
	if err := c.Decode(&message); err != nil {
		return Reply{}, err
	}
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	line, err := agent.Post(c.Context(), rooms.Message(message))
	if err != nil {
		return Reply{}, err
	}
	return created("/api/v1/rooms/"+c.Room+"/chat/"+line.ID, lineOnWire(chat.Stored{Line: line}))
}

func (a *API) editLine(c *Call) (Reply, error) {
	var message wireMessage
	if err := c.Decode(&message); err != nil {
		return Reply{}, err
	}
	return c.act(func(ctx context.Context, agent *rooms.Agent) error {
		return agent.Edit(ctx, 0, c.Param("line"), message.Text)
	})
}

// deleteLine also reaches lines of meetings that are over.
func (a *API) deleteLine(c *Call) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	if !agent.HasLine(c.Context(), c.Param("line")) {
		if a.cfg.Chat == nil {
			return Reply{}, refuse(rooms.CodeNotFound, "There is no such line.")
		}
		if _, err := a.cfg.Chat.ChatLine(c.Context(), c.Room, c.Param("line")); err != nil {
			return Reply{}, err
		}
	}
	if err := agent.Unsay(c.Context(), 0, c.Param("line")); err != nil {
		return Reply{}, err
	}
	return done()
}

func reactLine(gone bool) func(*Call) (Reply, error) {
	return func(c *Call) (Reply, error) {
		return c.act(func(ctx context.Context, agent *rooms.Agent) error {
			return agent.Mark(ctx, 0, c.Param("line"), c.Param("emoji"), gone)
		})
	}
}

// announceFile gives a ticket for the upload of a file; its bytes follow at the URL.
func (a *API) announceFile(c *Call) (Reply, error) {
	var file wireAnnounced
	if err := c.Decode(&file); err != nil {
		return Reply{}, err
	}
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	ticket, err := agent.Attach(c.Context(), rooms.Attachment{Message: rooms.Message(file.wireMessage), Name: file.Name, Size: file.Size})
	if err != nil {
		return Reply{}, err
	}
	address := "/api/v1/rooms/" + c.Room + "/files"
	return created(address, wireTicket{ticket.Secret, address, ticket.Expires.UTC()})
}

func (a *API) linkFile(c *Call) (Reply, error) {
	if a.cfg.Chat == nil || a.cfg.FileLink == nil {
		return Reply{}, errNoStore
	}
	line, err := a.cfg.Chat.ChatLine(c.Context(), c.Room, c.Param("line"))
	if err != nil {
		return Reply{}, err
	}
	if line.File.ID == "" {
		return Reply{}, refuse(rooms.CodeNotFound, "Nothing is attached to this line.")
	}
	address, expires := a.cfg.FileLink(c.http.Request, c.Room, line.File)
	return ok(wireFileLink{address, expires.UTC()})
}
