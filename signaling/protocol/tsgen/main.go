// Command tsgen writes the TypeScript types of the web client from the Go
// source of package protocol, so that the wire format is written once.
//
// It knows exactly the Go that package protocol uses — structs, typed string
// constants, plain constants — and refuses the rest, so that nothing is
// translated by guess. Constants of the two types that name messages become
// unions that TypeScript can narrow by type.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	in := flag.String("in", ".", "directory of the package to read")
	out := flag.String("out", "", "TypeScript file to write")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "tsgen:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	sources, err := read(in)
	if err != nil {
		return fmt.Errorf("reading the protocol: %w", err)
	}
	ts, err := Generate(sources)
	if err != nil {
		return fmt.Errorf("translating %s: %w", in, err)
	}
	if old, err := os.ReadFile(out); err == nil && bytes.Equal(old, ts) {
		return nil
	}
	if err := os.WriteFile(out, ts, 0o644); err != nil {
		return fmt.Errorf("writing the types: %w", err)
	}
	return nil
}

// first is the file of the frame that all messages come in.
const first = "protocol.go"

// read gives the Go files of a package without its tests: the one that says
// what a frame is, then the subjects by name.
func read(dir string) ([]Source, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	slices.SortStableFunc(paths, func(a, b string) int {
		return rank(a) - rank(b) // Glob has them by name already
	})
	var sources []Source
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, Source{filepath.Base(path), text})
	}
	return sources, nil
}

func rank(path string) int {
	if filepath.Base(path) == first {
		return 0
	}
	return 1
}
