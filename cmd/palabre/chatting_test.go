package main

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palabre/client"
	"palabre/signaling/protocol"
)

// line waits until somebody is told a line with a text.
func (p *person) line(text string) protocol.ChatLine {
	p.t.Helper()
	return await(p, "the line "+text, func(l client.ChatReceived) bool { return l.Text == text }).ChatLine
}

// TestAChatOutlivesTheServer: replies, edits, deletions, reactions and private
// lines are there again after a restart, each for who may read it.
func TestAChatOutlivesTheServer(t *testing.T) {
	s := serve(t)
	named := func(s *server, role, name string) client.Config {
		c := s.config("garden", name)
		c.Send, c.Token = nil, s.token("--room", "garden", "--role", role, "--name", name, "--sub", name)
		return c
	}
	ana, bob, cy := enter(t, named(s, "host", "Ana")), enter(t, named(s, "guest", "Bob")), enter(t, named(s, "guest", "Cy"))
	tell := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tell(bob.Write(protocol.ChatText{Text: "helo", Nonce: "n1"}))
	first := cy.line("helo")
	tell(cy.Write(protocol.ChatText{Text: "an answer", Reply: first.ID}))
	if answer := ana.line("an answer"); answer.Quote.Text != "helo" || answer.Quote.Name != "Bob" {
		t.Errorf("the answer shows %+v", answer.Quote)
	}
	tell(bob.EditLine(first.ID, "hello"))
	await(cy, "the edit", func(e client.ChatEdited) bool { return e.Text == "hello" })
	tell(ana.ReactTo(first.ID, "👍", false))
	await(cy, "the reaction", func(r client.ChatReacted) bool { return r.Emoji == "👍" && r.Name == "Ana" })
	tell(cy.Write(protocol.ChatText{Text: "oops"}))
	tell(ana.DeleteLine(bob.line("oops").ID))
	await(cy, "the deletion", func(client.ChatDeleted) bool { return true })
	tell(bob.Write(protocol.ChatText{Text: "psst", To: cy.ID()}))
	cy.line("psst")
	tell(bob.Write(protocol.ChatText{Text: "the end"}))
	ana.line("the end")
	for _, l := range happened[client.ChatReceived](ana) {
		if l.Text == "psst" {
			t.Error("a third person was told a private line")
		}
	}
	for _, p := range []*person{ana, bob, cy} {
		tell(p.Close())
	}
	s.stop()
	second := s.again()
	for name, want := range map[string][]string{
		"Ana": {"hello", "an answer", "", "the end"}, "Bob": {"hello", "an answer", "", "psst", "the end"}, "Cy": {"hello", "an answer", "", "psst", "the end"},
	} {
		p := enter(t, named(second, "guest", name))
		found := await(p, "coming in", func(client.Joined) bool { return true }).Chat
		var texts []string
		for _, l := range found {
			texts = append(texts, l.Text)
		}
		if fmt.Sprintf("%q", texts) != fmt.Sprintf("%q", want) {
			t.Errorf("%s finds %q, want %q", name, texts, want)
			continue
		}
		if found[0].Edited == 0 || len(found[0].Reactions) != 1 || !found[2].Deleted || found[1].Quote.Line != first.ID {
			t.Errorf("%s finds %+v", name, found)
		}
	}
}

// sent uploads a file with a ticket.
func (s *server) sent(p *person, file protocol.FileWish, body string) (*http.Response, string) {
	s.t.Helper()
	file.Size = int64(len(body))
	ticket, err := p.Announce(s.t.Context(), file)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(http.MethodPost, ticket.URL, body, "Authorization", "Bearer "+ticket.Ticket)
}

// TestFilesAreSharedInTheRoom: a picture and a text are sent, fetched by a
// link that others cannot make up, and gone with their lines.
func TestFilesAreSharedInTheRoom(t *testing.T) {
	s := serve(t)
	quiet := s.config("garden", "Ana")
	quiet.Send = nil
	ana := enter(t, quiet)
	quiet.Name = "Bob"
	bob := enter(t, quiet)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 20, 10))); err != nil {
		t.Fatal(err)
	}
	if res, text := s.sent(ana, protocol.FileWish{Name: "../../etc/cat.png", Text: "look"}, b.String()); res.StatusCode != http.StatusCreated {
		t.Fatalf("a picture: %d %s", res.StatusCode, text)
	}
	picture := bob.line("look")
	if f := picture.File; f.Name != "cat.png" || f.Type != "image/png" || f.Width != 20 || f.Height != 10 || f.Size != int64(b.Len()) {
		t.Errorf("Bob is told of %+v", f)
	}
	link, err := bob.FileLink(t.Context(), picture.ID)
	if err != nil {
		t.Fatal(err)
	}
	res, body := s.get(link.URL)
	head := res.Header
	if res.StatusCode != http.StatusOK || body != b.String() || head.Get("Content-Type") != "image/png" || !strings.HasPrefix(head.Get("Content-Disposition"), "inline") ||
		head.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(head.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("fetched with %d %v", res.StatusCode, head)
	}
	if res, _ := s.sent(ana, protocol.FileWish{Name: "a \"quoted\" näme.txt", Text: "read"}, "hello <script>"); res.StatusCode != http.StatusCreated {
		t.Errorf("a text: %d", res.StatusCode)
	}
	text := bob.line("read")
	link, err = bob.FileLink(t.Context(), text.ID)
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := s.get(link.URL); !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") || strings.Contains(text.File.Name, `"`) {
		t.Errorf("a text is fetched with %v", res.Header)
	}
	for _, wrong := range []string{
		strings.Split(link.URL, "?")[0], link.URL[:len(link.URL)-3] + "AAA", strings.Replace(link.URL, "garden", "cellar", 1),
		strings.Replace(link.URL, text.File.ID, picture.File.ID, 1), strings.Split(link.URL, "?")[0] + "?key=" + strings.Repeat("A", 9000),
	} {
		if res, _ := s.get(wrong); res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusBadRequest {
			t.Errorf("%.120s: %d", wrong, res.StatusCode)
		}
	}
	if err := ana.DeleteLine(text.ID); err != nil {
		t.Fatal(err)
	}
	until(t, "the file to go with its line", func() bool {
		res, _ := s.get(link.URL)
		return res.StatusCode == http.StatusNotFound
	})
	if _, err := bob.FileLink(t.Context(), text.ID); code(err) != protocol.CodeNotFound {
		t.Errorf("a link to what is gone: %v", err)
	}
}

// TestFilesThatAreRefused: too large, of another length, of another kind, with
// a ticket that was used, is forged or of another room; nothing stays behind.
func TestFilesThatAreRefused(t *testing.T) {
	s := serve(t, "--file-limit", "1")
	quiet := s.config("garden", "Ana")
	quiet.Send = nil
	ana := enter(t, quiet)
	for name, test := range map[string]struct {
		wish protocol.FileWish
		code protocol.ErrorCode
	}{
		"larger than one may be": {protocol.FileWish{Name: "a.txt", Size: 1<<20 + 1}, protocol.CodeTooLarge},
		"of no length":           {protocol.FileWish{Name: "a.txt"}, protocol.CodeBadMessage},
		"of a negative one":      {protocol.FileWish{Name: "a.txt", Size: -1}, protocol.CodeBadMessage},
		"to nobody":              {protocol.FileWish{Name: "a.txt", Size: 1, To: "nobody"}, protocol.CodeNotFound},
	} {
		if _, err := ana.Announce(t.Context(), test.wish); code(err) != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, test := range map[string]struct {
		file, body string
		status     int
	}{
		"a page":                                {"a.html", "<html>", http.StatusUnprocessableEntity},
		"a program":                             {"a.txt", "\x7fELF....", http.StatusUnprocessableEntity},
		"text as a picture":                     {"a.png", "hello", http.StatusUnprocessableEntity},
		"a name of a mebibyte of folders, kept": {strings.Repeat("../", 10_000) + "a.txt", "hello", http.StatusCreated},
	} {
		if res, text := s.sent(ana, protocol.FileWish{Name: test.file}, test.body); res.StatusCode != test.status {
			t.Errorf("%s: %d %s", name, res.StatusCode, text)
		}
	}
	ticket, err := ana.Announce(t.Context(), protocol.FileWish{Name: "a.txt", Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Bearer " + ticket.Ticket
	for _, test := range []struct {
		name, path, body, bearer string
		status                   int
	}{
		{"without a ticket", ticket.URL, "hello", "", http.StatusUnauthorized},
		{"with a forged one", ticket.URL, "hello", bearer + "A", http.StatusUnauthorized},
		{"in another room", "/api/v1/rooms/cellar/files", "hello", bearer, http.StatusUnauthorized},
		{"of another length", ticket.URL, "hello!", bearer, http.StatusBadRequest},
		{"with a ticket that was used", ticket.URL, "hello", bearer, http.StatusUnauthorized},
	} {
		if res, text := s.do(http.MethodPost, test.path, test.body, "Authorization", test.bearer); res.StatusCode != test.status {
			t.Errorf("%s: %d %s", test.name, res.StatusCode, text)
		}
	}
	entries, err := os.ReadDir(filepath.Join(s.data, "files"))
	if err != nil || len(entries) != 1 {
		t.Errorf("on the disk there is %v, %v", entries, err)
	}
}

// TestAnUploadThatStalls gives its place back, and lets others go on meanwhile.
func TestAnUploadThatStalls(t *testing.T) {
	s := serve(t)
	quiet := s.config("garden", "Ana")
	quiet.Send = nil
	ana := enter(t, quiet)
	ticket, err := ana.Announce(t.Context(), protocol.FileWish{Name: "a.txt", Size: 1000})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", "localhost:"+s.port(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 1000\r\n\r\nhello", ticket.URL, ticket.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := s.sent(ana, protocol.FileWish{Name: "b.txt", Text: "meanwhile"}, "hello"); res.StatusCode != http.StatusCreated {
		t.Errorf("meanwhile: %d", res.StatusCode)
	}
	if err := conn.SetReadDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("what stalled was answered with %v, %v", res, err)
	}
	if entries, err := os.ReadDir(filepath.Join(s.data, "files")); err != nil || len(entries) != 1 {
		t.Errorf("on the disk there is %v, %v", entries, err)
	}
}

// TestAScannerIsAsked before anybody gets a file.
func TestAScannerIsAsked(t *testing.T) {
	scanner := filepath.Join(t.TempDir(), "scan")
	if err := os.WriteFile(scanner, []byte("#!/bin/sh\n! grep -q EICAR \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--file-scan", scanner)
	quiet := s.config("garden", "Ana")
	quiet.Send = nil
	ana := enter(t, quiet)
	if res, text := s.sent(ana, protocol.FileWish{Name: "a.txt"}, "EICAR"); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "scanner") {
		t.Errorf("what is not clean: %d %s", res.StatusCode, text)
	}
	if res, _ := s.sent(ana, protocol.FileWish{Name: "a.txt", Text: "clean"}, "fine"); res.StatusCode != http.StatusCreated {
		t.Errorf("what is clean: %d", res.StatusCode)
	}
	ana.line("clean")
}
