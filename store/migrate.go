package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// startAttempts and startPause are for servers that start on one SQLite database at once.
const (
	startAttempts = 20
	startPause    = 100 * time.Millisecond
)

// migrate brings the tables up to date. Of two servers that start at once one waits.
func migrate(ctx context.Context, e engine, db *sql.DB) error {
	provider, err := e.provider(db)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		if _, err = provider.Up(ctx); err == nil {
			return nil
		}
		// SQLite has no lock for this: whoever comes second fails at a step the
		// other has done meanwhile, with nothing changed, and looks again.
		if !e.sqlite() || attempt == startAttempts || ctx.Err() != nil {
			return fmt.Errorf("bring the database's tables up to date: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(startPause):
		}
	}
}

func (e engine) provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true)}
	if !e.sqlite() {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return nil, fmt.Errorf("prepare the lock for migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(e.dialect, db, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}

// Migration is one step of the tables.
type Migration struct {
	Version int64
	File    string
	// Applied is when it was; zero while it is not.
	Applied time.Time
}

// Tables is a database whose tables are looked at and changed, and nothing else.
type Tables struct {
	engine      engine
	write, read *sql.DB
	provider    *goose.Provider
}

// OpenTables opens a database and leaves its tables as they are.
func OpenTables(ctx context.Context, address string) (*Tables, error) {
	e, err := engineOf(address)
	if err != nil {
		return nil, err
	}
	return e.tables(ctx)
}

func (e engine) tables(ctx context.Context) (*Tables, error) {
	t := &Tables{engine: e}
	var err error
	if t.write, t.read, err = e.open(); err != nil {
		return nil, err
	}
	if err = t.write.PingContext(ctx); err == nil {
		t.provider, err = e.provider(t.write)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), t.Close())
	}
	return t, nil
}

// Close closes the database.
func (t *Tables) Close() error {
	errs := []error{t.write.Close()}
	if t.read != t.write {
		errs = append(errs, t.read.Close())
	}
	return errors.Join(errs...)
}

// Status lists all steps, in order.
func (t *Tables) Status(ctx context.Context) ([]Migration, error) {
	steps, err := t.provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which steps were applied: %w", err)
	}
	list := make([]Migration, len(steps))
	for i, s := range steps {
		list[i] = Migration{Version: s.Source.Version, File: s.Source.Path}
		if s.State == goose.StateApplied {
			list[i].Applied = s.AppliedAt
		}
	}
	slices.SortFunc(list, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return list, nil
}

// To applies the steps up to a version and takes those after it back, newest
// first. What stood in tables and columns of steps that are taken back is lost.
func (t *Tables) To(ctx context.Context, version int64) error {
	steps, err := t.Status(ctx)
	if err != nil {
		return err
	}
	if version != 0 && !slices.ContainsFunc(steps, func(m Migration) bool { return m.Version == version }) {
		return fmt.Errorf("there is no version %d", version)
	}
	for _, m := range slices.Backward(steps) {
		if m.Version <= version || m.Applied.IsZero() {
			continue
		}
		if _, err := t.provider.ApplyVersion(ctx, m.Version, false); err != nil {
			return fmt.Errorf("take the step %s back: %w", m.File, err)
		}
	}
	if version == 0 {
		return nil
	}
	if _, err := t.provider.UpTo(ctx, version); err != nil {
		return fmt.Errorf("apply the steps up to %d: %w", version, err)
	}
	return nil
}
