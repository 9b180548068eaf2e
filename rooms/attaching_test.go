package rooms

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func withFiles(c *Config) { c.Files = Files{Limit: 100, Total: 250} }

// upload announces a file and sends it as what was announced.
func (h *house) upload(c *caller, a Attachment) error {
	h.t.Helper()
	ticket, err := c.Attach(bg, a)
	if err != nil {
		return err
	}
	up, err := h.rooms.Upload(bg, testRoom, ticket.Secret)
	if err != nil {
		return err
	}
	file := up.File
	file.Type = "text/plain"
	_, err = up.Done(bg, file)
	return err
}

func TestAFileIsALine(t *testing.T) {
	var mu sync.Mutex
	var forgotten []string
	files := func(c *Config) {
		withFiles(c)
		c.Files.Forget = func(id string) {
			mu.Lock()
			defer mu.Unlock()
			forgotten = append(forgotten, id)
		}
	}
	inHouse(t, files, func(t *testing.T, h *house) {
		ana, bob, cy := h.person(Guest, "Ana"), h.person(Guest, "Bob"), h.person(Guest, "Cy")
		ana.pull()
		bob.pull()
		ok(t, h.upload(ana, Attachment{Message: Message{Text: "here", Nonce: "n", To: bob.id()}, Name: `..\..\plan.txt`, Size: 10}))
		line := only[Line](t, bob.pull()).Line
		if line.File.Name != "plan.txt" || line.File.Size != 10 || line.Text != "here" || !line.Private() || line.Nonce != "n" {
			t.Errorf("Bob is told %+v", line)
		}
		if file, err := bob.File(bg, line.ID); err != nil || file != line.File {
			t.Errorf("Bob is given %+v, %v", file, err)
		}
		_, err := cy.File(bg, line.ID)
		wantCode(t, err, CodeNotFound)
		ok(t, bob.Write(bg, 1, Message{Text: "no file"}))
		_, err = cy.File(bg, only[Line](t, bob.pull()).ID)
		wantCode(t, err, CodeNotFound)
		ok(t, ana.Unsay(bg, 1, line.ID))
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(forgotten) != 1 || forgotten[0] != line.File.ID {
			t.Errorf("forgotten is %q, want %q", forgotten, line.File.ID)
		}
	})
}

func TestUploadsAreBounded(t *testing.T) {
	inHouse(t, withFiles, func(t *testing.T, h *house) {
		ana, bob, eve := h.person(Guest, "Ana"), h.person(Guest, "Bob"), h.person(Viewer, "Eve")
		for _, test := range []struct {
			who  *caller
			size int64
			code Code
		}{{ana, 0, CodeBadMessage}, {ana, -5, CodeBadMessage}, {ana, 101, CodeTooLarge}, {eve, 1, CodeForbidden}} {
			_, err := test.who.Attach(bg, Attachment{Name: "a", Size: test.size})
			wantCode(t, err, test.code)
		}
		first, err := ana.Attach(bg, Attachment{Name: "a", Size: 100})
		ok(t, err)
		ok(t, h.upload(bob, Attachment{Name: "b", Size: 100}))
		_, err = bob.Attach(bg, Attachment{Name: "c", Size: 51}) // one promised and one there
		wantCode(t, err, CodeTooLarge)
		for range maxTickets - 1 {
			_, err = ana.Attach(bg, Attachment{Name: "d", Size: 1})
			ok(t, err)
		}
		_, err = ana.Attach(bg, Attachment{Name: "e", Size: 1})
		wantCode(t, err, CodeRateLimited)
		time.Sleep(ticketLife + time.Second)
		_, err = h.rooms.Upload(bg, testRoom, first.Secret)
		wantCode(t, err, CodeUnauthorized)
		ok(t, h.upload(ana, Attachment{Name: "f", Size: 100})) // what was promised too long ago takes no place
	})
}

func TestATicketIsForOneUpload(t *testing.T) {
	inHouse(t, withFiles, func(t *testing.T, h *house) {
		ana := h.person(Guest, "Ana")
		ticket, err := ana.Attach(bg, Attachment{Name: "a", Size: 1})
		ok(t, err)
		_, err = h.rooms.Upload(bg, "another", ticket.Secret)
		wantCode(t, err, CodeUnauthorized)
		up, err := h.rooms.Upload(bg, testRoom, ticket.Secret)
		ok(t, err)
		_, err = h.rooms.Upload(bg, testRoom, ticket.Secret)
		wantCode(t, err, CodeUnauthorized)
		up.Cancel()
		again, err := ana.Attach(bg, Attachment{Name: "a", Size: 1})
		ok(t, err)
		up, err = h.rooms.Upload(bg, testRoom, again.Secret)
		ok(t, err)
		ok(t, ana.Leave(bg, 0)) // and the meeting is over
		_, err = up.Done(bg, up.File)
		wantCode(t, err, CodeNotFound)
	})
}

func TestNobodyAttachesWhereFilesAreOff(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana := h.person(Host, "Ana")
		_, err := ana.Attach(bg, Attachment{Name: "a", Size: 1})
		wantCode(t, err, CodeForbidden)
	})
}

func TestFileNamesAreHarmless(t *testing.T) {
	for name, want := range map[string]string{
		"plan.pdf":                         "plan.pdf",
		"../../etc/passwd":                 "passwd",
		`C:\Users\me\a.txt`:                "a.txt",
		"/":                                "file",
		"..":                               "file",
		"":                                 "file",
		".htaccess":                        "htaccess",
		"a\x00b\u202efdp.exe":              "abfdp.exe",
		"a\nb.txt":                         "a b.txt",
		"con.txt":                          "filecon.txt",
		"COM1":                             "fileCOM1",
		"concert.txt":                      "concert.txt",
		`a<b>:"|?*%.txt`:                   "a_b_______.txt",
		"-rf":                              "rf",
		"été.txt":                          "été.txt",
		"a.":                               "a",
		strings.Repeat("x", 5000):          strings.Repeat("x", maxFileName),
		strings.Repeat("é", 500) + ".docx": strings.Repeat("é", maxFileName-5) + ".docx",
	} {
		if got := cleanFileName(name); got != want {
			t.Errorf("%.60q becomes %q, want %q", name, got, want)
		}
	}
}

// FuzzFileName: whatever a name was, what is left leads nowhere.
func FuzzFileName(f *testing.F) {
	for _, seed := range []string{"plan.pdf", "../x", `..\x`, "con", "\u202e", "a\x00.b", ".", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean := cleanFileName(name)
		if clean == "" || !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > maxFileName+len("file") ||
			strings.ContainsAny(clean, "/\\:<>\"|?*%\x00\n\r") || strings.HasPrefix(clean, ".") || strings.HasPrefix(clean, "-") || deviceNames.MatchString(clean) {
			t.Errorf("%q becomes %q", name, clean)
		}
	})
}
