package transport

import (
	"testing"

	"github.com/pion/stun/v4"
)

func TestAChecksUserIsFound(t *testing.T) {
	m := stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewSoftware("odd"), stun.NewUsername("ours:theirs"))
	if ufrag, ok := localUfrag(m.Raw); !isSTUN(m.Raw) || !isRequest(m.Raw) || !ok || string(ufrag) != "ours" {
		t.Errorf("found %q, %v", ufrag, ok)
	}
	m = stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername("nobody"))
	if ufrag, ok := localUfrag(m.Raw); ok {
		t.Errorf("found %q in half a name", ufrag)
	}
}

// FuzzChecks reads any datagram as a check.
func FuzzChecks(f *testing.F) {
	f.Add(stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername("ours:theirs")).Raw)
	f.Add([]byte{0, 1, 0xFF, 0xFF, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		if !isSTUN(b) {
			return
		}
		ours, ok := localUfrag(b)
		m := &stun.Message{Raw: b}
		if m.Decode() != nil {
			return
		}
		var user stun.Username
		if user.GetFrom(m) == nil && ok && len(ours) > len(user) {
			t.Errorf("found %q in %q", ours, user)
		}
	})
}
