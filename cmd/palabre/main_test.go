package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palabre/identity"
)

// command runs the binary's main without a process.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestWrongSettingsStopTheStart(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"unknown flag", []string{"--nonsense"}, "--nonsense"},
		{"no address", []string{"--http", "8080"}, `--http "8080" is no address`},
		{"file without files", []string{"--tls", "file"}, "--tls-cert and --tls-key"},
		{"auto without a name", []string{"--tls", "auto"}, "--public-url"},
		{"unknown mode", []string{"--tls", "maybe"}, "--tls"},
		{"URL with a path", []string{"--public-url", "https://a.example/meet"}, "--public-url"},
		{"no IP", []string{"--node-ip", "example.org"}, "--node-ip"},
		{"no network", []string{"--trusted-proxy", "10.0.0.1"}, "--trusted-proxy"},
		{"nobody may come", []string{"--max-people", "1"}, "--max-people 1 is out of range"},
		{"no place for TURN", []string{"--turn", "somewhere"}, `--turn "somewhere" is no address`},
		{"no TURN URL", []string{"--turn", ":5349", "--turn-url", "https://a.example"}, "--turn-url"},
		{"TURN nowhere", []string{"--turn-url", "turns:a.example:443"}, "--turn-url goes with TURN"},
		{"token without a file", []string{"--metrics", "token"}, "--metrics-token-file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := command(t, append([]string{"serve"}, c.args...)...)
			if code == 0 || !strings.Contains(stderr, c.says) {
				t.Errorf("exit %d, said %q, want it to name %q", code, stderr, c.says)
			}
		})
	}
}

func TestUnknownNamesInFileAndEnvironmentStopTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "palabre.yaml")
	if err := os.WriteFile(file, []byte("htpp: :9000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(t, "doctor", "--config", file); code != 2 || !strings.Contains(stderr, `"htpp"`) {
		t.Errorf("file: exit %d, said %q", code, stderr)
	}
	t.Setenv("PALABRE_HTPP", ":9000")
	if code, _, stderr := command(t, "version"); code != 2 || !strings.Contains(stderr, "PALABRE_HTPP") {
		t.Errorf("environment: exit %d, said %q", code, stderr)
	}
}

func TestFlagsBeatEnvironmentBeatsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "palabre.yaml")
	text := "http: :9001\nudp: :9002\nnode-ip: [192.0.2.1, 192.0.2.2]\nlobby: true\nmax-people: 7\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PALABRE_HTTP", ":9003")
	t.Setenv("PALABRE_UDP", ":9004")
	parser, err := newParser(os.Stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse([]string{"serve", "--config", file, "--udp", ":9005"})
	if err != nil {
		t.Fatal(err)
	}
	s := parsed.Model.Target.Interface().(commands).Serve.settings
	got := []any{s.HTTP, s.UDP, strings.Join(s.NodeIP, " "), s.Lobby, s.MaxPeople}
	want := []any{":9003", ":9005", "192.0.2.1 192.0.2.2", true, 7}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
}

func TestTokenIsGoodForItsRoomAlone(t *testing.T) {
	dir := t.TempDir()
	code, token, stderr := command(t, "token", "--data-dir", dir, "--room", "Stand Up", "--role", "host", "--name", "Ana", "--sub", "ana")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	keys, err := identity.LoadKeys(keysDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	grant, err := keys.VerifyJoin(t.Context(), strings.TrimSpace(token), "stand-up")
	want := identity.Grant{Room: "stand-up", Role: "host", Name: "Ana", Subject: "ana", ID: grant.ID}
	if err != nil || grant.ID == "" || grant != want {
		t.Errorf("grant %+v, %v", grant, err)
	}
	if _, err := keys.VerifyJoin(t.Context(), strings.TrimSpace(token), "other"); err == nil {
		t.Error("the token opens another room")
	}
	if code, _, stderr := command(t, "token", "--data-dir", dir, "--room", "a", "--ttl", "-1h"); code == 0 || !strings.Contains(stderr, "--ttl") {
		t.Errorf("a token for the past: exit %d, %q", code, stderr)
	}
}

// TestConfigurationPageIsFresh keeps docs/configuration.md in step with the code.
func TestConfigurationPageIsFresh(t *testing.T) {
	_, table, _ := command(t, "settings")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != table {
		t.Error("docs/configuration.md is stale: run make generate")
	}
}
