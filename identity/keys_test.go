package identity

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestKeysAreMadeOnceAndKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, keysFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the keys have mode %v, %v", info.Mode(), err)
	}
	token, err := first.SignJoin(Grant{Room: "r", Role: "host"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.VerifyJoin(t.Context(), token, "r"); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the data directory holds %v", entries)
	}
}

func TestManyProcessesMakeOneKey(t *testing.T) {
	dir := t.TempDir()
	kids := make([]string, 8)
	var all sync.WaitGroup
	for i := range kids {
		all.Go(func() {
			keys, err := LoadKeys(dir)
			if err != nil {
				t.Error(err)
				return
			}
			kids[i] = keys.ring.Load().file.Keys[0].KID
		})
	}
	all.Wait()
	for _, kid := range kids {
		if kid != kids[0] {
			t.Errorf("keys differ: %v", kids)
		}
	}
}

func TestBadKeyFiles(t *testing.T) {
	secret := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	tests := []struct{ name, text, want string }{
		{"no JSON", "hello", "damaged"},
		{"no key", `{"keys":[]}`, "no key"},
		{"short secret", `{"keys":[{"kid":"a","secret":"AAAA"}]}`, "3 bytes"},
		{"no base64", `{"keys":[{"kid":"a","secret":"s3cret!"}]}`, "not base64url"},
		{"no kid", `{"keys":[{"secret":"` + secret + `"}]}`, "kid"},
		{"same kid", `{"keys":[{"kid":"a","secret":"` + secret + `"},{"kid":"a","secret":"` + secret + `"}]}`, "kid"},
		{"huge", strings.Repeat(" ", maxKeysFile+1), "bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, keysFile), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadKeys(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want something about %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestKeysOthersCanReadAreRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadKeys(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, keysFile), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v, want what to do", err)
	}
}

func TestADataDirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(filepath.Join(file, "data")); err == nil {
		t.Error("made keys below a file")
	}
}

func TestOldKeysVerifyAndTheFirstSigns(t *testing.T) {
	older := newKeys(t)
	token, err := older.SignJoin(Grant{Room: "r", Role: "guest"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(keyFile{Keys: []key{newKeys(t).ring.Load().file.Keys[0], older.ring.Load().file.Keys[0]}})
	if err != nil {
		t.Fatal(err)
	}
	rotated := &Keys{}
	found, err := parseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	rotated.ring.Store(found)
	if _, err := rotated.VerifyJoin(t.Context(), token, "r"); err != nil {
		t.Errorf("a token of the older key: %v", err)
	}
	token, err = rotated.SignJoin(Grant{Room: "r", Role: "guest"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := older.VerifyJoin(t.Context(), token, "r"); err == nil {
		t.Error("the older key signed a new token")
	}
}

func newKeys(t testing.TB) *Keys {
	t.Helper()
	text, err := newKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	found, err := parseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	keys := &Keys{}
	keys.ring.Store(found)
	return keys
}
