package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// maxConfigFile bounds the settings file, in bytes; a real one has some tens of lines.
const maxConfigFile = 1 << 20

// yamlSettings resolves flags from a YAML file; it implements [kong.Resolver].
type yamlSettings map[string]any

// readYAML is the loader of --config.
func readYAML(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConfigFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the settings file: %w", err)
	}
	if len(text) > maxConfigFile {
		return nil, errors.New("read the settings file: it is larger than 1 MiB; is it the right one?")
	}
	values := yamlSettings{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("read the settings file: %w", err)
	}
	return values, nil
}

// Validate refuses keys that are no setting.
func (y yamlSettings) Validate(model *kong.Application) error {
	flags := allFlags(model)
	for key := range y {
		known := slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Name == key })
		if !known {
			return fmt.Errorf("setting %q in the settings file is unknown: see docs/configuration.md, or remove it", key)
		}
	}
	return nil
}

// Resolve gives the file's value, unless an environment variable is stronger.
func (y yamlSettings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	value, ok := y[flag.Name]
	if !ok {
		return nil, nil
	}
	if list, isList := value.([]any); isList {
		words := make([]string, len(list))
		for i, item := range list {
			words[i] = fmt.Sprint(item)
		}
		return strings.Join(words, ","), nil
	}
	return fmt.Sprint(value), nil
}
