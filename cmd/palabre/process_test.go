//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

// asServer in the environment makes the test binary be the server itself, a
// process of its own that can be limited, measured and killed.
const asServer = "TEST_BINARY_IS_PALABRE"

// beServer runs main; each byte on standard input is answered with what the
// process holds then, as a line of JSON.
func beServer() {
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(b); err != nil {
				return
			}
			text, err := json.Marshal(holding())
			if err == nil {
				_, err = fmt.Printf("%s\n", text)
			}
			if err != nil {
				return
			}
		}
	}()
	main()
}

// held is what a process holds once its garbage is gone.
type held struct {
	Heap              int64
	Goroutines, Files int
}

func holding() (h held) {
	debug.FreeOSMemory()
	runtime.GC() // what finalizers and pools let go of by the first collection
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd")
	return held{int64(m.HeapAlloc), runtime.NumGoroutine(), len(files)}
}

// process is a server that is a process of its own.
type process struct {
	*server
	command  *exec.Cmd
	stdin    io.Writer
	measured int
}

// spawn starts a server through a shell that does this first, with these
// variables in its environment.
func spawn(t *testing.T, first string, environment []string, flags ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, data: t.TempDir(), out: &output{}, log: &output{}, http: &http.Client{Timeout: patience}}
	arguments := append([]string{"-c", first + `exec "$@"`, "sh", binary, "serve", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir", s.data}, flags...)
	c := exec.Command("/bin/sh", arguments...)
	c.Stdout, c.Stderr, c.Env = s.out, s.log, append(append(os.Environ(), asServer+"=1"), environment...)
	stdin, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.http.CloseIdleConnections()
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("the server ended with %v:\n%s", err, s.log)
		}
	})
	until(t, "the server's link", func() bool {
		_, link, found := strings.Cut(s.out.String(), "is ready: ")
		s.url = strings.TrimSuffix(strings.TrimSpace(link), "/")
		return found && strings.HasSuffix(link, "\n")
	})
	return &process{server: s, command: c, stdin: stdin}
}

// held asks the process what it holds.
func (p *process) held() (h held) {
	p.t.Helper()
	p.measured++
	if _, err := p.stdin.Write([]byte{'\n'}); err != nil {
		p.t.Fatalf("measure the server: %v", err)
	}
	until(p.t, "the server to measure itself", func() bool { return strings.Count(p.out.String(), "\n") > p.measured })
	if err := json.Unmarshal([]byte(strings.Split(p.out.String(), "\n")[p.measured]), &h); err != nil {
		p.t.Fatal(err)
	}
	return h
}

// alive says whether the process runs and answers.
func (p *process) alive() bool {
	p.t.Helper()
	if p.command.Process.Signal(syscall.Signal(0)) != nil {
		return false
	}
	res, _ := p.get("/healthz")
	return res.StatusCode == http.StatusOK
}
