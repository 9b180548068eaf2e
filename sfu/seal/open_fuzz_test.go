package seal

import (
	"bytes"
	"testing"

	"github.com/pion/srtp/v3"
)

// FuzzOpen: no datagram crashes an opener or is taken for what nobody sealed;
// what Pion seals of it is opened again.
func FuzzOpen(f *testing.F) {
	f.Add(append(header(1, 1), "payload"...), uint16(3))
	f.Add(append([]byte{0x91}, make([]byte, 19)...), uint16(0))
	f.Add(append([]byte{0x9F}, bytes.Repeat([]byte{0xFF}, 90)...), uint16(9))
	f.Add(report(1, 40), uint16(39))
	f.Fuzz(func(t *testing.T, packet []byte, spoiled uint16) {
		key, salt := make([]byte, 16), make([]byte, saltSize)
		for name, kind := range map[string]struct {
			open func(o *Opener, b []byte) ([]byte, error)
			seal func(c *srtp.Context) ([]byte, error)
		}{
			"RTP":  {(*Opener).RTP, func(c *srtp.Context) ([]byte, error) { return c.EncryptRTP(nil, packet, nil) }},
			"RTCP": {(*Opener).RTCP, func(c *srtp.Context) ([]byte, error) { return c.EncryptRTCP(nil, packet, nil) }},
		} {
			o := opens(t, key, salt)
			if _, err := kind.open(o, bytes.Clone(packet)); err == nil {
				t.Fatalf("%s was taken as it is", name)
			}
			sealed, err := kind.seal(pion(t, key, salt))
			if err != nil || packet[0]>>6 != 2 {
				continue // Pion seals another version of RTP, but that is not ours
			}
			other := bytes.Clone(sealed)
			other[int(spoiled)%len(other)] ^= 0x80
			if _, err := kind.open(o, other); err == nil {
				t.Fatalf("%s was taken with byte %d changed", name, int(spoiled)%len(other))
			}
			plain, err := kind.open(o, sealed)
			if err != nil || !bytes.Equal(plain, packet) {
				t.Fatalf("%s %x opened to %x, error %v", name, packet, plain, err)
			}
		}
	})
}
