package client

import (
	"fmt"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// maxPacket is the largest packet taken: an Ethernet frame's worth.
const maxPacket = 1500

// Receiver is one receive-only line: the sound or the picture of a seat, a
// stage or a voice. It carries whoever the server puts there and stays the
// same over reconnections.
type Receiver struct {
	seat     protocol.SeatKind
	index    int
	kind     webrtc.RTPCodecType
	occupant atomic.Pointer[string]
	at       atomic.Pointer[reception]
}

// reception is where a receiver's packets come from now.
type reception struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackRemote
}

// Seat returns which of the declared lines this is.
func (r *Receiver) Seat() (kind protocol.SeatKind, index int) { return r.seat, r.index }

// Kind says whether the line carries audio or video.
func (r *Receiver) Kind() webrtc.RTPCodecType { return r.kind }

// Participant returns who sits here by the last seating, or "".
func (r *Receiver) Participant() string {
	if who := r.occupant.Load(); who != nil {
		return *who
	}
	return ""
}

// Codec returns the MIME type of what arrives now, or "" before anything did.
func (r *Receiver) Codec() string {
	if at := r.at.Load(); at != nil {
		return at.track.Codec().MimeType
	}
	return ""
}

// RequestKeyFrame asks the server for a key frame on this line (PLI, RFC 4585).
func (r *Receiver) RequestKeyFrame() error {
	at := r.at.Load()
	if at == nil {
		return fmt.Errorf("asking for a key frame on %s %d: %w", r.seat, r.index, ErrNotConnected)
	}
	pli := &rtcp.PictureLossIndication{MediaSSRC: uint32(at.track.SSRC())}
	if err := at.pc.WriteRTCP([]rtcp.Packet{pli}); err != nil {
		return fmt.Errorf("asking for a key frame on %s %d: %w", r.seat, r.index, err)
	}
	return nil
}

// read hands packets over until the PeerConnection is closed.
func (r *Receiver) read(at *reception, deliver func(*Receiver, *rtp.Packet)) {
	r.at.Store(at)
	defer r.at.CompareAndSwap(at, nil)
	buffer := make([]byte, maxPacket)
	var packet rtp.Packet
	for {
		n, _, err := at.track.Read(buffer)
		if err != nil {
			return
		}
		packet = rtp.Packet{Header: rtp.Header{
			CSRC: packet.CSRC[:0], Extensions: packet.Extensions[:0],
		}}
		if packet.Unmarshal(buffer[:n]) == nil && deliver != nil {
			deliver(r, &packet)
		}
	}
}
