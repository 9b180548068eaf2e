package seal

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"palabre/internal/bench/floor"
)

// BenchmarkSeal is what sealing a packet costs, by a Sealer and by pion/srtp.
// The floor is the cipher alone, AES-128-GCM.
func BenchmarkSeal(b *testing.B) {
	for _, c := range []struct {
		name       string
		key, bytes int
	}{{"voice", 16, 80}, {"picture", 16, 1100}, {"picture256", 32, 1100}} {
		b.Run(c.name, func(b *testing.B) {
			b.Run("fast", func(b *testing.B) { benchmarkSeal(b, c.bytes, sealing(b, c.key)) })
			b.Run("pion", func(b *testing.B) { benchmarkSeal(b, c.bytes, pionSealing(b, c.key)) })
		})
	}
}

// benchmarkSeal seals packets of two streams in turns, sound and picture.
func benchmarkSeal(b *testing.B, size int, seal func(header, payload []byte) error) {
	f, err := floor.New([]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}) // nothing is sent
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	h := append(header(1, 0), 0xBE, 0xDE, 0, 2, 0x31, 0, 0, 0x10, '0', 0, 0, 0)
	h[0] |= 0x10
	packet := append(h, make([]byte, size)...)
	header, payload := packet[:len(h)], packet[len(h):]
	const packets = 500
	number := uint32(0)
	floor.Turns(b, packets, func() {
		for range packets {
			number++
			binary.BigEndian.PutUint16(header[2:], uint16(number/2))
			binary.BigEndian.PutUint32(header[8:], number&1)
			if err := seal(header, payload); err != nil {
				b.Fatal(err)
			}
		}
	}, func() {
		for range packets {
			f.Seal(0, size)
		}
	})
}

func sealing(b *testing.B, key int) func(header, payload []byte) error {
	s, dst := sealer(b, make([]byte, key), make([]byte, saltSize)), make([]byte, 2000)
	return func(header, payload []byte) error {
		_, err := s.RTP(dst[:0], header, payload)
		return err
	}
}

func pionSealing(b *testing.B, key int) func(header, payload []byte) error {
	profile := srtp.ProtectionProfileAeadAes128Gcm
	if key == 32 {
		profile = srtp.ProtectionProfileAeadAes256Gcm
	}
	context, err := srtp.CreateContext(make([]byte, key), make([]byte, saltSize), profile)
	if err != nil {
		b.Fatal(err)
	}
	dst, parsed := make([]byte, 2000), &rtp.Header{}
	return func(header, payload []byte) error {
		_, err := context.EncryptRTP(dst, header[:len(header)+len(payload)], parsed)
		return err
	}
}
