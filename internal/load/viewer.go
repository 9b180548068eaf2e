package load

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

// A decoder that cannot begin asks for a key frame: after the reordering a
// jitter buffer waits for, and again while none comes.
const (
	firstAsk = 50 * time.Millisecond
	nextAsk  = 300 * time.Millisecond
)

// window is the part of a run that is measured.
type window struct {
	begin, end atomic.Int64 // on the run's clock; 0 means not yet
}

// holds says whether a moment belongs to the measurement.
func (w *window) holds(now int64) bool {
	begin, end := w.begin.Load(), w.end.Load()
	return begin != 0 && now >= begin && (end == 0 || now < end)
}

// viewer watches what one receiving participant gets.
type viewer struct {
	self   int // its own publisher index, or -1
	log    *slog.Logger
	clock  clock
	window *window
	began  int64 // when it started to join

	lines [2]map[protocol.SeatKind][]*line // by audioKind and videoKind

	mu          sync.Mutex
	joined      int64
	connected   int64
	firstPacket int64
	firstKey    int64
	keys        map[int]int64 // first key frame, by publisher
	voices      map[int]bool
}

// line watches one receive-only line. Its packets come from one goroutine;
// the lock is for the reader of the results.
type line struct {
	mu       sync.Mutex
	sequence sequence
	visit    visit
	latency  *histogram
	packets  uint64 // in the window
	bytes    uint64
	before   uint64 // lost before the window, where only the window counts
	thin     bool   // only some packets are opened
	foreign  uint64 // without a marker
	last     int64  // when the last packet came
	// awaitsKey says that the source that came last has shown no key frame yet.
	awaitsKey bool
	nextAsk   int64 // when to ask for one (again)
}

func newViewer(o Options, c clock, w *window, self int) *viewer {
	v := &viewer{self: self, log: o.logger(), clock: c, window: w, keys: map[int]int64{}, voices: map[int]bool{}}
	declared := o.receive()
	for kind := range v.lines {
		v.lines[kind] = map[protocol.SeatKind][]*line{
			protocol.SeatPerson: newLines(declared.Seats),
			protocol.SeatStage:  newLines(declared.Stages),
			protocol.SeatVoice:  newLines(declared.Voices),
		}
	}
	return v
}

func newLines(n int) []*line {
	list := make([]*line, n)
	for i := range list {
		list[i] = &line{}
	}
	return list
}

// packet is the client's OnPacket.
func (v *viewer) packet(r *client.Receiver, p *rtp.Packet) {
	now := v.clock.now()
	kind := audioKind
	if r.Kind() == webrtc.RTPCodecTypeVideo {
		kind = videoKind
	}
	seat, index := r.Seat()
	l := v.lines[kind][seat][index]
	l.mu.Lock()
	defer l.mu.Unlock()
	number := l.sequence.note(p.SSRC, p.SequenceNumber, now)
	m, ok := readMarker(p.Payload)
	if !ok {
		l.foreign++
		return
	}
	l.count(len(p.Payload), now, v.window)
	v.opened(l, kind, m, number, p.Payload, now)
	if l.awaitsKey && now > l.nextAsk {
		l.nextAsk = now + int64(nextAsk)
		v.log.Debug("asking for a key frame", "seat", index, "publisher", m.source.publisher())
		_ = r.RequestKeyFrame() // fails only while the connection goes away
	}
}

// count notes one packet of the run.
func (l *line) count(size int, now int64, w *window) {
	l.last = now
	if w.holds(now) {
		l.packets += l.sequence.weight()
		l.bytes += l.sequence.weight() * uint64(size)
	}
}

// opened takes a packet whose payload was decrypted.
func (v *viewer) opened(l *line, kind int, m marker, number uint64, payload []byte, now int64) {
	measuring := v.window.holds(now)
	if measuring {
		if l.latency == nil {
			l.latency = &histogram{}
		}
		l.latency.add(now - m.sent)
	}
	took := l.visit.begun
	if l.visit.note(m, number, measuring) {
		l.awaitsKey, l.nextAsk = kind == videoKind, now+int64(firstAsk)
		v.arrived(m, now)
	}
	// Where not every packet is opened, a source that takes a line over is
	// believed to have begun with its key frame: servers switch nowhere else.
	if l.awaitsKey && (beginsKeyFrame(payload) || l.thin && took) {
		l.awaitsKey = false
		v.pictured(m, now)
	}
}

// arrived notes the first packet of a source on a line.
func (v *viewer) arrived(m marker, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.firstPacket == 0 {
		v.firstPacket = now
	}
	if m.source.audio() {
		v.voices[m.source.publisher()] = true
	}
}

// pictured notes a source's first key frame on a line.
func (v *viewer) pictured(m marker, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.firstKey == 0 {
		v.firstKey = now
	}
	if _, seen := v.keys[m.source.publisher()]; !seen {
		v.keys[m.source.publisher()] = now
	}
}

// pictures returns how many publishers were seen.
func (v *viewer) pictures() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.keys)
}

// moving counts the lines whose picture came on since a moment.
func (v *viewer) moving(since int64) int {
	n := 0
	v.each(func(kind int, l *line) {
		if kind == videoKind && l.last > since {
			n++
		}
	})
	return n
}

// hears says whether any voice was heard.
func (v *viewer) hears() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.voices) > 0
}

// each calls do with every line, under its lock.
func (v *viewer) each(do func(kind int, l *line)) {
	for kind, seats := range v.lines {
		for _, lines := range seats {
			for _, l := range lines {
				l.mu.Lock()
				do(kind, l)
				l.mu.Unlock()
			}
		}
	}
}

// start notes when joining began, again when it has to be tried again.
func (v *viewer) start(now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.began = now
}

func (v *viewer) inside(now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.joined = now
}

// wired notes when the media path was up.
func (v *viewer) wired(now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.connected = now
}

// milestones are nanoseconds from the beginning, 0 for what never happened.
type milestones struct{ joined, connected, packet, key, all int64 }

func (v *viewer) times(expected int) milestones {
	v.mu.Lock()
	defer v.mu.Unlock()
	since := func(at int64) int64 {
		if at == 0 {
			return 0
		}
		return at - v.began
	}
	m := milestones{joined: since(v.joined), connected: since(v.connected), packet: since(v.firstPacket), key: since(v.firstKey)}
	if expected == 0 || len(v.keys) < expected {
		return m
	}
	for _, at := range v.keys {
		m.all = max(m.all, since(at))
	}
	return m
}
