package files_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"palabre/rooms/chat"
	"palabre/store/files"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open makes a vault in a folder of the test.
func open(t testing.TB, change func(*files.Config)) (*files.Vault, string) {
	t.Helper()
	dir := t.TempDir()
	disk, err := files.NewDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	config := files.Config{Blobs: disk}
	if change != nil {
		change(&config)
	}
	vault, err := files.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return vault, dir
}

func take(t testing.TB, v *files.Vault, name string, body []byte) (chat.File, error) {
	t.Helper()
	file := chat.File{ID: uuid.NewString(), Name: name, Size: int64(len(body))}
	return v.Take(t.Context(), file, bytes.NewReader(body))
}

func picture(t testing.TB, encode func(io.Writer, image.Image) error, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func webp(chunk string, data []byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBP" + chunk + "\x00\x00\x00\x00")
	return append(append(b, data...), make([]byte, 32)...)
}

// TestFilesAreWhatTheirBytesAre lists what is taken as what, and what is not.
func TestFilesAreWhatTheirBytesAre(t *testing.T) {
	v, dir := open(t, nil)
	jpegs := func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
	gifs := func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }
	elf := append([]byte("\x7fELF"), make([]byte, 60)...)
	huge := picture(t, png.Encode, 8, 8)
	binary.BigEndian.PutUint32(huge[16:], 60_000)
	for _, test := range []struct {
		name, file    string
		body          []byte
		media         string
		width, height int
		want          error
	}{
		{"a png", "a.png", picture(t, png.Encode, 30, 20), "image/png", 30, 20, nil},
		{"a jpeg", "a.JPG", picture(t, jpegs, 30, 20), "image/jpeg", 30, 20, nil},
		{"a gif", "a.gif", picture(t, gifs, 30, 20), "image/gif", 30, 20, nil},
		{"a lossy webp", "a.webp", webp("VP8 ", []byte{0, 0, 0, 0x9d, 0x01, 0x2a, 30, 0, 20, 0}), "image/webp", 30, 20, nil},
		{"a lossless webp", "a.webp", webp("VP8L", []byte{0x2f, 29, 0xc0, 4, 0}), "image/webp", 30, 20, nil},
		{"an extended webp", "a.webp", webp("VP8X", []byte{0, 0, 0, 0, 29, 0, 0, 19, 0, 0}), "image/webp", 30, 20, nil},
		{"a webp of nothing", "a.webp", webp("VP8 ", make([]byte, 10)), "image/webp", 0, 0, nil},
		{"a picture cut off after its mark", "a.png", []byte("\x89PNG\x0d\x0a\x1a\x0a"), "image/png", 0, 0, nil},
		{"text", "notes.md", []byte("# hello\n<script> in the middle is only text"), "text/plain", 0, 0, nil},
		{"a pdf", "a.pdf", []byte("%PDF-1.7 ..."), "application/pdf", 0, 0, nil},
		{"an office document", "a.docx", []byte("PK\x03\x04 ..."), "application/zip", 0, 0, nil},
		{"a name without an ending", "notes", []byte("hello"), "text/plain", 0, 0, nil},
		{"a page", "a.html", []byte("<!DOCTYPE html><p>hi"), "", 0, 0, files.ErrType},
		{"a page that says it is a text", "a.txt", []byte("  <html><script>alert(1)</script>"), "", 0, 0, files.ErrType},
		{"a page that says it is a picture", "a.png", []byte("<html>"), "", 0, 0, files.ErrType},
		{"a drawing that can run", "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "", 0, 0, files.ErrType},
		{"a drawing as text", "a.txt", []byte(`<?xml version="1.0"?><svg/>`), "", 0, 0, files.ErrType},
		{"text under the name of a drawing", "a.svg", []byte("hello"), "", 0, 0, files.ErrType},
		{"a program", "a", elf, "", 0, 0, files.ErrType},
		{"a program for Windows", "a.pdf", []byte("MZ\x90\x00"), "", 0, 0, files.ErrType},
		{"a script", "a.txt", []byte("#!/bin/sh\nrm -rf /"), "", 0, 0, files.ErrType},
		{"text under the name of a script", "a.bat", []byte("del *"), "", 0, 0, files.ErrType},
		{"a picture under the name of a program", "a.png.exe", picture(t, png.Encode, 3, 2), "", 0, 0, files.ErrType},
		{"a document with macros", "a.docm", []byte("PK\x03\x04 ..."), "", 0, 0, files.ErrType},
		{"bytes nobody knows", "a.bin", []byte{0, 1, 2, 3, 4, 5}, "", 0, 0, files.ErrType},
		{"text under the name of a picture", "a.png", []byte("hello"), "", 0, 0, files.ErrMismatch},
		{"an archive under the name of a picture", "a.jpg", []byte("PK\x03\x04 ..."), "", 0, 0, files.ErrMismatch},
		{"a picture larger than a browser should unpack", "a.png", huge, "image/png", 0, 0, nil},
	} {
		found, err := take(t, v, test.file, test.body)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
			continue
		}
		if err == nil && (found.Type != test.media || found.Width != test.width || found.Height != test.height) {
			t.Errorf("%s: taken as %+v", test.name, found)
		}
		if _, gone := v.Open(found.ID); (gone != nil) != (test.want != nil) {
			t.Errorf("%s: afterwards %v", test.name, gone)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), ".part") }) {
		t.Errorf("what was refused left something behind: %v, %v", entries, err)
	}
}

func TestFilesComeWholeOrNotAtAll(t *testing.T) {
	v, dir := open(t, nil)
	broken := errors.New("the line went dead")
	file := chat.File{ID: uuid.NewString(), Name: "a.txt", Size: 10}
	for name, test := range map[string]struct {
		body io.Reader
		want error
	}{
		"too short": {strings.NewReader("hello"), files.ErrLength},
		"too long":  {strings.NewReader(strings.Repeat("x", 1000)), files.ErrLength},
		"broken":    {io.MultiReader(strings.NewReader("hello"), &failing{broken}), broken},
	} {
		if _, err := v.Take(t.Context(), file, test.body); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Take(over, file, strings.NewReader("0123456789")); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind %v, %v", entries, err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// TestNothingGetsOutOfTheFolder tries ids that are paths, and a link in the folder.
func TestNothingGetsOutOfTheFolder(t *testing.T) {
	v, dir := open(t, nil)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	id := uuid.NewString()
	if err := os.Symlink(secret, filepath.Join(dir, id)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../secret", secret, "..", "", id + "/..", id} {
		if _, err := v.Open(id); err == nil {
			t.Errorf("%q was opened", id)
		}
		if _, err := v.Take(t.Context(), chat.File{ID: "../" + id, Name: "a.txt", Size: 1}, strings.NewReader("x")); err == nil {
			t.Errorf("stored outside as %q", id)
		}
	}
	v.Forget(secret)
	v.Forget("../" + filepath.Base(secret))
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("a file outside was deleted: %v", err)
	}
}

// script writes a scanner.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scan")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAScannerLooksAtEveryFile(t *testing.T) {
	v, _ := open(t, func(c *files.Config) { c.Scan = script(t, `! grep -q EICAR "$1"`) })
	if _, err := take(t, v, "a.txt", []byte("clean")); err != nil {
		t.Errorf("clean: %v", err)
	}
	if found, err := take(t, v, "a.txt", []byte("EICAR")); !errors.Is(err, files.ErrScan) {
		t.Errorf("not clean: %v", err)
	} else if _, err := v.Open(found.ID); err == nil {
		t.Error("what the scanner refused is there")
	}
}

// TestAScannerThatCannotLookLetsNothingIn: it dies, or takes too long.
func TestAScannerThatCannotLookLetsNothingIn(t *testing.T) {
	dies, _ := open(t, func(c *files.Config) { c.Scan = script(t, `kill -9 $$`) })
	if _, err := take(t, dies, "a.txt", []byte("x")); !errors.Is(err, files.ErrScanner) {
		t.Errorf("it died: %v", err)
	}
	hangs, _ := open(t, func(c *files.Config) { c.Scan = script(t, `exec tail -f /dev/null`) })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := hangs.Take(ctx, chat.File{ID: uuid.NewString(), Name: "a.txt", Size: 1}, strings.NewReader("x")); !errors.Is(err, files.ErrScanner) {
		t.Errorf("it hung: %v", err)
	}
	if _, err := files.New(files.Config{Blobs: &files.Disk{}, Scan: "/no/such/scanner"}); err == nil {
		t.Error("a scanner that is not there was taken")
	}
}

func TestWhatBelongsToNoLineIsSweptAway(t *testing.T) {
	var kept []string
	v, dir := open(t, func(c *files.Config) {
		c.Kept = func(_ context.Context, ids []string) (map[string]bool, error) {
			found := map[string]bool{}
			for _, id := range ids {
				found[id] = slices.Contains(kept, id)
			}
			return found, nil
		}
	})
	var all []chat.File
	for range 3 {
		file, err := take(t, v, "a.txt", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	kept = []string{all[0].ID}
	if err := os.Chtimes(filepath.Join(dir, all[2].ID), time.Now(), time.Now().Add(90*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := v.Sweep(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for i, there := range []bool{true, false, true} {
		if _, err := v.Open(all[i].ID); (err == nil) != there {
			t.Errorf("file %d: %v", i, err)
		}
	}
}

// TestHalfAFileDoesNotOutliveTheServer that was receiving it.
func TestHalfAFileDoesNotOutliveTheServer(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, uuid.NewString()+".part")
	if err := os.WriteFile(half, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	disk, err := files.NewDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the half file is still there: %v", err)
	}
}

// FuzzTake sends bytes and names of any kind: nothing of it stops the vault,
// and what it takes is on the list.
func FuzzTake(f *testing.F) {
	v, _ := open(f, nil)
	f.Add("a.png", []byte("\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR"))
	f.Add("a.webp", webp("VP8X", []byte{0, 0, 0, 0, 29, 0, 0, 19, 0, 0}))
	f.Add("a.gif", []byte("GIF89a"))
	f.Add("a.jpg", []byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		found, err := take(t, v, name, body)
		if err != nil {
			return
		}
		defer v.Forget(found.ID)
		if !slices.Contains(files.DefaultTypes(), found.Type) || found.Width < 0 || found.Height < 0 || (found.Width > 0) != (found.Height > 0) {
			t.Errorf("taken as %+v", found)
		}
	})
}
