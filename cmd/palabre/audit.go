package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"palabre/identity/audit"
	"palabre/store"
)

// auditCommand is about the log of who did what.
type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Walk the chain of the audit log; say the first entry that is not as it was written, and fail."`
	Export auditExport `cmd:"" help:"Print the audit log, one JSON object a line, oldest first."`
}

type auditVerify struct {
	storage
	File  string `help:"Verify an exported log instead of the database's." type:"path" placeholder:"FILE"`
	Known string `help:"The number and hash of an entry that was noted before, as this command prints them." placeholder:"NUMBER:HASH"`
}

// Run walks the chain, and prints the newest entry's number and hash: who notes
// them elsewhere can tell later that nobody made up another chain.
func (c *auditVerify) Run(ctx context.Context, out io.Writer, log logOutput) (err error) {
	var v audit.Verifier
	if v.Known, err = parseKnown(c.Known); err != nil {
		return err
	}
	if c.File != "" {
		err = verifyFile(c.File, &v)
	} else {
		err = c.withStore(ctx, log, func(s *store.Store) error { return s.VerifyAudit(ctx, &v) })
	}
	if err != nil {
		return err
	}
	if v.Count() == 0 {
		_, err = fmt.Fprintln(out, "The audit log is empty.")
		return err
	}
	_, err = fmt.Fprintf(out, "%d entries are as they were written. Newest: %d:%s\n", v.Count(), v.Last().Seq, v.Last().Hash)
	return err
}

func verifyFile(name string, v *audit.Verifier) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("open the exported log: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := audit.Read(file, v.Add); err != nil {
		return err
	}
	return v.Finish()
}

func parseKnown(text string) (audit.Known, error) {
	if text == "" {
		return audit.Known{}, nil
	}
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || len(hash) != len(audit.None) {
		return audit.Known{}, fmt.Errorf("--known %q: write it as palabre audit verify prints it, NUMBER:HASH", text)
	}
	return audit.Known{Seq: seq, Hash: hash}, nil
}

type auditExport struct{ storage }

// Run prints every entry as a line of JSON in which nothing poses as something else.
func (c *auditExport) Run(ctx context.Context, out io.Writer, log logOutput) error {
	lines := bufio.NewWriter(out)
	err := c.withStore(ctx, log, func(s *store.Store) error {
		_, _, err := s.EachAudit(ctx, func(e audit.Entry) error {
			line, err := audit.Line(e)
			if err != nil {
				return err
			}
			_, err = lines.Write(line)
			return err
		})
		return err
	})
	return errors.Join(err, lines.Flush())
}

// withStore does something with the database of a server that may be running.
func (s storage) withStore(ctx context.Context, log logOutput, do func(*store.Store) error) (err error) {
	if err := s.checkDatabase(); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	opened, err := store.Open(ctx, store.Config{URL: s.database(), Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	return do(opened)
}
