package load

import (
	"context"
	"fmt"

	"palabre/internal/load/cheap"
	"palabre/signaling/protocol"
)

// watched is a line of a viewer that watches a cheap subscriber's: it counts
// by the headers and opens every openEvery-th packet, and all until it shows a picture.
type watched struct {
	*line
	viewer    *viewer
	kind      int
	openEvery int
}

// watch makes a viewer the watcher of a cheap subscriber.
func (v *viewer) watch(openEvery int) cheap.Watcher {
	return func(seat protocol.SeatKind, index int, video bool) cheap.Line {
		kind := audioKind
		if video {
			kind = videoKind
		}
		l := v.lines[kind][seat][index]
		l.thin = true
		return &watched{line: l, viewer: v, kind: kind, openEvery: openEvery}
	}
}

// Packet implements cheap.Line.
func (w *watched) Packet(p *cheap.Packet) (needsKey bool) {
	l, v := w.line, w.viewer
	now := v.clock.at(p.At)
	l.mu.Lock()
	defer l.mu.Unlock()
	if step := uint64(p.Step); step != l.sequence.weight() {
		l.sequence.restart(step)
	}
	number := l.sequence.note(p.SSRC, p.Number, now)
	if p.Size == 0 {
		l.foreign++ // a probe
		return l.awaitsKey
	}
	if l.visit.begun && !l.awaitsKey && p.Step == 1 && int(p.Number)%w.openEvery != 0 {
		l.count(p.Size, now, v.window)
		return false
	}
	payload, err := p.Open()
	if err != nil {
		l.foreign++
		return l.awaitsKey
	}
	m, ok := readMarker(payload)
	if !ok {
		l.foreign++
		return l.awaitsKey
	}
	l.count(p.Size, now, v.window)
	v.opened(l, w.kind, m, number, payload, now)
	return l.awaitsKey
}

// addCheap lets one cheap subscriber in.
func (r *run) addCheap(ctx context.Context, i int) error {
	v := newViewer(r.options, r.clock, &r.window, -1)
	watch := v.watch(r.options.openEvery())
	return r.retrying(ctx, v, func() error {
		s, times, err := r.crowd.Join(ctx, fmt.Sprintf("Subscriber %d", i+1), watch)
		if err != nil {
			return err
		}
		v.inside(r.clock.at(times.Joined))
		v.wired(r.clock.at(times.Connected))
		r.mu.Lock()
		r.viewers = append(r.viewers, v)
		r.cheap = append(r.cheap, s)
		r.mu.Unlock()
		return r.thinOut(ctx, s, v)
	})
}

// thinOut makes the kernel sample what a subscriber gets, once it sees and
// hears all it is to.
func (r *run) thinOut(ctx context.Context, s *cheap.Subscriber, v *viewer) error {
	n := r.options.sample()
	if n == 1 {
		return nil
	}
	for ctx.Err() == nil && (v.pictures() < r.expectedPictures(v) || r.expectsVoice(v) && !v.hears()) {
		pause(ctx, settlePoll)
	}
	return s.Sample(n)
}

// newCrowd prepares the cheap subscribers, if there are to be any.
func (r *run) newCrowd() error {
	if r.options.cheap() == 0 {
		return nil
	}
	o := r.options
	crowd, err := cheap.New(cheap.Config{
		URL: o.URL, Room: o.Room, Token: o.Token, Client: clientName, Receive: o.receive(), Layout: o.Layout,
		Arrivals: o.arrivals(), Logger: o.logger(),
	})
	if err != nil {
		return err
	}
	r.crowd = crowd
	return nil
}

// clientName is what the server's log calls the participants.
const clientName = "palabre-load"

// cheap says how many of the subscribers are cheap.
func (o Options) cheap() int {
	if o.Cheap >= 0 {
		return min(o.Cheap, o.Subscribers)
	}
	if o.Subscribers > fullSubscribers {
		return o.Subscribers
	}
	return 0
}

// fullSubscribers is up to how many subscribers are full clients by default:
// what one core can carry beside a server.
const fullSubscribers = 50

// defaultOpenEvery is which packets of a cheap subscriber are decrypted.
const defaultOpenEvery = 16

func (o Options) openEvery() int {
	if o.OpenEvery > 0 {
		return o.OpenEvery
	}
	return defaultOpenEvery
}

func (o Options) sample() int { return max(o.Sample, 1) }

// arrivals says whether cheap subscribers report when packets arrived: not of
// a sample, from which the server would read that most were lost.
func (o Options) arrivals() bool { return !o.NoArrivals && o.sample() == 1 }
