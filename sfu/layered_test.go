package sfu_test

import (
	"encoding/binary"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/sfu/descriptor"
	"palabre/sfu/descriptor/descriptortest"
	header "palabre/sfu/rtp"
)

// able makes the PeerConnections of clients with these header extensions of
// video, and what else they can. They report no arrivals, so that nothing is
// sent to them but what is published.
func able(t *testing.T, extensions []header.Extension, also ...func(*webrtc.MediaEngine) error) *webrtc.API {
	t.Helper()
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	m, ir := &webrtc.MediaEngine{}, &interceptor.Registry{}
	also = append(also, (*webrtc.MediaEngine).RegisterDefaultCodecs, func(*webrtc.MediaEngine) error { return webrtc.ConfigureRTCPReports(ir) })
	for _, e := range extensions {
		also = append(also, func(m *webrtc.MediaEngine) error {
			return m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: e.URI()}, webrtc.RTPCodecTypeVideo)
		})
	}
	for _, set := range also {
		if err := set(m); err != nil {
			t.Fatal(err)
		}
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(ir))
}

// described is a client's that knows dependency descriptors.
func described(t *testing.T) *webrtc.API {
	return able(t, []header.Extension{header.DependencyDescriptor})
}

// scalable sends one stream of layers, as a browser does with the scalability
// mode L3T2 or, with one spatial layer, L1T2: of every picture a packet for
// each spatial layer, that ends with its layer and the number of the picture.
type scalable struct {
	client    *client
	spatials  int
	structure descriptor.Structure
	id        uint8
	wanted    atomic.Bool // a key frame
	// payload makes what comes before the stamp; nil for nothing in particular.
	payload func(key, start bool, picture uint16) []byte
	source
}

func newScalable(c *client, spatials int) *scalable {
	s := &scalable{client: c, spatials: spatials, source: source{stop: make(chan struct{})}}
	s.structure.Targets = uint8(2 * spatials)
	for sid := range spatials {
		for tid := range 2 {
			s.structure.Templates = append(s.structure.Templates, descriptor.Frame{
				Spatial: uint8(sid), Temporal: uint8(tid), Indications: s.indications(sid, tid, true),
			})
		}
		s.structure.Sizes = append(s.structure.Sizes, descriptor.Size{WidthMinus1: 320<<sid - 1, HeightMinus1: 180<<sid - 1})
	}
	for _, e := range c.mids.camera.Sender().GetParameters().HeaderExtensions {
		if e.URI == header.DependencyDescriptor.URI() {
			s.id = uint8(e.ID)
		}
	}
	c.mu.Lock()
	c.pictured = func(rtcp.PictureLossIndication) { s.wanted.Store(true) }
	c.mu.Unlock()
	return s
}

func (s *scalable) indications(sid, tid int, key bool) (all descriptor.Indications) {
	for target := range 2 * s.spatials {
		what := descriptor.Required
		switch spatial, temporal := target/2, target%2; {
		case spatial < sid || temporal < tid:
			what = descriptor.NotPresent
		case key || spatial == sid && tid == 0:
			what = descriptor.Switch
		case tid > 0:
			what = descriptor.Discardable
		}
		all |= descriptor.Indications(what) << (2 * target)
	}
	return all
}

// run sends 50 pictures a second, key frames when asked for.
func (s *scalable) run() *scalable {
	s.done.Go(func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		sequence, number := uint16(0), uint16(0)
		for n, since := uint16(0), 0; ; n, since = n+1, since+1 {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			key := n == 0 || s.wanted.Swap(false)
			if key {
				since = 0
			}
			for sid := range s.spatials {
				s.send(sid, since%2, key, n, sequence, number)
				sequence, number = sequence+1, number+1
			}
		}
	})
	return s
}

func (s *scalable) send(sid, tid int, key bool, picture, sequence, number uint16) {
	d := descriptor.Descriptor{
		Start: true, End: true, Number: number, Template: uint8(2*sid + tid), Structure: &s.structure,
		Attached: key && sid == 0, CustomIndications: true, CustomDiffs: true,
	}
	d.Indications = s.indications(sid, tid, key)
	refer := func(back int) { d.Diffs[d.DiffCount], d.DiffCount = uint16(back), d.DiffCount+1 }
	if !key {
		refer((2 - tid) * s.spatials)
	}
	if sid > 0 {
		refer(1)
	}
	p := &rtp.Packet{Header: rtp.Header{
		Version: 2, SequenceNumber: sequence, Timestamp: uint32(picture) * 1800, Marker: sid == s.spatials-1,
		Extension: true, ExtensionProfile: 0x1000,
	}}
	if s.payload != nil {
		p.Payload = s.payload(key, true, picture)
	}
	p.Payload = append(p.Payload, make([]byte, 60*(sid+1))...)
	p.Payload = append(binary.BigEndian.AppendUint16(p.Payload, picture), byte(sid), byte(tid))
	if s.id != 0 {
		if err := p.SetExtension(s.id, descriptortest.Append(nil, &d)); err != nil {
			s.client.t.Error(err)
		}
	}
	_ = s.client.camera[""].WriteRTP(p)
}

// piece is one packet of a scalable stream as a viewer got it.
type piece struct {
	sid, tid uint8
	picture  uint16
	*rtp.Packet
}

func pieces(packets []*rtp.Packet) (all []piece) {
	for _, p := range packets {
		if n := len(p.Payload); n >= 4 {
			all = append(all, piece{p.Payload[n-2], p.Payload[n-1], binary.BigEndian.Uint16(p.Payload[n-4:]), p})
		}
	}
	return all
}

// follow reads the descriptors a viewer got, as its decoder does: everything a
// frame refers to came before, and the mask holds what comes.
func follow(t *testing.T, viewer *client, packets []*rtp.Packet) (last descriptor.Descriptor) {
	t.Helper()
	id := uint8(0)
	for _, e := range viewer.seatLines[0][1].Receiver().GetParameters().HeaderExtensions {
		if e.URI == header.DependencyDescriptor.URI() {
			id = uint8(e.ID)
		}
	}
	var r descriptor.Reader
	came := map[uint16]bool{}
	for i, p := range pieces(packets) {
		if err := r.Read(p.GetExtension(id), &last); err != nil {
			t.Fatalf("packet %d has descriptor %x: %v", i, p.GetExtension(id), err)
		}
		if last.Spatial != p.sid || last.Temporal != p.tid || last.Active>>(2*p.sid+p.tid)&1 == 0 {
			t.Fatalf("packet %d of layer %d.%d is described as %+v", i, p.sid, p.tid, last)
		}
		for _, diff := range last.Diffs[:last.DiffCount] {
			if !came[last.Number-diff] {
				t.Fatalf("packet %d (layer %d.%d, picture %d) refers to frame %d, which did not come", i, p.sid, p.tid, p.picture, last.Number-diff)
			}
		}
		came[last.Number] = true
	}
	return last
}

// shows waits until the last pictures a viewer got have these highest ids.
func shows(t *testing.T, viewer *client, sid, tid uint8) {
	t.Helper()
	until(t, "the right layers", func() bool {
		all := pieces(viewer.video(0))
		if len(all) < 30 {
			return false
		}
		var s, tt uint8
		for _, p := range all[len(all)-12:] {
			s, tt = max(s, p.sid), max(tt, p.tid)
		}
		return s == sid && tt == tid
	})
}

// whole checks that the marker is on the last packet of every picture, and on no other.
func whole(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	all := pieces(packets)
	for i := 1; i < len(all); i++ {
		if next := all[i].picture != all[i-1].picture; all[i-1].Marker != next {
			t.Fatalf("marker %v at layer %d of picture %d, followed by layer %d of picture %d",
				all[i-1].Marker, all[i-1].sid, all[i-1].picture, all[i].sid, all[i].picture)
		}
	}
}

func pli() rtcp.Packet { return &rtcp.PictureLossIndication{} }
