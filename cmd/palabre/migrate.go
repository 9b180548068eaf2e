package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"palabre/store"
)

type migrateCommand struct {
	storage
	Rehearse bool   `help:"Apply the newest steps to a copy, take them back, compare all data, and apply them again." xor:"what"`
	To       *int64 `help:"Bring the tables to this version, up or down; stop the server first. Down loses what newer steps added." placeholder:"VERSION" xor:"what"`
}

// Run lists the steps of the database's tables. The server applies them by
// itself at its start; going back is done here.
func (c *migrateCommand) Run(ctx context.Context, out io.Writer) (err error) {
	if err := c.checkDatabase(); err != nil {
		return err
	}
	if c.To != nil {
		if err := c.stopped(ctx); err != nil {
			return err
		}
	}
	tables, err := store.OpenTables(ctx, c.database())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tables.Close()) }()
	if c.Rehearse {
		r, err := tables.Rehearse(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "The steps from version %d to %d and back leave all data as it was: %d rows in %d tables.\n", r.From, r.To, r.Rows, r.Tables)
		return err
	}
	if c.To != nil {
		if err := tables.To(ctx, *c.To); err != nil {
			return err
		}
	}
	return list(ctx, out, tables)
}

func list(ctx context.Context, out io.Writer, tables *store.Tables) error {
	steps, err := tables.Status(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		state := "waits for the server's next start"
		if !s.Applied.IsZero() {
			state = "applied " + s.Applied.UTC().Format("2006-01-02 15:04:05 MST")
		}
		fmt.Fprintf(table, "%d\t%s\t%s\n", s.Version, s.File, state)
	}
	return table.Flush()
}
