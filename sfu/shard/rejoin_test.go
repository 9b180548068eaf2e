package shard_test

import (
	"runtime"
	"testing"
	"time"

	"palabre/sfu/negotiate"
	"palabre/sfu/shard"
)

// The shards of those who are apart.
const publishers, viewers = 0, 1

// apart is one who sends by a section, and one on another shard with a line for it.
func apart(section func(mid string) negotiate.Line, mid string) (a *audience, viewer *shard.Peer, line *shard.Line, track *shard.Track) {
	a = &audience{engine: shard.NewStill(2)}
	a.engine.Do(func() {
		a.publisher = a.engine.Open(shard.Seat{Shard: publishers, ID: "publisher"}, &sink{}, &silent{}, nil)
		track = a.publisher.Negotiated(extensions(), []shard.Source{{Name: "source", Line: section(mid)}}, nil)[0]
		a.publisher.Enter()
		track.Sends(true)
		viewer = a.engine.Open(shard.Seat{Shard: viewers, ID: "viewer"}, seat{a, 0}, &silent{}, nil)
		line = viewer.NewLine(section("3"), "seat0", soundLine, 0)
		viewer.Negotiated(extensions(), nil, []*shard.Line{line})
		viewer.Enter()
		viewer.Connected()
	})
	return a, viewer, line, track
}

// unbroken checks that what was sent is one stream without a hole.
func (a *audience) unbroken(t *testing.T) {
	t.Helper()
	if len(a.sent) < 8 {
		t.Fatalf("%d packets were sent", len(a.sent))
	}
	for n := range a.sent[1:] {
		if a.sent[n+1].sequence != a.sent[n].sequence+1 {
			t.Errorf("number %d was sent after %d", a.sent[n+1].sequence, a.sent[n].sequence)
		}
	}
}

// Somebody is seated again with who they heard and saw before, whose shard is another:
// what came between their leaving and their coming back is not missing in the middle.
func TestWhoComesBackGoesOnWithoutAHole(t *testing.T) {
	for name, c := range map[string]struct {
		line func(mid string) negotiate.Line
		mid  string
		send func(a *audience, sequence uint16)
	}{
		"a voice":   {opusLine, "1", (*audience).sound},
		"a picture": {vp8Line, "0", func(a *audience, sequence uint16) { a.picture(sequence, sequence <= 2) }},
	} {
		t.Run(name, func(t *testing.T) {
			a, there, line, track := apart(c.line, c.mid)
			sits := []shard.Watch{{Line: line, Track: track, Width: 640, Height: 360}}
			there.Watch(sits)
			c.send(a, 1)
			a.engine.Settle()

			c.send(a, 2) // on its way when they leave
			there.Watch([]shard.Watch{{Line: line}})
			a.engine.Turn(viewers)
			c.send(a, 3) // while they are gone
			there.Watch(sits)
			a.engine.Turn(publishers)
			a.engine.Turn(viewers)
			for n := range uint16(10) { // by now they are back
				a.engine.Pass(20 * time.Millisecond)
				c.send(a, 4+n)
				a.engine.Settle()
			}
			a.unbroken(t)
		})
	}
}

// Two who hear each other go to another group together. Once the shards have settled
// nobody gets the one's voice by the seat in the group they left: who did would begin
// with that, and miss what is not for the new group.
func TestWhoMovesTogetherHearsOnWithoutAHole(t *testing.T) {
	a, there, line, track := apart(opusLine, "1")
	sits := []shard.Watch{{Line: line, Track: track}}
	there.Watch(sits)
	a.sound(1)
	a.engine.Settle()

	there.Watch([]shard.Watch{{Line: line}})
	settled := make(chan struct{})
	go func() { defer close(settled); a.engine.Engine.Settle() }()
	a.await(publishers, 1)
	a.engine.Turn(publishers)
	a.engine.Turn(publishers) // has nothing to do any more, while the viewer's is late
	a.sound(2)
	a.await(viewers, 2)
	a.engine.Turn(viewers)
	a.engine.Turn(viewers)
	for done := false; !done; {
		select {
		case <-settled:
			done = true
		default:
			if a.engine.Waiting(viewers) > 0 { // it goes on
				a.engine.Settle()
			}
			runtime.Gosched()
		}
	}
	a.publisher.Move("another group")
	there.Watch(sits)
	a.engine.Turn(viewers)
	a.engine.Turn(publishers)
	for n := range uint16(10) {
		a.engine.Pass(20 * time.Millisecond)
		a.sound(3 + n)
		a.engine.Settle()
	}
	a.unbroken(t)
}

// await waits until so much waits for a shard.
func (a *audience) await(shard, items int) {
	for a.engine.Waiting(shard) < items {
		runtime.Gosched()
	}
}
