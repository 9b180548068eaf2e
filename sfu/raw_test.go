package sfu_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"

	"palabre/sfu"
)

// raw is a client that can send any bytes on its live connection: sealed with
// the right keys, or not.
type raw struct {
	t     testing.TB
	peer  *sfu.Peer
	heard *listener
	agent *ice.Agent
	conn  *ice.Conn
	dtls  *dtls.Conn
	out   *srtp.Context
	in    *packetio.Buffer
	done  chan struct{}
}

// rawOffer has an opus section 0, a VP8 section 1 and an H264 section 2.
func rawOffer(ufrag, pwd, print string) string {
	section := func(kind, mid, pts, attributes string) string {
		return fmt.Sprintf("m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=sendonly\r\na=rtcp-mux\r\n"+
			"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"+
			"a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n%s", kind, pts, mid, attributes)
	}
	return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n" +
		"a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + pwd + "\r\na=fingerprint:sha-256 " + print + "\r\na=setup:actpass\r\n" +
		section("audio", "0", "111", "a=rtpmap:111 opus/48000/2\r\n") +
		section("video", "1", "96 97", "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n") +
		section("video", "2", "102", "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\na=rtcp-fb:102 nack pli\r\n")
}

func newRaw(t testing.TB, s *sfu.SFU, room, id string) *raw {
	t.Helper()
	r := &raw{t: t, heard: &listener{}, in: packetio.NewBuffer(), done: make(chan struct{})}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	certificate, err := selfsign.GenerateSelfSigned()
	must(err)
	r.agent, err = ice.NewAgentWithOptions(ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithIncludeLoopback(),
		ice.WithInterfaceFilter(func(name string) bool { return name == "lo" }), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled))
	must(err)
	ufrag, pwd, err := r.agent.GetLocalUserCredentials()
	must(err)
	r.peer, err = s.Open(room, id, r.heard)
	must(err)
	t.Cleanup(r.close)
	answer, err := r.peer.Answer(context.Background(), sfu.Offer{SDP: rawOffer(ufrag, pwd, print(certificate)), Microphone: "0", Camera: "1", Screen: "2"})
	must(err)
	gathered := make(chan struct{})
	must(r.agent.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			close(gathered)
		}
	}))
	must(r.agent.GatherCandidates())
	<-gathered
	for _, line := range regexp.MustCompile(`a=candidate:(.*)\r\n`).FindAllStringSubmatch(answer, -1) {
		candidate, err := ice.UnmarshalCandidate(line[1])
		must(err)
		must(r.agent.AddRemoteCandidate(candidate))
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	r.conn, err = r.agent.Dial(ctx, attribute(answer, "ice-ufrag"), attribute(answer, "ice-pwd"))
	must(err)
	go r.read()
	r.dtls, err = dtls.ClientWithOptions(rawPipe{r}, r.conn.RemoteAddr(), dtls.WithCertificates(certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret), dtls.WithSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_128_GCM))
	must(err)
	must(r.dtls.HandshakeContext(ctx))
	state, _ := r.dtls.ConnectionState()
	profile, _ := r.dtls.SelectedSRTPProtectionProfile()
	config := &srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	must(config.ExtractSessionKeysFromDTLS(&state, true))
	r.out, err = srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	must(err)
	until(t, "the raw client to connect", r.heard.isConnected)
	r.peer.SetSending(sfu.Sending{Microphone: true, Camera: true, Screen: true})
	must(r.peer.Enter(context.Background()))
	return r
}

func (r *raw) close() {
	if err := r.peer.Close(); err != nil {
		r.t.Error(err)
	}
	_ = r.in.Close()
	if r.dtls != nil {
		_ = r.dtls.Close()
	}
	if r.agent != nil {
		_ = r.agent.GracefulClose()
	}
	if r.conn != nil {
		<-r.done
	}
}

func (r *raw) read() {
	defer close(r.done)
	b := make([]byte, 2000)
	for {
		n, err := r.conn.Read(b)
		if err != nil {
			return
		}
		if b[0] >= 20 && b[0] <= 63 {
			_, _ = r.in.Write(b[:n])
		}
	}
}

// rtp seals a plain packet and gives what goes on the wire.
func (r *raw) rtp(packet []byte) []byte {
	sealed, err := r.out.EncryptRTP(nil, packet, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return sealed
}

// seal is rtp for a packet that may be too broken to be sealed: then it goes as it is.
func (r *raw) seal(packet []byte) []byte {
	sealed, err := r.out.EncryptRTP(nil, packet, nil)
	if err != nil {
		return append(packet, make([]byte, 16)...)
	}
	return sealed
}

func (r *raw) rtcp(packet []byte) []byte {
	sealed, err := r.out.EncryptRTCP(nil, packet, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return sealed
}

func (r *raw) write(datagram []byte) {
	if _, err := r.conn.Write(datagram); err != nil {
		r.t.Fatal(err)
	}
}

// rawPipe is the DTLS side of a raw client.
type rawPipe struct{ r *raw }

func (p rawPipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.r.in.Read(b)
	return n, p.r.conn.RemoteAddr(), err
}
func (p rawPipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.r.conn.Write(b) }
func (p rawPipe) Close() error                              { return p.r.in.Close() }
func (p rawPipe) LocalAddr() net.Addr                       { return p.r.conn.LocalAddr() }
func (p rawPipe) SetDeadline(t time.Time) error             { return p.r.in.SetReadDeadline(t) }
func (p rawPipe) SetReadDeadline(t time.Time) error         { return p.r.in.SetReadDeadline(t) }
func (p rawPipe) SetWriteDeadline(time.Time) error          { return nil }

func attribute(text, key string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "a="+key+":"); ok {
			return v
		}
	}
	return ""
}

func print(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
