package clienttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// seat is an outgoing stream to one receive-only line. Whoever sits in it, its
// sequence numbers and timestamps go on without a break.
type seat struct {
	person *person
	kind   webrtc.RTPCodecType
	mid    string

	mu       sync.Mutex
	out      webrtc.TrackLocalWriter
	ssrc     uint32
	pt       uint8
	from     *source
	sequence uint16
	offset   uint32 // what is added to the source's timestamps
	last     uint32
	count    int64
}

// Bind implements webrtc.TrackLocal.
func (s *seat) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	s.mu.Lock()
	s.out, s.ssrc, s.pt = c.WriteStream(), uint32(c.SSRC()), uint8(c.CodecParameters()[0].PayloadType)
	s.mu.Unlock()
	s.person.reading.Go(func() {
		buffer := make([]byte, 1500)
		for {
			n, a, err := c.RTCPReader().Read(buffer, nil)
			if err != nil {
				return
			}
			packets, _ := a.GetRTCPPackets(buffer[:n])
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					s.askKeyFrame()
				}
			}
		}
	})
	return c.CodecParameters()[0], nil
}

// Unbind implements webrtc.TrackLocal.
func (s *seat) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID implements webrtc.TrackLocal.
func (s *seat) ID() string { return s.mid }

// RID implements webrtc.TrackLocal.
func (s *seat) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (s *seat) StreamID() string { return "seat" }

// Kind implements webrtc.TrackLocal.
func (s *seat) Kind() webrtc.RTPCodecType { return s.kind }

func (s *seat) sit(from *source) {
	s.mu.Lock()
	changed := s.from != from
	s.from = from
	if changed && from != nil {
		s.offset = s.last + 3000 - from.newest()
	}
	s.mu.Unlock()
	if changed && from != nil && s.kind == webrtc.RTPCodecTypeVideo {
		from.askKeyFrame()
	}
}

func (s *seat) askKeyFrame() {
	s.mu.Lock()
	from := s.from
	s.mu.Unlock()
	if from != nil {
		from.askKeyFrame()
	}
}

func (s *seat) write(from *source, p *rtp.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from != from || s.out == nil {
		return
	}
	s.sequence++
	s.last = p.Timestamp + s.offset
	h := rtp.Header{
		Version: 2, Marker: p.Marker, PayloadType: s.pt,
		SequenceNumber: s.sequence, Timestamp: s.last, SSRC: s.ssrc,
	}
	s.count++
	_, _ = s.out.WriteRTP(&h, p.Payload)
}

// source is one stream a person sends.
type source struct {
	person *person
	pc     *webrtc.PeerConnection
	track  *webrtc.TrackRemote

	mu       sync.Mutex
	lastTime uint32
}

func (s *source) newest() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastTime
}

func (s *source) askKeyFrame() {
	_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(s.track.SSRC())}})
}

func (p *person) askKeyFrames() {
	p.media.Lock()
	defer p.media.Unlock()
	for _, s := range p.sources {
		if s.track.Kind() == webrtc.RTPCodecTypeVideo {
			s.askKeyFrame()
		}
	}
}

// negotiate answers an offer.
func (p *person) negotiate(m protocol.ClientMessage) {
	var offer protocol.Offer
	answer, err := "", json.Unmarshal(m.Data, &offer)
	if err == nil {
		answer, err = p.answer(offer)
	}
	if err != nil {
		p.send(protocol.TypeError, m.ID, protocol.Error{Code: protocol.CodeBadOffer, Message: err.Error()})
		return
	}
	p.server.mu.Lock()
	p.server.offers++
	p.server.mu.Unlock()
	p.send(protocol.TypeAnswer, m.ID, protocol.Answer{SDP: answer})
	p.server.seatAll()
}

func (p *person) answer(offer protocol.Offer) (string, error) {
	if p.server == nil || p.id == "" {
		return "", fmt.Errorf("nobody is here")
	}
	print := fingerprint(offer.SDP)
	p.media.Lock()
	another := p.pc != nil && p.print != print
	p.media.Unlock()
	if another {
		p.closeMedia() // another certificate: the client made a new PeerConnection
	}
	p.media.Lock()
	defer p.media.Unlock()
	if p.pc == nil {
		if err := p.connect(); err != nil {
			return "", err
		}
	}
	p.print = print
	p.lines = offer.Lines
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.SDP}); err != nil {
		return "", err
	}
	for _, t := range p.pc.GetTransceivers() {
		if t.Direction() != webrtc.RTPTransceiverDirectionSendonly || p.seats[t.Mid()] != nil {
			continue
		}
		s := &seat{person: p, kind: t.Kind(), mid: t.Mid()}
		if _, err := p.pc.AddTrack(s); err != nil {
			return "", err
		}
		p.seats[t.Mid()] = s
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return p.pc.LocalDescription().SDP, nil
}

func fingerprint(sdp string) string {
	_, after, _ := strings.Cut(sdp, "a=fingerprint:")
	line, _, _ := strings.Cut(after, "\r")
	return line
}

func (p *person) connect() error {
	engine, chain := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return err
	}
	if err := webrtc.RegisterDefaultInterceptors(engine, chain); err != nil {
		return err
	}
	level := webrtc.RTPHeaderExtensionCapability{URI: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}
	if err := engine.RegisterHeaderExtension(level, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return err
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(chain),
		webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	p.pc, p.seats, p.sources = pc, map[string]*seat{}, map[string]*source{}
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { p.take(pc, t, r) })
	return nil
}

// take forwards what a person sends to every seat they sit in.
func (p *person) take(pc *webrtc.PeerConnection, t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	from := &source{person: p, pc: pc, track: t}
	p.media.Lock()
	if p.pc != pc {
		p.media.Unlock()
		return
	}
	p.reading.Add(1)
	for _, transceiver := range pc.GetTransceivers() {
		if transceiver.Receiver() == r {
			p.sources[transceiver.Mid()] = from
		}
	}
	p.media.Unlock()
	defer p.reading.Done()
	p.server.seatAll()
	for n := int64(0); ; n++ {
		packet, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		from.mu.Lock()
		from.lastTime = packet.Timestamp
		from.mu.Unlock()
		p.server.forward(from, packet, n%100)
	}
}

func (s *Server) forward(from *source, packet *rtp.Packet, percentile int64) {
	for _, p := range s.everybody() {
		p.media.Lock()
		for _, seat := range p.seats {
			if percentile < p.lose.Load() && seat.kind == webrtc.RTPCodecTypeVideo {
				seat.skip(from)
				continue
			}
			seat.write(from, packet)
		}
		p.media.Unlock()
	}
}

// skip leaves a gap that cannot be filled.
func (s *seat) skip(from *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == from {
		s.sequence++
		s.person.server.skipped.Add(1)
	}
}

func (p *person) closeMedia() {
	p.media.Lock()
	pc := p.pc
	p.pc, p.seats, p.sources = nil, nil, nil
	p.media.Unlock()
	if pc != nil {
		_ = pc.GracefulClose()
	}
	p.reading.Wait()
}

// source returns what a person sends on one of their lines.
func (p *person) source(mid string) *source {
	p.media.Lock()
	defer p.media.Unlock()
	return p.sources[mid]
}

// seatAll gives everybody a seat at everybody else's, in the order they came.
func (s *Server) seatAll() {
	s.seating.Lock() // a look at the room must not be put into effect after a later one
	defer s.seating.Unlock()
	people := s.everybody()
	for _, viewer := range people {
		s.seatFor(viewer, people)
	}
}

func (s *Server) seatFor(viewer *person, people []*person) {
	viewer.media.Lock()
	lines, seats := viewer.lines, viewer.seats
	viewer.media.Unlock()
	s.mu.Lock()
	inside := viewer.inside
	s.mu.Unlock()
	if !inside || seats == nil {
		return
	}
	list := make([]protocol.Seat, 0, len(lines.Seats))
	index := 0
	for _, other := range people {
		s.mu.Lock()
		who, here := other.who, other.inside
		s.mu.Unlock()
		if other == viewer || !here || !(who.Media.Camera || who.Media.Microphone) || index >= len(lines.Seats) {
			continue
		}
		other.media.Lock()
		sent := other.lines
		other.media.Unlock()
		pair := lines.Seats[index]
		video, audio := other.source(sent.Camera), other.source(sent.Microphone)
		viewer.put(pair.Video, video)
		viewer.put(pair.Audio, audio)
		list = append(list, protocol.Seat{
			Kind: protocol.SeatPerson, Index: index, Participant: other.id,
			Video: video != nil, Audio: audio != nil,
		})
		index++
	}
	for ; index < len(lines.Seats); index++ {
		viewer.put(lines.Seats[index].Video, nil)
		viewer.put(lines.Seats[index].Audio, nil)
		list = append(list, protocol.Seat{Kind: protocol.SeatPerson, Index: index})
	}
	viewer.send(protocol.TypeSeats, 0, protocol.Seats{Seats: list})
}

func (p *person) put(mid string, from *source) {
	p.media.Lock()
	s := p.seats[mid]
	p.media.Unlock()
	if s != nil {
		s.sit(from)
	}
}

// Forwarded returns how many packets a seat of a participant was given.
func (s *Server) Forwarded(participant string, index int) (video int64) {
	for _, p := range s.everybody() {
		p.media.Lock()
		if p.id == participant && index < len(p.lines.Seats) {
			if seat := p.seats[p.lines.Seats[index].Video]; seat != nil {
				seat.mu.Lock()
				video = seat.count
				seat.mu.Unlock()
			}
		}
		p.media.Unlock()
	}
	return video
}
