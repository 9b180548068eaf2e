package client

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// drawingLabel is the one data channel a server takes.
const drawingLabel = "palabre.draw"

// ErrNoChannel says that the data channel is not open: not yet, or no more.
var ErrNoChannel = errors.New("the data channel is not open")

// Draw opens the data channel for drawings on shared screens and returns once
// it is open. What comes over it is given to heard, one message at a time; the
// bytes are those of docs/protocol.md, "Drawings". opened is called each time the
// channel is open, at first and after every new media connection: that is when
// to say hello. The session needs some media, and Draw is called once.
func (s *Session) Draw(ctx context.Context, opened func(), heard func(message []byte)) error {
	ctx, cancel := s.during(ctx)
	defer cancel()
	ready := make(chan struct{}, 1)
	s.media.draw(func() {
		select {
		case ready <- struct{}{}:
		default: // the first one was waited for
		}
		opened()
	}, heard)
	if err := s.negotiate(ctx, false); err != nil {
		return fmt.Errorf("opening the data channel: %w", s.because(err))
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the data channel: %w", s.because(ctx.Err()))
	}
}

// DrawingsChanged says which shared screens can be drawn on, and by whom.
type DrawingsChanged struct{ protocol.Drawings }

func (DrawingsChanged) event() {}

// AllowDrawing says who may draw on the screen that somebody shares, with
// [protocol.DrawNamed] the people named. It is for whoever shares or moderates.
func (s *Session) AllowDrawing(sharer string, rule protocol.DrawingRule, people ...string) error {
	return s.tell(protocol.TypeDrawAllow, protocol.DrawAllow{Participant: sharer, Rule: rule, People: people})
}

// ClearDrawing takes everything off the screen that somebody shares, for the same people.
func (s *Session) ClearDrawing(sharer string) error {
	return s.tell(protocol.TypeDrawClear, protocol.Target{Participant: sharer})
}

// SendDrawing sends one message over the data channel: [ErrNoChannel] while it is not open.
func (s *Session) SendDrawing(message []byte) error {
	s.media.mu.Lock()
	channel := s.media.drawing.channel
	s.media.mu.Unlock()
	if channel == nil || channel.ReadyState() != webrtc.DataChannelStateOpen {
		return ErrNoChannel
	}
	if err := channel.Send(message); err != nil {
		return fmt.Errorf("sending a drawing: %w", err)
	}
	return nil
}

// drawing is the data channel of a session, over all its PeerConnections.
type drawing struct {
	wanted  bool
	opened  func()
	heard   func([]byte)
	pc      *webrtc.PeerConnection // whose channel it is
	channel *webrtc.DataChannel
}

// draw has the next offer, and every first one after it, hold a data channel.
func (m *media) draw(opened func(), heard func([]byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drawing.wanted, m.drawing.opened, m.drawing.heard = true, opened, heard
}

// addChannel makes the data channel of the present PeerConnection; m.mu is held.
func (m *media) addChannel() error {
	d := &m.drawing
	if !d.wanted || d.pc == m.pc {
		return nil
	}
	channel, err := m.pc.CreateDataChannel(drawingLabel, nil)
	if err != nil {
		return fmt.Errorf("adding a data channel: %w", err)
	}
	d.pc, d.channel = m.pc, channel
	channel.OnOpen(d.opened)
	heard := d.heard
	channel.OnMessage(func(message webrtc.DataChannelMessage) { heard(message.Data) })
	return nil
}

var midLine = regexp.MustCompile(`(?m)^a=mid:(\S+)`)

// channelMid is the section of data channels in an offer; empty where there is none.
func channelMid(sdp string) string {
	_, section, found := strings.Cut(sdp, "\nm=application ")
	if !found {
		return ""
	}
	section, _, _ = strings.Cut(section, "\nm=")
	if mid := midLine.FindStringSubmatch(section); mid != nil {
		return mid[1]
	}
	return ""
}
