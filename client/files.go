package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
)

// ErrFile is wrapped by complaints about media files.
var ErrFile = errors.New("media file")

// IVF reads VP8, VP9 or AV1 from an IVF file, which ffmpeg writes with
// "-f ivf".
type IVF struct {
	reader *ivfreader.IVFReader
	codec  string
	tick   func(uint64) time.Duration
	next   []byte
	at     time.Duration
	last   time.Duration
}

// OpenIVF reads the header of an IVF file.
func OpenIVF(from io.Reader) (*IVF, error) {
	reader, header, err := ivfreader.NewWith(bufio.NewReader(from))
	if err != nil {
		return nil, fmt.Errorf("%w: IVF: %w", ErrFile, err)
	}
	codec, ok := map[string]string{
		"VP80": webrtc.MimeTypeVP8, "VP90": webrtc.MimeTypeVP9, "AV01": webrtc.MimeTypeAV1,
	}[header.FourCC]
	if !ok {
		return nil, fmt.Errorf("%w: IVF: codec %q is none of VP8, VP9 and AV1", ErrFile, header.FourCC)
	}
	numerator, denominator := uint64(header.TimebaseNumerator), uint64(header.TimebaseDenominator)
	f := &IVF{reader: reader, codec: codec, last: time.Second / 30}
	f.tick = func(scaled uint64) time.Duration {
		// The reader multiplies a frame's time by the inverse of the time base.
		ticks := float64(scaled) * float64(numerator) / float64(denominator)
		return time.Duration(ticks * float64(numerator) / float64(denominator) * float64(time.Second))
	}
	f.next, f.at, err = f.read()
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Codec returns the MIME type of the pictures.
func (f *IVF) Codec() string { return f.codec }

// ReadFrame returns the next picture.
func (f *IVF) ReadFrame() (Frame, error) {
	if f.next == nil {
		return Frame{}, io.EOF
	}
	data, at := f.next, f.at
	next, nextAt, err := f.read()
	if err != nil && !errors.Is(err, io.EOF) {
		return Frame{}, err
	}
	f.next, f.at = next, nextAt
	if err == nil && nextAt > at {
		f.last = nextAt - at
	}
	return Frame{Data: data, Duration: f.last}, nil
}

func (f *IVF) read() ([]byte, time.Duration, error) {
	data, header, err := f.reader.ParseNextFrame()
	if errors.Is(err, io.EOF) {
		return nil, 0, io.EOF
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%w: IVF: %w", ErrFile, err)
	}
	return data, f.tick(header.Timestamp), nil
}

// Ogg reads Opus from an Ogg file (RFC 7845), which ffmpeg and opusenc write.
// It takes the packets out of the pages, however many a page holds.
type Ogg struct {
	from    *bufio.Reader
	lacing  []byte // sizes of the present page's segments not yet read
	packets int    // read so far; the first two are headers
}

// maxOpusPacket bounds a packet: RFC 6716 allows 1275 bytes a frame, 48 frames.
const maxOpusPacket = 48 * 1275

// OpenOgg reads the headers of an Ogg Opus file.
func OpenOgg(from io.Reader) (*Ogg, error) {
	f := &Ogg{from: bufio.NewReader(from)}
	for _, begins := range []string{"OpusHead", "OpusTags"} {
		packet, err := f.packet()
		if err != nil {
			return nil, fmt.Errorf("%w: Ogg: %w", ErrFile, err)
		}
		if !bytes.HasPrefix(packet, []byte(begins)) {
			return nil, fmt.Errorf("%w: Ogg: %s is missing; is it Opus?", ErrFile, begins)
		}
	}
	return f, nil
}

// Codec returns the MIME type of Opus.
func (f *Ogg) Codec() string { return webrtc.MimeTypeOpus }

// ReadFrame returns the next packet of sound.
func (f *Ogg) ReadFrame() (Frame, error) {
	packet, err := f.packet()
	if errors.Is(err, io.EOF) {
		return Frame{}, io.EOF
	}
	if err != nil {
		return Frame{}, fmt.Errorf("%w: Ogg: %w", ErrFile, err)
	}
	return Frame{Data: packet, Duration: opusDuration(packet)}, nil
}

// packet joins segments until one is shorter than 255 bytes (RFC 3533 section 5).
func (f *Ogg) packet() ([]byte, error) {
	var packet []byte
	for {
		for len(f.lacing) == 0 {
			if err := f.page(); err != nil {
				if len(packet) > 0 && errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return nil, err
			}
		}
		size := int(f.lacing[0])
		f.lacing = f.lacing[1:]
		if len(packet)+size > maxOpusPacket && f.packets >= 2 {
			return nil, fmt.Errorf("a packet is larger than %d bytes", maxOpusPacket)
		}
		if len(packet)+size > 1<<20 {
			return nil, errors.New("a header is larger than 1 MiB")
		}
		at := len(packet)
		packet = append(packet, make([]byte, size)...)
		if _, err := io.ReadFull(f.from, packet[at:]); err != nil {
			return nil, fmt.Errorf("the file is cut short: %w", io.ErrUnexpectedEOF)
		}
		if size == 255 {
			continue
		}
		if len(packet) == 0 {
			continue // an empty packet says nothing
		}
		f.packets++
		return packet, nil
	}
}

// page reads a page's header; its segments follow in the stream.
func (f *Ogg) page() error {
	var header [27]byte
	if _, err := io.ReadFull(f.from, header[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		return fmt.Errorf("the file is cut short: %w", err)
	}
	if string(header[:4]) != "OggS" || header[4] != 0 {
		return errors.New("a page does not begin with OggS")
	}
	f.lacing = make([]byte, header[26])
	if _, err := io.ReadFull(f.from, f.lacing); err != nil {
		return fmt.Errorf("the file is cut short: %w", io.ErrUnexpectedEOF)
	}
	return nil
}

// opusDuration reads the length of an Opus packet from its first bytes (RFC
// 6716 section 3.1 and 3.2).
func opusDuration(packet []byte) time.Duration {
	if len(packet) == 0 {
		return 0
	}
	frame := opusFrame(packet[0] >> 3)
	switch packet[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(packet) < 2 {
		return frame
	}
	return time.Duration(packet[1]&0x3f) * frame
}

// opusFrame is the length of one frame of a configuration.
func opusFrame(config byte) time.Duration {
	const ms = time.Millisecond
	switch {
	case config < 12: // SILK
		return []time.Duration{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config%4]
	case config < 16: // hybrid
		return []time.Duration{10 * ms, 20 * ms}[config%2]
	default: // CELT
		return []time.Duration{2500 * time.Microsecond, 5 * ms, 10 * ms, 20 * ms}[config%4]
	}
}
