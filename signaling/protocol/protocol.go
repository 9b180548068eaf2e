// Package protocol is the wire format of Palabre's signalling: JSON text
// frames over a WebSocket with the sub-protocol name [Version].
//
// It is written once, here; the TypeScript types of the web client are
// generated from this file (make generate) and docs/protocol.md explains the
// order of messages. Every frame is one [ClientMessage] or [ServerMessage];
// Data is the struct named after the Type.
package protocol

import "encoding/json"

// Version is the WebSocket sub-protocol (RFC 6455 section 1.9) both sides name.
const Version = "palabre.v1"

// Limits every implementation of the protocol may rely on.
const (
	// MaxClientFrame is the largest frame a client may send, in bytes. An SDP
	// offer for the largest layout (49 seats) is about 170 kB.
	MaxClientFrame = 256 << 10
	// MaxName is the longest display name, in runes after NFC normalisation.
	MaxName = 64
	// MaxChat is the longest chat message, in runes.
	MaxChat = 4000
	// MaxTiles is the most tiles a layout may name.
	MaxTiles = 64
	// MaxPicture is the largest picture of somebody who waits, in bytes before base64.
	MaxPicture = 24 << 10
)

// Close codes of the WebSocket beside those of RFC 6455 section 7.4.1:
// docs/protocol.md says what each asks of the client.
const (
	// CloseRefused: the error message before it said why; trying again changes nothing.
	CloseRefused = 4000
	// CloseTaken: the session goes on over another connection.
	CloseTaken = 4001
)

// ClientMessage is one frame from a client.
type ClientMessage struct {
	Type ClientType `json:"type"`
	// ID is chosen by the client, not 0, and comes back as Re in the reply.
	// Messages without an ID get no reply unless they fail.
	ID   uint32          `json:"id,omitempty"`
	Data json.RawMessage `json:"data,omitempty" tstype:"unknown"`
}

// ServerMessage is one frame from the server.
type ServerMessage struct {
	Type ServerType `json:"type"`
	// Seq numbers what a resuming client must not miss, from 1 without gaps,
	// per session. 0 marks frames that are not repeated after a resume
	// (welcome, resumed, answer, speakers, quality, error, pong).
	Seq uint64 `json:"seq,omitempty"`
	// Re is the ID of the message this one answers.
	Re   uint32 `json:"re,omitempty"`
	Data any    `json:"data,omitempty" tstype:"unknown"`
}

// ClientType names a client's message.
type ClientType string

const (
	TypeHello      ClientType = "hello"       // [Hello], first frame, within 10 s
	TypeOffer      ClientType = "offer"       // [Offer], answered by "answer"
	TypeJoin       ClientType = "join"        // [Join], answered by "joined" or "waiting"
	TypeLeave      ClientType = "leave"       // no data; answered by "closed"
	TypeMedia      ClientType = "media"       // [Media]
	TypeLayout     ClientType = "layout"      // [Layout]
	TypeChat       ClientType = "chat"        // [ChatText]
	TypeChatEdit   ClientType = "chat-edit"   // [ChatEdit]: change one's own line, within 24 hours
	TypeChatDelete ClientType = "chat-delete" // [ChatTarget]: take a line away
	TypeChatReact  ClientType = "chat-react"  // [ChatReact]
	TypeFileTicket ClientType = "file-ticket" // [FileWish], answered by "file-ticket"
	TypeFileLink   ClientType = "file-link"   // [ChatTarget], answered by "file-link"
	TypeHand       ClientType = "hand"        // [Hand]
	TypeReact      ClientType = "react"       // [React]
	TypeAdmit      ClientType = "admit"       // [Target]: let a waiting person in
	TypeDeny       ClientType = "deny"        // [Target]: refuse a waiting person
	TypeRename     ClientType = "rename"      // [Rename]

	// What hosts do; who may is in docs/protocol.md.
	TypeAdmitAll    ClientType = "admit-all"    // no data: let in everybody who waits
	TypePicture     ClientType = "picture"      // [Picture]: what somebody who waits looks like
	TypeMute        ClientType = "mute"         // [Target]: take a microphone off; without a participant everybody's but one's own
	TypeStop        ClientType = "stop"         // [Aim]: take somebody's camera or screen off
	TypeAsk         ClientType = "ask"          // [Aim]: ask somebody to turn microphone or camera on
	TypeLower       ClientType = "lower"        // [Target]: lower a hand; without a participant all
	TypeRemove      ClientType = "remove"       // [Target]: put somebody out, who may come back
	TypeBan         ClientType = "ban"          // [Target]: put somebody out for the rest of the meeting
	TypeUnban       ClientType = "unban"        // [Unban]
	TypeAppoint     ClientType = "appoint"      // [Appoint]: give somebody a role
	TypeLock        ClientType = "lock"         // [Lock]
	TypeConfigure   ClientType = "configure"    // [Configure]
	TypeEnd         ClientType = "end"          // no data: end the meeting for all
	TypePollCreate  ClientType = "poll-create"  // [PollCreate]; answered by "polls", as are the next five
	TypePollOpen    ClientType = "poll-open"    // [PollTarget]
	TypePollVote    ClientType = "poll-vote"    // [PollVote]
	TypePollClose   ClientType = "poll-close"   // [PollTarget]
	TypePollShare   ClientType = "poll-share"   // [PollTarget]: show everybody the results
	TypePollDelete  ClientType = "poll-delete"  // [PollTarget]
	TypePollBallots ClientType = "poll-ballots" // [PollTarget]: who chose what in a named poll; answered by "ballots"
	TypeDrawAllow   ClientType = "draw-allow"   // [DrawAllow]: who may draw on a shared screen; answered by "drawings"
	TypeLinkCreate  ClientType = "link-create"  // [LinkWish]: make a link for others; answered by "link"
	TypeLinkList    ClientType = "link-list"    // [LinkPage]: which links there are; answered by "links"
	TypeLinkRevoke  ClientType = "link-revoke"  // [LinkTarget]: let nobody in by it any more; answered by "link"
	TypeDrawClear   ClientType = "draw-clear"   // [Target]: take everything off a shared screen; answered by "drawings"
	TypePing        ClientType = "ping"         // no data; answered by "pong"

	// The breakout rooms; answered by "breakouts", but for the broadcast.
	TypeBreakoutPlan      ClientType = "breakout-plan"      // [BreakoutPlan]: before they open; without rooms there are none any more
	TypeBreakoutAssign    ClientType = "breakout-assign"    // [BreakoutAssign]: who belongs where; moves them while the rooms are open
	TypeBreakoutShuffle   ClientType = "breakout-shuffle"   // no data: assign everybody at random
	TypeBreakoutOpen      ClientType = "breakout-open"      // no data
	TypeBreakoutJoin      ClientType = "breakout-join"      // [BreakoutTarget]: go to a room, or back to the main one
	TypeBreakoutHelp      ClientType = "breakout-help"      // [BreakoutHelp]: ask a host to come
	TypeBreakoutAnswer    ClientType = "breakout-answer"    // [Target]: somebody who asked for help has it
	TypeBreakoutBroadcast ClientType = "breakout-broadcast" // [BreakoutText]: tell everybody; answered by "breakout-notice"
	TypeBreakoutExtend    ClientType = "breakout-extend"    // [BreakoutExtend]: more time
	TypeBreakoutClose     ClientType = "breakout-close"     // [BreakoutClose]: everybody comes back after a countdown
)

// ServerType names a server's message.
type ServerType string

const (
	TypeWelcome      ServerType = "welcome"      // [Welcome], answers hello
	TypeResumed      ServerType = "resumed"      // [Resumed], answers hello with a resume token
	TypeAnswer       ServerType = "answer"       // [Answer], answers offer
	TypeWaiting      ServerType = "waiting"      // no data: a host must admit you
	TypeJoined       ServerType = "joined"       // [Joined]
	TypePreview      ServerType = "preview"      // [Preview]: who is in, for those not yet in
	TypeParticipant  ServerType = "participant"  // [Participant]: somebody came or changed
	TypeLeft         ServerType = "left"         // [Left]
	TypeKnock        ServerType = "knock"        // [Knock], to those who may admit
	TypeChanged      ServerType = "changed"      // [Changed]: several participants at once
	TypeAsked        ServerType = "asked"        // [Asked]: a host did something to you, or asks you for something
	TypeSeats        ServerType = "seats"        // [Seats]
	TypeSpeakers     ServerType = "speakers"     // [Speakers]
	TypeLayers       ServerType = "layers"       // [Layers], to a publisher
	TypeQuality      ServerType = "quality"      // [Quality]: how good people's connections are
	TypeChatLine     ServerType = "chat"         // [ChatLine]
	TypeChatEdited   ServerType = "chat-edited"  // [ChatEdited]
	TypeChatDeleted  ServerType = "chat-deleted" // [ChatDeleted]
	TypeChatReacted  ServerType = "chat-reacted" // [ChatReacted]
	TypeChatHistory  ServerType = "chat-history" // [ChatHistory]: what is read where one moved to
	TypeFileTicketed ServerType = "file-ticket"  // [FileTicket], answers file-ticket
	TypeFileLinked   ServerType = "file-link"    // [FileLink], answers file-link
	TypeReaction     ServerType = "reaction"     // [Reaction]
	TypeRoom         ServerType = "room"         // [Room]: the room, or what you may do in it, is now other
	TypePolls        ServerType = "polls"        // [Polls]: every poll of the meeting, as the reader may see it
	TypeBallots      ServerType = "ballots"      // [Ballots], answers poll-ballots
	TypeLink         ServerType = "link"         // [Link]: one that was made or revoked, to who asked
	TypeLinks        ServerType = "links"        // [Links]: to who asked
	TypeDrawings     ServerType = "drawings"     // [Drawings]: which shared screens can be drawn on
	TypeICERestart   ServerType = "ice-restart"  // no data: send a new offer with an ICE restart
	TypeMediaLost    ServerType = "media-lost"   // [MediaLost]: make a new PeerConnection and send its offer
	TypeRestarting   ServerType = "restarting"   // [Restarting]: the server goes away, come back
	TypeClosed       ServerType = "closed"       // [Closed], last frame
	TypeError        ServerType = "error"        // [Error]
	TypePong         ServerType = "pong"         // no data

	TypeBreakouts      ServerType = "breakouts"       // [Breakouts]: the breakout rooms, as the reader may know them
	TypeBreakoutNotice ServerType = "breakout-notice" // [BreakoutNotice]: a host tells everybody in every room
)

// Hello opens a session in a room: a new one, or with Resume an old one.
type Hello struct {
	Room string `json:"room"`
	// Token is a join token (JWT); without it a person comes as a guest where
	// the server allows open rooms.
	Token string `json:"token,omitempty"`
	// Resume is the token of the last welcome, resumed or joined message. It is
	// valid for 30 s after the connection was lost, and over a restart of the server.
	Resume string `json:"resume,omitempty"`
	// LastSeq is the last Seq seen; what came after it is sent again.
	LastSeq uint64 `json:"lastSeq,omitempty"`
	// Name is what the client would join as, known early for the lobby.
	Name string `json:"name,omitempty"`
	// Password is what the person says the room's password is, after "password-needed".
	Password string `json:"password,omitempty"`
	// Client says which program this is, for the logs: "web/0.1".
	Client string `json:"client,omitempty"`
}

// Welcome tells a new session who it is and what it may do next.
type Welcome struct {
	// Participant is this session's identity in the room.
	Participant string `json:"participant"`
	Resume      string `json:"resume"`
	Room        string `json:"room"`
	Role        Role   `json:"role"`
	// Name is fixed by the token; empty when the person chooses.
	Name string `json:"name,omitempty"`
	// Prepare says that an offer may be sent before join, so that the
	// connection is ready when the person is. False where a host must admit.
	Prepare    bool        `json:"prepare"`
	Preview    Preview     `json:"preview"`
	About      Room        `json:"about"`
	ICEServers []ICEServer `json:"iceServers"`
	// Version is the server's version.
	Version string `json:"version"`
}

// Resumed tells a returning session what became of it.
type Resumed struct {
	Participant string `json:"participant"`
	Resume      string `json:"resume"`
	// Media says whether the PeerConnection still stands on the server. If
	// not, the client makes a new one and sends its offer.
	Media bool `json:"media"`
	// Fresh says that the server no longer had the session (it restarted):
	// nothing is repeated, Seq starts again at 1 and the client sends join.
	Fresh bool `json:"fresh"`
	// ICEServers replace those of the welcome where they are given: their
	// credentials do not last for ever.
	ICEServers []ICEServer `json:"iceServers,omitempty"`
}

// Preview is what somebody at the door may see.
type Preview struct {
	Count int `json:"count"`
	// Names are at most three display names.
	Names []string `json:"names"`
}

// ICEServer has the shape of RTCIceServer (W3C WebRTC section 4.2.4).
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Offer carries the client's SDP offer (RFC 3264, RFC 8829). Only clients
// offer. Candidates in it are ignored: the server answers where checks come from.
type Offer struct {
	SDP   string `json:"sdp"`
	Lines Lines  `json:"lines"`
}

// Lines says which media section, by its mid (RFC 5888), carries what.
type Lines struct {
	Microphone  string `json:"microphone,omitempty"`
	Camera      string `json:"camera,omitempty"`
	Screen      string `json:"screen,omitempty"`
	ScreenAudio string `json:"screenAudio,omitempty"`
	// Seats receive one person each: voice and camera.
	Seats []Pair `json:"seats"`
	// Stages receive one shared screen each, with its sound.
	Stages []Pair `json:"stages"`
	// Voices receive the loudest people who sit in no seat.
	Voices []string `json:"voices"`
	// Data is the section of data channels, for drawings on shared screens.
	Data string `json:"data,omitempty"`
}

// Pair is the two media sections of one seat, by mid.
type Pair struct {
	Audio string `json:"audio"`
	Video string `json:"video"`
}

// DrawingRule says who may draw on a shared screen, beside whoever shares it.
type DrawingRule string

const (
	DrawEveryone DrawingRule = "everyone" // whose role may draw
	DrawNamed    DrawingRule = "named"    // of those the ones named
	DrawNobody   DrawingRule = "nobody"
)

// DrawAllow says who may draw on the screen that a participant shares.
type DrawAllow struct {
	Participant string      `json:"participant"`
	Rule        DrawingRule `json:"rule"`
	// People are the participants named, with the rule "named".
	People []string `json:"people,omitempty"`
}

// Drawings are the shared screens that can be drawn on. What is drawn comes over
// the data channel "palabre.draw" (docs/protocol.md).
type Drawings struct {
	Canvases []DrawingCanvas `json:"canvases"`
}

// DrawingCanvas is one of them.
type DrawingCanvas struct {
	// Canvas is its number on the data channel.
	Canvas uint32 `json:"canvas"`
	// Participant is who shares.
	Participant string      `json:"participant"`
	Rule        DrawingRule `json:"rule"`
	People      []string    `json:"people,omitempty"`
	// Used says that somebody has taken up a pen: the data channel is worth having.
	Used bool `json:"used"`
}

// Answer carries the server's SDP answer, all its candidates included.
type Answer struct {
	SDP string `json:"sdp"`
}

// Join enters the room.
type Join struct {
	Name  string `json:"name"`
	Media Media  `json:"media"`
}

// Media is what a participant sends now. A microphone that is off sends nothing.
type Media struct {
	Microphone  bool `json:"microphone"`
	Camera      bool `json:"camera"`
	Screen      bool `json:"screen"`
	ScreenAudio bool `json:"screenAudio"`
	// Motion says that the screen shows moving pictures: when a line is narrow
	// they keep their frame rate rather than their resolution. Without it a
	// screen is there to be read and keeps its resolution.
	Motion bool `json:"motion,omitempty"`
}

// Joined is the room as the newcomer finds it.
type Joined struct {
	Participant string `json:"participant"`
	// Participants holds everyone in the room, oneself included, in the order they came.
	Participants []Participant `json:"participants"`
	Chat         []ChatLine    `json:"chat"`
	// Started is when the first person joined, in milliseconds since 1970 UTC.
	Started int64 `json:"started"`
	// Resume replaces the token of the welcome: it says that the person was let
	// in, so that nobody is asked again after a restart.
	Resume string `json:"resume"`
	About  Room   `json:"about"`
}

// Room is the room as its reader may know it. Who waits in the lobby is told
// its title, and what they may send once they are let in.
type Room struct {
	// Title is what people call it; empty shows its name.
	Title string   `json:"title,omitempty"`
	Kind  RoomKind `json:"kind"`
	// Role is the reader's own, May all they may do here.
	Role Role     `json:"role"`
	May  []Action `json:"may"`
	// Least is the lowest role that may do something, where the room asks for more than the table.
	Least       map[Action]Role `json:"least,omitempty"`
	Lobby       bool            `json:"lobby"`
	Locked      bool            `json:"locked"`
	Password    bool            `json:"password"`
	MuteOnEntry bool            `json:"muteOnEntry"`
	AudioOnly   bool            `json:"audioOnly"`
	MaxPeople   int             `json:"maxPeople,omitempty"`
	// Banned are those who may not come back, told to who may put people out.
	Banned []Banned `json:"banned,omitempty"`
	// Roles are those that rank no higher than the reader's, the highest first:
	// told to who may give them, or put people out.
	Roles []Role `json:"roles,omitempty"`
}

// Banned is somebody who may not come back while the meeting lasts.
type Banned struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// RoomKind says how long a room is there.
type RoomKind string

const (
	RoomTemporary RoomKind = "temporary"
	RoomPermanent RoomKind = "permanent"
	RoomScheduled RoomKind = "scheduled"
)

// Action is something a role may or may not do; the table is in docs/protocol.md.
type Action string

const (
	MayPublish   Action = "publish"
	MayShare     Action = "share"
	MayChat      Action = "chat"
	MayWhisper   Action = "whisper"
	MayAttach    Action = "attach"
	MaySignal    Action = "signal"
	MayVote      Action = "vote"
	MayDraw      Action = "draw"
	MayPass      Action = "pass"
	MayAdmit     Action = "admit"
	MayDeny      Action = "deny"
	MayInvite    Action = "invite"
	MayAsk       Action = "ask"
	MayRecord    Action = "record"
	MayModerate  Action = "moderate"
	MayRemove    Action = "remove"
	MayBreak     Action = "break"
	MayInspect   Action = "inspect"
	MayLock      Action = "lock"
	MayAppoint   Action = "appoint"
	MayConfigure Action = "configure"
	MayExport    Action = "export"
	MayEnd       Action = "end"
	MayOwn       Action = "own"
)

// Role is a name from the table of permissions in docs/protocol.md; a server may have others.
type Role string

const (
	RoleOwner     Role = "owner"
	RoleHost      Role = "host"
	RoleCoHost    Role = "co-host"
	RolePresenter Role = "presenter"
	RoleMember    Role = "member"
	RoleGuest     Role = "guest"
	RoleViewer    Role = "viewer"
)

// Participant is somebody in the room.
type Participant struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Media Media  `json:"media"`
	// Hand is when the hand was raised, in milliseconds since 1970 UTC; 0 while down.
	Hand int64 `json:"hand,omitempty"`
	// Away says that the connection is lost and may come back.
	Away bool `json:"away,omitempty"`
	// Acting says that they stand in for a host who is not there.
	Acting bool `json:"acting,omitempty"`
	// Joined is in milliseconds since 1970 UTC.
	Joined int64 `json:"joined"`
	// Group is the breakout room they are in; empty is the main room.
	Group string `json:"group,omitempty"`
}

// Changed tells of several participants at once, each as in a participant message.
type Changed struct {
	Participants []Participant `json:"participants"`
}

// Left says that a participant is gone.
type Left struct {
	Participant string `json:"participant"`
	Reason      Reason `json:"reason"`
}

// Knock says that somebody waits to be admitted; Gone that they no longer do.
type Knock struct {
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Gone        bool   `json:"gone,omitempty"`
	// Picture is a small JPEG or WebP of them in base64 (RFC 4648 section 4), if they sent one.
	Picture string `json:"picture,omitempty"`
}

// Target names the participant a command is about.
type Target struct {
	Participant string `json:"participant"`
}

// Aim names one source of a participant.
type Aim struct {
	Participant string `json:"participant"`
	Source      Source `json:"source"`
}

// Picture is a small JPEG or WebP in base64, of at most [MaxPicture] bytes.
type Picture struct {
	Data string `json:"data"`
}

// Unban names a ban of [Room.Banned].
type Unban struct {
	ID string `json:"id"`
}

// Appoint gives somebody a role.
type Appoint struct {
	Participant string `json:"participant"`
	Role        Role   `json:"role"`
}

// Lock says whether somebody new may come in.
type Lock struct {
	Locked bool `json:"locked"`
}

// Configure changes settings of the room; what is missing stays as it is.
type Configure struct {
	Title       *string `json:"title,omitempty" tstype:"string"`
	Lobby       *bool   `json:"lobby,omitempty" tstype:"boolean"`
	MuteOnEntry *bool   `json:"muteOnEntry,omitempty" tstype:"boolean"`
	AudioOnly   *bool   `json:"audioOnly,omitempty" tstype:"boolean"`
	// MaxPeople is the most people inside; 0 is the server's limit.
	MaxPeople *int `json:"maxPeople,omitempty" tstype:"number"`
	// Least is the lowest role that may do something; an empty role takes the limit away.
	Least map[Action]Role `json:"least,omitempty"`
	// Password is what newcomers must know whose role may not walk past the
	// lobby; an empty one asks for none.
	Password *string `json:"password,omitempty" tstype:"string"`
}

// Asked tells what a host did to somebody or asks them for. Its reader is
// the one it is about, or the one who asked and is told that it was passed on.
type Asked struct {
	What AskedWhat `json:"what"`
	// Participant is whom it is about.
	Participant string `json:"participant"`
	// By is the id of who did it, and Name what they are called; both are
	// empty where the room itself did, as by its setting to come in muted.
	By   string `json:"by,omitempty"`
	Name string `json:"name,omitempty"`
}

// AskedWhat is what a host did or asks for.
type AskedWhat string

const (
	AskedMuted     AskedWhat = "muted"      // your microphone was taken off
	AskedCameraOff AskedWhat = "camera-off" // your camera was taken off
	AskedShareOff  AskedWhat = "share-off"  // your shared screen was taken off
	AskedUnmute    AskedWhat = "unmute"     // please turn your microphone on
	AskedCameraOn  AskedWhat = "camera-on"  // please turn your camera on
)

// Rename changes one's own display name.
type Rename struct {
	Name string `json:"name"`
}

// Layout says what the client shows. The server seats and sends by it.
type Layout struct {
	// Mode "grid" (default of programs) seats everybody in order, "speaker"
	// the stage or else who speaks, "tiles" exactly Tiles.
	Mode  LayoutMode `json:"mode"`
	Tiles []Tile     `json:"tiles,omitempty"`
}

// LayoutMode says who chooses what is shown.
type LayoutMode string

const (
	LayoutTiles   LayoutMode = "tiles"
	LayoutGrid    LayoutMode = "grid"
	LayoutSpeaker LayoutMode = "speaker"
)

// Tile is one picture on the client's page, in order of importance.
type Tile struct {
	Participant string `json:"participant"`
	Source      Source `json:"source"`
	// Width and Height are in device pixels (CSS pixels x device pixel ratio); 0 when hidden.
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Source names one of a participant's tracks.
type Source string

const (
	SourceMicrophone  Source = "microphone"
	SourceCamera      Source = "camera"
	SourceScreen      Source = "screen"
	SourceScreenAudio Source = "screenAudio"
)

// Seats is the whole seating of one client; it replaces the one before.
type Seats struct {
	Seats []Seat `json:"seats"`
}

// Seat says who is in one seat now.
type Seat struct {
	Kind  SeatKind `json:"kind"`
	Index int      `json:"index"`
	// Participant is empty while the seat is free.
	Participant string `json:"participant,omitempty"`
	// Video and Audio say whether the seat carries them now.
	Video bool `json:"video"`
	Audio bool `json:"audio"`
	// Paused says why a video that exists is not sent: "bandwidth", "hidden", "muted" or "no video".
	Paused string `json:"paused,omitempty"`
}

// SeatKind is the list in [Lines] that a seat's index counts in.
type SeatKind string

const (
	SeatPerson SeatKind = "seat"
	SeatStage  SeatKind = "stage"
	SeatVoice  SeatKind = "voice"
)

// Speakers says who speaks, loudest first; Dominant holds the floor.
type Speakers struct {
	Speaking []string `json:"speaking"`
	Dominant string   `json:"dominant,omitempty"`
}

// Layers tells a publisher which simulcast layers (RFC 8851 rids) somebody wants.
type Layers struct {
	Source Source   `json:"source"`
	RIDs   []string `json:"rids"`
	// Wishes says of every layer in RIDs how much of it somebody shows.
	Wishes []LayerWish `json:"wishes,omitempty"`
}

// LayerWish is the most anybody shows of one layer; 0 is no limit. A layer
// larger than MaxWidth x MaxHeight may be sent scaled down to that.
type LayerWish struct {
	RID string `json:"rid"`
	// MaxWidth and MaxHeight are in pixels, of the whole picture.
	MaxWidth  int `json:"maxWidth,omitempty"`
	MaxHeight int `json:"maxHeight,omitempty"`
	// MaxFramerate is in frames a second.
	MaxFramerate int `json:"maxFramerate,omitempty"`
	// MaxBitrate is in bit/s: what the widest line of those who show it has
	// room for. It is said of text, which can be made to fit any line in time.
	MaxBitrate int `json:"maxBitrate,omitempty"`
}

// Quality says how good the connections of people are, as the server measures
// it: of those whose quality changed since the last message, and of everyone
// in the first. It comes at most once a second.
type Quality struct {
	People []LinkQuality `json:"people"`
}

// LinkQuality is one participant's connection to the server. Up is what they
// send, Down what they receive.
type LinkQuality struct {
	Participant string `json:"participant"`
	Up          int    `json:"up"`
	Down        int    `json:"down"`
}

// How a direction of a connection is graded: good while nobody notices it, fair
// when somebody may, poor when everybody does; lost also while not known yet.
const (
	BarsLost = 0
	BarsPoor = 1
	BarsFair = 2
	BarsGood = 3
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

// Hand raises or lowers one's own hand.
type Hand struct {
	Raised bool `json:"raised"`
}

// React sends one reaction from the allowed set.
type React struct {
	Emoji string `json:"emoji"`
}

// Reaction is a reaction somebody sent.
type Reaction struct {
	Participant string `json:"participant"`
	Emoji       string `json:"emoji"`
}

// PollCreate asks something. With Open people may vote at once, else it waits as a draft.
type PollCreate struct {
	Question string   `json:"question"`
	Options  []string `json:"options"`
	// Multiple lets people choose several options, else exactly one.
	Multiple bool `json:"multiple"`
	// Anonymous keeps nobody's choice.
	Anonymous bool        `json:"anonymous"`
	Results   PollSharing `json:"results"`
	Open      bool        `json:"open"`
}

// PollSharing says who sees the results of a poll beside who asked it.
type PollSharing string

const (
	ResultsLive    PollSharing = "live"    // everybody, while people vote
	ResultsClosed  PollSharing = "closed"  // everybody, once it is closed
	ResultsPrivate PollSharing = "private" // nobody, until they are shared
)

// PollTarget names the poll a command is about.
type PollTarget struct {
	Poll string `json:"poll"`
}

// PollVote chooses options by their indexes, in the place of what one chose before.
type PollVote struct {
	Poll   string `json:"poll"`
	Choice []int  `json:"choice"`
}

// Polls is every poll of the meeting, oldest first, as its reader may see it.
// It comes after joined where there are any, and whenever something changed;
// where only votes did, at most once a second.
type Polls struct {
	Polls []Poll `json:"polls"`
}

// Poll is one poll as its reader may see it. Moments are in milliseconds since 1970 UTC.
type Poll struct {
	ID        string      `json:"id"`
	Question  string      `json:"question"`
	Options   []string    `json:"options"`
	Multiple  bool        `json:"multiple"`
	Anonymous bool        `json:"anonymous"`
	Results   PollSharing `json:"results"`
	State     PollState   `json:"state"`
	// Asker is the name of who asked it; Own says that it was the reader.
	Asker string `json:"asker"`
	Own   bool   `json:"own"`
	// Manage: the reader may open, close, share and delete it.
	Manage bool `json:"manage"`
	// Voted says that the reader has, Choice what, as far as anybody knows.
	Voted  bool  `json:"voted"`
	Choice []int `json:"choice"`
	// Final: the reader's vote can no longer be changed, as the server knows
	// nobody's choice in an anonymous poll after a restart.
	Final bool `json:"final,omitempty"`
	// Shared: the results were shown to everybody by hand.
	Shared bool `json:"shared"`
	// People is how many have voted.
	People int `json:"people"`
	// Counts is how often each option was chosen, where the reader may see the results.
	Counts []int `json:"counts,omitempty"`
	Opened int64 `json:"opened,omitempty"`
	Closed int64 `json:"closed,omitempty"`
}

// PollState is how far a poll is.
type PollState string

const (
	PollDraft  PollState = "draft"
	PollOpen   PollState = "open"
	PollClosed PollState = "closed"
)

// Ballots is who chose what in one named poll, by name.
type Ballots struct {
	Poll  string   `json:"poll"`
	Votes []Ballot `json:"votes"`
}

// Ballot is one person's choice.
type Ballot struct {
	Name   string `json:"name"`
	Choice []int  `json:"choice"`
}

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

// MediaLost says why the media connection is gone for good; the session goes on.
type MediaLost struct {
	Reason string `json:"reason"`
}

// Restarting says when to come back, in milliseconds, jitter included.
type Restarting struct {
	After int64 `json:"after"`
}

// Closed says why the session ended. After it the server closes the connection.
type Closed struct {
	Reason Reason `json:"reason"`
}

// Reason says why a session or a participation ended.
type Reason string

const (
	ReasonLeft     Reason = "left"     // by own wish
	ReasonLost     Reason = "lost"     // did not come back in time
	ReasonDenied   Reason = "denied"   // a host did not admit
	ReasonReplaced Reason = "replaced" // the same identity joined elsewhere
	ReasonShutdown Reason = "shutdown" // the server stops
	ReasonRemoved  Reason = "removed"  // a host or the server put them out
	ReasonBanned   Reason = "banned"   // a host put them out for the rest of the meeting
	ReasonEnded    Reason = "ended"    // a host ended the meeting for all
)

// Error answers a message that failed. Message is a sentence in English for
// logs and developers; pages show their own words by Code.
type Error struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`
	// RetryAfter is in milliseconds, with rate-limited and unavailable.
	RetryAfter int64 `json:"retryAfter,omitempty"`
}

// ErrorCode is the whole vocabulary of failures a client can meet.
type ErrorCode string

const (
	CodeBadMessage     ErrorCode = "bad-message"     // not JSON, unknown type, wrong shape
	CodeTooLarge       ErrorCode = "too-large"       // over a limit of this page
	CodeRateLimited    ErrorCode = "rate-limited"    // too many messages
	CodeUnauthorized   ErrorCode = "unauthorized"    // token missing, forged or expired
	CodeForbidden      ErrorCode = "forbidden"       // may not enter, or may not do this
	CodeNotAdmitted    ErrorCode = "not-admitted"    // first join or be admitted
	CodeRoomFull       ErrorCode = "room-full"       //
	CodeLocked         ErrorCode = "locked"          // nobody new is let in
	CodeBanned         ErrorCode = "banned"          // was put out for the rest of the meeting
	CodeBadOffer       ErrorCode = "bad-offer"       // SDP refused
	CodeBadFile        ErrorCode = "bad-file"        // a file of a type that is not taken, or that a scanner refused
	CodeNotFound       ErrorCode = "not-found"       // no such participant
	CodeResumeFailed   ErrorCode = "resume-failed"   // say hello anew without resume
	CodePasswordNeeded ErrorCode = "password-needed" // the room asks for its password
	CodePasswordWrong  ErrorCode = "password-wrong"  // this is not the room's password
	CodeConflict       ErrorCode = "conflict"        // somebody else changed it first, or it is there already
	CodeUnavailable    ErrorCode = "unavailable"     // draining or overloaded
	CodeInternal       ErrorCode = "internal"        // our fault, logged
)

// Limits of breakout rooms.
const (
	// MaxBreakouts is how many there are at most, MaxBreakoutName the longest
	// name of one, MaxBreakoutText the longest message to all, in characters.
	MaxBreakouts    = 50
	MaxBreakoutName = 40
	MaxBreakoutText = 500
)

// BreakoutPlan replaces the plan. Durations are in milliseconds.
type BreakoutPlan struct {
	// Rooms named by an id keep it and who belongs there; others are new.
	Rooms []Breakout  `json:"rooms"`
	Way   BreakoutWay `json:"way"`
	// Return lets people go back to the main room, and to theirs again, by themselves.
	Return bool `json:"return,omitempty"`
	// Length is how long the rooms are open; 0 until somebody closes them.
	Length int64 `json:"length,omitempty"`
}

// Breakout is one breakout room. Each opening gives new ids.
type Breakout struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// BreakoutWay is how people come into breakout rooms.
type BreakoutWay string

const (
	BreakoutByHand   BreakoutWay = "hand"
	BreakoutAtRandom BreakoutWay = "random"
	BreakoutByChoice BreakoutWay = "choice"
)

// BreakoutAssign says where people belong, by participant id, or by identity of
// who is not here yet. An empty room is the main one.
type BreakoutAssign struct {
	People []string `json:"people"`
	Room   string   `json:"room"`
}

// BreakoutTarget names a breakout room; empty is the main one.
type BreakoutTarget struct {
	Room string `json:"room"`
}

// BreakoutHelp asks for help, or no longer does.
type BreakoutHelp struct {
	Asking bool `json:"asking"`
}

// BreakoutText is a message to everybody in every room.
type BreakoutText struct {
	Text string `json:"text"`
}

// BreakoutExtend gives more time, in milliseconds. Where the rooms were closing
// they no longer are.
type BreakoutExtend struct {
	By int64 `json:"by"`
}

// BreakoutClose has everybody come back after a countdown in milliseconds; 0 is
// 30 s. Now has them come back at once.
type BreakoutClose struct {
	Countdown int64 `json:"countdown,omitempty"`
	Now       bool  `json:"now,omitempty"`
}

// Breakouts is the breakout rooms as their reader may know them; no rooms where
// there are none, or where they are not open and the reader may not make them.
// Who is where is in [Participant].
type Breakouts struct {
	Rooms  []Breakout  `json:"rooms"`
	Way    BreakoutWay `json:"way,omitempty"`
	Return bool        `json:"return,omitempty"`
	Length int64       `json:"length,omitempty"`
	Open   bool        `json:"open"`
	// Left is in how many milliseconds the rooms close; 0 while nobody has said.
	Left int64 `json:"left,omitempty"`
	// Closing: a host has closed the rooms, and people come to an end.
	Closing bool `json:"closing,omitempty"`
	// Own is the room the reader belongs to.
	Own string `json:"own,omitempty"`
	// Asking: the reader asks for help.
	Asking bool `json:"asking,omitempty"`
	// Assigned is where everybody belongs, by participant id, or by identity of
	// who is not here; told to who may break, as Calls.
	Assigned map[string]string `json:"assigned,omitempty"`
	// Calls are who asks for help, oldest first.
	Calls []BreakoutCall `json:"calls,omitempty"`
}

// BreakoutCall is somebody who asks for help in a breakout room.
type BreakoutCall struct {
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Room        string `json:"room"`
	// At is in milliseconds since 1970 UTC.
	At int64 `json:"at"`
}

// BreakoutNotice is a message of a host to everybody in every breakout room.
type BreakoutNotice struct {
	ID          string `json:"id"`
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Text        string `json:"text"`
	// At is in milliseconds since 1970 UTC.
	At int64 `json:"at"`
}
