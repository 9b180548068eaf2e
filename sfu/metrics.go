package sfu

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/sfu/shard"
	"palabre/sfu/transport"
)

// collector shows the counters of the media plane to Prometheus. The packets'
// way only adds to atomics; the work is done when somebody asks.
type collector struct {
	sfu     *SFU
	refused [transport.Drops]atomic.Uint64
	streams *streams

	packets, bytes, rtx, drops, nacks, plis        *prometheus.Desc
	starts, panics, latency, peers, tracks, meters *prometheus.Desc
	lost, probes, probed, sending, dtls            *prometheus.Desc
}

func newCollector(s *SFU) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("palabre_media_"+name, help, labels, nil)
	}
	return &collector{
		sfu:     s,
		streams: newStreams(s),
		packets: desc("packets_total", "RTP packets taken in and forwarded.", "kind", "direction"),
		bytes:   desc("bytes_total", "Bytes of RTP packets taken in and forwarded.", "kind", "direction"),
		rtx:     desc("retransmissions_total", "Packets received again and sent again.", "direction"),
		drops:   desc("drops_total", "Packets that went no further.", "reason"),
		nacks:   desc("nacks_total", "Packets asked for again, of publishers and by viewers.", "direction"),
		plis:    desc("key_frame_requests_total", "Key frames asked of publishers and by viewers.", "direction"),
		lost:    desc("lost_total", "Packets lost: in, for good; out, before repair, as clients report.", "direction"),
		probes:  desc("probes_total", "Bursts sent to find out whether more fits."),
		probed:  desc("probe_packets_total", "Packets of those bursts."),
		sending: desc("sending_total", "What the fast path did to send: datagrams, of those segmented or dropped; messages, calls, waits for a full socket, and fallbacks of routes that take no segments.", "what"),
		dtls:    desc("dtls_total", "How often DTLS with nothing left to do was parked, and resumed for a record that came in.", "event"),
		starts:  desc("cached_starts_total", "Viewers who began from the cache."),
		panics:  desc("panics_total", "Panics that ended one connection."),
		latency: desc("forwarding_seconds", "Time from the arrival of a packet to its leaving."),
		peers:   desc("peers", "Media connections."),
		tracks:  desc("tracks", "Published tracks."),
		meters:  desc("rooms", "Rooms with media connections."),
	}
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, out)
	c.streams.describe(out)
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	m, stats := c.sfu.engine.Metrics, c.sfu.Stats()
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	flow := func(f *shard.Flow, kind, direction string) {
		count(c.packets, f.Packets.Load(), kind, direction)
		count(c.bytes, f.Bytes.Load(), kind, direction)
	}
	flow(&m.AudioIn, "audio", "in")
	flow(&m.VideoIn, "video", "in")
	flow(&m.AudioOut, "audio", "out")
	flow(&m.VideoOut, "video", "out")
	count(c.rtx, m.RTXIn.Packets.Load(), "in")
	count(c.rtx, m.RTXOut.Packets.Load(), "out")
	for i, reason := range shard.DropNames() {
		count(c.drops, m.Drops[i].Load(), reason)
	}
	for i := range c.refused {
		count(c.drops, c.refused[i].Load(), "datagram "+transport.Drop(i).String())
	}
	count(c.nacks, m.NACKsReceived.Load(), "in")
	count(c.nacks, m.NACKsSent.Load(), "out")
	count(c.plis, m.PLIsReceived.Load(), "in")
	count(c.plis, m.PLIsSent.Load(), "out")
	count(c.lost, m.LostIn.Load(), "in")
	count(c.lost, m.LostOut.Load(), "out")
	count(c.probes, m.Probes.Load())
	count(c.probed, m.ProbesOut.Packets.Load())
	count(c.starts, m.CachedStarts.Load())
	count(c.panics, m.Panics.Load())
	sent := c.sfu.host.Sending()
	for what, n := range map[string]*atomic.Uint64{
		"datagrams": &sent.Datagrams, "messages": &sent.Messages, "calls": &sent.Calls, "segmented": &sent.Segmented,
		"dropped": &sent.Dropped, "waits": &sent.Waits, "fallbacks": &sent.Fallbacks,
	} {
		count(c.sending, n.Load(), what)
	}
	dtls := c.sfu.host.Parking()
	count(c.dtls, dtls.Parked.Load(), "parked")
	count(c.dtls, dtls.Resumed.Load(), "resumed")
	cumulative, n, sum := m.Latency()
	buckets := make(map[float64]uint64, len(cumulative))
	for i, bound := range shard.LatencyBounds() {
		buckets[bound.Seconds()] = cumulative[i]
	}
	out <- prometheus.MustNewConstHistogram(c.latency, n, sum.Seconds(), buckets)
	for d, v := range map[*prometheus.Desc]int{c.peers: stats.Peers, c.tracks: stats.Tracks, c.meters: stats.Rooms} {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	c.streams.collect(out)
}
