package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// patience is how long PostgreSQL may take to start or stop on a busy machine.
const patience = time.Minute

// Server is a PostgreSQL of the test's own: it listens on a Unix socket in a
// temporary folder, trusts everybody, and keeps its data in memory's reach only.
type Server struct {
	// Dir holds the data and the socket.
	Dir     string
	command *exec.Cmd
	log     bytes.Buffer
	count   atomic.Int64
}

// shared is the one server of a test process.
var shared process

type process struct {
	once    sync.Once
	running *Server
	err     error
}

func (p *process) server() (*Server, error) {
	p.once.Do(func() { p.running, p.err = NewServer() })
	return p.running, p.err
}

func (p *process) stop() error {
	if p.running == nil {
		return nil
	}
	return p.running.Remove()
}

// NewServer starts a server of its own, for tests that stop it. Remove it after use.
func NewServer() (*Server, error) {
	if !installed() {
		return nil, errors.New("PostgreSQL is not installed: make databases")
	}
	dir, err := os.MkdirTemp("", "palabre-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	s := &Server{Dir: dir}
	if err := errors.Join(own(dir), s.initialise(), s.Start()); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

func (s *Server) initialise() error {
	init := exec.Command(program("initdb"), "--pgdata", s.data(), "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	init.Dir, init.SysProcAttr = s.Dir, unprivileged()
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster: %w: %s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// Start starts it, also again after Stop, and returns when it takes connections.
func (s *Server) Start() error {
	s.log.Reset()
	s.command = exec.Command(program("postgres"), "-D", s.data(), "-k", s.Dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "max_connections=200", "-c", "shared_buffers=16MB")
	s.command.Dir, s.command.SysProcAttr = s.Dir, unprivileged()
	s.command.Stdout, s.command.Stderr = &s.log, &s.log
	if err := s.command.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.admin(func(db *sql.DB) error {
		for {
			err := db.PingContext(ctx)
			if err == nil {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("PostgreSQL does not answer: %w", errors.Join(err, s.Stop()))
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}

// Stop ends it at once, as a machine's shutdown does; what is committed stays.
func (s *Server) Stop() error {
	if s.command == nil {
		return nil
	}
	stopped := s.command
	s.command = nil
	if err := stopped.Process.Signal(syscall.SIGQUIT); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- stopped.Wait() }()
	select {
	case <-ended: // it says that it was told to, which is no fault
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("PostgreSQL does not stop"), stopped.Process.Kill(), <-ended)
	}
}

// Remove stops it and deletes its data.
func (s *Server) Remove() error { return errors.Join(s.Stop(), os.RemoveAll(s.Dir)) }

// Socket is the path of its Unix socket, for proxies before it.
func (s *Server) Socket() string { return filepath.Join(s.Dir, ".s.PGSQL.5432") }

// Database makes an empty database.
func (s *Server) Database(ctx context.Context) (name string, err error) {
	name = fmt.Sprintf("test%d", s.count.Add(1))
	err = s.admin(func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "CREATE DATABASE "+name)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	return name, nil
}

// URL is that of one of its databases.
func (s *Server) URL(database string) string {
	return "postgres://postgres@/" + database + "?host=" + s.Dir + "&sslmode=disable"
}

func (s *Server) admin(work func(*sql.DB) error) error {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	return errors.Join(work(db), db.Close())
}

func installed() bool { return program("initdb") != "" && program("postgres") != "" }

// program finds one of PostgreSQL's: Debian keeps them out of the path, one
// folder for each version.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name))
	if err != nil || len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}
