package sfu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"palabre/sfu/channel"
	"palabre/sfu/negotiate"
	"palabre/sfu/rtp"
	"palabre/sfu/sdp"
	"palabre/sfu/shard"
	"palabre/sfu/transport"
)

// plan is what the media sections of a peer are for, as agreed so far.
type plan struct {
	uses  map[string]negotiate.Use
	lines map[string]*shard.Line
}

func newPlan() plan {
	return plan{uses: map[string]negotiate.Use{}, lines: map[string]*shard.Line{}}
}

// maxLines bounds the receive-only sections of one peer.
const maxLines = 160

// Answer negotiates: the client's offer in, the answer with all of the
// server's candidates out (RFC 8829). Candidates in the offer are ignored. A
// later offer adds seats or restarts ICE. A bad offer gives an error that wraps [ErrBadOffer].
func (p *Peer) Answer(ctx context.Context, offer Offer) (string, error) {
	p.offers.Lock()
	defer p.offers.Unlock()
	if p.closed.Load() {
		return "", ErrClosed
	}
	if !p.pace.allow(time.Now()) {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, errTooMany)
	}
	description, err := sdp.Scan(offer.SDP, sdp.Meeting())
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	parsed, err := negotiate.Parse(description.Text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	a, err := p.assemble(offer, parsed)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	text, err := p.conn.Answer(ctx, parsed, a.uses)
	if errors.Is(err, transport.ErrReplaced) {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	if err != nil {
		return "", fmt.Errorf("answer an offer: %w", err)
	}
	p.adopt(a)
	return text, nil
}

// agreement is one offer understood.
type agreement struct {
	uses    map[string]negotiate.Use
	ids     *rtp.Extensions
	sources []shard.Source
	fresh   map[string]*shard.Line
	view    lines
	data    bool // a data channel may be opened
}

// lines are what a viewer receives on, by seat; nil where a seat has no such section.
type lines struct {
	seats, stages []pair
	voices        []*shard.Line
}

type pair struct{ audio, video *shard.Line }

// assemble gives every section named by the offer its use.
func (p *Peer) assemble(offer Offer, parsed *negotiate.Offer) (*agreement, error) {
	a := &agreement{uses: map[string]negotiate.Use{}, ids: &rtp.Extensions{}, fresh: map[string]*shard.Line{}}
	sections := make(map[string]*negotiate.Line, len(parsed.Lines))
	for i := range parsed.Lines {
		l := &parsed.Lines[i]
		sections[l.Mid] = l
		for _, e := range l.Extensions {
			if err := a.ids.Bind(e.Kind, e.ID); err != nil {
				return nil, fmt.Errorf("media section %q: %w", l.Mid, err)
			}
		}
	}
	b := builder{peer: p, agreement: a, sections: sections}
	b.source(offer.Microphone, Microphone, negotiate.Audio)
	b.source(offer.Camera, Camera, negotiate.Video)
	b.source(offer.Screen, Screen, negotiate.Video)
	b.source(offer.ScreenAudio, ScreenAudio, negotiate.Audio)
	for i := range a.sources {
		a.sources[i].KeepTwo = offer.KeepTwo
	}
	a.view.seats = b.pairs(offer.Seats, SeatPerson)
	a.view.stages = b.pairs(offer.Stages, SeatStage)
	for i, mid := range offer.Voices {
		a.view.voices = append(a.view.voices, b.line(mid, negotiate.Audio, fmt.Sprintf("%s%d", SeatVoice, i)))
	}
	if l := b.section(offer.Data, negotiate.Data); l != nil {
		a.uses[l.Mid] = negotiate.Use{MaxMessage: channel.MaxIncoming}
		a.data = true
	}
	return a, b.err
}

// builder walks an offer's lists and keeps the first thing wrong with them.
type builder struct {
	peer      *Peer
	agreement *agreement
	sections  map[string]*negotiate.Line
	err       error
}

// section takes a mid off the list; each has one use.
func (b *builder) section(mid string, kind negotiate.Kind) *negotiate.Line {
	if b.err != nil || mid == "" {
		return nil
	}
	l := b.sections[mid]
	switch {
	case l == nil:
		b.err = fmt.Errorf("no media section has mid %q", mid)
	case l.Kind != kind:
		b.err = fmt.Errorf("media section %q is of the wrong kind", mid)
	case len(b.agreement.uses) >= maxLines:
		b.err = fmt.Errorf("more than %d media sections in use", maxLines)
	default:
		if _, taken := b.agreement.uses[mid]; taken {
			b.err = fmt.Errorf("media section %q is named twice", mid)
			return nil
		}
		return l
	}
	return nil
}

func (b *builder) source(mid string, source Source, kind negotiate.Kind) {
	l := b.section(mid, kind)
	if l == nil {
		return
	}
	if b.peer.plan.lines[mid] != nil {
		b.err = fmt.Errorf("media section %q was a seat and cannot become a source", mid)
		return
	}
	screen := source == Screen || source == ScreenAudio
	b.agreement.uses[mid] = negotiate.Use{Receive: true, Stereo: source == ScreenAudio}
	b.agreement.sources = append(b.agreement.sources, shard.Source{Name: string(source), Screen: screen, Line: *l})
}

func (b *builder) pairs(offered []Pair, kind SeatKind) []pair {
	seats := make([]pair, len(offered))
	for i, o := range offered {
		stream := fmt.Sprintf("%s%d", kind, i)
		seats[i] = pair{b.line(o.Audio, negotiate.Audio, stream), b.line(o.Video, negotiate.Video, stream)}
	}
	return seats
}

// line finds or makes the outgoing stream of a section.
func (b *builder) line(mid string, kind negotiate.Kind, stream string) *shard.Line {
	l := b.section(mid, kind)
	if l == nil {
		return nil
	}
	use, have := b.peer.plan.uses[mid]
	if have && !use.Send {
		b.err = fmt.Errorf("media section %q was a source and cannot become a seat", mid)
		return nil
	}
	if !have {
		use = negotiate.Use{Send: true, Stream: stream, SSRC: shard.NewSSRC()}
		if kind == negotiate.Video {
			use.RTX = shard.NewSSRC()
		}
	}
	b.agreement.uses[mid] = use
	if known := b.peer.plan.lines[mid]; known != nil {
		return known
	}
	made := b.peer.media.NewLine(*l, stream, use.SSRC, use.RTX)
	b.agreement.fresh[mid] = made
	return made
}

// adopt makes an agreement the peer's own.
func (p *Peer) adopt(a *agreement) {
	p.plan.uses = a.uses
	if a.data {
		p.open()
	}
	var fresh []*shard.Line
	for mid, l := range a.fresh {
		p.plan.lines[mid] = l
		fresh = append(fresh, l)
	}
	tracks := p.media.Negotiated(a.ids, a.sources, fresh)
	published := make(map[Source]*shard.Track, len(tracks))
	for i, t := range tracks {
		published[Source(a.sources[i].Name)] = t
	}
	p.room.negotiated(p, published, a.view)
}
