package rooms

import (
	"time"

	"palabre/rooms/chat"
)

// Ref is chosen by whoever sends a command and comes back as Re in the event
// that answers it: [Waiting] or [Joined] for Join, [Person] for SetSending, Hand
// and Rename, [Line] for Write, [Reaction] for React, [Knock] for Admit and
// Deny, [Closed] for Leave. 0 asks for nothing.
type Ref uint32

// Event is something that happened, as one session is told of it.
type Event struct {
	// Seq counts from 1 without gaps per session. 0 marks [Speakers] and
	// [Quality], of which only the newest matters and which are not repeated.
	Seq  uint64
	Re   Ref
	Data Data
}

// Data is what happened: one of the types of this file.
type Data interface {
	// size is roughly what the event holds in memory and on the wire, in bytes.
	size() int
}

type (
	// Waiting: a host must let you in.
	Waiting struct{}

	// Joined is the room as the newcomer finds it. A client that gets it again
	// replaces all it knew.
	Joined struct {
		Participant string
		// People holds everyone in the room, oneself included, in the order they came.
		People []Person
		Chat   []chat.Line
		// Started is when the first person joined.
		Started time.Time
		// Resume replaces the token of the [Welcome]: it says that the person
		// was let in, so that no host is asked again after a restart.
		Resume string
		About  About
	}

	// About is the room as one person may know it: told when they join, and
	// whenever something of it, or what they may do in it, is now other.
	About struct {
		Title string
		Kind  RoomKind
		Role  Role
		// May is what this person may do here.
		May         []Action
		Least       map[Action]Role
		Lobby       bool
		Locked      bool
		Password    bool
		MuteOnEntry bool
		AudioOnly   bool
		MaxPeople   int
		// Retention and Origins are as in [Settings]; told to who may change them.
		Retention time.Duration
		Origins   []string
		// Banned may not come back; told to who may put people out.
		Banned []Ban
		// Roles rank no higher than this person's, the highest first; told to
		// who may give them, or put people out.
		Roles []Role
	}

	// Preview is what somebody at the door may see: a count and at most three
	// names. Who must be admitted sees an empty one.
	Preview struct {
		Count int
		Names []string
	}

	// Person is somebody in the room: they came or changed.
	Person struct {
		ID      string
		Name    string
		Role    Role
		Sending Sending
		// Hand is when the hand was raised, zero while it is down.
		Hand time.Time
		// Away says that the connection is lost and may come back.
		Away   bool
		Joined time.Time
		// Acting says that they stand in for a host who is not there.
		Acting bool
		// Group is the id of the breakout room they are in; empty in the main room.
		Group string
	}

	// Changed tells of several people at once who changed.
	Changed struct{ People []Person }

	// Asked says what a host did to somebody, or asks them for. By and Name
	// are empty where the room itself did.
	Asked struct {
		What                  AskedWhat
		Participant, By, Name string
	}

	// Left says that somebody is gone.
	Left struct {
		Participant string
		Reason      Reason
	}

	// Knock says that somebody waits to be admitted; Gone that they no longer do.
	Knock struct {
		Participant string
		Name        string
		Gone        bool
		// Picture is a small JPEG or WebP of them; empty without.
		Picture string
	}

	// Line is a chat message.
	Line struct{ chat.Line }

	// LineEdited, LineDeleted and LineReacted change a line; who does not have
	// it need not mind.
	LineEdited  struct{ chat.Edited }
	LineDeleted struct{ chat.Deleted }
	LineReacted struct{ chat.Reacted }

	// History is the chat as it is now where somebody moved to. Lines they
	// know already are in it too.
	History struct{ Lines []chat.Line }

	// Reaction is a reaction somebody sent.
	Reaction struct {
		Participant string
		Emoji       string
	}

	// Seating is the whole seating of this session; it replaces the one before.
	Seating struct{ Seats []Seat }

	// Speakers says who speaks, loudest first; Dominant holds the floor.
	Speakers struct {
		Speaking []string
		Dominant string
	}

	// Layers says which layers of a source somebody wants, lowest first, and
	// how much of each.
	Layers struct {
		Source Source
		Wishes []LayerWish
	}

	// Quality says how good people's connections are: of those whose quality
	// changed since the last one, of everybody in the first after [Joined] and
	// after a resume. Of who is not named nothing is known yet.
	Quality struct{ People []LinkQuality }

	// LinkQuality is the quality of one participant's connection.
	LinkQuality struct {
		Participant string
		Bars
	}

	// RestartICE: media has no path any more; offer again with an ICE restart.
	RestartICE struct{}

	// MediaLost: the media connection is gone for good; make a new one and offer.
	MediaLost struct{ Reason string }

	// Restarting: the server goes away; come back after that time, jitter included.
	Restarting struct{ After time.Duration }

	// Closed is the last event of a session.
	Closed struct{ Reason Reason }
)

// AskedWhat is what a host did or asks for.
type AskedWhat string

// What somebody is told.
const (
	AskedMuted     AskedWhat = "muted"      // the microphone was taken off
	AskedCameraOff AskedWhat = "camera-off" // the camera was taken off
	AskedShareOff  AskedWhat = "share-off"  // the shared screen was taken off
	AskedUnmute    AskedWhat = "unmute"     // a wish to hear them
	AskedCameraOn  AskedWhat = "camera-on"  // a wish to see them
)

// Reason says why a session or a participation ended.
type Reason string

// The reasons.
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

// overhead is what an event costs beside its texts, in bytes.
const overhead = 96

func (Waiting) size() int { return overhead }
func (e About) size() int {
	return 4*overhead + 2*len(e.Title) + 16*len(e.May) + 32*len(e.Least) + overhead*len(e.Banned) + 16*len(e.Roles)
}
func (e Preview) size() int     { return overhead + textSize(e.Names) }
func (e Person) size() int      { return 2*overhead + len(e.ID) + len(e.Name) }
func (e Left) size() int        { return overhead + len(e.Participant) }
func (e Knock) size() int       { return overhead + len(e.Participant) + len(e.Name) + len(e.Picture)*4/3 }
func (e Changed) size() int     { return 3 * overhead * (1 + len(e.People)) }
func (e Asked) size() int       { return overhead + len(e.Name) }
func (e Line) size() int        { return e.Size() }
func (e LineEdited) size() int  { return overhead + len(e.Text) }
func (LineDeleted) size() int   { return overhead }
func (e LineReacted) size() int { return overhead + len(e.Mark.By.Name) }
func (e History) size() int     { return overhead + chatSize(e.Lines) }
func (e Reaction) size() int    { return overhead + len(e.Participant) }
func (e Seating) size() int     { return overhead * (1 + len(e.Seats)) }
func (e Speakers) size() int    { return overhead + textSize(e.Speaking) }
func (e Layers) size() int      { return overhead * (1 + len(e.Wishes)) }
func (e Quality) size() int     { return overhead * (1 + len(e.People)) }
func (RestartICE) size() int    { return overhead }
func (e MediaLost) size() int   { return overhead + len(e.Reason) }
func (Restarting) size() int    { return overhead }
func (Closed) size() int        { return overhead }

func (e Joined) size() int {
	n := overhead + len(e.Resume) + e.About.size()
	for _, person := range e.People {
		n += person.size()
	}
	return n + chatSize(e.Chat)
}

func chatSize(lines []chat.Line) int {
	n := 0
	for _, line := range lines {
		n += line.Size()
	}
	return n
}

func textSize(texts []string) int {
	n := 0
	for _, text := range texts {
		n += len(text) + 16
	}
	return n
}
