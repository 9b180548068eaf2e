package doctor

import (
	"io"
	"net"
	"strings"
	"testing"
)

func TestTurnURLsAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"turns:meet.example:443?transport=tcp": "meet.example:443 true",
		"turn:meet.example":                    "meet.example:3478 false",
		"turns:[2001:db8::1]":                  "[2001:db8::1]:5349 true",
	} {
		host, secure, err := turnHost(text)
		got := host + " false"
		if secure {
			got = host + " true"
		}
		if got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
}

// answering answers each connection with the same bytes.
func answering(t *testing.T, answer []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 20))
			_, _ = c.Write(answer)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func TestTurnIsAsked(t *testing.T) {
	refusal := append([]byte{0x01, 0x13, 0, 0, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...)
	if err := askTURN(t.Context(), answering(t, refusal), false); err != nil {
		t.Errorf("a TURN server: %v", err)
	}
	for says, answer := range map[string][]byte{"no TURN server": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "hear its answer": nil} {
		if err := askTURN(t.Context(), answering(t, answer), false); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("something else: %v, want %q", err, says)
		}
	}
}

func TestTurnOffAndElsewhereAreWarnedOf(t *testing.T) {
	for name, c := range map[string]struct {
		turn  Turn
		level Level
	}{
		"off":      {Turn{}, Warning},
		"at 443":   {Turn{On: true, URLs: []string{"turns:meet.example:443?transport=tcp"}}, Fine},
		"at 5349":  {Turn{On: true, URLs: []string{"turns:meet.example:5349?transport=tcp"}}, Warning},
		"not TLS":  {Turn{On: true, URLs: []string{"turn:meet.example:443?transport=tcp"}}, Warning},
		"no place": {Turn{On: true, Listen: "192.0.2.1:1"}, Problem},
	} {
		worst := Fine
		for _, f := range relay(t.Context(), Subject{HTTP: "127.0.0.1:1", TLS: "self", Turn: c.turn}) {
			worst = max(worst, f.Level)
		}
		if worst != c.level {
			t.Errorf("%s: %v, want %v", name, worst, c.level)
		}
	}
}
