package main

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestWhereTURNIsReached(t *testing.T) {
	for name, c := range map[string]struct {
		settings settings
		host     string
		want     []string
	}{
		"on the HTTPS port":                 {settings{Turn: "auto", TLS: "auto", PublicURL: "https://meet.example"}, "x", []string{"turns:meet.example:443?transport=tcp"}},
		"on another HTTPS port":             {settings{Turn: "auto", TLS: "file", PublicURL: "https://meet.example:8443/"}, "x", []string{"turns:meet.example:8443?transport=tcp"}},
		"where people call it":              {settings{Turn: "auto", TLS: "self"}, "192.0.2.1:8443", []string{"turns:192.0.2.1:8443?transport=tcp"}},
		"where people call it, by IPv6":     {settings{Turn: "auto", TLS: "self"}, "[2001:db8::1]:8443", []string{"turns:[2001:db8::1]:8443?transport=tcp"}},
		"nobody knows":                      {settings{Turn: "auto", TLS: "self"}, "", nil},
		"on its own port":                   {settings{Turn: ":5349", TLS: "file", PublicURL: "https://meet.example"}, "x", []string{"turns:meet.example:5349?transport=tcp"}},
		"on its own port, behind a proxy":   {settings{Turn: ":3478", TLS: "off", PublicURL: "https://meet.example"}, "x", []string{"turn:meet.example:3478?transport=tcp"}},
		"where the administrator says":      {settings{Turn: ":3478", TLS: "off", TurnURL: []string{"turns:turn.example:443?transport=tcp"}}, "x", []string{"turns:turn.example:443?transport=tcp"}},
		"by the name of a URL without port": {settings{Turn: "auto", TLS: "self"}, "meet.example", []string{"turns:meet.example:443?transport=tcp"}},
	} {
		if got := c.settings.turnURLs(c.host); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestTURNHasAPortOfItsOwn serves it beside plain HTTP, as behind a proxy that ends TLS.
func TestTURNHasAPortOfItsOwn(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	s := serve(t, "--turn", address)
	config := s.config("garden", "Ana")
	config.MediaRelay = true
	ana := enter(t, config)
	config.Name = "Bob"
	bob := enter(t, config)
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	if servers := ana.Welcome().ICEServers; len(servers) != 1 || !strings.HasSuffix(servers[0].URLs[0], address[strings.Index(address, ":"):]+"?transport=tcp") {
		t.Errorf("Ana was given %+v", servers)
	}
	if _, text := s.get("/metrics"); !strings.Contains(text, `palabre_turn_open{what="allocations"} 2`) {
		t.Error("nobody is relayed")
	}
}

func TestTURNIsOffWithoutTLS(t *testing.T) {
	s := serve(t)
	if servers := enter(t, s.config("garden", "Ana")).Welcome().ICEServers; len(servers) != 0 {
		t.Errorf("Ana was given %+v", servers)
	}
}
