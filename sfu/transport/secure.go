package transport

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"palabre/sfu/seal"
)

// profiles are the SRTP protection profiles in the server's order.
func profiles() []dtls.SRTPProtectionProfile {
	return []dtls.SRTPProtectionProfile{
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80,
	}
}

const (
	// MaxSSRCs is how many streams one client may send; each costs replay state.
	// A client with microphone, camera, screen and their repair streams has 14.
	MaxSSRCs = 64
	// replayWindow is in packets: half a second of the largest video.
	replayWindow = 1024
	// maxPacket is the largest datagram handled, in bytes.
	maxPacket = 1600
	// overhead is what SRTP and SRTCP add at most.
	overhead = 32
)

// Drop says why a datagram was thrown away.
type Drop uint8

// The reasons.
const (
	DropForged    Drop = iota // not authentic
	DropReplayed              // seen before
	DropSSRC                  // more streams than MaxSSRCs
	DropMalformed             // not even a header
	DropEarly                 // before the keys were there
	DropHandshake             // what DTLS must not see
)

// String names the reason for a metric.
func (d Drop) String() string {
	switch d {
	case DropForged:
		return "forged"
	case DropReplayed:
		return "replayed"
	case DropSSRC:
		return "ssrc"
	case DropMalformed:
		return "malformed"
	case DropHandshake:
		return "handshake"
	}
	return "early"
}

// keys are the SRTP contexts of one connection. The read side is guarded by
// Conn.reading, the write side has one writer.
type keys struct {
	remote  *srtp.Context
	header  rtp.Header
	control rtcp.Header
	known   map[uint32]bool // streams that sent an authentic packet
	knownC  map[uint32]bool // the same for RTCP
	fresh   func(ssrc uint32)

	local       *srtp.Context
	sealer      *seal.Sealer // of RTP with AES-GCM; else local does it
	sent        rtp.Header
	sentControl rtcp.Header
	scratch     []byte // for what leaves by no port
}

// newKeys takes the keys of a finished handshake. fresh is told of each stream
// with its first authentic packet.
func newKeys(state *dtls.State, profile dtls.SRTPProtectionProfile, fresh func(ssrc uint32)) (*keys, error) {
	c := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := c.ExtractSessionKeysFromDTLS(state, false); err != nil {
		return nil, fmt.Errorf("take the SRTP keys from DTLS: %w", err)
	}
	k := &keys{known: map[uint32]bool{}, knownC: map[uint32]bool{}, fresh: fresh}
	var err error
	k.remote, err = srtp.CreateContext(c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt, c.Profile,
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		return nil, fmt.Errorf("use the client's SRTP keys: %w", err)
	}
	if k.local, err = srtp.CreateContext(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt, c.Profile); err != nil {
		return nil, fmt.Errorf("use the server's SRTP keys: %w", err)
	}
	if c.Profile == srtp.ProtectionProfileAeadAes128Gcm || c.Profile == srtp.ProtectionProfileAeadAes256Gcm {
		if k.sealer, err = seal.New(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt); err != nil {
			return nil, fmt.Errorf("use the server's SRTP keys: %w", err)
		}
	}
	return k, nil
}

// openRTP decrypts in place. State for a stream is made only for authentic
// packets, and for no more than MaxSSRCs streams.
func (k *keys) openRTP(b []byte) ([]byte, Drop, bool) {
	if len(b) < 12 {
		return nil, DropMalformed, false
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	isKnown := k.known[ssrc]
	if !isKnown && len(k.known) >= MaxSSRCs {
		return nil, DropSSRC, false
	}
	plain, err := k.remote.DecryptRTP(b, b, &k.header)
	if err != nil {
		return nil, reason(err), false
	}
	if !isKnown {
		k.known[ssrc] = true
		k.fresh(ssrc)
	}
	return plain, 0, true
}

// openRTCP decrypts in place.
func (k *keys) openRTCP(b []byte) ([]byte, Drop, bool) {
	if len(b) < 8 {
		return nil, DropMalformed, false
	}
	ssrc := binary.BigEndian.Uint32(b[4:])
	isKnown := k.knownC[ssrc]
	if !isKnown && len(k.knownC) >= MaxSSRCs {
		return nil, DropSSRC, false
	}
	plain, err := k.remote.DecryptRTCP(b, b, &k.control)
	if err != nil {
		return nil, reason(err), false
	}
	if !isKnown {
		k.knownC[ssrc] = true
		k.fresh(ssrc)
	}
	return plain, 0, true
}

func reason(err error) Drop {
	if err := errors.Unwrap(err); err != nil && err.Error() == "duplicated packet" {
		return DropReplayed // Pion keeps the error's value to itself
	}
	return DropForged
}

// sealRTP appends the encrypted packet to dst.
func (k *keys) sealRTP(dst, header, payload []byte) ([]byte, error) {
	var err error
	if k.sealer != nil {
		dst, err = k.sealer.RTP(dst, header, payload)
	} else {
		plain := append(append(dst, header...), payload...)
		dst, err = k.local.EncryptRTP(dst, plain[len(dst):], &k.sent)
	}
	if err != nil {
		return nil, fmt.Errorf("seal an RTP packet: %w", err)
	}
	return dst, nil
}

// sealRTCP appends the encrypted compound packet to dst.
func (k *keys) sealRTCP(dst, packet []byte) ([]byte, error) {
	plain := append(dst, packet...)
	sealed, err := k.local.EncryptRTCP(dst, plain[len(dst):], &k.sentControl)
	if err != nil {
		return nil, fmt.Errorf("seal an RTCP packet: %w", err)
	}
	return sealed, nil
}
