package cheap

import (
	"testing"

	"github.com/pion/rtp"
)

func packetWith(t *testing.T, profile uint16, ids map[uint8][]byte, csrc ...uint32) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 1, SequenceNumber: 2, CSRC: csrc}, Payload: []byte("payload")}
	if profile != 0 {
		p.Extension, p.ExtensionProfile = true, profile
	}
	for id, value := range ids {
		if err := p.SetExtension(id, value); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestHeaderExtensionIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		raw   []byte
		want  uint16
		found bool
	}{
		"one byte":      {packetWith(t, 0xbede, map[uint8][]byte{1: []byte("mid"), 5: {0x12, 0x34}}), 0x1234, true},
		"two bytes":     {packetWith(t, 0x1000, map[uint8][]byte{1: {}, 5: {0x12, 0x34}, 9: []byte("x")}), 0x1234, true},
		"behind CSRCs":  {packetWith(t, 0xbede, map[uint8][]byte{5: {0x12, 0x34}}, 7, 8), 0x1234, true},
		"another id":    {packetWith(t, 0xbede, map[uint8][]byte{4: {0x12, 0x34}}), 0, false},
		"none":          {packetWith(t, 0, nil), 0, false},
		"other profile": {packetWith(t, 0x4242, map[uint8][]byte{0: {5 << 4, 0, 0, 0}}), 0, false},
	} {
		got, found := element(c.raw, 5)
		if got != c.want || found != c.found {
			t.Errorf("%s: %x %v, want %x %v", name, got, found, c.want, c.found)
		}
		if start, ok := payloadStart(c.raw); !ok || string(c.raw[start:]) != "payload" {
			t.Errorf("%s: the payload is not at %d (%v)", name, start, ok)
		}
	}
}

// FuzzHeader holds the two readers of clear headers against Pion's.
func FuzzHeader(f *testing.F) {
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x51, 1, 2, 0})
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x10, 0, 0, 1, 5, 2, 1, 2})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) < rtpHeader {
			return
		}
		_, found := element(raw, 5)
		start, ok := payloadStart(raw)
		if found && !ok {
			t.Fatal("an extension in a packet that is too short for it")
		}
		var h rtp.Header
		if n, err := h.Unmarshal(raw); err == nil && (!ok || start != n) {
			t.Fatalf("the header ends at %d (%v), Pion says %d", start, ok, n)
		}
	})
}
