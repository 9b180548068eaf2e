package client_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4/pkg/media/ivfwriter"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"palabre/client"
	"palabre/signaling/protocol"
)

// keyFrame is the beginning of a VP8 key frame of 64x48, with noise behind it.
func keyFrame(size int) []byte {
	frame := append([]byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0}, bytes.Repeat([]byte{7}, size)...)
	return frame
}

// ivfFile writes n frames with Pion's writer, 25 a second.
func ivfFile(t testing.TB, n int) *bytes.Buffer {
	t.Helper()
	var file bytes.Buffer
	writer, err := ivfwriter.NewWith(&file, ivfwriter.WithFrameRate(1, 25), ivfwriter.WithDirectPTS())
	if err != nil {
		t.Fatal(err)
	}
	payloader := codecs.VP8Payloader{}
	for i := range n {
		parts := payloader.Payload(1000, keyFrame(100*i))
		for j, part := range parts {
			p := &rtp.Packet{Header: rtp.Header{Timestamp: uint32(i), Marker: j == len(parts)-1}, Payload: part}
			if err := writer.WriteRTP(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &file
}

// oggFile writes packets of the given sizes with Pion's writer.
func oggFile(t testing.TB, sizes ...int) *bytes.Buffer {
	t.Helper()
	var file bytes.Buffer
	writer, err := oggwriter.NewWith(&file, 48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		payload := bytes.Repeat([]byte{byte(i)}, size)
		payload[0] = 0x78 // 20 ms
		if err := writer.WriteRTP(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i) * 960}, Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &file
}

// onePage writes all packets into a single page, as encoders do to save room.
func onePage(packets ...[]byte) []byte {
	page := func(packets ...[]byte) []byte {
		header := append([]byte("OggS"), make([]byte, 23)...)
		var body []byte
		for _, p := range packets {
			for n := len(p); ; n -= 255 {
				header[26]++
				header = append(header, byte(min(n, 255)))
				if n < 255 {
					break
				}
			}
			body = append(body, p...)
		}
		return append(header, body...)
	}
	return bytes.Join([][]byte{page([]byte("OpusHead")), page([]byte("OpusTags")), page(packets...)}, nil)
}

func TestIVFIsRead(t *testing.T) {
	file, err := client.OpenIVF(ivfFile(t, 5))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		frame, err := file.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(frame.Data, keyFrame(100*i)) {
			t.Errorf("frame %d has %d bytes, want %d", i, len(frame.Data), 10+100*i)
		}
		if d := frame.Duration - 40*time.Millisecond; d.Abs() > time.Millisecond {
			t.Errorf("frame %d lasts %v, want 40 ms", i, frame.Duration)
		}
	}
	if _, err := file.ReadFrame(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v", err)
	}
}

func TestOggIsRead(t *testing.T) {
	sizes := []int{1, 80, 254, 255, 256, 600}
	file, err := client.OpenOgg(oggFile(t, sizes...))
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		frame, err := file.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if len(frame.Data) != size || frame.Duration != 20*time.Millisecond {
			t.Errorf("packet %d has %d bytes and lasts %v, want %d and 20 ms", i, len(frame.Data), frame.Duration, size)
		}
	}
	if _, err := file.ReadFrame(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last packet: %v", err)
	}
}

func TestPacketsOfOnePageAreToldApart(t *testing.T) {
	packets := [][]byte{bytes.Repeat([]byte{0x78}, 90), bytes.Repeat([]byte{0x08}, 255), {0xf8, 2}, {0xfb, 3, 1}}
	file, err := client.OpenOgg(bytes.NewReader(onePage(packets...)))
	if err != nil {
		t.Fatal(err)
	}
	durations := []time.Duration{20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond}
	for i, want := range packets {
		frame, err := file.ReadFrame()
		if err != nil || !bytes.Equal(frame.Data, want) || frame.Duration != durations[i] {
			t.Errorf("packet %d: %d bytes lasting %v (%v)", i, len(frame.Data), frame.Duration, err)
		}
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	for name, raw := range map[string][]byte{
		"nothing": nil, "text": []byte("hello, this is not media, but it is long enough to be some header"),
		"cut": oggFile(t, 80).Bytes()[:60], "vorbis": onePage()[:30],
	} {
		if _, err := client.OpenOgg(bytes.NewReader(raw)); !errors.Is(err, client.ErrFile) {
			t.Errorf("Ogg, %s: %v", name, err)
		}
		if _, err := client.OpenIVF(bytes.NewReader(raw)); !errors.Is(err, client.ErrFile) {
			t.Errorf("IVF, %s: %v", name, err)
		}
	}
}

func FuzzOpenOgg(f *testing.F) {
	f.Add(oggFile(f, 80, 300).Bytes())
	f.Add(onePage([]byte{0xfb, 3, 1}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := client.OpenOgg(bytes.NewReader(raw))
		for err == nil {
			var frame client.Frame
			frame, err = file.ReadFrame()
			if err == nil && len(frame.Data) == 0 {
				t.Fatal("an empty packet")
			}
		}
		if !errors.Is(err, client.ErrFile) && !errors.Is(err, io.EOF) {
			t.Errorf("failed with %v", err)
		}
	})
}

func TestFilesArePlayedToTheRoom(t *testing.T) {
	server := newServer(t)
	speaker := join(t, client.Config{URL: server.URL, Send: voiceAndCamera})
	var got counts
	viewer := join(t, client.Config{URL: server.URL, Receive: client.Receive{Seats: 4}, OnPacket: got.take})
	if err := viewer.WaitMedia(within(t)); err != nil {
		t.Fatal(err)
	}
	camera, microphone := speaker.Line(protocol.SourceCamera), speaker.Line(protocol.SourceMicrophone)
	until(t, "both files to arrive", func() bool {
		pictures, err := client.OpenIVF(ivfFile(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		sound, err := client.OpenOgg(oggFile(t, 80, 80, 80))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(camera.Play(within(t), pictures), microphone.Play(within(t), sound)); err != nil {
			t.Fatal(err)
		}
		return got.audio.Load() > 3 && got.video.Load() > 3
	})
	sound, err := client.OpenOgg(oggFile(t, 80))
	if err != nil {
		t.Fatal(err)
	}
	if camera.Play(within(t), sound) == nil {
		t.Error("sound was played to the camera")
	}
}

func TestRTPIsRelayed(t *testing.T) {
	server := newServer(t)
	speaker := join(t, client.Config{URL: server.URL, Send: voiceAndCamera[:1]})
	var got counts
	join(t, client.Config{URL: server.URL, Receive: client.Receive{Seats: 4}, OnPacket: got.take})
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	ctx := within(t)
	relayed := make(chan error, 1)
	go func() { relayed <- speaker.Line(protocol.SourceMicrophone).Relay(ctx, socket) }()
	encoder, err := net.Dial("udp", socket.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var n uint16
	until(t, "relayed packets", func() bool {
		n++
		raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, SSRC: 5}, Payload: []byte{0x78}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = encoder.Write(raw)
		_, _ = encoder.Write([]byte("not RTP"))
		return got.audio.Load() > 3
	})
	select {
	case err := <-relayed:
		t.Fatalf("relaying ended with %v", err)
	default:
	}
}
