package main

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palabre/store/storetest"
)

func TestBackupAndRestoreRefuseWhatWouldLoseData(t *testing.T) {
	s := serve(t)
	file := filepath.Join(t.TempDir(), "backup.tar")
	if code, out, said := command(t, "backup", "--data-dir", s.data, file); code != 0 || !strings.Contains(out, "keep it as secret") {
		t.Fatalf("backup: %d, %s%s", code, out, said)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.tar")
	evil := filepath.Join(t.TempDir(), "evil.tar")
	archive(t, damaged, "palabre.db", "this is no database, however long it is")
	archive(t, evil, "../outside", "x")
	fresh := filepath.Join(t.TempDir(), "data")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"over another backup":  {[]string{"backup", "--data-dir", s.data, file}, "file exists"},
		"of PostgreSQL":        {[]string{"backup", "--data-dir", s.data, "--database", "postgres://u:secret@h/d", file + "2"}, "pg_dump"},
		"of no database":       {[]string{"backup", "--data-dir", t.TempDir(), file + "2"}, "find the database"},
		"over a server":        {[]string{"restore", "--data-dir", s.data, file}, "in use"},
		"tables of a server":   {[]string{"migrate", "--data-dir", s.data, "--to", "1"}, "in use"},
		"of damage":            {[]string{"restore", "--data-dir", fresh, damaged}, "palabre.db"},
		"of paths out of it":   {[]string{"restore", "--data-dir", fresh, evil}, "read the backup"},
		"into another place":   {[]string{"restore", "--data-dir", fresh, "--database", "sqlite:/tmp/other.db", file}, "leave --database out"},
		"to no version":        {[]string{"migrate", "--data-dir", fresh, "--to", "999999"}, "no version 999999"},
		"a database of nobody": {[]string{"migrate", "--database", "mysql://u:secret@h/d"}, "--database"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, _, said := command(t, c.args...); code == 0 || !strings.Contains(said, c.says) || strings.Contains(said, "secret") {
				t.Errorf("exit %d, said %q, want %q", code, said, c.says)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(fresh), "outside")); err == nil {
		t.Error("an archive wrote outside of the folder")
	}
	if _, err := os.Stat(file + "2"); err == nil {
		t.Error("a backup that failed was left behind")
	}
}

func archive(t *testing.T, file, name, text string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	w := tar.NewWriter(f)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRestorePutsTheOldAside keeps what it replaces.
func TestRestorePutsTheOldAside(t *testing.T) {
	s := serve(t)
	file := filepath.Join(t.TempDir(), "backup.tar")
	if code, _, said := command(t, "backup", "--data-dir", s.data, file); code != 0 {
		t.Fatal(said)
	}
	s.stop()
	if err := os.WriteFile(filepath.Join(s.data, "newer"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, said := command(t, "restore", "--data-dir", s.data, file); code != 0 || !strings.Contains(out, ".before-") {
		t.Fatalf("restore: %d, %s%s", code, out, said)
	}
	if _, err := os.Stat(filepath.Join(s.data, "newer")); err == nil {
		t.Error("what was newer is still in place")
	}
	if kept, err := filepath.Glob(filepath.Join(s.data, ".before-*", "newer")); err != nil || len(kept) != 1 {
		t.Errorf("put aside: %v, %v", kept, err)
	}
}

// TestMigrateShowsAndRehearses goes down and up by hand.
func TestMigrateShowsAndRehearses(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		migrate := func(args ...string) string {
			code, out, said := command(t, append([]string{"migrate", "--database", url, "--data-dir", t.TempDir()}, args...)...)
			if code != 0 {
				t.Errorf("migrate %v: %d: %s", args, code, said)
			}
			return out
		}
		if out := migrate(); strings.Contains(out, "applied") || !strings.Contains(out, "00001_rooms.sql") {
			t.Errorf("an empty database:\n%s", out)
		}
		serve(t, "--database", url).stop()
		if out := migrate(); strings.Contains(out, "waits") {
			t.Errorf("after a start:\n%s", out)
		}
		if out := migrate("--rehearse"); !strings.Contains(out, "leave all data as it was") {
			t.Errorf("a rehearsal:\n%s", out)
		}
		if out := migrate("--to", "1"); strings.Count(out, "applied") != 1 {
			t.Errorf("down to 1:\n%s", out)
		}
		serve(t, "--database", url).stop()
	})
}
