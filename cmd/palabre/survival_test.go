//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/internal/catalogue"
	"palabre/signaling/protocol"
)

// mortal is a server in a process of its own that a test ends, in any way.
type mortal struct {
	*server
	command *exec.Cmd
	ended   chan error
}

// boot starts one on a data folder and an HTTP address, and returns when it listens.
func boot(t *testing.T, data, address string, flags ...string) *mortal {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, data: data, out: &output{}, log: &output{}, http: &http.Client{Timeout: patience}}
	c := exec.Command(binary, append([]string{"serve", "--http", address, "--udp", "127.0.0.1:0", "--data-dir", data}, flags...)...)
	c.Stdout, c.Stderr, c.Env = s.out, s.log, append(os.Environ(), asServer+"=1")
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	m := &mortal{server: s, command: c, ended: make(chan error, 1)}
	go func() { m.ended <- c.Wait() }()
	t.Cleanup(func() {
		s.http.CloseIdleConnections()
		m.kill(syscall.SIGKILL)
		_ = stdin.Close()
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.log)
		}
	})
	until(t, "the server's link", func() bool {
		_, link, found := strings.Cut(s.out.String(), "is ready: ")
		s.url = strings.TrimSuffix(strings.TrimSpace(link), "/")
		return found && strings.HasSuffix(link, "\n")
	})
	return m
}

// kill ends the process and waits for that.
func (m *mortal) kill(by syscall.Signal) error {
	_ = m.command.Process.Signal(by) // it may have ended
	err := <-m.ended
	m.ended <- err
	return err
}

// as is somebody with a token that names and ranks them.
func (s *server) as(room, role, name string) client.Config {
	s.t.Helper()
	c := s.config(room, name)
	c.Token = s.token("--room", room, "--role", role, "--name", name, "--sub", strings.ToLower(name))
	return c
}

// says writes lines and waits until somebody else has read them.
func (p *person) says(to *person, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if err := p.Say(text, ""); err != nil {
			p.t.Fatal(err)
		}
	}
	last := texts[len(texts)-1]
	await(to, "the line "+last, func(l client.ChatReceived) bool { return l.Text == last })
}

// read lists what somebody read in the chat since they came in.
func (p *person) read() (list []string) {
	for _, l := range happened[client.ChatReceived](p) {
		list = append(list, l.Text)
	}
	return list
}

// history is the chat as somebody finds it who comes in now.
func history(t *testing.T, c client.Config) (list []string, about protocol.Room, people map[string]protocol.Role) {
	t.Helper()
	p := enter(t, c)
	joined := await(p, "coming in", func(client.Joined) bool { return true })
	for _, line := range joined.Chat {
		list = append(list, line.Text)
	}
	people = map[string]protocol.Role{}
	for _, other := range joined.Participants {
		people[other.Name] = other.Role
	}
	return list, joined.About, people
}

// hearEachOther waits until everybody has new sound and picture of everybody.
func hearEachOther(people ...*person) {
	for _, p := range people {
		for _, other := range people {
			if p != other {
				p.seesAndHears(other)
			}
		}
	}
}

// mediaBack waits until everybody has sound and picture of everybody that came
// after a moment, and gives how long after.
func mediaBack(t *testing.T, since time.Time, people ...*person) time.Duration {
	t.Helper()
	until(t, "media after the restart", func() bool {
		for _, p := range people {
			for _, other := range people {
				for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
					if p != other && !p.of(other.ID(), kind).last.After(since) {
						return false
					}
				}
			}
		}
		return true
	})
	return time.Since(since)
}

// widest is the longest silence anybody had since gaps were forgotten.
func widest(people ...*person) (gap time.Duration) {
	for _, p := range people {
		for _, other := range people {
			if p != other {
				gap = max(gap, p.of(other.ID(), webrtc.RTPCodecTypeAudio).gap)
			}
		}
	}
	return gap
}

// TestF01_Killed kills a server in the middle of a meeting, as the kernel does
// when memory runs out, and starts it again, as a supervisor does.
func TestF01_Killed(t *testing.T) {
	const room = "garden"
	data := t.TempDir()
	first := boot(t, data, "127.0.0.1:0", "--lobby")
	ana := enter(t, first.as(room, "host", "Ana"))
	bob := enter(t, first.as(room, "member", "Bob"))
	cleo := enter(t, first.as(room, "member", "Cleo"))
	hearEachOther(ana, bob, cleo)
	ana.says(cleo, "one", "two", "three")
	if err := errors.Join(ana.Appoint(bob.ID(), "co-host"), ana.Lock(true)); err != nil {
		t.Fatal(err)
	}
	await(cleo, "the lock", func(c client.RoomChanged) bool { return c.Locked })
	ana.says(cleo, "four") // once it is read, all before it is safe
	lines, before := []string{"one", "two", "three", "four"}, cleo.ids()

	_ = first.kill(syscall.SIGKILL)
	second := boot(t, data, first.vacated(), "--lobby")
	listening := time.Now()
	back := mediaBack(t, listening, ana, bob, cleo)

	chat, about, roles := history(t, second.as(room, "host", "Hana"))
	intact := slices.Equal(chat, lines) && about.Locked && about.Lobby && roles["Bob"] == "co-host" && roles["Ana"] == "host" &&
		roles["Cleo"] == "member" && slices.Equal(before, slices.DeleteFunc(cleo.ids(), func(id string) bool { return !slices.Contains(before, id) }))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := client.Join(ctx, second.as(room, "member", "Max"))
	locked := code(err) == protocol.CodeLocked
	catalogue.Report(t, catalogue.Item{
		ID: "F1", Injected: "kill -9 of the server in a meeting of three, then a start on the same data",
		Measured: fmt.Sprintf("media of all back %.1f s after it listens; chat %v, locked %v, roles %v, who is new is kept out: %v",
			back.Seconds(), chat, about.Locked, roles, locked),
		Bar:  "media back ≤ 3 s after it listens; chat, roles, lock and lobby intact",
		Pass: back <= 3*time.Second && intact && locked,
	})
}

// TestF02_Terminated stops a server in the middle of a meeting, as a deploy does.
func TestF02_Terminated(t *testing.T) {
	data := t.TempDir()
	first := boot(t, data, "127.0.0.1:0")
	people := []*person{enter(t, first.as("garden", "host", "Ana")), enter(t, first.config("garden", "Bob")), enter(t, first.config("garden", "Cleo"))}
	hearEachOther(people...)
	people[0].says(people[1], "before the stop")
	begin := time.Now()
	err := first.kill(syscall.SIGTERM)
	took := time.Since(begin)
	told := 0
	for _, p := range people {
		if list := happened[client.Restarting](p); len(list) == 1 && list[0].After > 0 {
			told++
		}
	}
	second := boot(t, data, first.vacated())
	hearEachOther(people...)
	chat, _, _ := history(t, second.as("garden", "host", "Hana"))
	catalogue.Report(t, catalogue.Item{
		ID: "F2", Injected: "SIGTERM with a meeting of three",
		Measured: fmt.Sprintf("%d of 3 told to come back, ended in %.1f s with %v; chat after the start %v", told, took.Seconds(), err, chat),
		Bar:      "all told to come back in n s, ends ≤ 10 s",
		Pass:     told == 3 && took <= 10*time.Second && err == nil && slices.Equal(chat, []string{"before the stop"}),
	})
}
