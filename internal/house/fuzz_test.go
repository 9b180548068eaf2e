package house

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"palabre/internal/catalogue"
)

// parsers are the packages that read what strangers send; each must have a fuzz target.
var parsers = []string{
	"sfu/rtp", "sfu/codec", "sfu/descriptor", "sfu/red", "sfu/rtcp", "sfu/sdp", "signaling/frame", "sfu/negotiate", "sfu/transport", "sfu/seal", "sfu/turn", "rooms/drawing", "sfu/channel", "signaling/sdptext", "signaling", "identity", "rooms", "store/files", "client", "internal/load/cheap",
	"rooms/portrait", "identity/audit", "notify/webhook", "notify/calendar",
}

type fuzzTarget struct{ folder, name string }

// TestS03_EveryParserIsFuzzed runs each fuzz target for FUZZTIME inputs (few
// in tests, more in make catalogue). A number of inputs, not a time: at the end
// of a time go test may report its own deadline as a failure.
func TestS03_EveryParserIsFuzzed(t *testing.T) {
	if testing.Short() {
		t.Skip("fuzzing takes a minute")
	}
	root := filepath.Join("..", "..")
	targets, err := findFuzzTargets(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range parsers {
		if !slices.ContainsFunc(targets, func(f fuzzTarget) bool { return f.folder == folder }) {
			t.Errorf("%s reads what strangers send and has no fuzz target", folder)
		}
	}
	span := cmp.Or(os.Getenv("FUZZTIME"), "4000x")
	var execs, crashes int
	for _, target := range targets {
		n, err := runFuzz(t, root, target, span)
		if err != nil {
			crashes++
			t.Errorf("%s in %s: %v", target.name, target.folder, err)
		}
		execs += n
	}
	catalogue.Report(t, catalogue.Item{
		ID: "S3", Injected: fmt.Sprintf("%d fuzz targets for %s each", len(targets), span),
		Measured: fmt.Sprintf("%d executions, %d crashes", execs, crashes), Bar: "≥ 12 targets, 0 crashes",
		Pass: len(targets) >= 12 && crashes == 0,
	})
}

func findFuzzTargets(root string) ([]fuzzTarget, error) {
	declaration := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	var targets []fuzzTarget
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		for _, match := range declaration.FindAllSubmatch(text, -1) {
			targets = append(targets, fuzzTarget{filepath.ToSlash(folder), string(match[1])})
		}
		return nil
	})
	return targets, err
}

// runFuzz returns how many inputs were tried.
func runFuzz(t *testing.T, root string, target fuzzTarget, span string) (int, error) {
	command := exec.CommandContext(t.Context(), "go", "test", "-tags", "nomsgpack", "-run", "^$",
		"-fuzz", "^"+target.name+"$", "-fuzztime", span, "./"+target.folder)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(out))
	}
	execs := 0
	for _, match := range regexp.MustCompile(`execs: (\d+)`).FindAllSubmatch(out, -1) {
		if n, err := strconv.Atoi(string(match[1])); err == nil {
			execs = max(execs, n)
		}
	}
	return execs, nil
}
