package rewrite_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
	"palabre/sfu/descriptor/descriptortest"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

// encoder makes a layered stream as a browser's does: so many spatial and
// temporal layers, each spatial layer referring to the one below in every
// picture or, with keys, in key frames only.
type encoder struct {
	t                  *rapid.T
	origin             rewrite.Origin
	spatials, temporal int
	keys               bool
	structure          *descriptor.Structure
	reader             descriptor.Reader
	pool               *cache.Pool
	ids                rtp.Extensions
	number, sequence   uint16
	unwrap             rtp.Unwrapper
	pictures           int
	last               map[[2]int]uint16 // number of the last frame of a layer
	start              uint32
}

// layered is one packet on its way.
type layered struct {
	packet   *cache.Packet
	origin   rewrite.Origin
	sid, tid uint8
	key      bool
	first    bool // of its picture
	picture  int
	at       int
}

func newEncoder(t *rapid.T, o rewrite.Origin) *encoder {
	e := &encoder{
		t: t, origin: o, spatials: rapid.IntRange(1, 3).Draw(t, "spatial"), temporal: rapid.IntRange(1, 3).Draw(t, "temporal"),
		keys: rapid.Bool().Draw(t, "keys"), pool: cache.NewPool(), number: rapid.Uint16().Draw(t, "number"),
		sequence: rapid.Uint16().Draw(t, "sequence"), start: rapid.Uint32().Draw(t, "timestamp"), last: map[[2]int]uint16{},
	}
	if err := e.ids.Bind(rtp.DependencyDescriptor, 12); err != nil {
		t.Fatal(err)
	}
	e.structure = &descriptor.Structure{Targets: uint8(e.spatials * e.temporal), Offset: rapid.Uint8Range(0, 63).Draw(t, "offset")}
	for s := range e.spatials {
		for tid := range e.temporal {
			f := descriptor.Frame{Spatial: uint8(s), Temporal: uint8(tid)}
			f.Indications = e.indications(s, tid, true)
			e.structure.Templates = append(e.structure.Templates, f)
		}
	}
	return e
}

// indications are those for all targets, the lowest layer first.
func (e *encoder) indications(sid, tid int, key bool) (all descriptor.Indications) {
	for s := range e.spatials {
		for t := range e.temporal {
			what := descriptor.Required
			switch {
			case sid > s || tid > t || sid < s && e.keys && !key:
				what = descriptor.NotPresent
			case key || sid == s && tid == 0:
				what = descriptor.Switch
			case tid == t && tid > 0:
				what = descriptor.Discardable
			}
			all |= descriptor.Indications(what) << (2 * (s*e.temporal + t))
		}
	}
	return all
}

// temporalID is that of picture n since the key frame.
func (e *encoder) temporalID(n int) int {
	return [][]int{{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 2, 1, 2}}[e.temporal-1][n%4]
}

// shoot makes the packets of the next picture.
func (e *encoder) shoot(tick int) (out []layered) {
	if tick > 0 && rapid.IntRange(0, 11).Draw(e.t, "key") == 0 {
		e.pictures = 0
		if rapid.Bool().Draw(e.t, "another structure") {
			next := *e.structure
			next.Offset = (next.Offset + uint8(len(next.Templates))) % 64
			e.structure = &next
		}
	}
	key, tid := e.pictures == 0, e.temporalID(e.pictures)
	for s := range e.spatials {
		d := descriptor.Descriptor{
			Number: e.number, Template: (e.structure.Offset + uint8(s*e.temporal+tid)) % 64, Structure: e.structure,
			CustomIndications: true, CustomDiffs: true,
		}
		d.Indications = e.indications(s, tid, key)
		refer := func(to uint16) { d.Diffs[d.DiffCount], d.DiffCount = e.number-to, d.DiffCount+1 }
		if !key {
			newest := e.last[[2]int{s, 0}]
			for below := 1; below < tid; below++ {
				if n, ok := e.last[[2]int{s, below}]; ok && int16(n-newest) > 0 {
					newest = n
				}
			}
			refer(newest)
		}
		if s > 0 && (key || !e.keys) {
			refer(e.number - 1)
		}
		count := rapid.IntRange(1, 2).Draw(e.t, "packets")
		for i := range count {
			d.Start, d.End = i == 0, i == count-1
			d.Attached = key && s == 0 && i == 0
			p := e.packet(d, tick, d.End && s == e.spatials-1)
			out = append(out, layered{packet: p, origin: e.origin, sid: uint8(s), tid: uint8(tid), key: key, first: s == 0 && i == 0, picture: tick, at: tick * 10})
		}
		if key {
			for t := range e.temporal {
				delete(e.last, [2]int{s, t})
			}
		}
		e.last[[2]int{s, tid}] = e.number
		e.number++
	}
	e.pictures++
	return out
}

func (e *encoder) packet(d descriptor.Descriptor, tick int, marker bool) *cache.Packet {
	capture := time.Duration(tick) * frameTime
	o := rtp.Outgoing{SequenceNumber: e.sequence, Timestamp: e.start + uint32(tick*frameTicks), Marker: marker, DependencyDescriptor: descriptortest.Append(nil, &d)}
	e.sequence++
	p := e.pool.Copy(append(rtp.AppendHeader(nil, &e.ids, &o), 1))
	if err := rtp.Parse(p.Bytes(), &e.ids, &p.Header); err != nil {
		e.t.Fatal(err)
	}
	var read descriptor.Descriptor
	if err := e.reader.Read(p.Header.DependencyDescriptor(p.Bytes()), &read); err != nil {
		e.t.Fatal(err)
	}
	p.Frame = codec.Frame{}
	read.Describe(&p.Frame)
	p.Structure, p.Active = read.Structure, read.Active
	p.Sequence, p.Capture = e.unwrap.Unwrap(o.SequenceNumber), capture
	return p
}

// shown is a packet as the viewer got it.
type shown struct {
	layered
	out rewrite.Out
	raw []byte // its descriptor
}

// screen is the viewer of a layered stream: a stream, and what came of it.
type screen struct {
	t      *rapid.T
	stream *rewrite.Stream
	got    []shown
	filled map[uint16]bool
}

func (v *screen) receive(a layered) {
	out, verdict := forward(v.stream, a.origin, a.packet)
	switch verdict {
	case rewrite.Fill:
		v.filled[out.Sequence] = true
	case rewrite.Send:
		if again, ok := v.stream.Lookup(out.Sequence, 0, 0); !ok || again.Number != out.Number || again.Template != out.Template || again.Marker != out.Marker || again.Spatial != out.Spatial {
			v.t.Fatalf("sent %+v, remembered %+v", out, again)
		}
		patch := descriptor.Patch{Number: out.Number, Template: out.Template, Masked: true, Active: a.packet.Structure.Mask(out.Spatial, out.Temporal)}
		raw := patch.Append(nil, a.packet.Header.DependencyDescriptor(a.packet.Bytes()), a.packet.Structure)
		v.got = append(v.got, shown{a, out, raw})
	}
}

// decode plays what came, in the order of its numbers, as a browser does: it
// finds every frame whole and everything it refers to, or fails.
func (v *screen) decode() {
	slices.SortStableFunc(v.got, func(a, b shown) int { return int(int16(a.out.Sequence - b.out.Sequence)) })
	var r descriptor.Reader
	var d descriptor.Descriptor
	decoded := map[uint16]bool{}
	highest, open := uint16(0), false
	for i, g := range v.got {
		if i > 0 {
			v.check(v.got[i-1], g)
		}
		before := d
		if err := r.Read(g.raw, &d); err != nil {
			v.t.Fatalf("packet %d has descriptor %x: %v", i, g.raw, err)
		}
		if d.Spatial != g.sid || d.Temporal != g.tid || d.Attached && !g.key {
			v.t.Fatalf("packet %d of layer %d.%d is described as %+v", i, g.sid, g.tid, d)
		}
		if i > 0 && g.origin != v.got[i-1].origin && overlap(before.Structure, d.Structure) {
			v.t.Fatalf("templates from %d pass for those from %d", d.Structure.Offset, before.Structure.Offset)
		}
		if d.Start == open || open && d.Number != highest {
			v.t.Fatalf("frame %d is not whole", d.Number)
		}
		if d.Start && i > 0 && int16(d.Number-highest) <= 0 {
			v.t.Fatalf("frame %d follows %d", d.Number, highest)
		}
		highest, open = d.Number, !d.End
		for _, diff := range d.Diffs[:d.DiffCount] {
			if !decoded[d.Number-diff] {
				v.t.Fatalf("frame %d (layer %d.%d of %d, picture %d) refers to %d, which did not come", d.Number, g.sid, g.tid, g.origin, g.picture, d.Number-diff)
			}
		}
		decoded[d.Number] = true
		if d.Start && d.Active>>int(g.sid*uint8(len(g.packet.Structure.Templates)/int(g.packet.Structure.Spatials()))+g.tid)&1 == 0 {
			v.t.Fatalf("frame %d of layer %d.%d comes though only %b do", d.Number, g.sid, g.tid, d.Active)
		}
	}
}

// overlap says whether two structures share a template id: then a packet that
// comes before the new one passes for one of the old.
func overlap(a, b *descriptor.Structure) bool {
	return int((b.Offset-a.Offset)%64) < len(a.Templates) || int((a.Offset-b.Offset)%64) < len(b.Templates)
}

// check compares a packet with the one before: no number is missing, and a
// picture ends with the marker where the next begins, only there.
func (v *screen) check(before, g shown) {
	for n := before.out.Sequence + 1; n != g.out.Sequence; n++ {
		if !v.filled[n] {
			v.t.Fatalf("number %d is missing", n)
		}
	}
	next := before.out.Timestamp != g.out.Timestamp
	if next != (before.picture != g.picture || before.origin != g.origin) {
		v.t.Fatalf("picture %d of %d has timestamp %d, picture %d of %d %d", before.picture, before.origin, before.out.Timestamp, g.picture, g.origin, g.out.Timestamp)
	}
	if before.out.Marker != next {
		v.t.Fatalf("marker %v at packet %d of picture %d, layer %d.%d, next is picture %d layer %d.%d", before.out.Marker, before.out.Sequence, before.picture, before.sid, before.tid, g.picture, g.sid, g.tid)
	}
}

// TestAViewerCanDecodeWhateverLayersItTakes has three layered streams with
// packets out of order, and a viewer that changes at will which it watches and
// how much of it.
func TestAViewerCanDecodeWhateverLayersItTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		late := rapid.Bool().Draw(t, "late")
		encoders := []*encoder{newEncoder(t, 1), newEncoder(t, 2), newEncoder(t, 3)}
		var wire []layered
		for tick := range rapid.IntRange(1, 50).Draw(t, "ticks") {
			for _, e := range encoders {
				for _, a := range e.shoot(tick) {
					if late && !a.first && rapid.IntRange(0, 9).Draw(t, "late") == 0 {
						a.at += rapid.IntRange(1, 25).Draw(t, "delay")
					}
					wire = append(wire, a)
				}
			}
		}
		slices.SortStableFunc(wire, func(a, b layered) int { return a.at - b.at })
		v := &screen{t: t, stream: rewrite.New(origin), filled: map[uint16]bool{}}
		v.stream.Want(1)
		for _, a := range wire {
			switch rapid.IntRange(0, 30).Draw(t, "act") {
			case 0, 1:
				if !late { // what is late at a change of stream does not come at all
					v.stream.Want(rewrite.Origin(rapid.IntRange(1, 3).Draw(t, "want")))
				}
			case 2, 3:
				v.stream.Take(rapid.Uint8Range(0, 3).Draw(t, "spatial"), rapid.Uint8Range(0, 3).Draw(t, "temporal"))
			}
			v.receive(a)
		}
		v.decode()
	})
}
