package gate_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"palabre/signaling/gate"
)

func TestAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"direct":                     {"203.0.113.7:999", nil, "203.0.113.7"},
		"a stranger claims":          {"203.0.113.7:999", []string{"198.51.100.1"}, "203.0.113.7"},
		"a trusted proxy says":       {"10.0.0.1:999", []string{"198.51.100.1"}, "198.51.100.1"},
		"what the client put first":  {"10.0.0.1:999", []string{"127.0.0.1, 198.51.100.1"}, "198.51.100.1"},
		"two trusted proxies":        {"10.0.0.1:999", []string{"198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"two headers":                {"10.0.0.1:999", []string{"198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
		"only proxies":               {"10.0.0.1:999", []string{"10.0.0.2"}, "10.0.0.2"},
		"a proxy that says nonsense": {"10.0.0.1:999", []string{"nobody"}, "10.0.0.1"},
		"IPv4 in IPv6":               {"[::ffff:203.0.113.7]:999", nil, "203.0.113.7"},
		"IPv6 proxy":                 {"[::1]:999", []string{"2001:db8::1"}, "2001:db8::1"},
		"no address":                 {"@", nil, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			if got := gate.Address(r, proxies).String(); got != c.want {
				t.Errorf("address %s, want %s", got, c.want)
			}
		})
	}
}

func TestSecure(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		remote, proto string
		tls, want     bool
	}{
		"plain":            {remote: "203.0.113.7:1"},
		"our TLS":          {remote: "203.0.113.7:1", tls: true, want: true},
		"a proxy's TLS":    {remote: "10.0.0.1:1", proto: "https", want: true},
		"a stranger's lie": {remote: "203.0.113.7:1", proto: "https"},
		"a proxy's plain":  {remote: "10.0.0.1:1", proto: "http"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header.Set("X-Forwarded-Proto", c.proto)
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := gate.Secure(r, proxies); got != c.want {
				t.Errorf("secure %v, want %v", got, c.want)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	for addr, want := range map[string]string{
		"203.0.113.77":          "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1::/48",
		"127.0.0.1":             "127.0.0.0/24",
		"fe80::1234:5678:9abc1": "unknown",
	} {
		parsed, _ := netip.ParseAddr(addr)
		if got := gate.Truncated(parsed); got != want {
			t.Errorf("%s is logged as %s, want %s", addr, got, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	o := gate.Origins{Allowed: []string{"https://meet.example", "https://chat.example:8443/"}}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{
		"http://here.example:8080":      true,
		"https://HERE.example:8080":     true,
		"https://meet.example":          true,
		"https://chat.example:8443":     true,
		"http://meet.example":           false,
		"https://meet.example.evil":     false,
		"https://evil.example":          false,
		"http://here.example":           false,
		"null":                          false,
		"":                              false,
		"http://here.example:8080.evil": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://here.example:8080/ws", nil)
		r.Header.Set("Origin", origin)
		if got := o.Allow(r); got != want {
			t.Errorf("origin %q allowed: %v, want %v", origin, got, want)
		}
	}
	if !o.Allow(httptest.NewRequest(http.MethodGet, "http://here.example/ws", nil)) {
		t.Error("a program without Origin is refused")
	}
	for _, bad := range []string{"meet.example", "https://", "https://meet.example/path", "://"} {
		if err := (gate.Origins{Allowed: []string{bad}}).Validate(); err == nil {
			t.Errorf("allowed origin %q passes", bad)
		}
	}
}

func TestGateCountsFailuresAndForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, gate.Limits{PerMinute: 30, Burst: 60})
		guesser, other := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
		for i := range 60 {
			if err := g.Enter(guesser); err != nil {
				t.Fatalf("attempt %d: %v", i, err)
			}
			g.Charge(guesser)
			g.Leave(guesser)
		}
		if err := g.Enter(guesser); !errors.Is(err, gate.ErrTooManyFailures) {
			t.Fatalf("attempt 61: %v", err)
		}
		if err := g.Enter(other); err != nil {
			t.Fatalf("a neighbour is refused: %v", err)
		}
		time.Sleep(g.RetryAfter())
		if err := g.Enter(guesser); err != nil {
			t.Fatalf("after the wait: %v", err)
		}
	})
}

func TestGateForgivesWhoJoins(t *testing.T) {
	g := newGate(t, gate.Limits{Burst: 2, Open: 1000})
	office := netip.MustParseAddr("203.0.113.7")
	for range 500 {
		if err := g.Enter(office); err != nil {
			t.Fatal(err)
		}
		g.Charge(office)
		g.Forgive(office)
	}
}

func TestGateBoundsOpenConnections(t *testing.T) {
	g := newGate(t, gate.Limits{Open: 2, Total: 3})
	a, sameNetwork, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("203.0.113.8")
	enter := func(addr netip.Addr, want error) {
		t.Helper()
		if err := g.Enter(addr); !errors.Is(err, want) {
			t.Fatalf("entering: %v, want %v", err, want)
		}
	}
	enter(a, nil)
	enter(sameNetwork, nil)
	enter(a, gate.ErrTooManyOpen)
	enter(b, nil)
	enter(netip.MustParseAddr("203.0.113.9"), gate.ErrFull)
	g.Leave(sameNetwork)
	enter(a, nil)
	if g.Open() != 3 {
		t.Errorf("%d open, want 3", g.Open())
	}
}

func TestGateExemptsLoopbackUnlessToldTo(t *testing.T) {
	here := netip.MustParseAddr("127.0.0.1")
	free, strict := newGate(t, gate.Limits{Burst: 1}), newGate(t, gate.Limits{Burst: 1, CountLoopback: true})
	for range 3 {
		free.Charge(here)
		strict.Charge(here)
	}
	if err := free.Enter(here); err != nil {
		t.Errorf("loopback is limited: %v", err)
	}
	if err := free.Take(here); err != nil {
		t.Errorf("loopback is limited: %v", err)
	}
	if err := strict.Take(here); !errors.Is(err, gate.ErrTooManyFailures) {
		t.Errorf("loopback is not limited: %v", err)
	}
}

func newGate(t *testing.T, limits gate.Limits) *gate.Gate {
	t.Helper()
	g, err := gate.New(limits)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
