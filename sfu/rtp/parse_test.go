package rtp_test

import (
	"bytes"
	"errors"
	"testing"

	oracle "github.com/pion/rtp"

	"palabre/sfu/rtp"
)

// chromium binds the extensions to the ids Chromium usually offers.
func chromium(t testing.TB) *rtp.Extensions {
	t.Helper()
	var ids rtp.Extensions
	for id, e := range []rtp.Extension{
		1: rtp.AudioLevel, 2: rtp.AbsSendTime, 3: rtp.TransportSequence, 4: rtp.MID, 5: rtp.PlayoutDelay,
		6: rtp.ContentType, 8: rtp.DependencyDescriptor, 9: rtp.LayersAllocation, 10: rtp.RID,
		11: rtp.RepairedRID, 12: rtp.AbsCaptureTime, 13: rtp.Orientation,
	} {
		if e == 0 {
			continue
		}
		if err := ids.Bind(e, uint8(id)); err != nil {
			t.Fatal(err)
		}
	}
	return &ids
}

// marshal makes a packet with the reference implementation.
func marshal(t testing.TB, p *oracle.Packet) []byte {
	t.Helper()
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func videoPacket(t testing.TB) []byte {
	t.Helper()
	p := &oracle.Packet{
		Header: oracle.Header{
			Version: 2, Marker: true, PayloadType: 96, SequenceNumber: 65535, Timestamp: 0xDEADBEEF, SSRC: 0xCAFE0001,
			CSRC: []uint32{1, 2},
		},
		Payload: []byte("frame data"),
	}
	for id, data := range map[uint8][]byte{
		1: {0x80 | 30}, 2: {1, 2, 3}, 3: {0x12, 0x34}, 4: []byte("2"), 5: {0, 0x10, 0x20}, 6: {1}, 10: []byte("hi"),
		11: []byte("lo"), 12: {0, 0, 0, 1, 0, 0, 0, 2}, 13: {3}, 7: {9, 9},
	} {
		if err := p.SetExtension(id, data); err != nil {
			t.Fatal(err)
		}
	}
	return marshal(t, p)
}

func TestParseReadsEveryField(t *testing.T) {
	raw := videoPacket(t)
	var h rtp.Header
	if err := rtp.Parse(raw, chromium(t), &h); err != nil {
		t.Fatal(err)
	}
	if !h.Marker || h.PayloadType != 96 || h.SequenceNumber != 65535 || h.Timestamp != 0xDEADBEEF || h.SSRC != 0xCAFE0001 {
		t.Errorf("fixed fields: %+v", h)
	}
	if string(h.MID(raw)) != "2" || string(h.RID(raw)) != "hi" || string(h.RepairedRID(raw)) != "lo" {
		t.Errorf("identifiers: mid %q rid %q repaired %q", h.MID(raw), h.RID(raw), h.RepairedRID(raw))
	}
	if h.AudioLevel != 30 || !h.Voice || h.TransportSequence != 0x1234 || h.AbsSendTime != 0x010203 {
		t.Errorf("values: %+v", h.Values)
	}
	if h.PlayoutDelay != 0x1020 || h.ContentType != 1 || h.Orientation != 3 || h.AbsCaptureTime != 1<<32|2 {
		t.Errorf("rare values: %+v", h.Values)
	}
	if h.Has(rtp.DependencyDescriptor) || h.DependencyDescriptor(raw) != nil && len(h.DependencyDescriptor(raw)) > 0 {
		t.Error("a dependency descriptor out of nothing")
	}
	if string(h.Payload(raw)) != "frame data" || h.PayloadSize() != 10 {
		t.Errorf("payload %q", h.Payload(raw))
	}
}

func TestParseWithoutNegotiatedExtensionsReadsNone(t *testing.T) {
	raw := videoPacket(t)
	var h rtp.Header
	if err := rtp.Parse(raw, &rtp.Extensions{}, &h); err != nil {
		t.Fatal(err)
	}
	if h.Present != 0 || len(h.MID(raw)) != 0 {
		t.Errorf("present %b, mid %q", h.Present, h.MID(raw))
	}
}

func TestParseTwoByteForm(t *testing.T) {
	var ids rtp.Extensions
	if err := errors.Join(ids.Bind(rtp.MID, 200), ids.Bind(rtp.DependencyDescriptor, 1)); err != nil {
		t.Fatal(err)
	}
	descriptor := bytes.Repeat([]byte{7}, 40)
	p := &oracle.Packet{Header: oracle.Header{Version: 2, Extension: true, ExtensionProfile: 0x1000}, Payload: []byte{1}}
	if err := errors.Join(p.SetExtension(200, []byte("a long media section name")), p.SetExtension(1, descriptor)); err != nil {
		t.Fatal(err)
	}
	raw := marshal(t, p)
	var h rtp.Header
	if err := rtp.Parse(raw, &ids, &h); err != nil {
		t.Fatal(err)
	}
	if string(h.MID(raw)) != "a long media section name" || !bytes.Equal(h.DependencyDescriptor(raw), descriptor) {
		t.Errorf("mid %q, descriptor %x", h.MID(raw), h.DependencyDescriptor(raw))
	}
}

func TestParsePadding(t *testing.T) {
	fixed := []byte{0xA0, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}
	tests := []struct {
		name    string
		tail    []byte
		payload int
		want    error
	}{
		{"payload and padding", []byte{1, 2, 3, 0, 2}, 3, nil},
		{"only padding", []byte{0, 0, 0, 4}, 0, nil},
		{"nothing at all", nil, 0, rtp.ErrPadding},
		{"zero", []byte{1, 2, 0}, 0, rtp.ErrPadding},
		{"more than there is", []byte{1, 2, 4}, 0, rtp.ErrPadding},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h rtp.Header
			err := rtp.Parse(append(bytes.Clone(fixed), test.tail...), chromium(t), &h)
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if err == nil && h.PayloadSize() != test.payload {
				t.Errorf("payload of %d bytes, want %d", h.PayloadSize(), test.payload)
			}
		})
	}
}

func TestBindRefusesWhatCannotBe(t *testing.T) {
	var ids rtp.Extensions
	if err := ids.Bind(rtp.MID, 4); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		e  rtp.Extension
		id uint8
	}{{rtp.RID, 0}, {rtp.RID, 15}, {rtp.RID, 4}, {0, 3}, {99, 3}} {
		if ids.Bind(bad.e, bad.id) == nil {
			t.Errorf("extension %d was bound to id %d", bad.e, bad.id)
		}
	}
	if err := ids.Bind(rtp.MID, 5); err != nil || ids.ID(rtp.MID) != 5 {
		t.Errorf("moving an id: %v, id %d", err, ids.ID(rtp.MID))
	}
	if err := ids.Bind(rtp.RID, 4); err != nil {
		t.Errorf("a free id was refused: %v", err)
	}
}

func TestEveryExtensionHasItsURI(t *testing.T) {
	for e := rtp.MID; e.URI() != ""; e++ {
		if got, ok := rtp.ExtensionByURI(e.URI()); !ok || got != e {
			t.Errorf("%s is %d, not %d", e.URI(), got, e)
		}
	}
	if _, ok := rtp.ExtensionByURI(""); ok {
		t.Error("an empty URI names an extension")
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	raw, ids := videoPacket(t), chromium(t)
	var h rtp.Header
	broken := raw[:14]
	if n := testing.AllocsPerRun(1000, func() {
		_ = rtp.Parse(raw, ids, &h)
		_ = rtp.Parse(broken, ids, &h)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkParse(b *testing.B) {
	raw, ids := videoPacket(b), chromium(b)
	var h rtp.Header
	b.ReportAllocs()
	for b.Loop() {
		if err := rtp.Parse(raw, ids, &h); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParse compares with the reference implementation: what both take must
// mean the same, and what we take must lie within the packet.
func FuzzParse(f *testing.F) {
	f.Add(videoPacket(f))
	for _, c := range malformed() {
		f.Add(c.raw)
	}
	ids := chromium(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h rtp.Header
		if rtp.Parse(raw, ids, &h) != nil {
			return
		}
		if h.HeaderSize()+h.PayloadSize()+int(h.Padding) != len(raw) {
			t.Fatalf("%d + %d + %d is not %d", h.HeaderSize(), h.PayloadSize(), h.Padding, len(raw))
		}
		for _, part := range [][]byte{h.MID(raw), h.RID(raw), h.RepairedRID(raw), h.DependencyDescriptor(raw), h.LayersAllocation(raw)} {
			if len(part) > 255 {
				t.Fatal("an element longer than elements can be")
			}
		}
		var o oracle.Packet
		if o.Unmarshal(raw) != nil {
			return
		}
		if o.SSRC != h.SSRC || o.SequenceNumber != h.SequenceNumber || o.Timestamp != h.Timestamp ||
			o.PayloadType != h.PayloadType || o.Marker != h.Marker || !bytes.Equal(o.Payload, h.Payload(raw)) {
			t.Fatalf("read differently: %+v and %+v", o.Header, h)
		}
	})
}
