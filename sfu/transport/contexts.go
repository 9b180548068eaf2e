package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"palabre/sfu/seal"
)

// contexts seal and open by pion/srtp: AES-CM with SHA-1, and what comes in by
// Pion's path.
type contexts struct {
	remote  *srtp.Context
	header  rtp.Header
	control rtcp.Header
	known   map[uint32]bool // streams that sent an authentic packet
	knownC  map[uint32]bool // the same for RTCP
	fresh   func(ssrc uint32)

	local       *srtp.Context
	sent        rtp.Header
	sentControl rtcp.Header
}

func newContexts(config srtp.Config, fresh func(ssrc uint32)) (*contexts, error) {
	c, keys := &contexts{known: map[uint32]bool{}, knownC: map[uint32]bool{}, fresh: fresh}, config.Keys
	var err error
	c.remote, err = srtp.CreateContext(keys.RemoteMasterKey, keys.RemoteMasterSalt, config.Profile,
		srtp.SRTPReplayProtection(seal.Window), srtp.SRTCPReplayProtection(seal.Window))
	if err != nil {
		return nil, fmt.Errorf("use the client's SRTP keys: %w", err)
	}
	if c.local, err = srtp.CreateContext(keys.LocalMasterKey, keys.LocalMasterSalt, config.Profile); err != nil {
		return nil, fmt.Errorf("use the server's SRTP keys: %w", err)
	}
	return c, nil
}

func (c *contexts) openRTP(b []byte) ([]byte, Drop, bool) {
	ssrc := binary.BigEndian.Uint32(b[8:])
	isKnown := c.known[ssrc]
	if !isKnown && len(c.known) >= MaxSSRCs {
		return nil, DropSSRC, false
	}
	plain, err := c.remote.DecryptRTP(b, b, &c.header)
	if err != nil {
		return nil, pionReason(err), false
	}
	if !isKnown {
		c.known[ssrc] = true
		c.fresh(ssrc)
	}
	return plain, 0, true
}

func (c *contexts) openRTCP(b []byte) ([]byte, Drop, bool) {
	ssrc := binary.BigEndian.Uint32(b[4:])
	isKnown := c.knownC[ssrc]
	if !isKnown && len(c.knownC) >= MaxSSRCs {
		return nil, DropSSRC, false
	}
	plain, err := c.remote.DecryptRTCP(b, b, &c.control)
	if err != nil {
		return nil, pionReason(err), false
	}
	if !isKnown {
		c.knownC[ssrc] = true
		c.fresh(ssrc)
	}
	return plain, 0, true
}

func pionReason(err error) Drop {
	if err := errors.Unwrap(err); err != nil && err.Error() == "duplicated packet" {
		return DropReplayed // Pion keeps the error's value to itself
	}
	return DropForged
}

func (c *contexts) streams() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, known := range []map[uint32]bool{c.known, c.knownC} {
			for ssrc := range known {
				if !yield(ssrc) {
					return
				}
			}
		}
	}
}

func (c *contexts) sealRTP(dst, header, payload []byte) ([]byte, error) {
	plain := append(append(dst, header...), payload...)
	return c.local.EncryptRTP(dst, plain[len(dst):], &c.sent)
}

func (c *contexts) sealRTCP(dst, packet []byte) ([]byte, error) {
	plain := append(dst, packet...)
	return c.local.EncryptRTCP(dst, plain[len(dst):], &c.sentControl)
}
