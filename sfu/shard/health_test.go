package shard_test

import (
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"

	"palabre/sfu/layers"
	"palabre/sfu/negotiate"
	"palabre/sfu/quality"
	"palabre/sfu/rtcp"
	"palabre/sfu/rtp"
	"palabre/sfu/shard"
)

// person is a client in virtual time: it sends sound and pictures, receives
// another's, and says what arrives.
type person struct {
	engine *shard.Still
	peer   *shard.Peer
	tracks []*shard.Track
	lines  []*shard.Line
	// mute, blind and still: it means to send no sound, no pictures; its
	// camera fails. reports: it has no arrival feedback.
	mute, blind, still, reports bool
	// deaf: it reports the arrival of pictures alone. films is how many pictures
	// it sends before it turns its camera off; 0 for no end.
	deaf bool
	// shares: what it sends is a screen, which stands still.
	shares bool
	films  int
	// up and down lose the packets to and from the server.
	up, down func(n int) bool
	sent     int
	sequence [2]uint16
	arrivals *twcc.Recorder
	// marks are the transport-wide numbers that came, seen how many packets came at all.
	marks []uint16
	seen  int
	// highest and came are by line, told what they were at the last report.
	highest [2]uint32
	told    [2][2]uint32
	numbers [2]rtp.Unwrapper
	came    [2]uint32
	bars    [][2]int
	changed []time.Time
}

func (*person) Layers(string, []layers.Wish) {}
func (*person) Changed()                     {}
func (p *person) Panicked(v any, _ []byte)   { panic(v) }
func (p *person) Quality(up, down int) {
	p.bars, p.changed = append(p.bars, [2]int{up, down}), append(p.changed, p.engine.Now())
}

// now is how the person's connection is graded.
func (p *person) now() [2]int {
	if len(p.bars) == 0 {
		return [2]int{}
	}
	return p.bars[len(p.bars)-1]
}

// WriteRTP is what comes from the server.
func (p *person) WriteRTP(header, payload []byte) error {
	p.sent++
	if p.down != nil && p.down(p.sent) {
		return nil
	}
	var h rtp.Header
	if err := rtp.Parse(append(append([]byte(nil), header...), payload...), extensions(), &h); err != nil {
		return err
	}
	p.seen++
	if h.Has(rtp.TransportSequence) {
		p.marks = append(p.marks, h.TransportSequence)
		p.arrivals.Record(h.SSRC, h.TransportSequence, p.engine.Now().UnixMicro())
	}
	if line := int(h.SSRC - 20); line < 2 {
		p.came[line]++
		p.highest[line] = max(p.highest[line], uint32(p.numbers[line].Unwrap(h.SequenceNumber)))
	}
	return nil
}

func (*person) Prefetch(int)           {}
func (*person) WriteRTCP([]byte) error { return nil }

func feedback(l negotiate.Line) negotiate.Line {
	for i := range l.Codecs {
		l.Codecs[i].Feedback = append(l.Codecs[i].Feedback, "transport-cc")
	}
	return l
}

// call is two people who see and hear each other.
func call(change func(a, b *person)) (engine *shard.Still, a, b *person) {
	engine = shard.NewStill(2)
	people := [2]*person{}
	for i := range people {
		people[i] = &person{engine: engine, arrivals: twcc.NewRecorder(uint32(100 + i))}
	}
	a, b = people[0], people[1]
	change(a, b)
	engine.Do(func() {
		for i, p := range people {
			p.peer = engine.Open(shard.Seat{Shard: engine.Place(), ID: []string{"a", "b"}[i]}, p, p, nil)
			picture, sound := vp8Line("2"), opusLine("3")
			if !p.reports {
				picture = feedback(picture)
			}
			if !p.reports && !p.deaf {
				sound = feedback(sound)
			}
			p.lines = []*shard.Line{p.peer.NewLine(picture, "seat0", 20, 25), p.peer.NewLine(sound, "seat0", 21, 0)}
			p.tracks = p.peer.Negotiated(extensions(), []shard.Source{
				{Name: "camera", Screen: p.shares, Line: vp8Line("0")}, {Name: "microphone", Line: opusLine("1")},
			}, p.lines)
			p.peer.Enter()
			p.peer.Connected()
		}
		for i, p := range people {
			other := people[1-i]
			p.tracks[0].Sends(!p.blind)
			p.tracks[1].Sends(!p.mute)
			p.peer.Watch([]shard.Watch{{Line: p.lines[0], Track: other.tracks[0], Width: 640, Height: 360}, {Line: p.lines[1], Track: other.tracks[1]}})
		}
	})
	return engine, a, b
}

// look has the person's picture show another's camera in a size; 0 hides it.
func (p *person) look(at *person, width, height int) {
	p.engine.Do(func() {
		p.peer.Watch([]shard.Watch{{Line: p.lines[0], Track: at.tracks[0], Width: width, Height: height}})
	})
}

// pass lets both talk for a while: sound and a picture every 20 ms, arrival
// feedback every 100 ms, reports every second.
func pass(engine *shard.Still, d time.Duration, people ...*person) {
	for step := 0; time.Duration(step)*20*time.Millisecond < d; step++ {
		for _, p := range people {
			p.end()
			if !p.blind && !p.still {
				p.send(0, rtp.Outgoing{SSRC: 7, PayloadType: 96, Marker: true, MID: "0"}, append([]byte{0x10, frameByte(p.sequence[0]), 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01}, make([]byte, 500)...))
			}
			if !p.mute {
				p.send(1, rtp.Outgoing{SSRC: 8, PayloadType: 111, MID: "1"}, make([]byte, 80))
			}
		}
		engine.Pass(20 * time.Millisecond)
		for _, p := range people {
			p.report(step)
		}
	}
}

// end stops the pictures where they were to end.
func (p *person) end() {
	switch {
	case p.films == 0 || int(p.sequence[0]) != p.films:
	case p.shares:
		p.still = true
	default:
		p.blind = true
		p.tracks[0].Sends(false)
	}
}

func frameByte(sequence uint16) byte {
	if sequence%50 == 0 {
		return 0
	}
	return 1
}

func (p *person) send(track int, o rtp.Outgoing, payload []byte) {
	p.sequence[track]++
	o.SequenceNumber, o.Timestamp = p.sequence[track], uint32(p.sequence[track])*[]uint32{1800, 960}[track]
	if p.up == nil || !p.up(int(p.sequence[track])) {
		p.peer.Receive(append(rtp.AppendHeader(nil, extensions(), &o), payload...), p.engine.Now())
	}
}

// report says what arrived.
func (p *person) report(step int) {
	tell := func(b []byte) {
		if p.up == nil || !p.up(step) {
			p.peer.Control(b, p.engine.Now())
		}
	}
	if step%5 == 0 {
		for _, packet := range p.arrivals.BuildFeedbackPacket() {
			if b, err := packet.Marshal(); err == nil {
				tell(b)
			}
		}
	}
	if step%50 != 0 || p.blind && step%250 != 0 { // reports on sound alone are few
		return
	}
	var blocks []rtcp.Reception
	for i := range p.came {
		if p.came[i] > 0 {
			var r rtcp.Reception
			r.SSRC, r.Highest = uint32(20+i), p.highest[i]
			if expected := r.Highest - p.told[i][0]; p.told[i][0] > 0 && expected > 0 {
				came := min(p.came[i]-p.told[i][1], expected)
				r.FractionLost = uint8(min(255, (expected-came)*256/expected))
			}
			p.told[i] = [2]uint32{p.highest[i], p.came[i]}
			blocks = append(blocks, r)
		}
	}
	tell(rtcp.AppendReceiverReport(nil, 99, blocks))
}

func dark(int) bool { return true }

const good = int(quality.Good)

func TestGoodCallStaysGood(t *testing.T) {
	for name, change := range map[string]func(a, b *person){
		"both send":                             func(*person, *person) {},
		"only reports":                          func(a, b *person) { a.reports, b.reports = true, true },
		"one listens":                           func(a, _ *person) { a.mute, a.blind = true, true },
		"nobody says a word":                    func(a, b *person) { a.mute, a.blind, b.mute, b.blind = true, true, true, true },
		"a screen that stands still":            func(a, _ *person) { a.shares, a.mute, a.films = true, true, 60 },
		"sound only":                            func(a, b *person) { a.blind, b.blind = true, true },
		"arrivals of pictures alone, which end": func(a, b *person) { a.deaf, b.deaf = true, true; a.films, b.films = 100, 100 },
	} {
		t.Run(name, func(t *testing.T) {
			engine, a, b := call(change)
			pass(engine, 30*time.Second, a, b)
			for _, p := range []*person{a, b} {
				if len(p.bars) != 1 || p.now() != [2]int{good, good} {
					t.Errorf("told %v, want good both ways, once", p.bars)
				}
			}
			engine.Do(func() { a.peer.Close(); b.peer.Close() })
		})
	}
}

// TestOneWayIsTold: when one direction of a path carries nothing any more, the
// bars of that direction are lost within 15 s and those of the other are not,
// and they come back when it does.
func TestOneWayIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		change func(a, b *person)
		cut    func(*person)
		want   [2]int
	}{
		"nothing comes from who sends":                 {func(_, _ *person) {}, func(a *person) { a.up = dark }, [2]int{0, good}},
		"nothing comes from who listens":               {func(a, _ *person) { a.mute, a.blind = true, true }, func(a *person) { a.up = dark }, [2]int{0, good}},
		"nothing reaches who sends":                    {func(_, _ *person) {}, func(a *person) { a.down = dark }, [2]int{good, 0}},
		"nothing reaches who listens":                  {func(a, _ *person) { a.mute, a.blind = true, true }, func(a *person) { a.down = dark }, [2]int{good, 0}},
		"nothing reaches who has no arrival feedback":  {func(a, _ *person) { a.reports = true }, func(a *person) { a.down = dark }, [2]int{good, 0}},
		"nothing comes from who has only reports":      {func(a, _ *person) { a.reports, a.mute, a.blind = true, true, true }, func(a *person) { a.up = dark }, [2]int{0, good}},
		"nothing comes from who shares a screen":       {func(a, _ *person) { a.shares, a.mute, a.films = true, true, 60 }, func(a *person) { a.up = dark }, [2]int{0, good}},
		"nothing comes from who sends to nobody, much": {func(_, b *person) { b.mute, b.blind = true, true }, func(a *person) { a.up = dark }, [2]int{0, good}},
	} {
		t.Run(name, func(t *testing.T) {
			engine, a, b := call(c.change)
			pass(engine, 10*time.Second, a, b)
			if a.now() != [2]int{good, good} {
				t.Fatalf("graded %v before", a.bars)
			}
			before := len(a.bars)
			c.cut(a)
			start := engine.Now()
			pass(engine, 14*time.Second, a, b)
			if len(a.bars) == before || a.bars[before] != c.want {
				t.Errorf("told %v, want %v", a.bars, c.want)
			} else if last := a.now(); last != c.want && last != [2]int{} { // not known for long
				t.Errorf("told %v, want %v", a.bars, c.want)
			} else if took := a.changed[before].Sub(start); took > 12*time.Second {
				t.Errorf("told after %v", took)
			}
			if b.now()[0] != good {
				t.Errorf("the other is graded %v", b.bars)
			}
			a.up, a.down = nil, nil
			pass(engine, 15*time.Second, a, b)
			if a.now() != [2]int{good, good} {
				t.Errorf("graded %v once all is well again", a.bars)
			}
			engine.Do(func() { a.peer.Close(); b.peer.Close() })
		})
	}
}

// TestSilenceForLongIsNotKnowing: of who has not been heard for long it is not
// said either that they receive.
func TestSilenceForLongIsNotKnowing(t *testing.T) {
	engine, a, b := call(func(*person, *person) {})
	pass(engine, 5*time.Second, a, b)
	a.up = dark
	a.peer.Disconnected()
	pass(engine, 2*time.Second, a, b)
	if a.now() != [2]int{0, good} {
		t.Errorf("graded %v once ICE hears nothing, want up lost", a.bars)
	}
	pass(engine, 18*time.Second, a, b)
	if a.now() != [2]int{0, 0} {
		t.Errorf("graded %v after 20 s, want both lost", a.bars)
	}
	engine.Do(func() { a.peer.Close(); b.peer.Close() })
}

func TestTroubleIsGraded(t *testing.T) {
	every := func(n int) func(int) bool { return func(i int) bool { return i%n == 0 } }
	for name, c := range map[string]struct {
		cut  func(*person)
		want [2]int
	}{
		"a camera that stops":              {func(a *person) { a.still = true }, [2]int{1, good}},
		"a fiftieth lost for good":         {func(a *person) { a.up = every(50) }, [2]int{2, good}},
		"a tenth lost for good":            {func(a *person) { a.up = every(10) }, [2]int{1, good}},
		"a twentieth lost on the way down": {func(a *person) { a.down = every(20) }, [2]int{good, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			engine, a, b := call(func(*person, *person) {})
			pass(engine, 5*time.Second, a, b)
			c.cut(a)
			pass(engine, 12*time.Second, a, b)
			if a.now() != c.want {
				t.Errorf("graded %v, want %v", a.bars, c.want)
			}
			engine.Do(func() { a.peer.Close(); b.peer.Close() })
		})
	}
}
