package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

func TestRolesOfOnesOwn(t *testing.T) {
	table, err := withRoles(rooms.DefaultPermissions(), []byte("scribe: {rank: 35, may: [publish, chat, export]}\nguest: {may: [vote]}\nhost: {rank: 65}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if table.Rank("scribe") != 35 || !table.May("scribe", rooms.Export) || table.May("scribe", rooms.Share) {
		t.Errorf("a scribe is %+v", table["scribe"])
	}
	if table.May(rooms.Guest, rooms.Publish) || table.Rank(rooms.Guest) != 20 {
		t.Errorf("a guest is %+v", table[rooms.Guest])
	}
	if !table.May(rooms.Host, rooms.End) || table.Rank(rooms.Host) != 65 {
		t.Errorf("a host is %+v", table[rooms.Host])
	}
}

func TestRolesThatCannotBe(t *testing.T) {
	for text, says := range map[string]string{
		"scribe: {rank: 35}":                          "needs a rank and what it may",
		"scribe: {may: [chat]}":                       "needs a rank and what it may",
		"scribe: {rank: 350, may: [chat]}":            "not between 0 and 100",
		"scribe: {rank: 35, may: [reign]}":            `no action "reign"`,
		"Scribe: {rank: 35, may: [chat]}":             "small letters",
		"scribe: {rank: 35, may: [chat], color: red}": "no table of roles",
		"scribe: chat":                                "no table of roles",
		"- scribe":                                    "no table of roles",
	} {
		_, err := withRoles(rooms.DefaultPermissions(), []byte(text))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want a word of %q", text, err, says)
		}
	}
	if _, err := readRoles(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("read a file that is not there")
	}
}

// TestAServerWithARoleOfItsOwn lets somebody in by a token with such a role.
func TestAServerWithARoleOfItsOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "roles.yaml")
	if err := os.WriteFile(file, []byte("scribe: {rank: 35, may: [publish, chat, export]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--roles-file", file)
	scribe := enter(t, s.withRole("scribe", "ana"))
	about := scribe.About()
	if about.Role != "scribe" || !slices.Equal(about.May, []protocol.Action{protocol.MayPublish, protocol.MayChat, protocol.MayExport}) {
		t.Errorf("a scribe is told %+v", about)
	}
}
