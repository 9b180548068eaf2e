package certs

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// checkFilesEvery is how long a renewed certificate file may go unseen; a
// renewal happens weeks before the old one expires.
const checkFilesEvery = time.Minute

// files serves one pair of PEM files and reads them again when they change.
type files struct {
	cert, key string

	mu       sync.Mutex
	current  *tls.Certificate
	modified time.Time
	checked  time.Time
}

func openFiles(cert, key string) (*Source, error) {
	f := &files{cert: cert, key: key}
	if err := f.load(time.Now()); err != nil {
		return nil, err
	}
	return &Source{config: serverConfig(f.get)}, nil
}

func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if now.Sub(f.checked) < checkFilesEvery {
		return f.current, nil
	}
	// A half-written renewal must not take the site down: the old pair serves on.
	if err := f.load(now); err != nil {
		f.checked = now
	}
	return f.current, nil
}

func (f *files) load(now time.Time) error {
	info, err := os.Stat(f.cert)
	if err != nil {
		return fmt.Errorf("certificates: %w: check --tls-cert", err)
	}
	if f.current != nil && info.ModTime().Equal(f.modified) {
		f.checked = now
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("certificates: load %s and %s: %w", f.cert, f.key, err)
	}
	f.current, f.modified, f.checked = &pair, info.ModTime(), now
	return nil
}
