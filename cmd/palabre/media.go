package main

import (
	"context"
	"errors"
	"fmt"

	"palabre/rooms"
	"palabre/sfu"
)

// media lets the rooms use the SFU: neither imports the other, so that each
// can be read and tested alone. It only converts types of the same shape.
type media struct{ plane *sfu.SFU }

func (m media) Open(room, participant string, report rooms.MediaReport) (rooms.MediaPeer, error) {
	peer, err := m.plane.Open(room, participant, mediaReport{report})
	if err != nil {
		return nil, fmt.Errorf("open a media peer: %w", err)
	}
	return mediaPeer{peer}, nil
}

type mediaPeer struct{ *sfu.Peer }

func (p mediaPeer) Answer(ctx context.Context, o rooms.Offer) (string, error) {
	answer, err := p.Peer.Answer(ctx, sfu.Offer{
		SDP: o.SDP, Microphone: o.Microphone, Camera: o.Camera, Screen: o.Screen, ScreenAudio: o.ScreenAudio,
		Seats: convert(o.Seats, toPair), Stages: convert(o.Stages, toPair), Voices: o.Voices, Data: o.Data, KeepTwo: o.KeepTwo,
	})
	if errors.Is(err, sfu.ErrBadOffer) {
		return "", fmt.Errorf("%w: %w", rooms.ErrBadOffer, err)
	}
	return answer, err
}

func (p mediaPeer) SetLayout(l rooms.Layout) {
	p.Peer.SetLayout(sfu.Layout{Mode: sfu.LayoutMode(l.Mode), Tiles: convert(l.Tiles, toTile)})
}

func (p mediaPeer) SetSending(s rooms.Sending) { p.Peer.SetSending(sfu.Sending(s)) }

func (p mediaPeer) Stats() rooms.MediaStats {
	s := p.Peer.Stats()
	return rooms.MediaStats{
		Bars: rooms.Bars{Up: s.Up, Down: s.Down}, Link: rooms.LinkStats(s.Link),
		Tracks: convert(s.Tracks, toTrack), Lines: convert(s.Lines, toLine),
	}
}

type mediaReport struct{ rooms.MediaReport }

func (r mediaReport) Seated(seats []sfu.Seat) { r.MediaReport.Seated(convert(seats, toSeat)) }

func (r mediaReport) Layers(source sfu.Source, wishes []sfu.LayerWish) {
	r.MediaReport.Layers(rooms.Source(source), convert(wishes, toWish))
}

func toPair(p rooms.Pair) sfu.Pair { return sfu.Pair(p) }

func toWish(w sfu.LayerWish) rooms.LayerWish { return rooms.LayerWish(w) }

func toTile(t rooms.Tile) sfu.Tile {
	return sfu.Tile{Participant: t.Participant, Source: sfu.Source(t.Source), Width: t.Width, Height: t.Height}
}

func toSeat(s sfu.Seat) rooms.Seat {
	return rooms.Seat{
		Kind: rooms.SeatKind(s.Kind), Index: s.Index, Participant: s.Participant,
		Video: s.Video, Audio: s.Audio, Paused: s.Paused,
	}
}

func toTrack(t sfu.TrackStats) rooms.TrackStats {
	return rooms.TrackStats{
		Source: rooms.Source(t.Source), Video: t.Video, Codec: t.Codec, Sending: t.Sending,
		Layers: convert(t.Layers, func(l sfu.LayerStats) rooms.LayerStats { return rooms.LayerStats(l) }),
	}
}

func toLine(l sfu.LineStats) rooms.LineStats { return rooms.LineStats(l) }

func convert[From, To any](list []From, one func(From) To) []To {
	out := make([]To, len(list))
	for i, item := range list {
		out[i] = one(item)
	}
	return out
}
