package client

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// media is a session's PeerConnection and the lines on it. The lines outlive
// the PeerConnection, which may be replaced.
type media struct {
	config  Config
	changed func(webrtc.PeerConnectionState)
	lines   []*Line
	ready   atomic.Bool // connected; lines refuse packets before

	mu      sync.Mutex
	pc      *webrtc.PeerConnection
	servers []webrtc.ICEServer
	sending []*webrtc.RTPTransceiver // beside lines
	seats   []pair
	stages  []pair
	voices  []*slot
	slots   map[*webrtc.RTPReceiver]*slot
	offered bool                      // there has been an offer
	pending webrtc.SessionDescription // the last offer
	drawing drawing
	reading sync.WaitGroup
}

// slot is a receiver and its media section on the present PeerConnection.
type slot struct {
	receiver    *Receiver
	transceiver *webrtc.RTPTransceiver
}

// pair is the two slots of a seat or a stage.
type pair struct{ audio, video *slot }

func newMedia(c Config, changed func(webrtc.PeerConnectionState)) *media {
	m := &media{config: c, changed: changed}
	for _, declared := range c.Send {
		m.lines = append(m.lines, newLine(declared, &m.ready))
	}
	m.declare(c.Receive)
	return m
}

// declare adds receivers until there are as many as want says. It never takes any away.
func (m *media) declare(want Receive) {
	for i := len(m.seats); i < want.Seats; i++ {
		m.seats = append(m.seats, newPair(protocol.SeatPerson, i))
	}
	for i := len(m.stages); i < want.Stages; i++ {
		m.stages = append(m.stages, newPair(protocol.SeatStage, i))
	}
	for i := len(m.voices); i < want.Voices; i++ {
		m.voices = append(m.voices, newSlot(protocol.SeatVoice, i, webrtc.RTPCodecTypeAudio))
	}
}

func newPair(kind protocol.SeatKind, index int) pair {
	return pair{
		audio: newSlot(kind, index, webrtc.RTPCodecTypeAudio),
		video: newSlot(kind, index, webrtc.RTPCodecTypeVideo),
	}
}

func newSlot(kind protocol.SeatKind, index int, media webrtc.RTPCodecType) *slot {
	return &slot{receiver: &Receiver{seat: kind, index: index, kind: media}}
}

// empty says that there is nothing to negotiate.
func (m *media) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.lines)+len(m.seats)+len(m.stages)+len(m.voices) == 0
}

// all lists the slots in the order of their media sections.
func (m *media) all() []*slot {
	list := make([]*slot, 0, 2*(len(m.seats)+len(m.stages))+len(m.voices))
	for _, pairs := range [][]pair{m.seats, m.stages} {
		for _, p := range pairs {
			list = append(list, p.audio, p.video)
		}
	}
	return append(list, m.voices...)
}

// setServers says which STUN and TURN servers the next PeerConnection uses.
func (m *media) setServers(list []protocol.ICEServer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.servers = nil
	for _, s := range list {
		m.servers = append(m.servers, webrtc.ICEServer{URLs: s.URLs, Username: s.Username, Credential: s.Credential})
	}
}

// offer prepares the next offer: the first makes the PeerConnection.
func (m *media) offer(restartICE bool) (protocol.Offer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.pc == nil
	if first {
		if err := m.build(); err != nil {
			return protocol.Offer{}, err
		}
	}
	if err := m.addSections(); err != nil {
		return protocol.Offer{}, err
	}
	if err := m.addChannel(); err != nil {
		return protocol.Offer{}, err
	}
	description, err := m.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restartICE && !first})
	if err != nil {
		return protocol.Offer{}, fmt.Errorf("making an offer: %w", err)
	}
	m.nameLines()
	m.pending, m.offered = description, true
	lines := m.linesByMid()
	lines.Data = channelMid(description.SDP)
	return protocol.Offer{SDP: description.SDP, Lines: lines}, nil
}

// accept applies the last offer and the server's answer to it. An offer takes
// effect only now: Pion cannot roll one back that was refused or got lost.
func (m *media) accept(sdp string) error {
	m.mu.Lock()
	pc, offer := m.pc, m.pending
	m.mu.Unlock()
	if pc == nil {
		return fmt.Errorf("applying the answer: %w", ErrNotConnected)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("applying the offer: %w", err)
	}
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}
	if err := pc.SetRemoteDescription(answer); err != nil {
		return fmt.Errorf("applying the answer: %w", err)
	}
	return nil
}

// build makes a PeerConnection with the sending lines on it.
func (m *media) build() error {
	api, err := newAPI(m.config)
	if err != nil {
		return err
	}
	policy := webrtc.ICETransportPolicyAll
	if m.config.MediaRelay {
		policy = webrtc.ICETransportPolicyRelay
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{ICEServers: m.servers, ICETransportPolicy: policy})
	if err != nil {
		return fmt.Errorf("making a PeerConnection: %w", err)
	}
	m.pc, m.sending, m.slots = pc, nil, map[*webrtc.RTPReceiver]*slot{}
	for _, s := range m.all() {
		s.transceiver = nil
	}
	for _, line := range m.lines {
		transceiver, err := addLine(pc, line)
		if err != nil {
			m.pc = nil
			return errors.Join(err, pc.Close())
		}
		m.sending = append(m.sending, transceiver)
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { m.take(pc, t, r) })
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) { m.state(pc, state) })
	return nil
}

func addLine(pc *webrtc.PeerConnection, line *Line) (*webrtc.RTPTransceiver, error) {
	layers := line.Layers()
	sendOnly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	transceiver, err := pc.AddTransceiverFromTrack(track{layers[0]}, sendOnly)
	if err != nil {
		return nil, fmt.Errorf("adding the %s: %w", line.Source(), err)
	}
	for _, layer := range layers[1:] {
		if err := transceiver.Sender().AddEncoding(track{layer}); err != nil {
			return nil, fmt.Errorf("adding layer %s of the %s: %w", layer.RID(), line.Source(), err)
		}
	}
	return transceiver, nil
}

// addSections gives every slot without a media section one.
func (m *media) addSections() error {
	recvOnly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for _, s := range m.all() {
		if s.transceiver != nil {
			continue
		}
		transceiver, err := m.pc.AddTransceiverFromKind(s.receiver.kind, recvOnly)
		if err != nil {
			return fmt.Errorf("adding %s %d: %w", s.receiver.seat, s.receiver.index, err)
		}
		s.transceiver = transceiver
		m.slots[transceiver.Receiver()] = s
	}
	return nil
}

// nameLines tells the lines their mids, which CreateOffer has set.
func (m *media) nameLines() {
	for i, line := range m.lines {
		mid := m.sending[i].Mid()
		line.mid.Store(&mid)
	}
}

func (m *media) linesByMid() protocol.Lines {
	lines := protocol.Lines{Seats: []protocol.Pair{}, Stages: []protocol.Pair{}, Voices: []string{}}
	for i, line := range m.lines {
		mid := m.sending[i].Mid()
		switch line.Source() {
		case protocol.SourceMicrophone:
			lines.Microphone = mid
		case protocol.SourceCamera:
			lines.Camera = mid
		case protocol.SourceScreen:
			lines.Screen = mid
		case protocol.SourceScreenAudio:
			lines.ScreenAudio = mid
		}
	}
	mids := func(p pair) protocol.Pair {
		return protocol.Pair{Audio: p.audio.transceiver.Mid(), Video: p.video.transceiver.Mid()}
	}
	for _, p := range m.seats {
		lines.Seats = append(lines.Seats, mids(p))
	}
	for _, p := range m.stages {
		lines.Stages = append(lines.Stages, mids(p))
	}
	for _, s := range m.voices {
		lines.Voices = append(lines.Voices, s.transceiver.Mid())
	}
	return lines
}

// take starts to read what the server sends on one line.
func (m *media) take(pc *webrtc.PeerConnection, t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	m.mu.Lock()
	s := m.slots[r]
	if m.pc != pc || s == nil {
		m.mu.Unlock()
		return
	}
	m.reading.Add(1)
	m.mu.Unlock()
	defer m.reading.Done()
	s.receiver.read(&reception{pc: pc, track: t}, m.config.OnPacket)
}

func (m *media) state(pc *webrtc.PeerConnection, state webrtc.PeerConnectionState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pc != pc {
		return // a PeerConnection we dropped has nothing to say
	}
	m.ready.Store(state == webrtc.PeerConnectionStateConnected)
	m.changed(state)
}

// seat tells the receivers who sits in them.
func (m *media) seat(list []protocol.Seat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.all() {
		s.receiver.occupant.Store(nil)
	}
	for _, seat := range list {
		for _, s := range m.all() {
			if s.receiver.seat == seat.Kind && s.receiver.index == seat.Index {
				s.receiver.occupant.Store(&seat.Participant)
			}
		}
	}
}

// grow declares more receivers; the next offer holds them.
func (m *media) grow(want Receive) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.declare(want)
}

// close ends the PeerConnection and waits for everything that reads from it.
// The next offer makes a new one.
func (m *media) close() error {
	m.mu.Lock()
	pc := m.pc
	m.pc = nil
	m.mu.Unlock()
	m.ready.Store(false)
	if pc == nil {
		return nil
	}
	err := pc.GracefulClose()
	m.reading.Wait()
	for _, line := range m.lines {
		line.wait()
	}
	if err != nil {
		return fmt.Errorf("closing the PeerConnection: %w", err)
	}
	return nil
}

// negotiated says whether there has been a PeerConnection to restore.
func (m *media) negotiated() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.offered
}
