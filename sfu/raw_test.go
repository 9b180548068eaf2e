package sfu_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pion/ice/v4"

	"palabre/sfu"
	"palabre/sfu/transport/probe"
)

// raw is a client that can send any bytes on its live connection: sealed with
// the right keys, or not.
type raw struct {
	*probe.Client
	t     testing.TB
	peer  *sfu.Peer
	heard *listener
	// video and repair are the server's streams in the raw client's one seat.
	video, repair uint32

	mu  sync.Mutex
	got map[uint32]*arrived // by SSRC
}

// arrived is what came in of one stream, still sealed.
type arrived struct {
	packets, bytes int
	latest         uint16
}

// rawOffer has sections for Opus (0), VP8 in two layers (1) and H.264 (2) to
// send, and for one seat to receive (3 and 4).
func rawOffer(transport string) string {
	section := func(kind, mid, pts, direction, attributes string) string {
		return fmt.Sprintf("m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=%s\r\na=rtcp-mux\r\n"+
			"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"+
			"a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n%s", kind, pts, mid, direction, attributes)
	}
	const opus, vp8 = "a=rtpmap:111 opus/48000/2\r\n", "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
	return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3 4\r\n" + transport +
		section("audio", "0", "111", "sendonly", opus) +
		section("video", "1", "96 97", "sendonly", vp8+"a=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n") +
		section("video", "2", "102", "sendonly", "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\na=rtcp-fb:102 nack pli\r\n") +
		section("audio", "3", "111", "recvonly", opus) +
		section("video", "4", "96 97", "recvonly", vp8)
}

// newRaw makes a raw client that sends a microphone, a camera and a screen and watches one seat.
func newRaw(t testing.TB, s *sfu.SFU, room, id string) *raw {
	t.Helper()
	client, err := probe.New(ice.NetworkTypeUDP4)
	if err != nil {
		t.Fatal(err)
	}
	r := &raw{Client: client, t: t, heard: &listener{}, got: map[uint32]*arrived{}}
	r.Media = r.arrive
	if r.peer, err = s.Open(room, id, r.heard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	lines, err := r.Transport()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	answer, err := r.peer.Answer(ctx, sfu.Offer{
		SDP: rawOffer(lines), Microphone: "0", Camera: "1", Screen: "2", Seats: []sfu.Pair{{Audio: "3", Video: "4"}},
	})
	if err == nil {
		err = r.Dial(ctx, answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.video, r.repair = streams(answer)
	until(t, "the raw client to connect", r.heard.isConnected)
	r.peer.SetSending(sfu.Sending{Microphone: true, Camera: true, Screen: true})
	if err := r.peer.Enter(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// streams finds the server's video stream and its repair stream in an answer.
func streams(answer string) (video, repair uint32) {
	f := strings.Fields(probe.Attribute(answer, "ssrc-group"))
	if len(f) != 3 {
		return 0, 0
	}
	a, _ := strconv.ParseUint(f[1], 10, 32)
	b, _ := strconv.ParseUint(f[2], 10, 32)
	return uint32(a), uint32(b)
}

func (r *raw) close() {
	if err := r.peer.Close(); err != nil {
		r.t.Error(err)
	}
	r.Close()
}

// arrive notes a datagram; of RTP the header is in the clear.
func (r *raw) arrive(b []byte) {
	if len(b) < 12 || b[1] >= 192 && b[1] <= 223 {
		return
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.got[ssrc]
	if a == nil {
		a = &arrived{}
		r.got[ssrc] = a
	}
	a.packets++
	a.bytes += len(b)
	a.latest = binary.BigEndian.Uint16(b[2:])
}

// received is what came in so far of one stream.
func (r *raw) received(ssrc uint32) arrived {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.got[ssrc]; a != nil {
		return *a
	}
	return arrived{}
}

// bytes is all that came in so far.
func (r *raw) bytes() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.got {
		n += a.bytes
	}
	return n
}

// rtp seals a plain packet, as far as it can be, and gives what goes on the wire.
func (r *raw) rtp(packet []byte) []byte { return r.SealRTP(packet) }

func (r *raw) rtcp(packet []byte) []byte {
	sealed, err := r.SealRTCP(packet)
	if err != nil {
		r.t.Fatal(err)
	}
	return sealed
}

func (r *raw) write(datagram []byte) {
	if err := r.Write(datagram); err != nil {
		r.t.Fatal(err)
	}
}
