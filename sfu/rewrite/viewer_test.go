package rewrite_test

import (
	"cmp"
	"slices"
	"time"

	"pgregory.net/rapid"

	"palabre/sfu/cache"
	"palabre/sfu/rewrite"
)

// got is one packet as the viewer got it.
type got struct {
	out    rewrite.Out
	frame  *sentFrame
	input  uint64
	filled bool
	late   bool
	tl0In  uint8
	clock  uint32 // what the server's clock says for its capture
}

// viewer keeps a model of what a stream must do beside the stream.
type viewer struct {
	t      *rapid.T
	stream *rewrite.Stream
	all    map[uint16]got // by number sent

	// of the current origin
	start, highest uint64
	arrived        map[uint64]bool
	dropped        map[int]bool // frames left out in order
	seen           int          // highest frame
	epoch          []got
	missing        int // numbers that must be free, of all origins so far
	lastTimestamp  uint32
	lastPicture    uint16
	lastTL0        uint8
	began          bool
}

var origin = rewrite.Config{ClockRate: 90000, History: 4096, Sequence: 65500, Timestamp: 1<<32 - 1000, PictureID: 32760, TL0: 250}

func newViewer(t *rapid.T) *viewer {
	return &viewer{
		t: t, stream: rewrite.New(origin), all: map[uint16]got{}, arrived: map[uint64]bool{},
		lastPicture: origin.PictureID - 1, lastTL0: origin.TL0 - 1,
	}
}

func (v *viewer) pad() {
	if out, ok := v.stream.Pad(); ok {
		v.take(got{out: out, filled: true})
	}
}

// receive gives one packet to the stream and notes what came of it.
func (v *viewer) receive(a arrival, drop bool) {
	before, waiting := v.stream.Current(), v.stream.Waiting()
	decide := v.stream.Forward
	if drop {
		decide = v.stream.Drop
	}
	var out rewrite.Out
	verdict := decide(a.frame.origin, a.packet, &out)
	if now := v.stream.Current(); now != before {
		if now != a.frame.origin || waiting != now || !a.packet.Frame.SwitchPoint() || drop || !out.Switched {
			v.t.Fatalf("switched from %d to %d at a packet of %d (waited for %d)", before, now, a.frame.origin, waiting)
		}
		v.endEpoch()
		v.start, v.highest, v.seen = a.packet.Sequence, a.packet.Sequence, a.frame.index
		v.dropped = map[int]bool{}
	}
	if a.frame.origin != v.stream.Current() {
		if verdict != rewrite.Skip {
			v.t.Fatalf("a packet of %d passes while %d is carried", a.frame.origin, v.stream.Current())
		}
		return
	}
	if verdict != rewrite.Skip {
		v.take(got{
			out: out, frame: a.frame, input: a.packet.Sequence, filled: verdict == rewrite.Fill,
			late:  !out.Switched && a.packet.Sequence <= v.highest,
			tl0In: a.packet.Frame.TL0, clock: v.stream.Timestamp(a.packet.Capture),
		})
	}
	v.t.Logf("origin %d seq %d frame %d tid %d pid %d pad %v drop %v -> %v %+v", a.frame.origin, a.packet.Sequence, a.frame.index, a.frame.tid, a.packet.Frame.PictureID, a.frame.padding, drop, verdict, out)
	v.note(a, drop)
}

// note follows the packets of the current origin.
func (v *viewer) note(a arrival, drop bool) {
	if a.packet.Sequence < v.start {
		return
	}
	v.arrived[a.packet.Sequence] = true
	late := a.packet.Sequence <= v.highest
	v.highest = max(v.highest, a.packet.Sequence)
	if a.frame.padding || late && drop { // a frame left out late leaves its picture id free
		return
	}
	if drop && a.frame.index > v.seen {
		v.dropped[a.frame.index] = true
	}
	v.seen = max(v.seen, a.frame.index)
}

// take notes a packet that goes to the viewer: no number twice, and the same again when asked.
func (v *viewer) take(g got) {
	if _, twice := v.all[g.out.Sequence]; twice {
		v.t.Fatalf("number %d was sent twice", g.out.Sequence)
	}
	v.all[g.out.Sequence] = g
	again, ok := v.stream.Lookup(g.out.Sequence, time.Hour, 0)
	g.out.Switched = false
	if !ok || again.Out != g.out || again.Padding != g.filled || !g.filled && (again.Origin != g.frame.origin || again.Sequence != g.input) {
		v.t.Fatalf("sent %+v, remembered %+v, %v", g, again, ok)
	}
	if !g.filled {
		v.epoch = append(v.epoch, g)
	}
}

// endEpoch checks what came from one origin in a row.
func (v *viewer) endEpoch() {
	for s := v.start; len(v.arrived) > 0 && s <= v.highest; s++ {
		if !v.arrived[s] {
			v.missing++
		}
	}
	slices.SortStableFunc(v.epoch, func(a, b got) int { return cmp.Compare(a.input, b.input) })
	for i, g := range v.epoch {
		if i == 0 || v.epoch[i-1].frame != g.frame {
			v.nextFrame(i)
		}
		if g.out.PictureID != v.lastPicture || g.out.TL0 != v.lastTL0 || g.out.Timestamp != v.lastTimestamp {
			v.t.Fatalf("packets of one frame differ: %+v, want picture %d, TL0 %d, timestamp %d", g, v.lastPicture, v.lastTL0, v.lastTimestamp)
		}
	}
	v.epoch = v.epoch[:0]
	clear(v.arrived)
}

// nextFrame checks the first packet of a frame against the frame before.
func (v *viewer) nextFrame(i int) {
	g, pictures, tl0 := v.epoch[i], uint16(1), uint8(1)
	if i > 0 {
		before := v.epoch[i-1]
		pictures = 0
		for f := before.frame.index + 1; f <= g.frame.index; f++ {
			if !v.dropped[f] {
				pictures++
			}
		}
		tl0 = g.tl0In - before.tl0In
	}
	if want := (v.lastPicture + pictures) & 0x7FFF; g.out.PictureID != want {
		v.t.Fatalf("frame %d of %d has picture id %d, want %d", g.frame.index, g.frame.origin, g.out.PictureID, want)
	}
	if want := v.lastTL0 + tl0; g.out.TL0 != want {
		v.t.Fatalf("frame %d of %d has TL0PICIDX %d, want %d", g.frame.index, g.frame.origin, g.out.TL0, want)
	}
	if v.began && int32(g.out.Timestamp-v.lastTimestamp) <= 0 {
		v.t.Fatalf("timestamp %d does not come after %d", g.out.Timestamp, v.lastTimestamp)
	}
	// On the clock, unless the frames before leave no room: then just behind them.
	if off := int32(g.out.Timestamp - g.clock); off > 90 || off < -90 {
		if !v.began || off < 0 || !g.late && g.out.Timestamp-v.lastTimestamp > 90 {
			v.t.Fatalf("frame %d of %d is %d ticks off the clock", g.frame.index, g.frame.origin, off)
		}
	}
	v.lastPicture, v.lastTL0, v.lastTimestamp, v.began = g.out.PictureID, g.out.TL0, g.out.Timestamp, true
}

// check counts the numbers left free over the whole call, up to a last packet from somebody else.
func (v *viewer) check() {
	const last = 99
	v.stream.Want(last)
	final := publisher{origin: last, bits: 15, sequence: 70_000}
	v.receive(final.frame(v.t, 100)[0], false)
	v.endEpoch()
	span := 0
	for n := range v.all {
		span = max(span, int(n-origin.Sequence)+1)
	}
	if free := span - len(v.all); free != v.missing {
		v.t.Fatalf("%d numbers are free, %d packets are missing", free, v.missing)
	}
}

// forward is [rewrite.Stream.Forward] with the numbers as a value.
func forward(s *rewrite.Stream, o rewrite.Origin, p *cache.Packet) (out rewrite.Out, verdict rewrite.Verdict) {
	verdict = s.Forward(o, p, &out)
	return out, verdict
}
