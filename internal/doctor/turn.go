package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// Turn says how TURN is set up.
type Turn struct {
	// On is false where TURN is not served at all.
	On bool
	// Listen is its own address; empty where it shares the HTTPS port.
	Listen string
	// URLs are what clients are told; empty where that depends on how they call the server.
	URLs []string
}

// relay checks whether people whose network lets only TLS through can take part.
func relay(ctx context.Context, s Subject) []Finding {
	if !s.Turn.On {
		return []Finding{{Level: Warning, What: "TURN", Saw: "off",
			Do: "people whose network lets nothing but TLS through cannot take part; serve HTTPS here (--tls), or set --turn and --turn-url behind a proxy"}}
	}
	findings := turnPort(ctx, s)
	running := answersHealth(ctx, local(s.HTTP), s.TLS != "off")
	for _, text := range s.Turn.URLs {
		what := "TURN at " + text
		host, secure, err := turnHost(text)
		_, port, _ := net.SplitHostPort(host)
		switch {
		case err != nil:
			findings = append(findings, Finding{Level: Problem, What: what, Saw: err.Error(), Do: "write it like turns:meet.example.org:443?transport=tcp"})
		case !running:
			findings = append(findings, elsewhere(Finding{What: what, Saw: "not tried: no Palabre is running"}, port, secure))
		default:
			if err := askTURN(ctx, host, secure); err != nil {
				findings = append(findings, Finding{Level: Problem, What: what, Saw: err.Error(),
					Do: "let that name and port reach this server, or set --turn-url to where it is reached"})
				continue
			}
			findings = append(findings, elsewhere(Finding{What: what, Saw: "answers"}, port, secure))
		}
	}
	return findings
}

// elsewhere warns where TURN would not help those it is for.
func elsewhere(f Finding, port string, secure bool) Finding {
	switch {
	case !secure:
		f.Level, f.Do = Warning, "it is not TLS: networks that look into what they let through refuse it; use a turns: URL"
	case port != "443":
		f.Level, f.Do = Warning, "networks that let only port 443 through do not let this one; serve it there if you can"
	}
	return f
}

func turnPort(ctx context.Context, s Subject) []Finding {
	if s.Turn.Listen == "" {
		return []Finding{{What: "TURN", Saw: "on, on the HTTPS port"}}
	}
	what := "TURN port " + s.Turn.Listen
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Turn.Listen)
	switch {
	case err == nil:
		_ = listener.Close()
		return []Finding{{What: what, Saw: "free; open it in the firewall"}}
	case answersHealth(ctx, local(s.HTTP), s.TLS != "off"):
		return []Finding{{What: what, Saw: "in use by the Palabre that is running"}}
	}
	return []Finding{{Level: Problem, What: what, Saw: err.Error(), Do: "stop what listens there or choose another --turn"}}
}

// turnHost reads a TURN URL (RFC 7065).
func turnHost(text string) (host string, secure bool, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", false, fmt.Errorf("read the URL: %w", err)
	}
	host, port := strings.TrimSuffix(u.Opaque, "/"), "3478"
	if u.Scheme == "turns" {
		port = "5349"
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return host, u.Scheme == "turns", nil
}

// The two messages of the question: an allocation without credentials, and its refusal.
const (
	magicCookie     = 0x2112A442
	allocate        = 0x0003
	allocateRefused = 0x0113
)

// askTURN wants to be challenged for credentials.
func askTURN(ctx context.Context, host string, secure bool) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return fmt.Errorf("reach it: %w", err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(askTimeout)) // a live connection takes it
	if secure {
		name, _, _ := net.SplitHostPort(host)
		secured := tls.Client(conn, &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("speak TLS with it, as browsers do: %w", err)
		}
		conn = secured
	}
	question := make([]byte, 20)
	binary.BigEndian.PutUint16(question, allocate)
	binary.BigEndian.PutUint32(question[4:], magicCookie)
	_, _ = rand.Read(question[8:]) // never fails (crypto/rand)
	if _, err := conn.Write(question); err != nil {
		return fmt.Errorf("ask it: %w", err)
	}
	answer := make([]byte, 20)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("hear its answer: %w", err)
	}
	if binary.BigEndian.Uint16(answer) != allocateRefused || binary.BigEndian.Uint32(answer[4:]) != magicCookie {
		return errors.New("what answers there is no TURN server")
	}
	return nil
}
