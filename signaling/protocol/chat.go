package protocol

// MaxChat is the longest chat message, in runes.
const MaxChat = 4000

// What somebody does in the chat.
const (
	TypeChat       ClientType = "chat"        // [ChatText]
	TypeChatEdit   ClientType = "chat-edit"   // [ChatEdit]: change one's own line, within 24 hours
	TypeChatDelete ClientType = "chat-delete" // [ChatTarget]: take a line away
	TypeChatReact  ClientType = "chat-react"  // [ChatReact]
	TypeFileTicket ClientType = "file-ticket" // [FileWish], answered by "file-ticket"
	TypeFileLink   ClientType = "file-link"   // [ChatTarget], answered by "file-link"
)

// What the server says of the chat.
const (
	TypeChatLine     ServerType = "chat"         // [ChatLine]
	TypeChatEdited   ServerType = "chat-edited"  // [ChatEdited]
	TypeChatDeleted  ServerType = "chat-deleted" // [ChatDeleted]
	TypeChatReacted  ServerType = "chat-reacted" // [ChatReacted]
	TypeChatHistory  ServerType = "chat-history" // [ChatHistory]: what is read where one moved to
	TypeFileTicketed ServerType = "file-ticket"  // [FileTicket], answers file-ticket
	TypeFileLinked   ServerType = "file-link"    // [FileLink], answers file-link
)

// ChatText is a message to everyone in the room, or to one person.
type ChatText struct {
	Text string `json:"text"`
	// Nonce lets the sender recognise its own line and lets the server drop a repeat.
	Nonce string `json:"nonce,omitempty"`
	// To is the participant who alone is to read it.
	To string `json:"to,omitempty"`
	// Reply is the line it answers.
	Reply string `json:"reply,omitempty"`
}

// ChatEdit changes the text of one's own line.
type ChatEdit struct {
	Line string `json:"line"`
	Text string `json:"text"`
}

// ChatTarget names the line a command is about.
type ChatTarget struct {
	Line string `json:"line"`
}

// ChatReact sets one's reaction on a line, from the allowed set, or takes it away.
type ChatReact struct {
	Line  string `json:"line"`
	Emoji string `json:"emoji"`
	Gone  bool   `json:"gone,omitempty"`
}

// ChatLine is a message somebody sent.
type ChatLine struct {
	ID          string `json:"id"`
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Text        string `json:"text"`
	// At is in milliseconds since 1970 UTC.
	At    int64  `json:"at"`
	Nonce string `json:"nonce,omitempty"`
	// Edited is when the text was last changed, in milliseconds since 1970 UTC.
	Edited int64 `json:"edited,omitempty"`
	// Deleted lines have no text and no file any more.
	Deleted bool `json:"deleted,omitempty"`
	// To is who alone may read it beside its author, ToName what they were called.
	To     string `json:"to,omitempty"`
	ToName string `json:"toName,omitempty"`
	// Group is the breakout room it was written in.
	Group string    `json:"group,omitempty"`
	Quote ChatQuote `json:"quote,omitzero"`
	File  ChatFile  `json:"file,omitzero"`
	// Reactions hold one of a kind for each person, oldest first.
	Reactions []ChatMark `json:"reactions,omitempty"`
}

// ChatQuote is what a reply shows of the line it answers. The text is an
// excerpt, and empty once that line was deleted.
type ChatQuote struct {
	Line        string `json:"line"`
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Text        string `json:"text"`
}

// ChatFile is a file attached to a line.
type ChatFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Type is the media type the server found.
	Type string `json:"type"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// Width and Height are in pixels, of pictures that may be shown; else 0.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

// ChatMark is one person's reaction to a line.
type ChatMark struct {
	Emoji       string `json:"emoji"`
	Participant string `json:"participant"`
	Name        string `json:"name"`
}

// FileWish announces a file that goes with a line of chat. Text may be empty.
type FileWish struct {
	Name string `json:"name"`
	// Size is its exact length in bytes.
	Size  int64  `json:"size"`
	Text  string `json:"text,omitempty"`
	Nonce string `json:"nonce,omitempty"`
	To    string `json:"to,omitempty"`
	Reply string `json:"reply,omitempty"`
}

// FileTicket lets a file be sent: POST its bytes to URL with Ticket as a bearer
// token. When it is there everybody gets the line.
type FileTicket struct {
	Ticket string `json:"ticket"`
	URL    string `json:"url"`
	// Expires is when the upload must have begun, in milliseconds since 1970 UTC.
	Expires int64 `json:"expires"`
}

// FileLink is where an attached file can be fetched for a while.
type FileLink struct {
	URL string `json:"url"`
	// Expires is in milliseconds since 1970 UTC.
	Expires int64 `json:"expires"`
}

// ChatEdited says that a line has another text now.
type ChatEdited struct {
	Line string `json:"line"`
	Text string `json:"text"`
	// At is in milliseconds since 1970 UTC.
	At int64 `json:"at"`
}

// ChatDeleted says that a line is no more.
type ChatDeleted struct {
	Line string `json:"line"`
}

// ChatReacted says that somebody set a reaction on a line, or with Gone took it away.
type ChatReacted struct {
	Line        string `json:"line"`
	Emoji       string `json:"emoji"`
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Gone        bool   `json:"gone,omitempty"`
}

// ChatHistory is the chat where somebody moved to. Lines they have are in it
// too, as they are now.
type ChatHistory struct {
	Lines []ChatLine `json:"lines"`
}
