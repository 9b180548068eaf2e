package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"palabre/identity"
)

type tokenCommand struct {
	DataDir string        `help:"The server's data folder, which holds the keys." default:"data" type:"path" placeholder:"DIR"`
	Room    string        `help:"The room the token is for." required:"" placeholder:"NAME"`
	Role    string        `help:"owner, host, co-host, presenter, member, guest, viewer, or another role of the server." default:"member" placeholder:"ROLE"`
	Name    string        `help:"Fixes the display name." placeholder:"NAME"`
	Sub     string        `help:"Fixes the identity; without it the token fixes none." placeholder:"ID"`
	TTL     time.Duration `name:"ttl" help:"How long the token is valid." default:"1h"`
}

// Run prints the token alone, so that it can be used in scripts.
func (c *tokenCommand) Run(out io.Writer) error {
	if c.TTL <= 0 {
		return fmt.Errorf("--ttl %s: choose a time to come, such as 1h", c.TTL)
	}
	room, err := identity.ParseRoomName(c.Room)
	if err != nil {
		return fmt.Errorf("--room: %w", err)
	}
	keys, err := identity.LoadKeys(keysDir(c.DataDir))
	if err != nil {
		return err
	}
	token, err := keys.SignJoin(identity.Grant{Room: room, Role: c.Role, Name: c.Name, Subject: c.Sub}, c.TTL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

func keysDir(dataDir string) string { return filepath.Join(dataDir, "keys") }
