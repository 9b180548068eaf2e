package store

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryKindOfFactIsDecided finds the kinds of facts in the code: of each
// family somebody has said whether it goes to the audit log.
func TestEveryKindOfFactIsDecided(t *testing.T) {
	notAudited := []string{"chat", "whisper", "poll", "meeting", "drawing", "joins"}
	kind := regexp.MustCompile(`"([a-z]+)\.[a-z-]+"`)
	method := regexp.MustCompile(`\) Kind\(\) string\s*\{`)
	found := map[string]bool{}
	for _, folder := range []string{"../rooms", "../identity", "../notify"} {
		err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, body := range method.Split(string(text), -1)[1:] {
				body, _, _ = strings.Cut(body, "\nfunc ")
				for _, match := range kind.FindAllStringSubmatch(body, -1) {
					found[match[1]] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for family := range found {
		if !slices.Contains(auditedFamilies(), family) && !slices.Contains(notAudited, family) {
			t.Errorf("nobody has decided whether facts of the family %s are audited", family)
		}
	}
	if !found["role"] || !found["poll"] || len(found) < 8 {
		t.Errorf("found only %v", found)
	}
}
