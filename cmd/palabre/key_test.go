package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palabre/identity"
)

// palabre runs a command and gives what it prints, and its code.
func palabreRun(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr strings.Builder
	code = run(t.Context(), args, &stdout, &stderr)
	return strings.TrimSpace(stdout.String()), stderr.String(), code
}

func TestKeysFromTheCommandLine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	ok := func(args ...string) string {
		t.Helper()
		out, errs, code := palabreRun(t, append(args, "--data-dir", dir)...)
		if code != 0 {
			t.Fatalf("palabre %s: %d %s", strings.Join(args, " "), code, errs)
		}
		return out
	}
	text := ok("key", "create", "--name", "Portal", "--scope", "rooms:read", "--room", "team-*")
	id := strings.Split(text, "_")[1]
	if !strings.HasPrefix(text, identity.KeyPrefix) || strings.Contains(text, "\n") {
		t.Errorf("create prints %q", text)
	}
	kid := ok("key", "rotate", "--algorithm", "EdDSA")
	if pem := ok("key", "public", kid); !strings.HasPrefix(pem, "-----BEGIN PUBLIC KEY-----") {
		t.Errorf("public prints %q", pem)
	}
	public := filepath.Join(t.TempDir(), "portal.pub")
	if err := os.WriteFile(public, []byte(ok("key", "public", kid)), 0o600); err != nil {
		t.Fatal(err)
	}
	ok("key", "trust", "--kid", "portal-1", "--public-key", public, "--room", "team-*", "--highest", "host")
	list := ok("key", "list")
	for _, want := range []string{id, "Portal", "team-*", "good", kid, "signs", "portal-1", "another program's"} {
		if !strings.Contains(list, want) {
			t.Errorf("list does not name %q:\n%s", want, list)
		}
	}
	if secret := strings.Split(text, "_")[2]; strings.Contains(list, secret) {
		t.Error("list shows the secret")
	}
	ok("key", "revoke", id)
	ok("key", "retire", "portal-1")
	ok("key", "unlink", "some-token")
	if list := ok("key", "list"); !strings.Contains(list, "revoked") || strings.Contains(list, "portal-1") {
		t.Errorf("afterwards list prints\n%s", list)
	}
	for _, bad := range [][]string{
		{"key", "create", "--name", "x", "--scope", "rooms:own"}, {"key", "revoke", id}, {"key", "retire", "nobody"}, {"key", "retire", kid},
		{"key", "trust", "--kid", "a", "--public-key", public, "--secret-file", public},
	} {
		if _, errs, code := palabreRun(t, append(bad, "--data-dir", dir)...); code == 0 || errs == "" {
			t.Errorf("palabre %s passes", strings.Join(bad, " "))
		}
	}
}

// TestDocumentedScopes keeps the table of docs/access.md that of the code.
func TestDocumentedScopes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "access.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range identity.Scopes() {
		if row := "| `" + string(scope) + "` | " + scope.Help() + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/access.md lacks the row %s", row)
		}
	}
}
