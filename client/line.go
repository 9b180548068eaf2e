package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// Line is one source being published. It stays the same over reconnections.
type Line struct {
	declared Send
	kind     webrtc.RTPCodecType
	layers   []*Layer

	mid   atomic.Pointer[string]
	level atomic.Uint32 // the audio level extension's byte
	ready *atomic.Bool  // the session's media path is up

	connected func(context.Context) error // waits for the media path
	player    *player                     // what Play left off with
}

// Layer is one RTP stream of a line: one of its simulcast layers, or all there is.
// Only one goroutine at a time may write to a layer.
type Layer struct {
	line   *Line
	rid    string
	bound  atomic.Pointer[binding]
	wanted atomic.Bool
	wish   atomic.Pointer[protocol.LayerWish]
	keys   chan struct{}
	buffer rtp.Packet // reused for every write

	reading sync.WaitGroup
}

// binding is what negotiation gave one layer.
type binding struct {
	id            string
	ssrc          webrtc.SSRC
	payloadType   uint8
	out           webrtc.TrackLocalWriter
	mid, rid, lvl uint8 // header extension ids, 0 when not negotiated
}

// quiet is the audio level of lines that never set one: ordinary speech,
// so that a file's sound counts as somebody speaking.
const quiet = 0x80 | 30

func newLine(declared Send, ready *atomic.Bool) *Line {
	kind, _ := kindOf(declared.Source)
	l := &Line{declared: declared, kind: kind, ready: ready}
	l.level.Store(quiet)
	rids := declared.RIDs
	if len(rids) == 0 {
		rids = []string{""}
	}
	for _, rid := range rids {
		layer := &Layer{line: l, rid: rid, keys: make(chan struct{}, 1)}
		layer.wanted.Store(true)
		layer.wish.Store(&protocol.LayerWish{RID: rid})
		l.layers = append(l.layers, layer)
	}
	return l
}

// Source returns what the line publishes.
func (l *Line) Source() protocol.Source { return l.declared.Source }

// Codec returns the MIME type of what must be written to the line.
func (l *Line) Codec() string { return l.declared.codec() }

// Layers returns the line's streams, lowest first; there is always one.
func (l *Line) Layers() []*Layer { return l.layers }

// SetLevel says how loud the next packets are, in -dBov (0 loudest, 127
// silence), and whether they hold speech (RFC 6464).
func (l *Line) SetLevel(dBov uint8, voice bool) {
	level := uint32(min(dBov, 127))
	if voice {
		level |= 0x80
	}
	l.level.Store(level)
}

// WriteRTP writes to the first layer, the only one without simulcast.
func (l *Line) WriteRTP(p *rtp.Packet) error { return l.layers[0].WriteRTP(p) }

// want applies the server's word about who watches. The only layer of a line
// is meant whatever it is called.
func (l *Line) want(wanted protocol.Layers) {
	for _, layer := range l.layers {
		wish := protocol.LayerWish{RID: layer.rid}
		for _, w := range wanted.Wishes {
			if strings.EqualFold(w.RID, layer.rid) {
				wish = w
			}
		}
		layer.wish.Store(&wish)
		layer.want(containsFold(wanted.RIDs, layer.rid) || len(l.layers) == 1 && len(wanted.RIDs) > 0)
	}
}

// RID returns the layer's name in its line, empty without simulcast.
func (l *Layer) RID() string { return l.rid }

// Wanted says whether somebody watches this layer. Writing to an unwanted
// layer is allowed and wasted. When a layer becomes wanted again it starts
// with a key frame, which is asked for through KeyFrames.
func (l *Layer) Wanted() bool { return l.wanted.Load() }

// KeyFrames delivers the receivers' requests for a key frame (PLI and FIR).
// Requests that come before the last was taken are one.
func (l *Layer) KeyFrames() <-chan struct{} { return l.keys }

// Wish says the most anybody shows of this layer, as far as the server has
// said: what is larger may be sent scaled down to that.
func (l *Layer) Wish() protocol.LayerWish { return *l.wish.Load() }

func (l *Layer) want(wanted bool) {
	if !l.wanted.Swap(wanted) && wanted {
		l.askKeyFrame()
	}
}

func (l *Layer) askKeyFrame() {
	select {
	case l.keys <- struct{}{}:
	default: // one request is waiting already
	}
}

// WriteRTP sends one packet: its sequence number, timestamp, marker and
// payload as they are, with the SSRC, payload type and header extensions that
// were negotiated. It returns [ErrNotConnected] while the media path is down.
func (l *Layer) WriteRTP(p *rtp.Packet) error {
	to := l.bound.Load()
	if to == nil || !l.line.ready.Load() {
		return ErrNotConnected
	}
	h := &l.buffer.Header
	*h = rtp.Header{
		Version: 2, Marker: p.Marker, PayloadType: to.payloadType,
		SequenceNumber: p.SequenceNumber, Timestamp: p.Timestamp, SSRC: uint32(to.ssrc),
		Extensions: h.Extensions[:0],
	}
	if err := l.extend(h, to); err != nil {
		return fmt.Errorf("writing to the %s: %w", l.line.declared.Source, err)
	}
	if _, err := to.out.WriteRTP(h, p.Payload); err != nil {
		return fmt.Errorf("writing to the %s: %w", l.line.declared.Source, err)
	}
	return nil
}

// extend names the line in every packet, so that the server knows it by the
// first one that arrives.
func (l *Layer) extend(h *rtp.Header, to *binding) error {
	if mid := l.line.mid.Load(); mid != nil && to.mid != 0 {
		if err := h.SetExtension(to.mid, []byte(*mid)); err != nil {
			return err
		}
	}
	if l.rid != "" && to.rid != 0 {
		if err := h.SetExtension(to.rid, []byte(l.rid)); err != nil {
			return err
		}
	}
	if to.lvl != 0 {
		return h.SetExtension(to.lvl, []byte{byte(l.line.level.Load())})
	}
	return nil
}

// errCodecRefused says that an answer left out the codec a line is made of.
var errCodecRefused = errors.New("the server does not take the line's codec")

// track is a Layer as Pion sees it, so that the layer's own methods stay few.
type track struct{ *Layer }

// Bind implements webrtc.TrackLocal.
func (t track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, codec := range c.CodecParameters() {
		if !strings.EqualFold(codec.MimeType, t.line.Codec()) {
			continue
		}
		to := &binding{id: c.ID(), ssrc: c.SSRC(), payloadType: uint8(codec.PayloadType), out: c.WriteStream()}
		for _, x := range c.HeaderExtensions() {
			switch x.URI {
			case sdp.SDESMidURI:
				to.mid = uint8(x.ID)
			case sdp.SDESRTPStreamIDURI:
				to.rid = uint8(x.ID)
			case audioLevelURI:
				if t.line.kind == webrtc.RTPCodecTypeAudio {
					to.lvl = uint8(x.ID)
				}
			}
		}
		t.bound.Store(to)
		t.reading.Go(func() { t.readRTCP(c) })
		return codec, nil
	}
	return webrtc.RTPCodecParameters{}, fmt.Errorf("%w: %s", errCodecRefused, t.line.Codec())
}

// Unbind implements webrtc.TrackLocal.
func (t track) Unbind(c webrtc.TrackLocalContext) error {
	if to := t.bound.Load(); to != nil && to.id == c.ID() {
		t.bound.Store(nil)
	}
	return nil
}

// ID implements webrtc.TrackLocal.
func (t track) ID() string { return string(t.line.declared.Source) }

// StreamID implements webrtc.TrackLocal: a source and its sound are one
// stream, so that receivers keep them in step.
func (t track) StreamID() string {
	switch t.line.declared.Source {
	case protocol.SourceScreen, protocol.SourceScreenAudio:
		return "screen"
	default:
		return "person"
	}
}

// Kind implements webrtc.TrackLocal.
func (t track) Kind() webrtc.RTPCodecType { return t.line.kind }

// brokenFeedback is how many unreadable RTCP packets in a row a layer puts up
// with before it stops listening; one of them costs nothing but itself.
const brokenFeedback = 100

// readRTCP takes the receivers' feedback until the PeerConnection is closed;
// reading is also what lets the interceptors answer NACKs.
func (l *Layer) readRTCP(c webrtc.TrackLocalContext) {
	buffer := make([]byte, 1500)
	for broken := 0; broken < brokenFeedback; {
		n, attributes, err := c.RTCPReader().Read(buffer, nil)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
			return
		}
		if err != nil {
			broken++
			continue
		}
		broken = 0
		packets, err := attributes.GetRTCPPackets(buffer[:n])
		if err != nil {
			continue
		}
		l.heed(packets, uint32(c.SSRC()))
	}
}

func (l *Layer) heed(packets []rtcp.Packet, ssrc uint32) {
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.PictureLossIndication:
			if p.MediaSSRC == ssrc {
				l.askKeyFrame()
			}
		case *rtcp.FullIntraRequest:
			for _, entry := range p.FIR {
				if entry.SSRC == ssrc {
					l.askKeyFrame()
				}
			}
		}
	}
}

// wait returns when nothing reads for the line any more; its PeerConnection
// must be closed.
func (l *Line) wait() {
	for _, layer := range l.layers {
		layer.reading.Wait()
	}
}
