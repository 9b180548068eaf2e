package rtcp_test

import (
	"bytes"
	"slices"
	"testing"

	pion "github.com/pion/rtcp"

	"palabre/sfu/rtcp"
)

func one(t *testing.T, b []byte) rtcp.Packet {
	t.Helper()
	all := slices.Collect(rtcp.All(b))
	if len(all) != 1 {
		t.Fatalf("%d packets in %x, want 1", len(all), b)
	}
	return all[0]
}

func marshal(t *testing.T, p pion.Packet) []byte {
	t.Helper()
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadsWhatPionWrites(t *testing.T) {
	t.Run("nack", func(t *testing.T) {
		want := []uint16{65530, 65535, 3, 100}
		media, lost := one(t, marshal(t, &pion.TransportLayerNack{MediaSSRC: 7, Nacks: pion.NackPairsFromSequenceNumbers(want)})).Lost()
		if got := slices.Collect(lost); media != 7 || !slices.Equal(got, want) {
			t.Errorf("media %d lost %v, want 7 and %v", media, got, want)
		}
	})
	t.Run("pli and fir", func(t *testing.T) {
		b := marshal(t, &pion.PictureLossIndication{MediaSSRC: 5})
		b = append(b, marshal(t, &pion.FullIntraRequest{FIR: []pion.FIREntry{{SSRC: 6}, {SSRC: 8}}})...)
		var got []uint32
		for p := range rtcp.All(b) {
			got = slices.AppendSeq(got, p.KeyFrames())
		}
		if !slices.Equal(got, []uint32{5, 6, 8}) {
			t.Errorf("key frames asked of %v", got)
		}
	})
	t.Run("remb", func(t *testing.T) {
		got, ok := one(t, marshal(t, &pion.ReceiverEstimatedMaximumBitrate{Bitrate: 1_000_000, SSRCs: []uint32{1}})).Bitrate()
		if !ok || got < 990_000 || got > 1_000_000 {
			t.Errorf("bitrate %d %v, want a million", got, ok)
		}
	})
	t.Run("reports", func(t *testing.T) {
		b := marshal(t, &pion.SenderReport{SSRC: 9, NTPTime: 1 << 40, RTPTime: 77, Reports: []pion.ReceptionReport{{SSRC: 1, FractionLost: 25, TotalLost: 3}, {SSRC: 2}}})
		p := one(t, b)
		sent, ok := p.Sent()
		reports := slices.Collect(p.Reports())
		if !ok || sent.SSRC != 9 || sent.NTP != 1<<40 || sent.Timestamp != 77 || len(reports) != 2 || reports[0].FractionLost != 25 || reports[0].TotalLost != 3 {
			t.Errorf("sent %+v reports %+v", sent, reports)
		}
	})
}

func TestWritesWhatPionReads(t *testing.T) {
	b := rtcp.AppendReceiverReport(nil, 1, []rtcp.Reception{{Report: rtcp.Report{SSRC: 2, TotalLost: -1}, Highest: 9}})
	b = rtcp.AppendSenderReport(b, rtcp.Sent{SSRC: 3, NTP: 4, Timestamp: 5}, 6, 7)
	b = rtcp.AppendCNAME(b, 3, "seat0")
	b = rtcp.AppendNACK(b, 1, 2, []uint16{1, 2, 17, 40})
	b = rtcp.AppendPLI(b, 1, 2)
	packets, err := pion.Unmarshal(b)
	if err != nil || len(packets) != 5 {
		t.Fatalf("%d packets, %v", len(packets), err)
	}
	nack, ok := packets[3].(*pion.TransportLayerNack)
	var got []uint16
	for _, n := range nack.Nacks {
		got = append(got, n.PacketList()...)
	}
	if !ok || !slices.Equal(got, []uint16{1, 2, 17, 40}) {
		t.Errorf("NACK for %v", got)
	}
	if d, ok := packets[2].(*pion.SourceDescription); !ok || d.Chunks[0].Items[0].Text != "seat0" {
		t.Errorf("description %v", packets[2])
	}
}

func FuzzAll(f *testing.F) {
	f.Add([]byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2})
	f.Add([]byte{0x8F, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 255, 255, 255, 0, 0, 0, 0})
	f.Add(bytes.Repeat([]byte{0x81, 205, 0, 3}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for p := range rtcp.All(b) {
			p.Sent()
			p.Bitrate()
			for range p.Reports() {
				n++
			}
			for range p.KeyFrames() {
				n++
			}
			if _, lost := p.Lost(); lost != nil {
				for range lost {
					n++
				}
			}
		}
		if n > 17*len(b) {
			t.Errorf("%d things in %d bytes", n, len(b))
		}
	})
}
