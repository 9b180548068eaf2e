package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gorilla/websocket"

	"palabre/internal/catalogue"
)

// hostile are texts that would break a log, or show in a terminal what is not there.
func hostile() map[string]string {
	return map[string]string{
		"line breaks":  "Ana\r\nlevel=ERROR msg=\"forged\"\n{\"level\":\"ERROR\",\"msg\":\"forged\"}",
		"ANSI":         "Ana\x1b[2J\x1b[31mred\x1b]0;title\x07",
		"C1":           "Ana\u009b31m\u0085next",
		"separators":   "Ana\u2028forged\u2029forged",
		"bidi":         "Ana\u202egnp.exe\u2066x\u2069",
		"zero":         "Ana\x00b\ufeff\u200b",
		"very long":    strings.Repeat("Ana\u202e\x1b[1m", 4000),
		"broken UTF-8": "Ana\xff\xfe\xc0\xaf",
		"quotes":       `Ana","level":"ERROR","msg":"forged"} {"`,
	}
}

// TestW15_NothingBreaksTheLog says hostile things wherever a server listens,
// and reads its log and its audit log.
func TestW15_NothingBreaksTheLog(t *testing.T) {
	texts := hostile()
	records, entries, faults := 0, 0, []string{}
	for _, format := range []string{"json", "text"} {
		s := serve(t, "--log-format", format, "--log-level", "debug", "--failures-per-ip", "1000000")
		key := createKey(t, s)
		for _, text := range texts {
			s.sayEverywhere(key, text)
		}
		lines := strings.Split(strings.TrimRight(s.log.String(), "\n"), "\n")
		records += len(lines)
		for _, line := range lines {
			if fault := faultOfLine(line, format); fault != "" {
				faults = append(faults, fault)
			}
		}
		exported := s.auditExport()
		entries += len(exported)
		for _, line := range exported {
			if fault := faultOfLine(line, "json"); fault != "" {
				faults = append(faults, fault)
			}
		}
		file := filepath.Join(s.data, "export.jsonl")
		if err := os.WriteFile(file, []byte(strings.Join(exported, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, where := range [][]string{{"--data-dir", s.data}, {"--file", file}} {
			if code, out, errs := command(t, append([]string{"audit", "verify"}, where...)...); code != 0 {
				faults = append(faults, "palabre audit verify: "+out+errs)
			}
		}
	}
	for _, fault := range faults[:min(len(faults), 10)] {
		t.Error(fault)
	}
	catalogue.Report(t, catalogue.Item{
		ID: "W15", Injected: fmt.Sprintf("line breaks, ANSI and C1 escapes, bidi, NUL, broken UTF-8 and 40 kB in names, user agents, rooms, chat, polls and API fields: %d texts", len(texts)),
		Measured: fmt.Sprintf("%d log records and %d audit entries, %d not one line or object", records, entries, len(faults)),
		Bar:      "one line each, one JSON object in JSON mode; both seen", Pass: len(faults) == 0 && records > 100 && entries > 20,
	})
}

// faultOfLine says what is wrong with a line of a log.
func faultOfLine(line, format string) string {
	for _, r := range line {
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return fmt.Sprintf("%U stands in %.200q", r, line)
		}
	}
	if len(line) > 64<<10 {
		return fmt.Sprintf("%d bytes: %.80q", len(line), line)
	}
	if format == "text" {
		if !strings.HasPrefix(line, "time=") {
			return fmt.Sprintf("not a record: %.200q", line)
		}
		return ""
	}
	var record map[string]any
	decoder := json.NewDecoder(strings.NewReader(line))
	if err := decoder.Decode(&record); err != nil || decoder.More() {
		return fmt.Sprintf("not one object (%v): %.200q", err, line)
	}
	if record["msg"] == "forged" {
		return "a forged record: " + line
	}
	return ""
}

func createKey(t *testing.T, s *server) string {
	t.Helper()
	code, out, errs := command(t, "key", "create", "--data-dir", s.data, "--name", "W15",
		"--scope", "rooms:read", "--scope", "rooms:write", "--scope", "polls:write", "--scope", "meetings:write", "--scope", "audit:read")
	if code != 0 {
		t.Fatalf("palabre key create: %s", errs)
	}
	return strings.TrimSpace(out)
}

func (s *server) auditExport() []string {
	s.t.Helper()
	code, out, errs := command(s.t, "audit", "export", "--data-dir", s.data)
	if code != 0 {
		s.t.Fatalf("palabre audit export: %s", errs)
	}
	return strings.Split(strings.TrimRight(out, "\n"), "\n")
}

// sayEverywhere puts a text wherever strangers may put one.
func (s *server) sayEverywhere(key, text string) {
	s.t.Helper()
	s.overWebSocket(text)
	room := url.PathEscape(text[:min(len(text), 200)])
	quoted, err := json.Marshal(text)
	if err != nil {
		s.t.Fatal(err)
	}
	bearer := []string{"Authorization", "Bearer " + key, "Content-Type", "application/json"}
	s.do(http.MethodPut, "/api/v1/rooms/"+room, `{"title":`+string(quoted)+`}`, bearer...)
	s.do(http.MethodPut, "/api/v1/rooms/w15", `{"title":`+string(quoted)+`,"owner":`+string(quoted)+`}`, bearer...)
	s.do(http.MethodPatch, "/api/v1/rooms/w15", `{"owner":`+string(quoted)+`}`, bearer...)
	s.do(http.MethodPost, "/api/v1/rooms/w15/polls", `{"question":`+string(quoted)+`,"options":[`+string(quoted)+`,"b"]}`, bearer...)
	s.do(http.MethodDelete, "/api/v1/rooms/w15", "", append(bearer, "X-Request-Id", "x")...)
	s.do(http.MethodGet, "/api/v1/rooms/"+room, "", "Authorization", "Bearer plk_"+room)
	s.do(http.MethodGet, "/api/v1/audit?room="+url.QueryEscape(text[:min(len(text), 2000)]), "", bearer...)
	s.raw("GET /" + room + " HTTP/1.1\r\nHost: x\r\nUser-Agent: " + strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(text[:min(len(text), 4000)]) + "\r\nConnection: close\r\n\r\n")
	s.raw("GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\n folded" + text[:min(len(text), 100)] + "\r\nConnection: close\r\n\r\n")
}

// raw writes bytes as they are to the server's port, and reads what comes.
func (s *server) raw(request string) {
	s.t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(s.t.Context(), "tcp", "127.0.0.1:"+s.port())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, request) // the server may have hung up already
	_, _ = io.Copy(io.Discard, conn)
}

// overWebSocket comes into a room under hostile names with hostile words.
func (s *server) overWebSocket(text string) {
	s.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"palabre.v1"}, HandshakeTimeout: patience}
	for _, room := range []string{"w15", text} {
		conn, res, err := dialer.DialContext(s.t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/ws", http.Header{"User-Agent": {"w15"}})
		if err != nil {
			s.t.Fatal(err)
		}
		_ = res.Body.Close()
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		say := func(kind string, data any) {
			message := map[string]any{"type": kind, "id": 1}
			if data != nil {
				message["data"] = data
			}
			_ = conn.WriteJSON(message) // it may be closed by then
		}
		say("hello", map[string]any{"room": room, "name": text, "client": text, "token": ""})
		say("join", map[string]any{"name": "Ana", "media": map[string]bool{"microphone": false, "camera": false, "screen": false, "screenAudio": false}})
		say("rename", map[string]any{"name": text})
		say("chat", map[string]any{"text": text, "nonce": text[:min(len(text), 60)]})
		say("react", map[string]any{"emoji": text})
		say("admit", map[string]any{"participant": text})
		say(text[:min(len(text), 100)], nil)
		_ = conn.WriteMessage(websocket.TextMessage, []byte("{\"type\":\""+text[:min(len(text), 1000)]))
		say("leave", nil)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				break
			}
		}
		_ = conn.Close()
	}
}
