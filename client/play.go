package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// packetBudget is the largest payload [Line.Play] makes: with headers and
// encryption it stays below the 1200 bytes every path carries.
const packetBudget = 1100

// Frame is one encoded picture or one packet of sound.
type Frame struct {
	Data []byte
	// Duration is until the next frame.
	Duration time.Duration
}

// FrameReader reads encoded media; the end is [io.EOF].
type FrameReader interface {
	// Codec is the MIME type of the frames.
	Codec() string
	ReadFrame() (Frame, error)
}

// player numbers what Play sends, so that playing again continues the stream.
type player struct {
	payloader rtp.Payloader
	clockRate time.Duration
	packet    rtp.Packet
}

// Play sends frames at their own speed, to the line's first layer, until they
// end (nil) or ctx does (its error). It waits for the media path at first and
// plays on, unheard, while the path is lost later. Playing again, the same
// file or another, continues the stream. Files cannot answer requests for key
// frames: viewers who come late wait for the file's next one, so encode a key
// frame every second or two.
func (l *Line) Play(ctx context.Context, frames FrameReader) error {
	if !strings.EqualFold(frames.Codec(), l.Codec()) {
		return fmt.Errorf("playing to the %s: the file holds %s, the line was declared as %s",
			l.Source(), frames.Codec(), l.Codec())
	}
	if l.player == nil {
		if err := l.newPlayer(); err != nil {
			return err
		}
	}
	if err := l.connected(ctx); err != nil {
		return fmt.Errorf("playing to the %s: %w", l.Source(), err)
	}
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		frame, err := frames.ReadFrame()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("playing to the %s: %w", l.Source(), err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if err := l.playFrame(frame); err != nil && !errors.Is(err, ErrNotConnected) {
			return err
		}
		due = due.Add(frame.Duration)
		timer.Reset(time.Until(due))
	}
}

func (l *Line) newPlayer() error {
	p := &player{clockRate: 90000}
	switch strings.ToLower(l.Codec()) {
	case strings.ToLower(webrtc.MimeTypeOpus):
		p.payloader, p.clockRate = &codecs.OpusPayloader{}, 48000
	case strings.ToLower(webrtc.MimeTypeVP8):
		p.payloader = &codecs.VP8Payloader{EnablePictureID: true}
	case strings.ToLower(webrtc.MimeTypeVP9):
		p.payloader = &codecs.VP9Payloader{}
	case strings.ToLower(webrtc.MimeTypeAV1):
		p.payloader = &codecs.AV1Payloader{}
	case strings.ToLower(webrtc.MimeTypeH264):
		p.payloader = &codecs.H264Payloader{}
	default:
		return fmt.Errorf("playing to the %s: %s cannot be packetized", l.Source(), l.Codec())
	}
	p.packet.SequenceNumber, p.packet.Timestamp = uint16(rand.Uint32()), rand.Uint32()
	l.player = p
	return nil
}

func (l *Line) playFrame(f Frame) error {
	p := l.player
	payloads := p.payloader.Payload(packetBudget, f.Data)
	var failed error
	for i, payload := range payloads {
		p.packet.Payload = payload
		p.packet.Marker = i == len(payloads)-1 && l.kind == webrtc.RTPCodecTypeVideo
		if err := l.WriteRTP(&p.packet); err != nil {
			failed = err
		}
		p.packet.SequenceNumber++
	}
	p.packet.Timestamp += uint32(f.Duration * p.clockRate / time.Second)
	return failed
}

// Relay sends the RTP packets that arrive at a socket, as ffmpeg or GStreamer
// send them, until ctx ends. The line's own numbers replace SSRC and payload
// type; datagrams that are no RTP are passed over.
func (l *Line) Relay(ctx context.Context, from net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { _ = from.SetReadDeadline(time.Now()) })
	defer stop()
	buffer := make([]byte, maxPacket)
	for {
		n, _, err := from.ReadFrom(buffer)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("relaying to the %s: %w", l.Source(), err)
		}
		var packet rtp.Packet
		if packet.Unmarshal(buffer[:n]) != nil || packet.Version != 2 {
			continue
		}
		if err := l.WriteRTP(&packet); err != nil && !errors.Is(err, ErrNotConnected) {
			return err
		}
	}
}
