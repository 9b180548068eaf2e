package sfu_test

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	// lookEvery is how often the viewer looks for what is missing: a browser
	// asks as soon as it sees a gap.
	lookEvery = 5 * time.Millisecond
	// askAgain is how long it waits for an answer before it asks again, a round
	// trip and a little, askMost how often.
	askAgain, askMost = 2*halfTrip + 10*time.Millisecond, 10
	// pliAgain is how long it waits for a picture before it asks again.
	pliAgain = time.Second
	// buffered is how long a picture waits at least for those before it, as in
	// a browser on a line that loses packets. waitsMost is how much later than
	// the quickest sound may come and still be played.
	buffered, waitsMost = 100 * time.Millisecond, 160 * time.Millisecond
)

// viewer looks at one seat of a client as a browser does: it asks for what is
// missing, and for a key frame when that does not help.
type viewer struct {
	video, audio *repairer
	source
}

// view begins to look at a seat.
func (c *client) view(seat int) *viewer {
	v := &viewer{
		video: newRepairer(c, c.seatLines[seat][1], true), audio: newRepairer(c, c.seatLines[seat][0], false),
		source: source{stop: make(chan struct{})},
	}
	v.done.Go(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-v.stop:
				return
			case now := <-tick.C:
				v.video.look(now)
				v.audio.look(now)
			}
		}
	})
	return v
}

// repairer asks for what is missing of one stream, as libwebrtc does.
type repairer struct {
	client  *client
	line    *webrtc.RTPTransceiver
	video   bool
	read    int // packets of the inbox looked at
	highest uint16
	missing map[uint16]*asked
	plied   time.Time
	broken  bool
	// nacks and plis count what was asked for.
	nacks, plis atomic.Int64
}

type asked struct {
	at    time.Time
	times int
}

func newRepairer(c *client, line *webrtc.RTPTransceiver, video bool) *repairer {
	return &repairer{client: c, line: line, video: video, missing: map[uint16]*asked{}}
}

func (r *repairer) look(now time.Time) {
	box := r.client.inbox(r.line.Mid())
	if box == nil {
		return
	}
	box.mu.Lock()
	fresh := box.packets[r.read:]
	box.mu.Unlock()
	for _, p := range fresh {
		r.take(p)
	}
	ssrc := uint32(r.line.Receiver().Track().SSRC())
	var out []rtcp.Packet
	if ask := r.due(now); len(ask) > 0 {
		r.nacks.Add(int64(len(ask)))
		out = append(out, &rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(ask)})
	}
	if r.video && r.broken && now.Sub(r.plied) > pliAgain {
		r.plied = now
		r.plis.Add(1)
		out = append(out, &rtcp.PictureLossIndication{MediaSSRC: ssrc})
	}
	if len(out) > 0 {
		_ = r.client.pc.WriteRTCP(out)
	}
}

// take notes a packet that came.
func (r *repairer) take(p *rtp.Packet) {
	if r.read++; r.read == 1 {
		r.highest = p.SequenceNumber
	}
	delete(r.missing, p.SequenceNumber)
	for ; int16(p.SequenceNumber-r.highest) > 0; r.highest++ {
		if n := r.highest + 1; n != p.SequenceNumber {
			r.missing[n] = &asked{}
		}
	}
	if isKey(p) {
		r.broken = false
		for n := range r.missing { // nobody needs what came before
			if int16(n-p.SequenceNumber) < 0 {
				delete(r.missing, n)
			}
		}
	}
}

// due are the numbers to ask for now.
func (r *repairer) due(now time.Time) (ask []uint16) {
	for n, m := range r.missing {
		if now.Sub(m.at) < askAgain {
			continue
		}
		if m.times++; m.times > askMost {
			delete(r.missing, n)
			r.broken = true
			continue
		}
		m.at = now
		ask = append(ask, n)
	}
	slices.Sort(ask)
	return ask
}

func isKey(p *rtp.Packet) bool {
	return len(p.Payload) > 4 && p.PayloadType == 96 && p.Payload[0]&0x10 != 0 && p.Payload[4]&1 == 0
}

// heard is what a listener heard.
type hearing struct{ sent, missed int }

func (h hearing) loss() float64 { return float64(h.missed) / float64(max(h.sent, 1)) }

// sound judges what came of a voice that was sent from the first to before the
// last moment: what never came, or so much later than the quickest, was missed.
func (c *client) sound(seat int, from, to time.Time, late time.Duration) hearing {
	packets, arrived := c.inbox(c.seatLines[seat][0].Mid()).record()
	took, quickest := map[uint32]time.Duration{}, time.Duration(math.MaxInt64)
	first, last := uint32(math.MaxUint32), uint32(0)
	for i, p := range packets {
		s, ok := stampOf(p.Payload)
		if !ok || s.sent.Before(from) || !s.sent.Before(to) {
			continue
		}
		first, last = min(first, s.picture), max(last, s.picture)
		if _, again := took[s.picture]; !again {
			took[s.picture] = arrived[i].Sub(s.sent)
			quickest = min(quickest, took[s.picture])
		}
	}
	heard := 0
	for _, t := range took {
		if t <= quickest+late {
			heard++
		}
	}
	if heard == 0 {
		return hearing{1, 1}
	}
	sent := int(last-first) + 1
	return hearing{sent, sent - heard}
}

func (i *inbox) record() ([]*rtp.Packet, []time.Time) {
	if i == nil {
		return nil, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.packets), slices.Clone(i.arrived)
}

// shown is one picture that could be shown.
type shown struct {
	at    time.Time
	layer byte
	sent  time.Time
	bytes int
}

// screening is what a viewer saw.
type screening []shown

// pictures are those of a seat that a decoder could show, and when: as soon as
// all its packets are there and all pictures it builds on were shown.
func (c *client) pictures(seat int) screening {
	packets, arrived := c.inbox(c.seatLines[seat][1].Mid()).record()
	bySequence := map[int]int{}
	order := make([]int, 0, len(packets))
	extended := 0
	for i, p := range packets {
		if i > 0 {
			extended += int(int16(p.SequenceNumber - uint16(extended)))
		} else {
			extended = int(p.SequenceNumber) + 1<<16
		}
		if _, again := bySequence[extended]; !again {
			bySequence[extended] = i
			order = append(order, extended)
		}
	}
	slices.Sort(order)
	var out screening
	d := decoder{}
	for _, n := range order {
		i := bySequence[n]
		if picture, whole := d.take(n, packets[i], arrived[i]); whole {
			for picture.key && len(out) > 0 && out[len(out)-1].at.After(picture.at) {
				out = out[:len(out)-1] // the key frame overtook what waited
			}
			if len(out) > 0 && out[len(out)-1].at.After(picture.at) {
				picture.at = out[len(out)-1].at
			}
			out = append(out, picture.shown)
		}
	}
	return out.buffered()
}

// buffered is when the pictures are shown that could be.
func (f screening) buffered() screening {
	quickest := time.Duration(math.MaxInt64)
	for _, s := range f {
		quickest = min(quickest, s.at.Sub(s.sent))
	}
	for i := range f {
		if due := f[i].sent.Add(quickest + buffered); due.After(f[i].at) {
			f[i].at = due
		}
	}
	return f
}

// decoder puts packets in order together to pictures.
type decoder struct {
	next    int  // the number that must follow
	open    bool // within a picture, all of it here so far
	chained bool // everything since the last key frame was whole
	picture struct {
		shown
		key bool
	}
}

func (d *decoder) take(n int, p *rtp.Packet, at time.Time) (picture struct {
	shown
	key bool
}, whole bool) {
	if n != d.next {
		d.open, d.chained = false, false
	}
	d.next = n + 1
	s, ok := stampOf(p.Payload)
	if !ok {
		return picture, false // padding
	}
	if p.Payload[0]&0x10 != 0 {
		d.picture.shown, d.picture.key = shown{layer: s.layer, sent: s.sent}, isKey(p)
		d.open = true
		d.chained = d.chained || d.picture.key
	}
	if !d.open {
		return picture, false
	}
	d.picture.bytes += len(p.Payload)
	if at.After(d.picture.at) {
		d.picture.at = at
	}
	if !p.Marker {
		return picture, false
	}
	d.open = false
	return d.picture, d.chained
}

// between are the pictures shown in a span of time.
func (f screening) between(from, to time.Time) screening {
	first, _ := slices.BinarySearchFunc(f, from, func(s shown, t time.Time) int { return s.at.Compare(t) })
	last, _ := slices.BinarySearchFunc(f, to, func(s shown, t time.Time) int { return s.at.Compare(t) })
	return f[first:last]
}

// standstill is how often and how long a picture stood longer than 200 ms in a span of time.
func (f screening) standstill(from, to time.Time) (times int, frozen time.Duration) {
	const noticed = 200 * time.Millisecond
	last := from
	for _, s := range append(f.between(from, to), shown{at: to}) {
		if gap := s.at.Sub(last); gap > noticed {
			times++
			frozen += gap - pictureEvery
		}
		last = s.at
	}
	return times, frozen
}
