package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"palabre/internal/catalogue"
	"palabre/store"
	"palabre/store/storetest"
)

// TestS06_UpgradeAndDowngrade puts rows into every table of every version,
// goes up to the newest and back, and compares.
func TestS06_UpgradeAndDowngrade(t *testing.T) {
	pairs, rows := 0, int64(0)
	var mu sync.Mutex
	passed := t.Run("databases", func(t *testing.T) {
		storetest.EachURL(t, func(t *testing.T, url string) {
			tables, err := store.OpenTables(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := tables.Close(); err != nil {
					t.Error(err)
				}
			}()
			steps, err := tables.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range steps {
				if err := tables.To(t.Context(), step.Version); err != nil {
					t.Fatal(err)
				}
				fill(t, url)
				r, err := tables.Rehearse(t.Context())
				if err != nil {
					t.Errorf("from version %d: %v", step.Version, err)
				}
				mu.Lock()
				pairs, rows = pairs+1, rows+r.Rows
				mu.Unlock()
				if step != steps[len(steps)-1] && r.Rows < int64(r.Tables) {
					t.Errorf("from version %d only %d rows in %d tables were compared", step.Version, r.Rows, r.Tables)
				}
			}
			if err := tables.To(t.Context(), 0); err != nil {
				t.Errorf("all the way down: %v", err)
			}
		})
	})
	catalogue.Report(t, catalogue.Item{
		ID: "S6", Injected: "every version of the tables, filled, up to the newest, back and up, on SQLite and PostgreSQL",
		Measured: fmt.Sprintf("%d versions, %d rows compared", pairs, rows),
		Bar:      "migrations are reversible, data equal", Pass: passed && pairs > 0 && rows > 0,
	})
}

// fill puts a row into every table that has none.
func fill(t *testing.T, url string) {
	t.Helper()
	driver, source := "pgx", url
	tables := `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version'`
	columns := `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
		tables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`
		columns = `SELECT name, type FROM pragma_table_info($1)`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	left := column(t, db, tables)
	for len(left) > 0 { // a table may refer to one whose row comes later
		before := len(left)
		var failed error
		left = slices.DeleteFunc(left, func(table string) bool {
			err := fillTable(t.Context(), db, table, columns)
			failed = errors.Join(failed, err)
			return err == nil
		})
		if len(left) == before {
			t.Fatalf("rows for %v: %v", left, failed)
		}
	}
}

func fillTable(ctx context.Context, db *sql.DB, table, columns string) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil || n > 0 {
		return err
	}
	rows, err := db.QueryContext(ctx, columns, table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var names, marks []string
	var values []any
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return err
		}
		names = append(names, name)
		marks = append(marks, fmt.Sprintf("$%d", len(names)))
		values = append(values, sample(kind))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(names, ", "), strings.Join(marks, ", ")), values...)
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	return nil
}

// sample is a value of a type; all of one type are the same, so that rows may refer to each other.
func sample(kind string) any {
	switch kind = strings.ToLower(kind); {
	case strings.Contains(kind, "bool"):
		return true
	case strings.Contains(kind, "int"):
		return 7
	case strings.Contains(kind, "blob"), strings.Contains(kind, "bytea"):
		return []byte("seven")
	case strings.Contains(kind, "real"), strings.Contains(kind, "double"):
		return 7.5
	}
	return "seven"
}

func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	return list
}

// TestTwoServersStartAtOnce on one empty database.
func TestTwoServersStartAtOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		var starting sync.WaitGroup
		for range 4 {
			starting.Go(func() {
				s, err := store.Open(t.Context(), store.Config{URL: url})
				if err == nil {
					err = s.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		starting.Wait()
	})
}

func TestWrongURLsAreExplainedWithoutTheirPassword(t *testing.T) {
	for _, url := range []string{
		"", "sqlite:", "mysql://root:hunter2@host/db", "postgres://u:hunter2@host:port/db", "postgres://u:hunter2@127.0.0.1:1/db",
		"sqlite:/proc/no/such/folder.db", "postgres://u:hunter2@/db?host=/nonexistent",
	} {
		_, err := store.Open(t.Context(), store.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
