package api

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"

	"github.com/goccy/go-yaml"
)

// specs describe the API (OpenAPI 3.1), one file for each slice, written by hand.
//
//go:embed spec/*.yaml
var specs embed.FS

// document puts the parts of the description together. What two parts say of
// the same thing is an error.
func document() ([]byte, error) {
	files, err := fs.Glob(specs, "spec/*.yaml")
	if err != nil {
		return nil, err
	}
	whole := map[string]any{}
	for _, file := range files {
		text, err := specs.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var part map[string]any
		if err := yaml.Unmarshal(text, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := merge(whole, part, ""); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return json.Marshal(whole)
}

// merge adds a part. Only the maps that hold the parts' own entries are
// merged: paths, components and what components holds.
func merge(into, part map[string]any, where string) error {
	for name, value := range part {
		at := where + "/" + name
		old, there := into[name]
		if !there {
			if m, is := value.(map[string]any); is {
				value = maps.Clone(m)
			}
			into[name] = value
			continue
		}
		a, isMap := old.(map[string]any)
		b, alsoMap := value.(map[string]any)
		if !isMap || !alsoMap || where != "" && where != "/components" {
			return fmt.Errorf("%s is described twice", at)
		}
		if err := merge(a, b, at); err != nil {
			return err
		}
	}
	return nil
}
