//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"palabre/client"
	"palabre/internal/catalogue"
	"palabre/signaling/protocol"
)

// knock goes as far as the door and stays there until the test ends.
func (p *process) knock(n int) (leave func(), err error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	// A few to a room: a door takes so many.
	s, err := client.Open(ctx, client.Config{URL: p.url, Room: fmt.Sprint("room", n/20), Name: "Guest"})
	if err != nil {
		return nil, err
	}
	return func() { _ = s.Close() }, nil
}

// turnedAway is how a server that is full refuses somebody new, over the
// WebSocket and over HTTP.
type turnedAway struct {
	refused *client.ServerError
	status  int
	after   string
	said    string
}

func (p *process) turnsAway(err error) (r turnedAway) {
	p.t.Helper()
	errors.As(err, &r.refused)
	token := p.token("--room", "studio", "--role", "member", "--name", "Encoder")
	offer := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
	res, text := p.do(http.MethodPost, "/whip/studio", offer, "Content-Type", "application/sdp", "Authorization", "Bearer "+token)
	r.status, r.after, r.said = res.StatusCode, res.Header.Get("Retry-After"), text
	return r
}

// clear says whether everything a person or a program needs to know is in the refusal.
func (r turnedAway) clear() bool {
	return r.refused != nil && r.refused.Code == protocol.CodeUnavailable && strings.Contains(r.refused.Message, "full") && r.refused.RetryAfter > 0 &&
		r.status == http.StatusServiceUnavailable && r.after != "" && strings.Contains(r.said, `"unavailable"`)
}

// TestF15_OutOfFiles fills a server of 256 file descriptors with people, then
// with connections that say nothing until the kernel gives no more.
func TestF15_OutOfFiles(t *testing.T) {
	t.Parallel()
	const limit = 256
	p := spawn(t, fmt.Sprintf("ulimit -n %d; ", limit), nil)
	ana, bob := enter(t, p.config("garden", "Ana")), enter(t, p.config("garden", "Bob"))
	ana.seesAndHears(bob)
	var refusal error
	var inside []func()
	for refusal == nil && len(inside) < limit {
		leave, err := p.knock(len(inside))
		if refusal = err; err == nil {
			inside = append(inside, leave)
			defer leave()
		}
	}
	answer := p.turnsAway(refusal)
	var idle []net.Conn
	for range limit {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(strings.Replace(p.url, "localhost", "127.0.0.1", 1), "http://"), time.Second)
		if err != nil {
			break // the kernel's own queue is full
		}
		idle = append(idle, c)
	}
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	told := ana.Say("still here", "") == nil
	await(bob, "the chat to go on", func(m client.ChatReceived) bool { return m.Text == "still here" })
	for _, c := range idle {
		_ = c.Close()
	}
	for _, leave := range inside {
		leave()
	}
	again := false
	until(t, "somebody new to be let in again", func() bool {
		leave, err := p.knock(0)
		if err == nil {
			again = true
			leave()
		}
		return again
	})
	catalogue.Report(t, catalogue.Item{
		ID: "F15", Injected: fmt.Sprintf("%d file descriptors: people until they are refused, then %d connections that say nothing", limit, len(idle)),
		Measured: fmt.Sprintf("refused after %d people: %v; over HTTP with %d, Retry-After %s; the call goes on, chat too: %v; alive: %v; new people let in after: %v",
			len(inside)+2, refusal, answer.status, answer.after, told, p.alive(), again),
		Bar:  "new joins refused with 503 and a reason, no crash, calls go on",
		Pass: answer.clear() && told && again && p.alive() && len(inside) > limit/2,
	})
}
