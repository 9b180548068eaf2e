package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"palabre/store"
)

// archived is the database's name in a backup.
const archived = "palabre.db"

type backupCommand struct {
	storage
	File string `arg:"" help:"The tar archive to write; it must not be there yet." type:"path"`
}

// Run writes an archive of the data folder, with the database as it is at one
// moment. The server may run meanwhile.
func (c *backupCommand) Run(ctx context.Context, out io.Writer) error {
	database, err := c.file()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	err = c.write(ctx, file, database)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the backup: %w", err), os.Remove(c.File))
	}
	_, err = fmt.Fprintf(out, "%s holds the database, the keys and the rest of %s: keep it as secret as they are.\n", c.File, c.DataDir)
	return err
}

// file is the database's, or what to do instead.
func (s storage) file() (string, error) {
	if err := s.checkDatabase(); err != nil {
		return "", err
	}
	file, err := store.File(s.database())
	if errors.Is(err, store.ErrNoFile) {
		return "", fmt.Errorf("%w, and copy the folder %s with the keys", err, s.DataDir)
	}
	return file, err
}

func (c *backupCommand) write(ctx context.Context, to io.Writer, database string) error {
	folder, err := os.MkdirTemp(c.DataDir, ".backup-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // a copy too many does no harm
	copied := filepath.Join(folder, archived)
	if err := store.Backup(ctx, c.database(), copied); err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	if err := add(archive, copied, archived); err != nil {
		return err
	}
	err = filepath.WalkDir(c.DataDir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(c.DataDir, file)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir // a copy under way
		case !d.Type().IsRegular() || same(file, c.File) || part(file, database):
			return nil
		}
		return add(archive, file, filepath.ToSlash(name))
	})
	return errors.Join(err, archive.Close())
}

// part says whether a file is the database or one of SQLite's companions of it.
func part(file, database string) bool {
	for _, ending := range []string{"", "-wal", "-shm", "-journal"} {
		if same(file, database+ending) {
			return true
		}
	}
	return false
}

func same(a, b string) bool {
	one, err := filepath.Abs(a)
	if err != nil {
		return false
	}
	other, err := filepath.Abs(b)
	return err == nil && one == other
}

// add writes a file into an archive; one that is gone meanwhile is left out.
func add(archive *tar.Writer, file, name string) error {
	from, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	// A file that grows meanwhile is cut, as it was when it was looked at.
	if _, err := io.CopyN(archive, from, info.Size()); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	return nil
}

type restoreCommand struct {
	storage
	File string `arg:"" help:"The archive that palabre backup wrote." type:"existingfile"`
}

// Run puts a backup in the place of what is in the data folder, which is kept
// in a folder within.
func (c *restoreCommand) Run(ctx context.Context, out io.Writer) error {
	database, err := c.file()
	if err != nil {
		return err
	}
	if !same(database, c.inData(archived)) {
		return fmt.Errorf("a backup is restored into the data folder: leave --database out, and move %s afterwards", archived)
	}
	if err := c.stopped(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	fresh := c.inData(".restoring")
	defer func() { _ = os.RemoveAll(fresh) }() // empty by now, or of no use
	if err := extract(c.File, fresh); err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	if err := store.Check(ctx, filepath.Join(fresh, archived)); err != nil {
		return err
	}
	old := c.inData(".before-" + time.Now().UTC().Format("20060102-150405.000"))
	kept, err := move(c.DataDir, old)
	if err != nil {
		return fmt.Errorf("put the old data aside into %s: %w", old, err)
	}
	if _, err := move(fresh, c.DataDir); err != nil {
		return fmt.Errorf("put the backup in place; what was there before is in %s: %w", old, err)
	}
	if kept == 0 {
		_, err = fmt.Fprintf(out, "%s is restored.\n", c.DataDir)
		return err
	}
	_, err = fmt.Fprintf(out, "%s is restored; what was there before is in %s.\n", c.DataDir, old)
	return err
}

// move moves everything from one folder to another on the same disk, but for
// what is hidden, and counts it. The data folder may be a mount, which cannot
// be renamed itself.
func move(from, to string) (moved int, err error) {
	entries, err := os.ReadDir(from)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := os.MkdirAll(to, 0o700); err != nil {
			return moved, err
		}
		if err := os.Rename(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return moved, err
		}
		moved++
	}
	return moved, nil
}

// stopped says whether no server works on the database, where it can be told.
func (s storage) stopped(ctx context.Context) error {
	file, err := store.File(s.database())
	if errors.Is(err, store.ErrNoFile) {
		return nil
	}
	if err != nil {
		return err
	}
	return store.Unused(ctx, file)
}

// extract unpacks an archive into a new folder; nothing gets out of it.
func extract(file, folder string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			return fmt.Errorf("%q is no file: this is no backup of palabre's", header.Name)
		}
		if err := unpack(root, archive, header); err != nil {
			return err
		}
	}
}

func unpack(root *os.Root, from io.Reader, header *tar.Header) error {
	if err := root.MkdirAll(path.Dir(header.Name), 0o700); err != nil {
		return err
	}
	to, err := root.OpenFile(header.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(header.Mode).Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Sync(), to.Close())
}
