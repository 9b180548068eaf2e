package shard

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"palabre/sfu/layers"
	"palabre/sfu/negotiate"
	"palabre/sfu/rtp"
)

// crowd is peers that come and go, and when each of those who are there had a
// turn last, and until when it rests.
type crowd struct {
	rota   rota
	now    time.Time
	peers  []*Peer
	looked map[*Peer]time.Time
	rests  map[*Peer]time.Time
}

func (c *crowd) some(t *rapid.T) *Peer { return rapid.SampledFrom(c.peers).Draw(t, "peer") }

func (c *crowd) remove(p *Peer) {
	p.dead = true
	delete(c.looked, p)
	c.peers = slices.DeleteFunc(c.peers, func(have *Peer) bool { return have == p })
}

func (c *crowd) stale(p *Peer) {
	p.stale = true
	c.rota.hurry(p)
}

// event is something that happens to somebody between two ticks.
func (c *crowd) event(t *rapid.T) {
	what := rapid.SampledFrom([]string{"comes", "comes", "comes", "goes", "fails", "sends", "waits"}).Draw(t, "event")
	if len(c.peers) == 0 {
		what = "comes"
	}
	switch what {
	case "comes":
		p := &Peer{streams: map[uint32]*stream{}}
		c.rota.join(p)
		c.peers, c.looked[p] = append(c.peers, p), c.now
	case "goes":
		p := c.some(t)
		c.rota.leave(p)
		c.remove(p)
	case "fails": // nobody has taken it out yet
		c.remove(c.some(t))
	case "sends":
		p := c.some(t)
		p.streams[1] = &stream{}
		c.rota.hurry(p)
	case "waits":
		c.stale(c.some(t))
	}
}

// tick has somebody's turn make somebody else wait, too.
func (c *crowd) tick(t *rapid.T) {
	urgent, had := map[*Peer]bool{}, map[*Peer]bool{}
	for _, p := range c.peers {
		urgent[p] = p.turn.busy
		if !p.idle() && !urgent[p] {
			t.Fatalf("one who sends or waits is not to have a turn")
		}
	}
	c.rota.tick(c.now, func(p *Peer) time.Time {
		if _, there := c.looked[p]; !there {
			t.Fatalf("a turn for one who is gone")
		}
		if had[p] {
			t.Fatalf("two turns at one tick")
		}
		if c.now.Before(c.rests[p]) && !urgent[p] {
			t.Fatalf("a turn for one who rests")
		}
		had[p], c.looked[p], p.stale = true, c.now, false
		if rapid.IntRange(0, 9).Draw(t, "touches") == 0 {
			c.stale(c.some(t))
		}
		c.rests[p] = time.Time{}
		if rapid.IntRange(0, 2).Draw(t, "rests") == 0 {
			c.rests[p] = c.now.Add(restTick)
		}
		return c.rests[p]
	})
	for _, p := range c.peers {
		if urgent[p] && !had[p] {
			t.Fatalf("no turn for one who sends or waits")
		}
		due := c.looked[p]
		if c.rests[p].After(due) {
			due = c.rests[p]
		}
		if waits := c.now.Sub(due); waits >= idleTick {
			t.Fatalf("no turn for %v", waits)
		}
	}
}

// TestEverybodyHasTheirTurn has peers come, go, begin to send, fail and be made
// stale, between ticks and by each other's turns, while ticks come late. Who is
// there has a turn every 100 ms, or 100 ms after it rested, who is not idle one at
// every tick, nobody two at one, and who is gone none.
func TestEverybodyHasTheirTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &crowd{now: time.Unix(1000, 0), looked: map[*Peer]time.Time{}, rests: map[*Peer]time.Time{}}
		for range rapid.IntRange(1, 60).Draw(t, "ticks") {
			for range rapid.IntRange(0, 4).Draw(t, "events") {
				c.event(t)
			}
			late := rapid.SampledFrom([]int{0, 0, 5, 10, 25, 300}).Draw(t, "late")
			c.now = c.now.Add(tickEvery + time.Duration(late)*time.Millisecond)
			c.tick(t)
		}
	})
}

// TestATickIsForAFifth: those who only watch have turns of equal numbers, each
// every 100 ms and no oftener.
func TestATickIsForAFifth(t *testing.T) {
	const viewers, rounds = 203, 20
	r, turns := &rota{}, map[*Peer]int{}
	now := time.Unix(1000, 0)
	for range viewers {
		p := &Peer{}
		r.join(p)
		turns[p] = 0
	}
	for i := range rounds * phases {
		now = now.Add(tickEvery)
		n := 0
		r.tick(now, func(p *Peer) time.Time { n++; turns[p]++; return time.Time{} })
		if i > 0 && n > viewers/phases+1 { // the first is for all
			t.Fatalf("tick %d was for %d of %d", i, n, viewers)
		}
	}
	for _, n := range turns {
		if n < rounds || n > rounds+1 {
			t.Errorf("%d turns in %d times 100 ms", n, rounds)
		}
	}
}

// quiet is a connection and a listener that keep nothing.
type quiet struct{}

func (quiet) WriteRTP([]byte, []byte) error { return nil }
func (quiet) WriteRTCP([]byte) error        { return nil }
func (quiet) Prefetch(int)                  {}
func (quiet) Layers(string, []layers.Wish)  {}
func (quiet) Quality(int, int)              {}
func (quiet) Changed()                      {}
func (quiet) Panicked(v any, _ []byte)      { panic(v) }

// watched is a camera that has not begun to send and one who is to see it.
func watched(ids *rtp.Extensions) (st *Still, publisher, viewer *Peer) {
	st = NewStill(1)
	camera := negotiate.Line{Mid: "0", Kind: negotiate.Video, Codecs: []negotiate.Codec{{PayloadType: 96, MIME: "video/VP8", ClockRate: 90000}}}
	st.Do(func() {
		publisher = st.Open(Seat{ID: "publisher"}, quiet{}, quiet{}, nil)
		track := publisher.Negotiated(ids, []Source{{Name: "camera", Line: camera}}, nil)[0]
		viewer = st.Open(Seat{ID: "viewer"}, quiet{}, quiet{}, nil)
		line := viewer.NewLine(camera, "seat0", 20, 0)
		viewer.Negotiated(ids, nil, []*Line{line})
		for _, p := range []*Peer{publisher, viewer} {
			p.Enter()
			p.Connected()
		}
		track.Sends(true)
		viewer.Watch([]Watch{{Line: line, Track: track, Width: 640, Height: 360}})
	})
	return st, publisher, viewer
}

// TestNobodyWaitsForTheirTurn: what a viewer's choice of layers depends on has
// it made at the next tick, wherever in the rota the viewer is, and who begins
// to send has every tick from then on.
func TestNobodyWaitsForTheirTurn(t *testing.T) {
	ids := &rtp.Extensions{}
	if err := ids.Bind(rtp.MID, 1); err != nil {
		t.Fatal(err)
	}
	key := append(rtp.AppendHeader(nil, ids, &rtp.Outgoing{SSRC: 7, PayloadType: 96, Marker: true, MID: "0"}),
		0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01)
	causes := map[string]func(st *Still, publisher, viewer *Peer){
		"a section": func(st *Still, _, viewer *Peer) { st.Do(func() { viewer.Negotiated(ids, nil, nil) }) },
		"a layer":   func(st *Still, publisher, _ *Peer) { publisher.Receive(key, st.Now()) },
		"the line": func(st *Still, _, viewer *Peer) {
			viewer.shard.post(func(_ *Shard, now time.Time) { viewer.outlet.chosen = 1e9; viewer.learnt(now) }, viewer)
		},
		"the load": func(_ *Still, _, viewer *Peer) {
			viewer.shard.post(func(s *Shard, now time.Time) {
				s.strain = strain{worst: time.Second, late: lateLooks - 1, looked: now.Add(-strainEvery)}
			}, viewer)
		},
	}
	for name, cause := range causes {
		for offset := range phases {
			st, publisher, viewer := watched(ids)
			st.Pass(idleTick + time.Duration(offset)*tickEvery)
			before := viewer.shard.rota.round
			cause(st, publisher, viewer)
			st.Pass(tickEvery)
			if viewer.shard.rota.round != before+1 || !viewer.allocated.Equal(st.Now()) {
				t.Errorf("%s, %d ticks on: layers chosen %v ago", name, offset, st.Now().Sub(viewer.allocated))
			}
			for range phases {
				sends := len(publisher.streams) > 0
				if sends && publisher.turn.round != publisher.shard.rota.round {
					t.Errorf("%s, %d ticks on: no turn for one who sends", name, offset)
				}
				st.Pass(tickEvery)
			}
			st.Do(func() { viewer.Close(); publisher.Close() })
			if n := publisher.shard.rota.count; n != 0 {
				t.Errorf("%d peers are there after all have gone", n)
			}
		}
	}
}

// TestWhoIsContentRests: a viewer who gets all there is has a turn every half
// second and layers chosen anew every two, and is told and graded every second
// all the same. When the picture takes more, or less may be sent to it without
// anything happening, it chooses at its next turn.
func TestWhoIsContentRests(t *testing.T) {
	ids := &rtp.Extensions{}
	if err := ids.Bind(rtp.MID, 1); err != nil {
		t.Fatal(err)
	}
	st, publisher, viewer := watched(ids)
	sequence, size := uint16(0), 100
	turns, chosen, reported, graded := map[uint32]bool{}, map[time.Time]bool{}, map[time.Time]bool{}, map[time.Time]bool{}
	film := func(d time.Duration) {
		clear(turns)
		clear(chosen)
		clear(reported)
		clear(graded)
		for range d / tickEvery {
			frame := append([]byte{0x10, 1, 0, 0}, make([]byte, size)...)
			if sequence++; sequence == 1 {
				frame = []byte{0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01}
			}
			o := rtp.Outgoing{SSRC: 7, PayloadType: 96, SequenceNumber: sequence, Timestamp: uint32(sequence) * 1800, Marker: true, MID: "0"}
			publisher.Receive(append(rtp.AppendHeader(nil, ids, &o), frame...), st.Now())
			st.Pass(tickEvery)
			turns[viewer.turn.round], chosen[viewer.allocated] = true, true
			reported[viewer.lastSR], graded[viewer.health.graded] = true, true
		}
	}
	film(5 * time.Second)
	if !viewer.content || publisher.turn.round != publisher.shard.rota.round {
		t.Fatalf("content: %v, and the publisher had its last turn %d ticks ago", viewer.content, publisher.shard.rota.round-publisher.turn.round)
	}
	film(20 * time.Second)
	for what, n := range map[string][2]int{"turns": {len(turns), 40}, "choices": {len(chosen), 10}, "reports": {len(reported), 20}, "grades": {len(graded), 20}} {
		if n[0] < n[1] || n[0] > n[1]+n[1]/5+1 {
			t.Errorf("%d %s in 20 s, want %d", n[0], what, n[1])
		}
	}
	for what, change := range map[string]func(){
		"the picture takes more": func() { size *= 3 },
		"the picture takes less": func() { size /= 3 },
		"less may be sent": func() { // than when layers were chosen
			st.Do(func() { viewer.shard.post(func(*Shard, time.Time) { viewer.outlet.chosen = 1e9 }, viewer) })
		},
	} {
		film(10 * time.Second)
		for last := viewer.allocated; viewer.allocated.Equal(last); {
			film(tickEvery)
		}
		film(tickEvery) // it has just chosen
		change()
		last := viewer.allocated
		film(rateEvery + restTick + idleTick)
		if viewer.allocated.Equal(last) {
			t.Errorf("nothing was chosen though %s", what)
		}
	}
	st.Do(func() { viewer.Close(); publisher.Close() })
}
