package protocol

// MaxPicture is the largest picture of somebody who waits, in bytes before base64.
const MaxPicture = 24 << 10

// What somebody who waits shows, and what those who may let them in do.
const (
	TypePicture  ClientType = "picture"   // [Picture]: what somebody who waits looks like
	TypeAdmit    ClientType = "admit"     // [Target]: let a waiting person in
	TypeDeny     ClientType = "deny"      // [Target]: refuse a waiting person
	TypeAdmitAll ClientType = "admit-all" // no data: let in everybody who waits
)

// What the server says of those who wait.
const (
	TypeKnock ServerType = "knock" // [Knock], to those who may admit
)

// Picture is a small JPEG or WebP in base64, of at most [MaxPicture] bytes.
type Picture struct {
	Data string `json:"data"`
}

// Knock says that somebody waits to be admitted; Gone that they no longer do.
type Knock struct {
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Gone        bool   `json:"gone,omitempty"`
	// Picture is a small JPEG or WebP of them in base64 (RFC 4648 section 4), if they sent one.
	Picture string `json:"picture,omitempty"`
}
