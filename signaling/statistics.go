package signaling

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

// maxMeasuring is how many requests for statistics are answered at once; the
// others wait. Each looks at every connection of a room.
const maxMeasuring = 2

// statistics is what everybody in a room sends and receives. openapi.json has the units.
type statistics struct {
	Room string `json:"room"`
	// At is in milliseconds since 1970 UTC.
	At     int64                       `json:"at"`
	People map[string]personStatistics `json:"people"`
}

type personStatistics struct {
	Up     int               `json:"up"`
	Down   int               `json:"down"`
	Link   linkStatistics    `json:"link"`
	Tracks []trackStatistics `json:"tracks"`
	Lines  []lineStatistics  `json:"lines"`
}

type linkStatistics struct {
	RTT          float64 `json:"rtt"`
	Estimate     int     `json:"estimate"`
	Acknowledged int     `json:"acknowledged"`
	Wanted       int     `json:"wanted"`
	Loss         float64 `json:"loss"`
	QueueDelay   float64 `json:"queueDelay"`
	Probes       uint64  `json:"probes"`
}

type trackStatistics struct {
	Source  string            `json:"source"`
	Kind    string            `json:"kind"`
	Codec   string            `json:"codec,omitempty"`
	Sending bool              `json:"sending"`
	Layers  []layerStatistics `json:"layers"`
}

type layerStatistics struct {
	RID       string  `json:"rid,omitempty"`
	SSRC      uint32  `json:"ssrc"`
	Alive     bool    `json:"alive"`
	Wanted    bool    `json:"wanted"`
	Width     int     `json:"width,omitempty"`
	Height    int     `json:"height,omitempty"`
	Framerate float64 `json:"framerate,omitempty"`
	Bitrate   int     `json:"bitrate"`
	Packets   uint64  `json:"packets"`
	Bytes     uint64  `json:"bytes"`
	Lost      uint64  `json:"lost"`
	Repaired  uint64  `json:"repaired"`
	NACKs     uint64  `json:"nacks"`
	PLIs      uint64  `json:"plis"`
	Jitter    float64 `json:"jitter"`
}

type lineStatistics struct {
	Line        string  `json:"line"`
	Kind        string  `json:"kind"`
	SSRC        uint32  `json:"ssrc"`
	Participant string  `json:"participant,omitempty"`
	Source      string  `json:"source,omitempty"`
	RID         string  `json:"rid,omitempty"`
	Spatial     int     `json:"spatial,omitempty"`
	Temporal    int     `json:"temporal,omitempty"`
	Width       int     `json:"width,omitempty"`
	Height      int     `json:"height,omitempty"`
	Bitrate     int     `json:"bitrate"`
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"`
	Resent      uint64  `json:"resent"`
	Lost        uint64  `json:"lost"`
	NACKs       uint64  `json:"nacks"`
	PLIs        uint64  `json:"plis"`
	Jitter      float64 `json:"jitter"`
	Paused      string  `json:"paused,omitempty"`
}

// roomStatistics answers a host of a room. Nobody else learns anything, not
// even whether there is such a room.
func (s *Server) roomStatistics(c *gin.Context) {
	room, token, err := s.presented(c)
	var req rooms.Request
	if err == nil {
		req, err = s.granted(c.Request.Context(), rooms.Request{Room: room}, token)
	}
	if err != nil {
		s.gate.Charge(s.address(c.Request))
		s.fail(c, err)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.cfg.Timing.Negotiate)
	defer cancel()
	select {
	case s.measuring <- struct{}{}:
		defer func() { <-s.measuring }()
	case <-ctx.Done():
		s.fail(c, refuse(protocol.CodeUnavailable, "Too many ask for statistics just now."))
		return
	}
	people, err := s.cfg.Rooms.Statistics(ctx, room, req.Role)
	if err != nil {
		s.fail(c, err)
		return
	}
	out := statistics{Room: room, At: time.Now().UnixMilli(), People: make(map[string]personStatistics, len(people))}
	for id, m := range people {
		out.People[id] = wireStatistics(m)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, out)
}

func wireStatistics(m rooms.MediaStats) personStatistics {
	p := personStatistics{
		Up: m.Up, Down: m.Down,
		Link: linkStatistics{
			RTT: inMillis(m.Link.RTT), Estimate: m.Link.Estimate, Acknowledged: m.Link.Acknowledged, Wanted: m.Link.Wanted,
			Loss: m.Link.Loss, QueueDelay: inMillis(m.Link.QueueDelay), Probes: m.Link.Probes,
		},
		Tracks: make([]trackStatistics, len(m.Tracks)), Lines: make([]lineStatistics, len(m.Lines)),
	}
	for i, t := range m.Tracks {
		p.Tracks[i] = trackStatistics{
			Source: string(t.Source), Kind: kind(t.Video), Codec: t.Codec, Sending: t.Sending, Layers: make([]layerStatistics, len(t.Layers)),
		}
		for j, l := range t.Layers {
			p.Tracks[i].Layers[j] = wireLayer(l)
		}
	}
	for i, l := range m.Lines {
		p.Lines[i] = wireStream(l)
	}
	return p
}

func wireLayer(l rooms.LayerStats) layerStatistics {
	return layerStatistics{
		RID: l.RID, SSRC: l.SSRC, Alive: l.Alive, Wanted: l.Wanted, Width: l.Width, Height: l.Height,
		Framerate: l.Framerate, Bitrate: l.Bitrate, Packets: l.Packets, Bytes: l.Bytes,
		Lost: l.Lost, Repaired: l.Repaired, NACKs: l.NACKs, PLIs: l.PLIs, Jitter: inMillis(l.Jitter),
	}
}

func wireStream(l rooms.LineStats) lineStatistics {
	return lineStatistics{
		Line: l.Line, Kind: kind(l.Video), SSRC: l.SSRC, Participant: l.Participant, Source: l.Source,
		RID: l.RID, Spatial: l.Spatial, Temporal: l.Temporal, Width: l.Width, Height: l.Height, Bitrate: l.Bitrate, Packets: l.Packets, Bytes: l.Bytes,
		Resent: l.Resent, Lost: l.Lost, NACKs: l.NACKs, PLIs: l.PLIs, Jitter: inMillis(l.Jitter), Paused: l.Paused,
	}
}

func kind(video bool) string {
	if video {
		return "video"
	}
	return "audio"
}

// inMillis is a time in milliseconds and their fractions.
func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
