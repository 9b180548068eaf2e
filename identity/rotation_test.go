package identity

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestKeysRotate(t *testing.T) {
	dir := t.TempDir()
	keys, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	token := func() string {
		t.Helper()
		text, err := keys.SignJoin(Grant{Room: "r", Role: "guest"}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	// reload looks at the file without waiting for the time to do so.
	reload := func() { keys.looked = time.Time{} }
	good := func(what, text string, want bool) {
		t.Helper()
		if _, err := keys.VerifyJoin(t.Context(), text, "r"); (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	oldest := token()
	first := keys.List()[0].KID
	if _, err := RotateKeys(dir, "RS256"); !errors.Is(err, ErrBadKey) {
		t.Errorf("another algorithm: %v", err)
	}
	curve, err := RotateKeys(dir, EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	reload()
	older := token()
	if pem, err := keys.PublicKey(curve.KID); err != nil || len(pem) == 0 {
		t.Errorf("the public half: %v", err)
	}
	if err := RetireKey(dir, first); !errors.Is(err, ErrBadKey) {
		t.Errorf("retiring the only secret: %v", err)
	}
	newest, err := RotateKeys(dir, HS256)
	if err != nil {
		t.Fatal(err)
	}
	reload()
	good("a token of the first key", oldest, true)
	good("a token of the EdDSA key", older, true)
	good("a token of the newest key", token(), true)
	if err := RetireKey(dir, newest.KID); !errors.Is(err, ErrBadKey) {
		t.Errorf("retiring the key that signs: %v", err)
	}
	for _, kid := range []string{first, curve.KID} {
		if err := RetireKey(dir, kid); err != nil {
			t.Fatal(err)
		}
	}
	reload()
	good("a token of the first key, retired", oldest, false)
	good("a token of the EdDSA key, retired", older, false)
	if err := RetireKey(dir, first); !errors.Is(err, ErrNoKey) {
		t.Errorf("retiring it again: %v", err)
	}
}

// TestOlderVersionsReadTheKeys reads the file as a version did that knew
// nothing but secrets.
func TestOlderVersionsReadTheKeys(t *testing.T) {
	dir := t.TempDir()
	if _, err := RotateKeys(dir, EdDSA); err != nil {
		t.Fatal(err)
	}
	program(t, "portal", dir, Trust{Highest: "member"})
	text, err := os.ReadFile(filepath.Join(dir, keysFile))
	if err != nil {
		t.Fatal(err)
	}
	var old struct {
		Keys []struct{ KID, Secret string } `json:"keys"`
	}
	if err := json.Unmarshal(text, &old); err != nil || len(old.Keys) != 1 || old.Keys[0].KID == "" || len(old.Keys[0].Secret) < 43 {
		t.Errorf("an older version reads %+v, %v", old, err)
	}
	if info, err := os.Stat(filepath.Join(dir, keysFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
}

func TestKeysOfProgramsThatCannotBeTrusted(t *testing.T) {
	dir := t.TempDir()
	secret := []byte("a secret of at least 32 bytes, both share it")
	for name, trust := range map[string]Trust{
		"no kid":            {Secret: secret, Highest: "member"},
		"kid with a slash":  {KID: "a/b", Secret: secret, Highest: "member"},
		"no role":           {KID: "a", Secret: secret},
		"short secret":      {KID: "a", Secret: []byte("short"), Highest: "member"},
		"no key":            {KID: "a", Highest: "member"},
		"no public key":     {KID: "a", PublicKey: []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), Highest: "member"},
		"no room's pattern": {KID: "a", Secret: secret, Highest: "member", Rooms: Patterns{"A"}},
	} {
		if err := TrustKey(dir, trust); !errors.Is(err, ErrBadKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := TrustKey(dir, Trust{KID: "a", Secret: secret, Highest: "member"}); err != nil {
		t.Fatal(err)
	}
	if err := TrustKey(dir, Trust{KID: "a", Secret: secret, Highest: "owner"}); err == nil {
		t.Error("one kid was trusted twice")
	}
}

func TestADamagedFileChangesNothingWhileTheServerRuns(t *testing.T) {
	dir := t.TempDir()
	keys, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.SignJoin(Grant{Room: "r", Role: "guest"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, keysFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys.looked = time.Time{}
	if _, err := keys.VerifyJoin(t.Context(), token, "r"); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestPasswords(t *testing.T) {
	p := NewPasswords()
	hash, err := p.Hash(t.Context(), "ope\u0301n sesame")
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"opén sesame": true, "open sesame": false, "": false} {
		if same, err := p.Match(t.Context(), hash, password); err != nil || same != want {
			t.Errorf("%q: %v, %v", password, same, err)
		}
	}
	if _, err := p.Hash(t.Context(), ""); !errors.Is(err, ErrPassword) {
		t.Errorf("no password: %v", err)
	}
}
