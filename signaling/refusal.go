package signaling

import (
	"net/netip"
	"time"

	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// Refusal is an attempt of somebody who lacked the right, for the audit log. It
// holds no token, password or room's name.
type Refusal struct {
	At time.Time
	// Address is the network it came from, Where the route it came by.
	Address, Where string
	Code           protocol.ErrorCode
	// Why is the cause, in words for administrators.
	Why string
}

// audit passes on that somebody was refused for want of a right.
func (s *Server) audit(addr netip.Addr, where string, code protocol.ErrorCode, cause error) {
	if s.cfg.Refused == nil {
		return
	}
	switch code {
	case protocol.CodeUnauthorized, protocol.CodeForbidden, protocol.CodePasswordWrong, protocol.CodeBanned:
		s.cfg.Refused(Refusal{At: time.Now(), Address: gate.Truncated(addr), Where: where, Code: code, Why: cause.Error()})
	}
}
