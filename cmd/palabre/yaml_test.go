package main

import (
	"bytes"
	"io"
	"testing"
)

// FuzzSettingsFile: no file, however broken, may do more than be refused.
func FuzzSettingsFile(f *testing.F) {
	for _, seed := range []string{"http: :9000\n", "node-ip: [a, b]\n", "a: &a [*a]\n", "? {}\n", "\xff", "- 1\n", "http: {a: 1}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		resolver, err := readYAML(bytes.NewReader(text))
		if err != nil {
			return
		}
		parser, err := newParser(io.Discard, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		_ = resolver.Validate(parser.Model)
	})
}
