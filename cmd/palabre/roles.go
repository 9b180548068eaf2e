package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"palabre/rooms"
)

// maxRolesFile bounds the file of roles, in bytes; a real one has some tens of lines.
const maxRolesFile = 64 << 10

// customRole is one entry of the file: what is left out of a role every
// server has stays as it is.
type customRole struct {
	Rank *int            `yaml:"rank"`
	May  *[]rooms.Action `yaml:"may"`
}

// readRoles gives the table of what each role may do: the default one, with
// the rows of a YAML file over it.
func readRoles(path string) (rooms.Permissions, error) {
	table := rooms.DefaultPermissions()
	if path == "" {
		return table, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read --roles-file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRolesFile+1))
	if err != nil {
		return nil, fmt.Errorf("read --roles-file %s: %w", path, err)
	}
	if len(text) > maxRolesFile {
		return nil, fmt.Errorf("--roles-file %s is larger than 64 KiB: is it the right one?", path)
	}
	table, err = withRoles(table, text)
	if err != nil {
		return nil, fmt.Errorf("--roles-file %s: %w", path, err)
	}
	return table, nil
}

// withRoles puts the roles of a text over a table.
func withRoles(table rooms.Permissions, text []byte) (rooms.Permissions, error) {
	var entries map[rooms.Role]customRole
	if err := yaml.UnmarshalWithOptions(text, &entries, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("this is no table of roles: %w: write lines such as scribe: {rank: 35, may: [chat, export]}", err)
	}
	custom := rooms.Permissions{}
	var faults []error
	for role, entry := range entries {
		powers, known := table[role]
		if !known && (entry.Rank == nil || entry.May == nil) {
			faults = append(faults, fmt.Errorf("role %s: a role of one's own needs a rank and what it may", role))
			continue
		}
		if entry.Rank != nil {
			powers.Rank = *entry.Rank
		}
		if entry.May != nil {
			powers.May = *entry.May
		}
		custom[role] = powers
	}
	table = table.With(custom)
	return table, errors.Join(errors.Join(faults...), table.Validate())
}
