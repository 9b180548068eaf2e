package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rehearsals is the schema of PostgreSQL a copy is made in, and taken away after.
const rehearsals = "palabre_rehearsal"

// Rehearsal is what came of one.
type Rehearsal struct {
	// From is the version without the newest steps, To the one with all.
	From, To int64
	// Tables and Rows were compared.
	Tables int
	Rows   int64
}

// Rehearse copies the database, applies what steps are new to the copy, takes
// them back, compares all data with what it was, and applies them again. Where
// none is new it does so with the newest. The database itself stays as it is.
func (t *Tables) Rehearse(ctx context.Context) (r Rehearsal, err error) {
	steps, err := t.Status(ctx)
	if err != nil {
		return r, err
	}
	var now int64
	for _, m := range steps {
		if !m.Applied.IsZero() {
			now = m.Version
		}
	}
	double, remove, err := t.copy(ctx, now)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r.From, r.To = now, steps[len(steps)-1].Version
	if r.From == r.To {
		r.From = 0
		if len(steps) > 1 {
			r.From = steps[len(steps)-2].Version
		}
	}
	return r, double.rehearse(ctx, &r)
}

func (t *Tables) rehearse(ctx context.Context, r *Rehearsal) error {
	if err := t.To(ctx, r.From); err != nil {
		return err
	}
	before, err := t.prints(ctx)
	if err != nil {
		return err
	}
	for _, version := range []int64{r.To, r.From} {
		if err := t.To(ctx, version); err != nil {
			return err
		}
	}
	after, err := t.prints(ctx)
	if err != nil {
		return err
	}
	for name, p := range before {
		r.Tables++
		r.Rows += p.rows
		if after[name] != p {
			err = errors.Join(err, fmt.Errorf("the table %s had %d rows before and %d after, or others", name, p.rows, after[name].rows))
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			err = errors.Join(err, fmt.Errorf("the table %s was left behind", name))
		}
	}
	if err != nil {
		return fmt.Errorf("the steps from version %d to %d and back change what is stored: %w", r.From, r.To, err)
	}
	return t.To(ctx, r.To)
}

// print is a table's whole content, in short.
type print struct {
	rows int64
	sum  [sha256.Size]byte
}

// prints reads all tables.
func (t *Tables) prints(ctx context.Context) (map[string]print, error) {
	names, err := t.names(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]print{}
	for _, name := range names {
		p, err := t.print(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("read the table %s: %w", name, err)
		}
		all[name] = p
	}
	return all, nil
}

// print reads a table, whatever the order its columns and rows come in.
func (t *Tables) print(ctx context.Context, table string) (p print, err error) {
	rows, err := t.write.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return p, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return p, err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	var sums [][sha256.Size]byte
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return p, err
		}
		fields := make([]string, len(columns))
		for i, column := range columns {
			fields[i] = fmt.Sprintf("%s=%#v", column, values[i])
		}
		slices.Sort(fields)
		sums = append(sums, sha256.Sum256([]byte(strings.Join(fields, "\x00"))))
	}
	slices.SortFunc(sums, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	whole := sha256.New()
	for _, sum := range sums {
		whole.Write(sum[:])
	}
	p.rows, p.sum = int64(len(sums)), [sha256.Size]byte(whole.Sum(nil))
	return p, rows.Err()
}

// names lists the tables, but for the one that counts the steps.
func (t *Tables) names(ctx context.Context) ([]string, error) {
	query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY name`
	if !t.engine.sqlite() {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version' ORDER BY tablename`
	}
	return texts(ctx, t.write, query)
}

// texts gives a query's one column.
func texts(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// copy makes a copy of the database at a version; remove takes it away.
func (t *Tables) copy(ctx context.Context, version int64) (double *Tables, remove func() error, err error) {
	if t.engine.sqlite() {
		return t.copyFile(ctx)
	}
	return t.copySchema(ctx, version)
}

// copyFile copies SQLite's file into a folder beside it.
func (t *Tables) copyFile(ctx context.Context) (*Tables, func() error, error) {
	folder, err := os.MkdirTemp(filepath.Dir(t.engine.path), ".rehearsal-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder for the copy: %w", err)
	}
	double := t.engine
	double.path = filepath.Join(folder, "copy.db")
	err = vacuumInto(ctx, t.engine, double.path)
	var copied *Tables
	if err == nil {
		copied, err = double.tables(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return copied, func() error { return errors.Join(copied.Close(), os.RemoveAll(folder)) }, nil
}

// copySchema makes PostgreSQL's tables anew in a schema of their own and copies the rows.
func (t *Tables) copySchema(ctx context.Context, version int64) (*Tables, func() error, error) {
	var home string
	if err := t.write.QueryRowContext(ctx, `SELECT current_schema()`).Scan(&home); err != nil {
		return nil, nil, fmt.Errorf("find the schema: %w", err)
	}
	if _, err := t.write.ExecContext(ctx, "CREATE SCHEMA "+rehearsals); err != nil {
		return nil, nil, fmt.Errorf("make the schema %s for the copy (drop it where a rehearsal left it behind): %w", rehearsals, err)
	}
	away := func() error {
		_, err := t.write.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA "+rehearsals+" CASCADE")
		return err
	}
	e := t.engine
	e.config = e.config.Copy()
	e.config.RuntimeParams["search_path"] = rehearsals
	double, err := e.tables(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, away())
	}
	remove := func() error { return errors.Join(double.Close(), away()) }
	if err = double.To(ctx, version); err == nil {
		err = double.fill(ctx, home)
	}
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return double, remove, nil
}

// fill copies all rows from another schema, again and again, since a table may
// refer to another that has its rows only later.
func (t *Tables) fill(ctx context.Context, from string) error {
	left, err := t.names(ctx)
	if err != nil {
		return err
	}
	for len(left) > 0 {
		before := len(left)
		var failed error
		left = slices.DeleteFunc(left, func(table string) bool {
			err := once(ctx, t.write, func(tx *sql.Tx) error { return fillTable(ctx, tx, from, table) })
			failed = errors.Join(failed, err)
			return err == nil
		})
		if len(left) == before {
			return fmt.Errorf("copy the rows: %w", failed)
		}
	}
	return nil
}

func fillTable(ctx context.Context, tx *sql.Tx, from, table string) error {
	var columns string
	err := tx.QueryRowContext(ctx, `
		SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1`, table).Scan(&columns)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil { // rows that a step wrote
		return err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s.%s", table, columns, columns, from, table))
	return err
}
