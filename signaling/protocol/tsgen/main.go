// Command tsgen writes the TypeScript types of the web client from the Go
// source of package protocol, so that the wire format is written once.
//
// It knows exactly the Go that protocol.go uses — structs, typed string
// constants, plain constants — and refuses the rest, so that nothing is
// translated by guess. Constants of the two types that name messages become
// unions that TypeScript can narrow by type.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	in := flag.String("in", "protocol.go", "Go source to read")
	out := flag.String("out", "", "TypeScript file to write")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "tsgen:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	src, err := os.ReadFile(in)
	if err != nil {
		return fmt.Errorf("reading the protocol: %w", err)
	}
	ts, err := Generate(src)
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
