// Package files keeps what people attach to lines of chat: bytes on disk under
// ids that nobody guesses, and what may be known of them without trusting
// whoever sent them.
//
// [Disk] is the storage, an [os.Root] nothing gets out of. [Vault] is the way
// in: it takes a file to its exact length, finds out what it is by its bytes,
// refuses what is not on the list of harmless types or not what its name says,
// has a scanner look at it, and only then is it there.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"
)

// Blobs is storage for files by id. Ids are UUIDs.
type Blobs interface {
	// Put stores what comes from a reader, all or nothing: check sees the whole
	// file by its path before it is there, and its error keeps it out.
	Put(ctx context.Context, id string, from io.Reader, check func(file *os.File, path string) error) error
	// Open gives a stored file; an error that is fs.ErrNotExist where there is none.
	Open(id string) (io.ReadSeekCloser, error)
	// Delete removes a file; one that is not there is no error.
	Delete(id string) error
	// Each lists what is stored, with the time it came.
	Each(func(id string, at time.Time) error) error
}

// Disk is a folder.
type Disk struct {
	root *os.Root
	path string
}

var blobID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// part marks files that are still coming.
const part = ".part"

// NewDisk opens a folder, makes it if need be, and throws away what was half
// written when the server stopped. Close it after use.
func NewDisk(path string) (*Disk, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of attached files: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open the folder of attached files: %w", err)
	}
	d := &Disk{root: root, path: path}
	entries, err := fs.ReadDir(root.FS(), ".")
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), part) {
			err = errors.Join(err, root.Remove(entry.Name()))
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tidy the folder of attached files: %w", err), root.Close())
	}
	return d, nil
}

// Close lets the folder go.
func (d *Disk) Close() error { return d.root.Close() }

// Put implements [Blobs].
func (d *Disk) Put(ctx context.Context, id string, from io.Reader, check func(*os.File, string) error) error {
	if !blobID.MatchString(id) {
		return fmt.Errorf("store a file: %q is no id", id)
	}
	name := id + part
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("store a file: %w", err)
	}
	_, err = io.Copy(file, from)
	if err == nil {
		err = check(file, d.path+string(os.PathSeparator)+name)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close(), ctx.Err()); err == nil {
		if err = d.root.Rename(name, id); err == nil {
			return nil
		}
	}
	return errors.Join(err, d.root.Remove(name))
}

// Open implements [Blobs].
func (d *Disk) Open(id string) (io.ReadSeekCloser, error) {
	if !blobID.MatchString(id) {
		return nil, fs.ErrNotExist
	}
	file, err := d.root.Open(id)
	if err != nil {
		return nil, fmt.Errorf("open a file: %w", err)
	}
	return file, nil
}

// Delete implements [Blobs].
func (d *Disk) Delete(id string) error {
	if !blobID.MatchString(id) {
		return nil
	}
	if err := d.root.Remove(id); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete a file: %w", err)
	}
	return nil
}

// Each implements [Blobs].
func (d *Disk) Each(do func(id string, at time.Time) error) error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("list the attached files: %w", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !blobID.MatchString(entry.Name()) {
			continue // gone meanwhile, or not ours
		}
		if err := do(entry.Name(), info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}
