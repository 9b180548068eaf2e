package rooms

import (
	"context"
	"time"
)

// MediaStats says what one participant sends and receives, as the server sees
// it. Counts are since the connection began.
type MediaStats struct {
	Bars
	Link LinkStats
	// Tracks are what they send, Lines what they receive.
	Tracks []TrackStats
	Lines  []LineStats
}

// LinkStats is the state of the connection to one participant.
type LinkStats struct {
	// RTT is the round trip, 0 while not known.
	RTT time.Duration
	// Estimate is what the way to them carries, Acknowledged what arrived of
	// what was sent lately, Wanted what would be sent if there were no limit;
	// bit/s, 0 while not known.
	Estimate, Acknowledged, Wanted int
	// Loss is the share of packets lost on the way to them lately, 0 to 1.
	Loss float64
	// QueueDelay is how long packets wait in a queue on the way to them.
	QueueDelay time.Duration
	// Probes counts the bursts sent to find out whether more fits.
	Probes uint64
}

// TrackStats is one source a participant can send.
type TrackStats struct {
	Source Source
	Video  bool
	// Codec is its media type, such as "video/VP8"; empty before the first packet.
	Codec string
	// Sending says that they mean to send it.
	Sending bool
	// Layers are its simulcast layers, or one without a RID.
	Layers []LayerStats
}

// LayerStats is one stream of a source.
type LayerStats struct {
	RID  string
	SSRC uint32
	// Alive says that packets come, Wanted that somebody shows it.
	Alive, Wanted bool
	// Width and Height are in pixels, 0 for sound and before the first key frame.
	Width, Height int
	// Framerate is in frames a second, Bitrate in bit/s.
	Framerate float64
	Bitrate   int
	// Packets and Bytes count what came, each packet once, headers included.
	Packets, Bytes uint64
	// Lost never came; Repaired came only when asked for again.
	Lost, Repaired uint64
	// NACKs counts packets asked for again, PLIs key frames asked for.
	NACKs, PLIs uint64
	// Jitter is that of RFC 3550 section 6.4.1.
	Jitter time.Duration
}

// LineStats is one stream a participant receives.
type LineStats struct {
	// Line names the seat: "seat0", "stage0", "voice0".
	Line  string
	Video bool
	SSRC  uint32
	// Participant and Source are whose it is now, empty for nobody's.
	Participant, Source string
	// RID, Spatial and Temporal are the layer sent now.
	RID               string
	Spatial, Temporal int
	// Width and Height are those of its pictures, in pixels; 0 for sound and before the first key frame.
	Width, Height int
	// Bitrate is in bit/s.
	Bitrate int
	// Packets and Bytes count what was sent, headers included; Resent packets
	// were sent again and are not among them.
	Packets, Bytes, Resent uint64
	// Lost is what their client missed before repair, as it reports.
	Lost uint64
	// NACKs counts packets, PLIs key frames the client asked for.
	NACKs, PLIs uint64
	// Jitter is as the client reports it.
	Jitter time.Duration
	// Paused says why a video is not sent: "bandwidth" or "codec".
	Paused string
}

// Statistics says what everybody in a room sends and receives, by participant
// id. Only roles that may [Inspect] are told, the others get CodeForbidden
// whether there is such a room or not. Nobody is in a room that is not there.
func (r *Rooms) Statistics(ctx context.Context, name string, role Role) (map[string]MediaStats, error) {
	if err := checkRoom(name); err != nil {
		return nil, err
	}
	if !r.cfg.Permissions.May(role, Inspect) {
		return nil, refuse(CodeForbidden, "Only hosts may see the statistics of a room.")
	}
	links, err := r.linksOf(ctx, name)
	if err != nil {
		return nil, err
	}
	all := make(map[string]MediaStats, len(links))
	for id, l := range links {
		if err := ctx.Err(); err != nil {
			return nil, &Error{Code: CodeUnavailable, Message: "The request was given up.", Err: err}
		}
		all[id] = l.stats() // empty of who has no connection yet
	}
	return all, nil
}

// linksOf gives the media of everybody visible in a room, none where there is
// no such room.
func (r *Rooms) linksOf(ctx context.Context, name string) (map[string]*link, error) {
	r.mu.Lock()
	room := r.rooms[name]
	if room == nil {
		r.mu.Unlock()
		return nil, nil
	}
	room.holders++
	r.mu.Unlock()
	defer r.release(room)
	links := map[string]*link{}
	err := room.call(ctx, func() error {
		for _, p := range room.inside {
			links[p.id] = p.link
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return links, nil
}
