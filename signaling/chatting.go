package signaling

import (
	"palabre/rooms"
	"palabre/rooms/chat"
	"palabre/signaling/protocol"
)

// wireChat puts what happens to lines of chat into its form on the wire.
func wireChat(data rooms.Data) (kind protocol.ServerType, out any) {
	switch d := data.(type) {
	case rooms.LineEdited:
		return protocol.TypeChatEdited, protocol.ChatEdited{Line: d.Line, Text: d.Text, At: millis(d.At)}
	case rooms.LineDeleted:
		return protocol.TypeChatDeleted, protocol.ChatDeleted{Line: d.Line}
	case rooms.LineReacted:
		return protocol.TypeChatReacted, protocol.ChatReacted{
			Line: d.Line, Emoji: d.Mark.Emoji, Participant: d.Mark.By.Participant, Name: d.Mark.By.Name, Gone: d.Gone,
		}
	case rooms.History:
		return protocol.TypeChatHistory, protocol.ChatHistory{Lines: wireLines(d.Lines)}
	}
	return "", nil
}

func wireLines(lines []chat.Line) []protocol.ChatLine {
	out := make([]protocol.ChatLine, len(lines))
	for i, line := range lines {
		out[i] = wireLine(line)
	}
	return out
}

func wireLine(l chat.Line) protocol.ChatLine {
	out := protocol.ChatLine{
		ID: l.ID, Participant: l.By.Participant, Name: l.By.Name, Text: l.Text, At: millis(l.At), Nonce: l.Nonce,
		Edited: millis(l.Edited), Deleted: l.Deleted, To: l.To.Participant, ToName: l.To.Name, Group: l.By.Group,
		Quote: protocol.ChatQuote(l.Quote), File: protocol.ChatFile(l.File),
	}
	for _, mark := range l.Marks {
		out.Reactions = append(out.Reactions, protocol.ChatMark{Emoji: mark.Emoji, Participant: mark.By.Participant, Name: mark.By.Name})
	}
	return out
}
