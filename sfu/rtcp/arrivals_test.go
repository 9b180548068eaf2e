package rtcp_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	pion "github.com/pion/rtcp"

	"palabre/sfu/rtcp"
)

type arrival struct {
	ssrc     uint32
	sequence uint16
	received bool
	at       time.Duration
}

func arrivals(p rtcp.Packet) (all []arrival) {
	p.Arrivals(func(sequence uint16, received bool, at time.Duration) bool {
		if !received {
			at = 0
		}
		all = append(all, arrival{0, sequence, received, at})
		return true
	})
	return all
}

func TestArrivalsOfWhatPionRecords(t *testing.T) {
	for name, loss := range map[string]float64{"all": 0, "some": 0.1, "few": 0.9} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			recorder := twcc.NewRecorder(1)
			var want []arrival
			at := 70 * time.Second
			for i := range 700 {
				sequence := uint16(65300 + i)
				at += time.Duration(r.IntN(20)*r.IntN(20)) * 250 * time.Microsecond
				if i > 0 && i < 699 && r.Float64() < loss {
					want = append(want, arrival{0, sequence, false, 0})
					continue
				}
				recorder.Record(5, sequence, at.Microseconds())
				want = append(want, arrival{0, sequence, true, at})
			}
			var got []arrival
			for _, p := range recorder.BuildFeedbackPacket() {
				got = append(got, arrivals(one(t, marshal(t, p)))...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d arrivals, want %d", len(got), len(want))
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] {
						t.Fatalf("number %d is %+v, want %+v", i, got[i], want[i])
					}
				}
			}
		})
	}
}

func TestArrivalsGoBackInTime(t *testing.T) {
	b := marshal(t, &pion.TransportLayerCC{
		Header:             pion.Header{Count: pion.FormatTCC, Type: pion.TypeTransportSpecificFeedback, Length: 6},
		BaseSequenceNumber: 9, PacketStatusCount: 2, ReferenceTime: 2,
		PacketChunks: []pion.PacketStatusChunk{&pion.RunLengthChunk{Type: pion.TypeTCCRunLengthChunk, PacketStatusSymbol: pion.TypeTCCPacketReceivedLargeDelta, RunLength: 2}},
		RecvDeltas: []*pion.RecvDelta{
			{Type: pion.TypeTCCPacketReceivedLargeDelta, Delta: 100_000}, {Type: pion.TypeTCCPacketReceivedLargeDelta, Delta: -50_000},
		},
	})
	want := []arrival{{0, 9, true, 228 * time.Millisecond}, {0, 10, true, 178 * time.Millisecond}}
	if got := arrivals(one(t, b)); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// claim is a feedback about count packets in runs of not received ones.
func claim(count uint16) []byte {
	b := []byte{0x8F, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 1}
	binary.BigEndian.PutUint16(b[14:], count)
	for range 8 {
		b = append(b, 0x1F, 0xFF)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	return b
}

func TestArrivalsClaimedAreBounded(t *testing.T) {
	if p := one(t, claim(65535)); p.IsArrivals() || len(arrivals(p)) != 0 {
		t.Error("a feedback about 65 535 packets is gone through")
	}
	if p := one(t, claim(4000)); len(arrivals(p)) != 4000 {
		t.Errorf("%d packets, want 4000", len(arrivals(p)))
	}
}

func TestCongestionOfWhatPionWrites(t *testing.T) {
	metric := func(received bool, offset uint16) pion.CCFeedbackMetricBlock {
		return pion.CCFeedbackMetricBlock{Received: received, ArrivalTimeOffset: offset}
	}
	b := marshal(t, &pion.CCFeedbackReport{
		SenderSSRC: 1, ReportTimestamp: 3 << 16,
		ReportBlocks: []pion.CCFeedbackReportBlock{
			{MediaSSRC: 7, BeginSequence: 65535, MetricBlocks: []pion.CCFeedbackMetricBlock{metric(true, 1024), metric(false, 0), metric(true, 512)}},
			{MediaSSRC: 8, BeginSequence: 5, MetricBlocks: []pion.CCFeedbackMetricBlock{metric(true, 0x1FFF), metric(true, 0)}},
		},
	})
	var got []arrival
	one(t, b).Congestion(func(ssrc uint32, sequence uint16, received bool, at time.Duration) bool {
		if !received {
			at = 0
		}
		got = append(got, arrival{ssrc, sequence, received, at})
		return true
	})
	want := []arrival{{7, 65535, true, 2 * time.Second}, {7, 0, false, 0}, {7, 1, true, 2500 * time.Millisecond}, {8, 6, true, 3 * time.Second}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestReadingFeedbackDoesNotAllocate(t *testing.T) {
	b := claim(4000)
	n := 0
	count := func(uint16, bool, time.Duration) bool { n++; return true }
	if allocs := testing.AllocsPerRun(100, func() {
		for p := range rtcp.All(b) {
			p.Arrivals(count)
		}
	}); allocs != 0 || n == 0 {
		t.Errorf("%v allocations for %d packets", allocs, n)
	}
}

func FuzzArrivals(f *testing.F) {
	f.Add(claim(65535))
	f.Add(claim(4000))
	f.Add([]byte{0x8F, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 3, 0, 0, 1, 1, 0x20, 3, 1, 2, 3, 0})
	f.Add([]byte{0x8B, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 7, 0, 1, 0, 2, 0x84, 0, 0, 0, 0, 3, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for p := range rtcp.All(b) {
			p.Arrivals(func(uint16, bool, time.Duration) bool { n++; return true })
			p.Congestion(func(uint32, uint16, bool, time.Duration) bool { n++; return true })
		}
		if n > 4096*(1+len(b)/20) {
			t.Errorf("%d arrivals in %d bytes", n, len(b))
		}
	})
}
