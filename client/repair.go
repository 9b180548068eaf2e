package client

import (
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

// repairFactory makes interceptors that name the repaired stream in
// retransmissions of simulcast layers: such a packet carries the repaired rid
// instead of the rid (RFC 8852 section 3.1), which Pion's responder leaves out.
type repairFactory struct{}

// NewInterceptor implements interceptor.Factory.
func (repairFactory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &repair{}, nil
}

type repair struct{ interceptor.NoOp }

// BindLocalStream implements interceptor.Interceptor.
func (*repair) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	var rid, repaired uint8
	for _, x := range info.RTPHeaderExtensions {
		switch x.URI {
		case sdp.SDESRTPStreamIDURI:
			rid = uint8(x.ID)
		case sdp.SDESRepairRTPStreamIDURI:
			repaired = uint8(x.ID)
		}
	}
	if info.SSRCRetransmission == 0 {
		return next
	}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if h.SSRC != info.SSRCRetransmission {
			return next.Write(h, payload, a)
		}
		// The header belongs to the responder's history and may be sent again
		// at the same time: change a copy.
		h = renameExtension(h, rid, repaired)
		return next.Write(h, payload, a)
	})
}

// renameExtension returns a copy of h whose extension from, if there is one, is called to.
func renameExtension(h *rtp.Header, from, to uint8) *rtp.Header {
	clone := h.Clone()
	if from == 0 || to == 0 {
		return &clone
	}
	value := clone.GetExtension(from)
	if value == nil {
		return &clone
	}
	// Neither fails: the header has extensions, and the value had room before.
	_ = clone.DelExtension(from)
	_ = clone.SetExtension(to, value)
	return &clone
}
