package shard_test

import (
	"testing"
	"time"

	"palabre/sfu/negotiate"
	"palabre/sfu/shard"
)

// Somebody is seated again with who they heard and saw before, whose shard is another:
// what came between their leaving and their coming back is not missing in the middle.
func TestWhoComesBackGoesOnWithoutAHole(t *testing.T) {
	const publisher, viewer = 0, 1 // shards
	for name, c := range map[string]struct {
		line func(mid string) negotiate.Line
		mid  string
		send func(a *audience, sequence uint16)
	}{
		"a voice":   {opusLine, "1", (*audience).sound},
		"a picture": {vp8Line, "0", func(a *audience, sequence uint16) { a.picture(sequence, sequence <= 2) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := &audience{engine: shard.NewStill(2)}
			var there *shard.Peer
			var line *shard.Line
			var tracks []*shard.Track
			a.engine.Do(func() {
				a.publisher = a.engine.Open(shard.Seat{Shard: publisher, ID: "publisher"}, &sink{}, &silent{}, nil)
				tracks = a.publisher.Negotiated(extensions(), []shard.Source{{Name: "source", Line: c.line(c.mid)}}, nil)
				a.publisher.Enter()
				tracks[0].Sends(true)
				there = a.engine.Open(shard.Seat{Shard: viewer, ID: "viewer"}, seat{a, 0}, &silent{}, nil)
				line = there.NewLine(c.line("3"), "seat0", soundLine, 0)
				there.Negotiated(extensions(), nil, []*shard.Line{line})
				there.Enter()
				there.Connected()
			})
			sits := []shard.Watch{{Line: line, Track: tracks[0], Width: 640, Height: 360}}
			there.Watch(sits)
			c.send(a, 1)
			a.engine.Settle()

			c.send(a, 2) // on its way when they leave
			there.Watch([]shard.Watch{{Line: line}})
			a.engine.Turn(viewer)
			c.send(a, 3) // while they are gone
			there.Watch(sits)
			a.engine.Turn(publisher)
			a.engine.Turn(viewer)
			for n := range uint16(10) { // by now they are back
				a.engine.Pass(20 * time.Millisecond)
				c.send(a, 4+n)
				a.engine.Settle()
			}
			if len(a.sent) < 10 {
				t.Fatalf("they were sent %d packets", len(a.sent))
			}
			for n := range a.sent[1:] {
				if a.sent[n+1].sequence != a.sent[n].sequence+1 {
					t.Errorf("after number %d they were sent %d", a.sent[n].sequence, a.sent[n+1].sequence)
				}
			}
		})
	}
}
