package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// BenchmarkSeal measures a packet as it is sent, header with extension and
// payload not yet in place: by the cipher alone, by a Sealer, by pion/srtp.
func BenchmarkSeal(b *testing.B) {
	for _, bits := range []int{128, 256} {
		for _, size := range []int{100, 1150} {
			for _, way := range []struct {
				name string
				run  func(b *testing.B, key, header, payload []byte)
			}{{"cipher", benchmarkCipher}, {"sealer", benchmarkSealer}, {"pion", benchmarkPion}} {
				b.Run(fmt.Sprintf("bits=%d/bytes=%d/by=%s", bits, size, way.name), func(b *testing.B) {
					h := append(header(1, 0), 0xBE, 0xDE, 0, 2, 0x31, 0, 0, 0x10, '0', 0, 0, 0)
					h[0] |= 0x10
					b.ReportAllocs()
					b.SetBytes(int64(size))
					way.run(b, make([]byte, bits/8), h, make([]byte, size))
				})
			}
		}
	}
}

func benchmarkCipher(b *testing.B, key, h, payload []byte) {
	block, err := aes.NewCipher(key)
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	nonce, dst := make([]byte, saltSize), make([]byte, 2000)
	for b.Loop() {
		aead.Seal(dst[:0], nonce, payload, h)
	}
}

func benchmarkSealer(b *testing.B, key, h, payload []byte) {
	s := sealer(b, key, make([]byte, saltSize))
	dst := make([]byte, 2000)
	for number := uint16(0); b.Loop(); number++ {
		binary.BigEndian.PutUint16(h[2:], number)
		binary.BigEndian.PutUint32(h[8:], uint32(number&1)) // sound and picture in turns
		if _, err := s.RTP(dst[:0], h, payload); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkPion(b *testing.B, key, h, payload []byte) {
	profile := srtp.ProtectionProfileAeadAes128Gcm
	if len(key) == 32 {
		profile = srtp.ProtectionProfileAeadAes256Gcm
	}
	context, err := srtp.CreateContext(key, make([]byte, saltSize), profile)
	if err != nil {
		b.Fatal(err)
	}
	dst, packet := make([]byte, 2000), append(h, payload...)
	var parsed rtp.Header // taken again for each packet, as a careful caller does
	for number := uint16(0); b.Loop(); number++ {
		binary.BigEndian.PutUint16(packet[2:], number)
		binary.BigEndian.PutUint32(packet[8:], uint32(number&1))
		if _, err := context.EncryptRTP(dst, packet, &parsed); err != nil {
			b.Fatal(err)
		}
	}
}
