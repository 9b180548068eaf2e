package transport

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"palabre/internal/simnet"
	"palabre/sfu/negotiate"
	"palabre/sfu/transport/probe"
	"palabre/sfu/udp"
)

const (
	worse  = 1000
	better = 1<<31 - 1 // than the priority of any pair a client has
)

// checked has a client connected to a server with our own ICE agent, in virtual
// time, and another cable of the client's, which answers checks.
func checked(t *testing.T, lite bool, do func(t *testing.T, g *guest, other *cable)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := welcome(t, lite, true)
		other := lay(t, g.host)
		other.answers = g.offer.Pwd
		do(t, g, other)
	})
}

// by sends a check with the client's credentials and what else is given by
// another cable, gives the answer time to come, and says whether media goes there.
func (g *guest) by(c *cable, set ...stun.Setter) (followed bool) {
	g.check(c, set...)
	pass(time.Second)
	before := c.media.Load()
	pass(time.Second)
	return c.media.Load() > before
}

func TestANominationIsFollowedUpwards(t *testing.T) {
	for name, row := range map[string]struct {
		lite, nominates, follows bool
		priority                 ice.PriorityAttr
	}{
		"better":           {nominates: true, priority: better, follows: true},
		"worse":            {nominates: true, priority: worse},
		"none":             {priority: better},
		"better, ICE-lite": {lite: true, nominates: true, priority: better, follows: true},
		"worse, ICE-lite":  {lite: true, nominates: true, priority: worse},
		"none, ICE-lite":   {lite: true, priority: better},
	} {
		t.Run(name, func(t *testing.T) {
			checked(t, row.lite, func(t *testing.T, g *guest, other *cable) {
				set := []stun.Setter{ice.AttrControlling(7), row.priority}
				if row.nominates {
					set = append(set, ice.UseCandidate())
				}
				if got := g.by(other, set...); got != row.follows {
					t.Errorf("followed: %v, want %v", got, row.follows)
				}
			})
		})
	}
}

// TestWhatIsNotAuthenticNominatesNothing has somebody put a nomination behind
// the integrity of a client's check, which is on its way.
func TestWhatIsNotAuthenticNominatesNothing(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		g.check(other, ice.AttrControlling(7), ice.PriorityAttr(better), appended{ice.UseCandidate()})
		pass(2 * time.Second)
		if n := other.media.Load(); n > 0 {
			t.Errorf("%d packets followed it", n)
		}
		if n := other.checks.Load(); n == 0 {
			t.Error("the check itself was not taken")
		}
	})
}

// appended goes behind MESSAGE-INTEGRITY.
type appended struct{ stun.Setter }

// TestACheckIsSentAgain loses the answers to ours until after the client's own check.
func TestACheckIsSentAgain(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		other.mute.Store(true)
		g.check(other, ice.AttrControlling(7), ice.PriorityAttr(better), ice.UseCandidate())
		pass(time.Second)
		if other.media.Load() > 0 {
			t.Fatal("media went to an address that answered nothing")
		}
		other.mute.Store(false)
		pass(time.Second)
		if other.media.Load() == 0 {
			t.Error("the nomination was forgotten")
		}
	})
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		other.answers = ""
		g.check(other, ice.AttrControlling(7), ice.PriorityAttr(better), ice.UseCandidate())
		pass(time.Minute)
		if n := other.checks.Load(); n != mostTries+1 {
			t.Errorf("an address that never answers was sent %d checks, want %d", n, mostTries+1)
		}
	})
}

// TestASilentPathIsNotLeftForAnAddressThatDoesNotAnswer cuts the path in use
// while checks come from where nobody answers.
func TestASilentPathIsNotLeftForAnAddressThatDoesNotAnswer(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		other.answers = ""
		g.cable.cut.Store(true)
		for range 40 {
			g.check(other, ice.AttrControlling(7), ice.PriorityAttr(better))
			pass(100 * time.Millisecond)
		}
		if n := other.media.Load(); n > 0 {
			t.Errorf("%d packets to an address that did not consent", n)
		}
	})
}

func TestARoleConflictIsTheClientsToMend(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		answers := make(chan *stun.Message, 10)
		other.heard = func(m *stun.Message) { answers <- m }
		g.check(other, ice.AttrControlled(0), ice.PriorityAttr(better), ice.UseCandidate())
		m := <-answers
		var code stun.ErrorCodeAttribute
		if m.Type != stun.BindingError || code.GetFrom(m) != nil || code.Code != stun.CodeRoleConflict {
			t.Errorf("answered %v, want 487", m)
		}
		if err := stun.NewShortTermIntegrity(probe.Attribute(g.answer, "ice-pwd")).Check(m); err != nil {
			t.Errorf("the answer is not authentic: %v", err)
		}
		if g.by(other) {
			t.Error("it was followed all the same")
		}
	})
}

func TestAnAddressIsToldItsOwn(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		answers := make(chan *stun.Message, 10)
		other.heard = func(m *stun.Message) { answers <- m }
		g.check(other, ice.AttrControlling(7), ice.PriorityAttr(worse))
		var mapped stun.XORMappedAddress
		if m := <-answers; m.Type != stun.BindingSuccess || mapped.GetFrom(m) != nil || stun.Fingerprint.Check(m) != nil {
			t.Fatalf("answered %v", m)
		}
		if at := other.Addr(); mapped.Port != int(at.Port()) || !mapped.IP.Equal(at.Addr().AsSlice()) {
			t.Errorf("told %v, is at %v", mapped, at)
		}
	})
}

// TestTheListOfAddressesIsBounded has a client come from more of them than one is allowed.
func TestTheListOfAddressesIsBounded(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, _ *cable) {
		for range 3 * maxAddresses {
			g.check(lay(t, g.host), ice.AttrControlling(7), ice.PriorityAttr(worse))
		}
		pass(time.Second)
		k := g.conn.now.Load().agent.(*checks)
		k.mu.Lock()
		n := len(k.ends)
		k.mu.Unlock()
		if n != maxAddresses {
			t.Errorf("%d addresses are kept, want %d", n, maxAddresses)
		}
		before := g.cable.media.Load()
		pass(time.Second)
		if g.cable.media.Load() == before || g.when("disconnected", time.Time{}) >= 0 {
			t.Error("the one in use was forgotten")
		}
	})
}

// TestChecksAreBounded has a client send more of them than any needs.
func TestChecksAreBounded(t *testing.T) {
	checked(t, false, func(t *testing.T, g *guest, other *cable) {
		answers := 0
		other.heard = func(*stun.Message) { answers++ }
		for range 2 * mostChecks {
			g.check(other, ice.AttrControlling(7), ice.PriorityAttr(worse))
		}
		if answers < mostChecks/2 || answers > mostChecks {
			t.Errorf("%d of %d checks at once were answered, want at most %d", answers, 2*mostChecks, mostChecks)
		}
		if pass(2 * time.Second); !g.by(other, ice.AttrControlling(7), ice.PriorityAttr(better), ice.UseCandidate()) {
			t.Error("the client is not heard any more")
		}
		if n := g.dropped(DropCheck); n < mostChecks/2 {
			t.Errorf("%d were counted as dropped", n)
		}
	})
}

// FuzzAgent gives an agent any datagram as STUN, as it is and signed by the client.
func FuzzAgent(f *testing.F) {
	network := simnet.New(1)
	f.Cleanup(func() { _ = network.Close() })
	socket, err := network.Host(netip.MustParseAddr("10.0.0.1")).Listen(0)
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewHost(Config{UDP: socket, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = h.Close() })
	h.udp.fast = &udp.Socket{}
	for _, set := range [][]stun.Setter{
		{stun.BindingRequest, ice.AttrControlling(1), ice.PriorityAttr(1), ice.UseCandidate()},
		{stun.BindingRequest, ice.AttrControlled(1)}, {stun.BindingSuccess}, {stun.BindingError, stun.CodeRoleConflict},
	} {
		f.Add(stun.MustBuild(append(set, stun.TransactionID)...).Raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		conn := h.Open(&witness{said: map[string]time.Time{}}, 0)
		defer func() { _ = conn.Close() }()
		w := &way{conn: conn, ufrag: "ours", pwd: "our password", remote: [2]string{"theirs", "their password"}}
		if err := w.open(context.Background(), &negotiate.Offer{}); err != nil {
			t.Fatal(err)
		}
		conn.now.Store(w)
		defer func() { _ = w.agent.close() }()
		r, back := relayFor(t, h)
		defer func() { _ = r.Close() }()
		if len(b) < stunHeader {
			return
		}
		binary.BigEndian.PutUint32(b[4:], magicCookie)
		w.agent.take(b, r.Addr())
		if *back > 0 {
			t.Fatal("it answered a stranger")
		}
		m := &stun.Message{Raw: append([]byte(nil), b...)}
		if m.Decode() != nil || m.Contains(stun.AttrMessageIntegrity) || m.Contains(stun.AttrUsername) {
			return
		}
		if stun.NewUsername("ours:theirs").AddTo(m) != nil || stun.NewShortTermIntegrity("our password").AddTo(m) != nil {
			return // a FINGERPRINT stands before it
		}
		if w.agent.take(m.Raw, r.Addr()); m.Type == stun.BindingRequest && *back == 0 {
			t.Error("it left its client without an answer")
		}
	})
}

func relayFor(t *testing.T, h *Host) (*Relay, *int) {
	t.Helper()
	back := new(int)
	r, err := h.Relay(false, func([]byte) { *back++ })
	if err != nil {
		t.Fatal(err)
	}
	return r, back
}
