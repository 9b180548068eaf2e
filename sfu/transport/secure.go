package transport

import (
	"fmt"
	"iter"

	"github.com/pion/dtls/v3"
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
	DropCheck                 // a check that is not authentic, or one too many
	// Drops is how many reasons there are.
	Drops = int(iota)
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
	case DropCheck:
		return "check"
	}
	return "early"
}

// keys are the SRTP keys of one connection. What opens is guarded by
// Conn.reading, what seals has one writer.
type keys struct {
	opener *seal.Opener // with AES-GCM where there are ports; else pion does it
	sealer *seal.Sealer // with AES-GCM: RTP, and RTCP where pion is nil
	pion   *contexts    // what of the two is missing; nil when nothing is

	scratch []byte // for what leaves by no port
}

// newKeys takes the keys of a finished handshake. own says that media goes by
// our ports: Pion's path is Pion's as far as it goes. fresh is told of each
// stream with its first authentic packet.
func newKeys(state *dtls.State, profile dtls.SRTPProtectionProfile, own bool, fresh func(ssrc uint32)) (*keys, error) {
	c := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := c.ExtractSessionKeysFromDTLS(state, false); err != nil {
		return nil, fmt.Errorf("take the SRTP keys from DTLS: %w", err)
	}
	k, gcm := &keys{}, profile == dtls.SRTP_AEAD_AES_128_GCM || profile == dtls.SRTP_AEAD_AES_256_GCM
	var err error
	if gcm {
		if k.sealer, err = seal.New(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt); err != nil {
			return nil, fmt.Errorf("use the server's SRTP keys: %w", err)
		}
	}
	if !gcm || !own {
		k.pion, err = newContexts(c, fresh)
	} else if k.opener, err = seal.NewOpener(c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt, MaxSSRCs, fresh); err != nil {
		err = fmt.Errorf("use the client's SRTP keys: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

// openRTP decrypts in place. State for a stream is made only for authentic
// packets, and for no more than MaxSSRCs streams.
func (k *keys) openRTP(b []byte) ([]byte, Drop, bool) {
	switch {
	case len(b) < 12:
		return nil, DropMalformed, false
	case k.opener == nil:
		return k.pion.openRTP(b)
	}
	plain, err := k.opener.RTP(b)
	return plain, reason(err), err == nil
}

// openRTCP decrypts in place.
func (k *keys) openRTCP(b []byte) ([]byte, Drop, bool) {
	switch {
	case len(b) < 8:
		return nil, DropMalformed, false
	case k.opener == nil:
		return k.pion.openRTCP(b)
	}
	plain, err := k.opener.RTCP(b)
	return plain, reason(err), err == nil
}

// reason is for what an error of the opener counts.
func reason(err error) Drop {
	switch err {
	case seal.ErrReplayed:
		return DropReplayed
	case seal.ErrStreams:
		return DropSSRC
	}
	return DropForged
}

// streams are the SSRCs of which authentic packets came.
func (k *keys) streams() iter.Seq[uint32] {
	if k.opener != nil {
		return k.opener.Streams()
	}
	return k.pion.streams()
}

// sealRTP appends the encrypted packet to dst.
func (k *keys) sealRTP(dst, header, payload []byte) ([]byte, error) {
	var err error
	if k.sealer != nil {
		dst, err = k.sealer.RTP(dst, header, payload)
	} else {
		dst, err = k.pion.sealRTP(dst, header, payload)
	}
	if err != nil {
		return nil, fmt.Errorf("seal an RTP packet: %w", err)
	}
	return dst, nil
}

// sealRTCP appends the encrypted compound packet to dst.
func (k *keys) sealRTCP(dst, packet []byte) ([]byte, error) {
	var err error
	if k.pion == nil {
		dst, err = k.sealer.RTCP(dst, packet)
	} else {
		dst, err = k.pion.sealRTCP(dst, packet)
	}
	if err != nil {
		return nil, fmt.Errorf("seal an RTCP packet: %w", err)
	}
	return dst, nil
}
