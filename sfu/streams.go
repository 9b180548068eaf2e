package sfu

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/sfu/shard"
)

// streams shows what single connections and streams do to Prometheus: some
// streams one by one, as many as the configuration allows, and all together.
type streams struct {
	sfu  *SFU
	seed maphash.Seed // of the labels that stand for rooms and people

	packets, bytes, lost, again, nacks, plis, bitrate, jitter, height, framerate *prometheus.Desc
	unlisted, quality, lines, layers, paths                                      *prometheus.Desc
	estimates, losses, trips, jitters, heights                                   *prometheus.Desc
}

// trackLabels tell streams apart. Room and participant are opaque; direction
// is "in" or "out"; source is what somebody sends, or the seat it goes to; layer
// counts simulcast layers as offered. None has a value a stranger wrote.
func trackLabels() []string {
	return []string{"room", "participant", "direction", "source", "kind", "layer"}
}

func newStreams(s *SFU) *streams {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("palabre_media_"+name, help, labels, nil)
	}
	track := func(name, help string) *prometheus.Desc { return desc("track_"+name, help, trackLabels()...) }
	return &streams{
		sfu: s, seed: maphash.MakeSeed(),
		packets:   track("packets_total", "Packets of one stream, each once."),
		bytes:     track("bytes_total", "Bytes of one stream."),
		lost:      track("lost_total", "Packets of one stream lost: in, for good; out, before repair, as the client reports."),
		again:     track("resent_total", "Packets of one stream that came only when asked for, or were sent again."),
		nacks:     track("nacks_total", "Packets of one stream asked for again."),
		plis:      track("key_frame_requests_total", "Key frames of one stream asked for."),
		bitrate:   track("bits_per_second", "Bitrate of one stream; of room other, of all streams not shown one by one."),
		jitter:    track("jitter_seconds", "Jitter of one stream."),
		height:    track("frame_height_pixels", "Height of one stream's pictures."),
		framerate: track("frames_per_second", "Frame rate of one stream that comes in."),
		unlisted:  desc("tracks_unlisted", "Streams not shown one by one, because there are too many."),
		quality:   desc("connections", "Connections by the bars of their quality.", "direction", "bars"),
		lines:     desc("lines", "Streams to viewers that somebody's media is meant for, by what they do: sent, idle, or paused for a reason.", "kind", "state"),
		layers:    desc("layers_in_use", "Pictures sent to viewers, by the spatial and temporal layers they have.", "spatial", "temporal"),
		paths:     desc("paths", "Connections by how packets leave: fast; or by Pion as udp, tcp or relay, and why.", "path", "why"),
		estimates: desc("estimate_bits_per_second", "What the ways to viewers carry."),
		losses:    desc("loss_ratio", "Share of packets lost on the ways to viewers, before repair."),
		trips:     desc("rtt_seconds", "Round trips to clients."),
		jitters:   desc("jitter_seconds", "Jitter of streams.", "direction"),
		heights:   desc("sent_height_pixels", "Heights of the pictures sent to viewers."),
	}
}

// describe names what there need not be anything of yet.
func (s *streams) describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.packets, s.bytes, s.lost, s.again, s.nacks, s.plis, s.bitrate, s.jitter, s.height, s.framerate,
		s.quality, s.lines, s.layers, s.paths,
	} {
		out <- d
	}
}

// census is one look at all connections.
type census struct {
	*streams
	out   chan<- prometheus.Metric
	seen  map[[6]string]bool
	other map[[6]string]float64 // bitrates
	rest  int

	quality, lines, layers, paths     map[[2]string]int
	estimates, losses, trips, heights *histogram
	jitter                            map[string]*histogram
}

// collect asks every connection's shard once, oldest connection first, so that
// the same streams are shown one by one from look to look.
func (s *streams) collect(out chan<- prometheus.Metric) {
	c := &census{
		streams: s, out: out, seen: map[[6]string]bool{}, other: map[[6]string]float64{},
		quality: map[[2]string]int{}, lines: map[[2]string]int{}, layers: map[[2]string]int{}, paths: map[[2]string]int{},
		estimates: newHistogram(150e3, 300e3, 600e3, 1.2e6, 2.5e6, 5e6, 10e6, 20e6),
		losses:    newHistogram(0, 0.01, 0.03, 0.05, 0.12, 0.25, 0.5),
		trips:     newHistogram(0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.8),
		heights:   newHistogram(90, 180, 360, 540, 720, 1080, 1440),
		jitter:    map[string]*histogram{"in": newJitter(), "out": newJitter()},
	}
	for _, p := range s.sfu.everybody() {
		c.look(p)
	}
	c.finish()
}

func newJitter() *histogram { return newHistogram(0.005, 0.01, 0.02, 0.04, 0.08, 0.12, 0.25) }

// look takes one connection in.
func (c *census) look(p *Peer) {
	snap := p.media.Snapshot()
	if path, why := p.conn.Path(); path != "" {
		c.count(c.paths, path, why)
	}
	c.count(c.quality, "up", strconv.Itoa(snap.Up))
	c.count(c.quality, "down", strconv.Itoa(snap.Down))
	if snap.Link.Estimate > 0 {
		c.estimates.observe(float64(snap.Link.Estimate))
	}
	if snap.PacketsOut > 0 {
		c.losses.observe(snap.Link.Loss)
	}
	if snap.RTT > 0 {
		c.trips.observe(snap.RTT.Seconds())
	}
	room, who := c.label(p.room.name), c.label(p.room.name+"\n"+p.id)
	for _, t := range snap.Tracks {
		for i, l := range t.Layers {
			if l.Packets == 0 {
				continue
			}
			if l.Alive {
				c.jitter["in"].observe(l.Jitter.Seconds())
			}
			labels := [6]string{room, who, "in", t.Source, kindOf(t.Video), strconv.Itoa(i)}
			c.layer(labels, t.Video, l)
		}
	}
	for _, l := range snap.Lines {
		c.line([6]string{room, who, "out", l.Line, kindOf(l.Video), ""}, l)
	}
}

// layer shows one stream that comes in.
func (c *census) layer(labels [6]string, video bool, l shard.LayerStats) {
	if !c.list(labels, l.Bitrate) {
		return
	}
	c.counters(labels, l.Packets, l.Bytes, l.Lost, l.Repaired, l.NACKs, l.PLIs)
	c.gauge(c.streams.bitrate, float64(l.Bitrate), labels[:]...)
	c.gauge(c.streams.jitter, l.Jitter.Seconds(), labels[:]...)
	if video {
		c.gauge(c.streams.height, float64(l.Height), labels[:]...)
		c.gauge(c.streams.framerate, l.Framerate, labels[:]...)
	}
}

// line shows one stream that goes out.
func (c *census) line(labels [6]string, l shard.LineStats) {
	if l.Participant != "" {
		state := "sent"
		switch {
		case l.Paused != "":
			state = l.Paused
		case l.Bitrate == 0:
			state = "idle"
		default:
			c.jitter["out"].observe(l.Jitter.Seconds())
		}
		c.count(c.lines, kindOf(l.Video), state)
		if l.Video && state == "sent" {
			c.count(c.layers, strconv.Itoa(l.Spatial), strconv.Itoa(l.Temporal))
			c.heights.observe(float64(l.Height))
		}
	}
	if l.Packets == 0 || !c.list(labels, l.Bitrate) {
		return
	}
	c.counters(labels, l.Packets, l.Bytes, l.Lost, l.Resent, l.NACKs, l.PLIs)
	c.gauge(c.streams.bitrate, float64(l.Bitrate), labels[:]...)
	c.gauge(c.streams.jitter, l.Jitter.Seconds(), labels[:]...)
	if l.Video {
		c.gauge(c.streams.height, float64(l.Height), labels[:]...)
	}
}

// list says whether a stream is shown by itself. Of one that is not, because
// there are too many or somebody is just being replaced, the bitrate is summed up.
func (c *census) list(labels [6]string, bitrate int) bool {
	if len(c.seen) < c.sfu.config.TrackMetrics && !c.seen[labels] {
		c.seen[labels] = true
		return true
	}
	c.rest++
	labels[0], labels[1], labels[5] = "other", "other", ""
	if labels[2] == "out" {
		labels[3] = ""
	}
	c.other[labels] += float64(bitrate)
	return false
}

func (c *census) counters(labels [6]string, packets, bytes, lost, again, nacks, plis uint64) {
	for _, f := range []struct {
		desc  *prometheus.Desc
		value uint64
	}{
		{c.streams.packets, packets}, {c.streams.bytes, bytes}, {c.streams.lost, lost},
		{c.streams.again, again}, {c.streams.nacks, nacks}, {c.streams.plis, plis},
	} {
		c.out <- prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, float64(f.value), labels[:]...)
	}
}

func (c *census) gauge(d *prometheus.Desc, v float64, labels ...string) {
	c.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (c *census) count(in map[[2]string]int, a, b string) { in[[2]string{a, b}]++ }

// finish shows what was counted over all connections.
func (c *census) finish() {
	c.gauge(c.unlisted, float64(c.rest))
	if c.sfu.config.TrackMetrics > 0 {
		for labels, bits := range c.other {
			c.gauge(c.streams.bitrate, bits, labels[:]...)
		}
	}
	for d, counts := range map[*prometheus.Desc]map[[2]string]int{
		c.streams.quality: c.quality, c.streams.lines: c.lines, c.streams.layers: c.layers, c.streams.paths: c.paths,
	} {
		for labels, n := range counts {
			c.gauge(d, float64(n), labels[:]...)
		}
	}
	c.estimates.show(c.out, c.streams.estimates)
	c.losses.show(c.out, c.streams.losses)
	c.trips.show(c.out, c.streams.trips)
	c.heights.show(c.out, c.streams.heights)
	for direction, h := range c.jitter {
		h.show(c.out, c.streams.jitters, direction)
	}
}

// label stands for a name that is not to be written into figures.
func (s *streams) label(name string) string {
	return fmt.Sprintf("%08x", uint32(maphash.String(s.seed, name)))
}

func kindOf(video bool) string {
	if video {
		return "video"
	}
	return "audio"
}

// histogram counts what is there at one moment by size.
type histogram struct {
	bounds  []float64
	buckets map[float64]uint64 // cumulative
	count   uint64
	sum     float64
}

func newHistogram(bounds ...float64) *histogram {
	h := &histogram{bounds: bounds, buckets: make(map[float64]uint64, len(bounds))}
	for _, b := range bounds {
		h.buckets[b] = 0
	}
	return h
}

func (h *histogram) observe(v float64) {
	h.count++
	h.sum += v
	for _, b := range h.bounds {
		if v <= b {
			h.buckets[b]++
		}
	}
}

func (h *histogram) show(out chan<- prometheus.Metric, d *prometheus.Desc, labels ...string) {
	out <- prometheus.MustNewConstHistogram(d, h.count, h.sum, h.buckets, labels...)
}

// everybody lists the peers, oldest first.
func (s *SFU) everybody() []*Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Peer, 0, len(s.peers))
	for p := range s.peers {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *Peer) int { return cmp.Compare(a.number, b.number) })
	return list
}
