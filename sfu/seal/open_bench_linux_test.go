package seal

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"palabre/internal/bench/floor"
)

// BenchmarkOpen is what opening a packet costs, by an Opener and by pion/srtp as
// a server sets it up. The floor is the cipher alone, AES-128-GCM, which seals
// the packets that are opened next.
func BenchmarkOpen(b *testing.B) {
	for _, c := range []struct {
		name       string
		key, bytes int
		control    bool
	}{{"voice", 16, 80, false}, {"picture", 16, 1100, false}, {"picture256", 32, 1100, false}, {"report", 16, 44, true}} {
		b.Run(c.name, func(b *testing.B) {
			b.Run("fast", func(b *testing.B) {
				o := opens(b, make([]byte, c.key), make([]byte, saltSize))
				if c.control {
					benchmarkOpen(b, c.key, c.bytes, c.control, o.RTCP)
				} else {
					benchmarkOpen(b, c.key, c.bytes, c.control, o.RTP)
				}
			})
			b.Run("pion", func(b *testing.B) {
				from := pion(b, make([]byte, c.key), make([]byte, saltSize), srtp.SRTPReplayProtection(Window), srtp.SRTCPReplayProtection(Window))
				media, control := &rtp.Header{}, &rtcp.Header{}
				benchmarkOpen(b, c.key, c.bytes, c.control, func(packet []byte) ([]byte, error) {
					if c.control {
						return from.DecryptRTCP(packet, packet, control)
					}
					return from.DecryptRTP(packet, packet, media)
				})
			})
		})
	}
}

// benchmarkOpen opens packets of one stream, as one talks or reports.
func benchmarkOpen(b *testing.B, key, size int, control bool, open func(packet []byte) ([]byte, error)) {
	b.ReportAllocs()
	labels := [2]byte{labelKey, labelSalt}
	h := append(header(1, 0), 0xBE, 0xDE, 0, 2, 0x31, 0, 0, 0x10, '0', 0, 0, 0)
	h[0] |= 0x10
	if control {
		labels, h = [2]byte{labelControlKey, labelControlSalt}, report(1, 8)
	}
	s, err := newSession(make([]byte, key), make([]byte, saltSize), labels[0], labels[1])
	if err != nil {
		b.Fatal(err)
	}
	// Batches are sealed and opened in turns. Before that one is opened to begin
	// with and eleven while allocations are counted.
	const packets, ahead = 100, 12
	var sealed, opened int // turns
	batches := make([][packets][]byte, ahead)
	for i := range batches {
		for j := range batches[i] {
			batches[i][j] = make([]byte, len(h)+size+tagSize+wordSize)[:0]
		}
	}
	index, plain, aad := uint32(0), make([]byte, size), bytes.Clone(h)
	seal := func() {
		batch := &batches[sealed]
		sealed++
		for i := range batch {
			index++
			if control {
				aad = binary.BigEndian.AppendUint32(aad[:len(h)], index|encrypted)
				packet := s.aead.Seal(append(batch[i][:0], h...), s.nonceOf(1, int64(index)), plain, aad)
				batch[i] = append(packet, aad[len(h):]...)
				continue
			}
			binary.BigEndian.PutUint16(h[2:], uint16(index))
			packet := append(batch[i][:0], h...)
			batch[i] = s.aead.Seal(packet, s.nonceOf(1, int64(index)), plain, packet)
		}
	}
	for range ahead - 1 {
		seal()
	}
	floor.Turns(b, packets, func() {
		for _, packet := range batches[opened] {
			if _, err := open(packet); err != nil {
				b.Fatal(err)
			}
		}
		if opened++; opened == sealed {
			opened, sealed = 0, 0
		}
	}, seal)
}
