package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/rooms"
	"palabre/store"
)

// storage is where everything is that must survive: of the server, and of the
// commands that work on it.
type storage struct {
	DataDir  string `help:"Folder for everything that must survive: keys, certificates, the database." default:"data" type:"path" placeholder:"DIR"`
	Database string `help:"Where what happens is remembered: sqlite:FILE, or postgres://USER:PASSWORD@HOST/NAME. Default: palabre.db in the data folder." placeholder:"URL"`
}

func (s storage) inData(name string) string { return filepath.Join(s.DataDir, name) }

// database is the database's URL.
func (s storage) database() string {
	if s.Database != "" {
		return s.Database
	}
	return "sqlite:" + s.inData("palabre.db")
}

func (s storage) checkDatabase() error {
	if err := store.CheckURL(s.database()); err != nil {
		return fmt.Errorf("--database: %w", err)
	}
	return nil
}

func (s settings) checkRetention() error {
	if s.Retention < 0 || s.Retention > rooms.MaxRetention {
		return fmt.Errorf("--retention %v is out of range: choose 0 to %v", s.Retention, rooms.MaxRetention)
	}
	return nil
}

// mostWait is how long a start may wait for its database: whoever waits longer has another fault.
const mostWait = time.Hour

func (s settings) checkDatabaseWait() error {
	if s.DatabaseWait < 0 || s.DatabaseWait > mostWait {
		return fmt.Errorf("--database-wait %v is out of range: choose 0 to %v", s.DatabaseWait, mostWait)
	}
	return nil
}

// leastAudit is the shortest time an audit log is of use for.
const leastAudit = 24 * time.Hour

func (s settings) checkAuditRetention() error {
	if s.AuditRetention != 0 && s.AuditRetention < leastAudit {
		return fmt.Errorf("--audit-retention %v is out of range: choose 0 or at least %v", s.AuditRetention, leastAudit)
	}
	return nil
}

// openStart bounds the opening of the database, once it is there, and the migration of its tables.
const openStart = 2 * time.Minute

// openStore opens the database before the rooms, and closes it after them.
func (p *parts) openStore(ctx context.Context, s settings, log *slog.Logger, registry *prometheus.Registry) error {
	ctx, cancel := context.WithTimeout(ctx, s.DatabaseWait+openStart)
	defer cancel()
	var err error
	p.store, err = store.Open(ctx, store.Config{
		URL: s.database(), Wait: s.DatabaseWait, Retention: s.Retention, AuditRetention: s.AuditRetention, Logger: log, Metrics: registry,
	})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	p.onClose(p.store.Close)
	return nil
}
