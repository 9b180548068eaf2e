package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport says which top folders the non-test code of each top folder may
// import besides itself. Arrows point one way; there are no circles.
var mayImport = map[string][]string{
	"cmd":       {"signaling", "rooms", "sfu", "identity", "store", "notify", "client", "web", "internal"},
	"signaling": {"rooms", "identity", "notify"},
	"rooms":     {},
	"sfu":       {},
	"identity":  {},
	"store":     {"rooms", "identity", "notify", "signaling/api"}, // to implement what they declare
	"notify":    {"rooms"},
	"client":    {"signaling/protocol"},
	"web":       {},
	"internal":  {"client", "internal", "signaling/protocol"},
}

func TestImportsPointOneWay(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || strings.HasPrefix(name, ".") && name != ".." && file != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		seen[top(rel)] = true
		if strings.HasSuffix(path.Dir(rel), "test") {
			return nil // what tests share, such as signaling/api/apitest
		}
		return checkFile(t, file, rel)
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder := range seen {
		if _, ok := mayImport[folder]; !ok {
			t.Errorf("folder %s is not in the drawing: add it here and to docs/architecture.md", folder)
		}
	}
}

func checkFile(t *testing.T, file, rel string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, imported := range parsed.Imports {
		name, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			return err
		}
		target, ours := strings.CutPrefix(name, "palabre/")
		if !ours || top(target) == top(rel) || mayUse(top(rel), target) {
			continue
		}
		t.Errorf("%s imports %s: %s may import only %v", rel, name, top(rel), mayImport[top(rel)])
	}
	return nil
}

func mayUse(from, target string) bool {
	return slices.ContainsFunc(mayImport[from], func(allowed string) bool {
		return target == allowed || strings.HasPrefix(target, allowed+"/")
	})
}

func top(rel string) string {
	first, _, _ := strings.Cut(rel, "/")
	return first
}

// TestNoDrawers fails on packages that say nothing of what they hold.
func TestNoDrawers(t *testing.T) {
	err := fs.WalkDir(os.DirFS(filepath.Join("..", "..")), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if d.IsDir() && slices.Contains([]string{"util", "utils", "common", "helpers", "models", "misc"}, path.Base(file)) {
			t.Errorf("%s: name the package for what it does", file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
