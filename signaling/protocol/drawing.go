package protocol

// What somebody does with drawings.
const (
	TypeDrawAllow ClientType = "draw-allow" // [DrawAllow]: who may draw on a shared screen; answered by "drawings"
	TypeDrawClear ClientType = "draw-clear" // [Target]: take everything off a shared screen; answered by "drawings"
)

// What the server says of drawings.
const (
	TypeDrawings ServerType = "drawings" // [Drawings]: which shared screens can be drawn on
)

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
