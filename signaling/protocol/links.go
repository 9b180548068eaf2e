package protocol

// What somebody does with links that let others in.
const (
	TypeLinkCreate ClientType = "link-create" // [LinkWish]: make a link for others; answered by "link"
	TypeLinkList   ClientType = "link-list"   // [LinkPage]: which links there are; answered by "links"
	TypeLinkRevoke ClientType = "link-revoke" // [LinkTarget]: let nobody in by it any more; answered by "link"
)

// What the server says of links.
const (
	TypeLink  ServerType = "link"  // [Link]: one that was made or revoked, to who asked
	TypeLinks ServerType = "links" // [Links]: to who asked
)

// LinkWish asks for a link that lets others in.
type LinkWish struct {
	// Role is no higher than the asker's own.
	Role Role `json:"role"`
	// Name says whom it is for; with Once it is their name in the room.
	Name string `json:"name,omitempty"`
	// Once: it is good for one visit.
	Once bool `json:"once,omitempty"`
	// Expires is in milliseconds since 1970 UTC; 0 is a week from now.
	Expires int64 `json:"expires,omitempty"`
}

// LinkPage asks for links, newest first.
type LinkPage struct {
	// After is the id the page before ended with.
	After string `json:"after,omitempty"`
}

// LinkTarget names a link.
type LinkTarget struct {
	Link string `json:"link"`
}

// Link is a link into the room, as who made it or may configure the room sees it.
// Times are in milliseconds since 1970 UTC, 0 for never.
type Link struct {
	ID      string `json:"id"`
	Role    Role   `json:"role"`
	Name    string `json:"name,omitempty"`
	Once    bool   `json:"once,omitempty"`
	Created int64  `json:"created"`
	Expires int64  `json:"expires"`
	Used    int64  `json:"used,omitempty"`
	Revoked int64  `json:"revoked,omitempty"`
	// By is what who made it was called.
	By string `json:"by,omitempty"`
	// Token opens the room, as the fragment of its address; it is told once.
	Token string `json:"token,omitempty"`
}

// Links is a page of links. Next is what to ask the next one with.
type Links struct {
	Links []Link `json:"links"`
	Next  string `json:"next,omitempty"`
}
