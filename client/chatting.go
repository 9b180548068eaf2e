package client

import (
	"context"
	"fmt"

	"palabre/signaling/protocol"
)

// What happens to lines of chat.
type (
	// ChatEdited says that a line has another text.
	ChatEdited struct{ protocol.ChatEdited }
	// ChatDeleted says that a line is no more.
	ChatDeleted struct{ protocol.ChatDeleted }
	// ChatReacted says that somebody set a reaction on a line, or took it away.
	ChatReacted struct{ protocol.ChatReacted }
	// ChatHistory is the chat where the session moved to.
	ChatHistory struct{ protocol.ChatHistory }
)

func (ChatEdited) event()  {}
func (ChatDeleted) event() {}
func (ChatReacted) event() {}
func (ChatHistory) event() {}

// Write says something to everyone, or to one person, maybe in answer to a line.
func (s *Session) Write(message protocol.ChatText) error { return s.tell(protocol.TypeChat, message) }

// EditLine changes the text of a line of one's own.
func (s *Session) EditLine(line, text string) error {
	return s.tell(protocol.TypeChatEdit, protocol.ChatEdit{Line: line, Text: text})
}

// DeleteLine takes a line away.
func (s *Session) DeleteLine(line string) error {
	return s.tell(protocol.TypeChatDelete, protocol.ChatTarget{Line: line})
}

// ReactTo sets a reaction on a line, or takes it away.
func (s *Session) ReactTo(line, emoji string, gone bool) error {
	return s.tell(protocol.TypeChatReact, protocol.ChatReact{Line: line, Emoji: emoji, Gone: gone})
}

// Announce asks for a ticket to send a file with.
func (s *Session) Announce(ctx context.Context, file protocol.FileWish) (protocol.FileTicket, error) {
	return asked[protocol.FileTicket](ctx, s, protocol.TypeFileTicket, file)
}

// FileLink asks where the file of a line can be fetched.
func (s *Session) FileLink(ctx context.Context, line string) (protocol.FileLink, error) {
	return asked[protocol.FileLink](ctx, s, protocol.TypeFileLink, protocol.ChatTarget{Line: line})
}

func asked[T any](ctx context.Context, s *Session, kind protocol.ClientType, data any) (answer T, err error) {
	ctx, cancel := s.during(ctx)
	defer cancel()
	f, err := s.current().ask(ctx, kind, data)
	if err == nil {
		answer, err = decode[T](f)
	}
	if err != nil {
		return answer, fmt.Errorf("asking for %s: %w", kind, s.because(err))
	}
	return answer, nil
}
