// Package doctor examines the machine and the settings before people do, and
// says of each finding what to do about it.
package doctor

import (
	"context"
	"fmt"
	"io"
	"net/netip"
)

// Level says how bad a finding is.
type Level int

// The levels, from nothing to do to does not work.
const (
	Fine Level = iota
	Warning
	Problem
)

func (l Level) String() string { return [...]string{"ok", "warning", "problem"}[l] }

// Finding is what one check saw.
type Finding struct {
	Level Level
	What  string // "UDP port :7882"
	Saw   string // "free"
	Do    string // what to do about it; empty when fine
}

// Subject is what is examined; the fields are the server's settings.
type Subject struct {
	DataDir   string
	HTTP, UDP string
	ICETCP    bool
	PublicURL string
	NodeAddrs []netip.Addr
	TLS       string
	TLSCert   string
	TLSKey    string
	Turn      Turn
	// Mail connects to the mail server and logs in; nil where there is none.
	Mail func(context.Context) error
}

// Examine runs every check. The only hosts asked are those of the subject.
func Examine(ctx context.Context, s Subject) []Finding {
	findings := []Finding{
		dataDir(s.DataDir),
		httpPort(ctx, s.HTTP, s.TLS != "off"),
		udpPort(ctx, s),
	}
	findings = append(findings, tcpPort(ctx, s)...)
	findings = append(findings, relay(ctx, s)...)
	findings = append(findings, addresses(ctx, s)...)
	findings = append(findings, certificate(ctx, s)...)
	findings = append(findings, mailServer(ctx, s.Mail)...)
	findings = append(findings, clock(), udpBuffers(), openFiles(), priority(), ffmpeg(), chats())
	return findings
}

// Write prints the findings for people and returns the worst level.
func Write(w io.Writer, findings []Finding) (Level, error) {
	worst := Fine
	for _, f := range findings {
		worst = max(worst, f.Level)
		if _, err := fmt.Fprintf(w, "%-8s %s: %s\n", f.Level, f.What, f.Saw); err != nil {
			return worst, err
		}
		if f.Do != "" {
			if _, err := fmt.Fprintf(w, "         → %s\n", f.Do); err != nil {
				return worst, err
			}
		}
	}
	return worst, nil
}

// chats says what is connected; there is no chat platform to connect yet.
func chats() Finding {
	return Finding{What: "chat platforms", Saw: "none connected; meetings are joined by link"}
}
