package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"palabre/rooms"
	"palabre/rooms/chat"
)

// Why a file is not taken.
var (
	// ErrType: files of this type are not taken here.
	ErrType error = &rooms.Error{Code: rooms.CodeBadFile, Message: "Files of this type are not taken here."}
	// ErrMismatch: the file is not what its name says.
	ErrMismatch error = &rooms.Error{Code: rooms.CodeBadFile, Message: "The file is not what its name says."}
	// ErrLength: fewer or more bytes came than were announced.
	ErrLength error = &rooms.Error{Code: rooms.CodeBadMessage, Message: "The file has another length than was announced."}
	// ErrScan: the scanner found something.
	ErrScan error = &rooms.Error{Code: rooms.CodeBadFile, Message: "The virus scanner refused the file."}
	// ErrScanner: the scanner could not look.
	ErrScanner error = &rooms.Error{Code: rooms.CodeUnavailable, Message: "The virus scanner does not answer now.", RetryAfter: time.Minute}
)

const (
	// scanTime is how long a scanner may look at one file.
	scanTime = time.Minute
	// scans is how many scanners run at once.
	scans = 2
	// orphanAge is how long a file may be there before its line is stored.
	orphanAge = time.Hour
	// sweepEvery is how often files that belong to no line are looked for.
	sweepEvery = time.Hour
)

// Config says what is taken. Zero values mean the default.
type Config struct {
	// Blobs is where files are. Required.
	Blobs Blobs
	// Types are the media types that are taken. Default [DefaultTypes].
	Types []string
	// Scan is a program that is run with the path of each file and refuses it
	// by exiting with anything but 0; empty asks none.
	Scan string
	// Kept says which files still belong to a line; nil never sweeps.
	Kept func(ctx context.Context, ids []string) (map[string]bool, error)
	// Logger is where the vault writes what went wrong. Default discards.
	Logger *slog.Logger
}

// Vault takes files in and gives them out.
type Vault struct {
	cfg      Config
	scanning chan struct{}
}

// New makes a vault.
func New(cfg Config) (*Vault, error) {
	if cfg.Blobs == nil {
		return nil, errors.New("a vault needs a place for its files")
	}
	if cfg.Types == nil {
		cfg.Types = DefaultTypes()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Scan != "" {
		path, err := exec.LookPath(cfg.Scan)
		if err != nil {
			return nil, fmt.Errorf("find the virus scanner: %w", err)
		}
		if cfg.Scan, err = filepath.Abs(path); err != nil {
			return nil, fmt.Errorf("find the virus scanner: %w", err)
		}
	}
	return &Vault{cfg: cfg, scanning: make(chan struct{}, scans)}, nil
}

// Take stores a file that was announced: its id, name and exact size. It gives
// it with what was found in it. Errors of its content wrap those above.
func (v *Vault) Take(ctx context.Context, announced chat.File, body io.Reader) (chat.File, error) {
	file := announced
	counted := &counter{from: io.LimitReader(body, announced.Size+1)}
	err := v.cfg.Blobs.Put(ctx, announced.ID, counted, func(stored *os.File, path string) error {
		if counted.n != announced.Size {
			return ErrLength
		}
		if _, err := stored.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read an attached file: %w", err)
		}
		found, err := inspect(stored, announced.Name, v.cfg.Types)
		if err != nil {
			return err
		}
		file.Type, file.Width, file.Height = found.media, found.width, found.height
		return v.scan(ctx, path)
	})
	return file, err
}

type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// scan has the scanner look at a file, few at a time.
func (v *Vault) scan(ctx context.Context, path string) error {
	if v.cfg.Scan == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	select {
	case v.scanning <- struct{}{}:
		defer func() { <-v.scanning }()
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrScanner, ctx.Err())
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrScanner, err)
	}
	command := exec.CommandContext(ctx, v.cfg.Scan, absolute)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C"}
	command.WaitDelay = time.Second
	err = command.Run()
	var refused *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Exited():
		return ErrScan
	}
	v.cfg.Logger.Error("the virus scanner failed: no file is taken", "error", err)
	return fmt.Errorf("%w: %w", ErrScanner, err)
}

// Open gives a stored file; an error that is fs.ErrNotExist where there is none.
func (v *Vault) Open(id string) (io.ReadSeekCloser, error) { return v.cfg.Blobs.Open(id) }

// Forget deletes a file for good. What fails is found by the next sweep.
func (v *Vault) Forget(id string) {
	if err := v.cfg.Blobs.Delete(id); err != nil {
		v.cfg.Logger.Error("an attached file could not be deleted", "error", err)
	}
}

// Run sweeps away files that belong to no line until ctx ends.
func (v *Vault) Run(ctx context.Context) error {
	if v.cfg.Kept == nil {
		return nil
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := v.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			v.cfg.Logger.Warn("looking for files that belong to no line", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Sweep deletes files that are an hour old and belong to no line.
func (v *Vault) Sweep(ctx context.Context, now time.Time) error {
	var old []string
	err := v.cfg.Blobs.Each(func(id string, at time.Time) error {
		if now.Sub(at) > orphanAge {
			old = append(old, id)
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	kept, err := v.cfg.Kept(ctx, old)
	if err != nil {
		return fmt.Errorf("ask which files are kept: %w", err)
	}
	for _, id := range old {
		if !kept[id] {
			err = errors.Join(err, v.cfg.Blobs.Delete(id))
		}
	}
	return err
}
