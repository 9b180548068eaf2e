package rooms

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxTiles is the most tiles a layout may name.
	maxTiles = 64
	// maxPixels is the widest and highest a tile is taken to be.
	maxPixels = 8192
)

// react sends a reaction to everybody who hears them.
func (r *room) react(p *person, re Ref, emoji string) error {
	if err := r.require(p, Signal); err != nil {
		return err
	}
	if !slices.Contains(r.rooms.cfg.Reactions, emoji) {
		return refuse(CodeBadMessage, "This reaction is not one of the allowed ones.")
	}
	for _, other := range r.audience(p) {
		if other == p {
			r.tell(p, re, Reaction{Participant: p.id, Emoji: emoji})
		} else {
			r.tell(other, 0, Reaction{Participant: p.id, Emoji: emoji})
		}
	}
	return nil
}

// raise raises or lowers somebody's hand.
func (r *room) raise(p *person, re Ref, raised bool) error {
	if err := r.require(p, Signal); err != nil {
		return err
	}
	if raised == !p.hand.IsZero() {
		r.unchanged(p, re)
		return nil
	}
	p.hand = time.Time{}
	if raised {
		p.hand = time.Now()
	}
	r.tellAll(p, re, p.public())
	return nil
}

// rename changes somebody's own name.
func (r *room) rename(p *person, re Ref, name string) error {
	if p.place != joined {
		return refuse(CodeNotAdmitted, "Join the room first.")
	}
	if p.nameFixed {
		return refuse(CodeForbidden, "The name comes with the token.")
	}
	name, err := cleanName(name)
	if err != nil {
		return err
	}
	if name == p.name {
		r.unchanged(p, re)
		return nil
	}
	p.name = name
	r.tellAll(p, re, p.public())
	r.previewChanged()
	return nil
}

// setSending says what somebody sends now.
func (r *room) setSending(p *person, re Ref, sending Sending) error {
	if p.place != joined {
		return refuse(CodeNotAdmitted, "Join the room first.")
	}
	if sending != r.mask(p.role, sending) {
		return refuse(CodeForbidden, fmt.Sprintf("The role %s may not send all of this.", p.role))
	}
	sending = p.heed(sending)
	if sending == p.sending {
		r.unchanged(p, re)
		return nil
	}
	p.sending = sending
	p.link.setSending(sending)
	r.tellAll(p, re, p.public())
	return nil
}

// unchanged answers a command that changed nothing, to whoever asked for an answer.
func (r *room) unchanged(p *person, re Ref) {
	if re != 0 {
		r.tell(p, re, p.public())
	}
}

// mask takes out what a role may not send.
func (r *room) mask(role Role, sending Sending) Sending {
	publish, share, pictures := r.allowed(role, Publish), r.allowed(role, Share), !r.profile.Settings.AudioOnly
	share = share && pictures
	return Sending{
		Microphone: sending.Microphone && publish, Camera: sending.Camera && publish && pictures,
		Screen: sending.Screen && share, ScreenAudio: sending.ScreenAudio && share,
		Motion: sending.Motion && share,
	}
}

// negotiable gives an offer as the room lets it through: not before a lobby
// has let the person in, and without the meaning of sections they may not send.
func (r *room) negotiable(p *person, offer Offer) (Offer, error) {
	if r.held(p) {
		return Offer{}, refuse(CodeNotAdmitted, "A host must admit you before media is negotiated.")
	}
	if !r.may(p, Publish) {
		offer.Microphone, offer.Camera = "", ""
	}
	if r.profile.Settings.AudioOnly {
		offer.Camera = ""
	}
	if !r.may(p, Share) || r.profile.Settings.AudioOnly {
		offer.Screen, offer.ScreenAudio = "", ""
	}
	offer.KeepTwo = keepsTwo(p.client)
	return offer, nil
}

// keepsTwo says whether a client's name ("web-ios/0.1") says that it is a
// browser on iOS. Those stop sending a picture altogether when only its lowest
// layer is left.
func keepsTwo(client string) bool {
	program, _, _ := strings.Cut(strings.ToLower(client), "/")
	return slices.Contains(strings.Split(program, "-"), "ios")
}

// setLayout passes on what somebody shows.
func (r *room) setLayout(p *person, layout Layout) error {
	if r.held(p) {
		return refuse(CodeNotAdmitted, "A host must admit you first.")
	}
	if err := checkLayout(&layout); err != nil {
		return err
	}
	p.link.setLayout(layout)
	return nil
}

func checkLayout(layout *Layout) error {
	switch layout.Mode {
	case LayoutTiles, LayoutGrid, LayoutSpeaker:
	default:
		return refuse(CodeBadMessage, "The layout mode is tiles, grid or speaker.")
	}
	if len(layout.Tiles) > maxTiles {
		return refuse(CodeTooLarge, fmt.Sprintf("A layout has at most %d tiles.", maxTiles))
	}
	layout.Tiles = slices.Clone(layout.Tiles)
	for i := range layout.Tiles {
		tile := &layout.Tiles[i]
		if err := checkID(tile.Participant); err != nil {
			return err
		}
		if tile.Source != Camera && tile.Source != Screen {
			return refuse(CodeBadMessage, "A tile shows a camera or a screen.")
		}
		tile.Width = min(max(tile.Width, 0), maxPixels)
		tile.Height = min(max(tile.Height, 0), maxPixels)
	}
	return nil
}

// spectatorLayout is what a spectator is shown: whom they watch, else the
// stage or who speaks.
func (r *room) spectatorLayout(p *person) Layout {
	if p.watch == "" {
		return Layout{Mode: LayoutSpeaker}
	}
	id := p.watch
	if watched := r.find(p.watch); watched != nil {
		id = watched.id
	}
	return Layout{Mode: LayoutTiles, Tiles: []Tile{
		{Participant: id, Source: Camera, Width: 1920, Height: 1080},
	}}
}
