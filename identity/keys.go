package identity

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// keysFile is the name of the keys in the data directory.
	keysFile = "keys.json"
	// secretSize is the length of a secret in bytes: RFC 7518 section 3.2 asks
	// HS256 keys to be at least as long as the hash.
	secretSize = 32
	// kidSize is the random length of a key's name in bytes; it only tells keys apart.
	kidSize = 6
	// maxKeysFile bounds what is read as keys, in bytes.
	maxKeysFile = 64 << 10
)

// Keys are the signing keys of a server. The first one signs, all of them
// verify, so that a new key can be put in front while tokens of the old ones live on.
type Keys struct {
	keys []key
}

type key struct {
	KID     string    `json:"kid"`
	Secret  string    `json:"secret"` // base64url without padding
	Created time.Time `json:"created"`

	secret []byte
}

type keyFile struct {
	Keys []key `json:"keys"`
}

// LoadKeys reads the keys of a data directory, or makes them the first time.
// Several processes may do so at once: they all end up with the same keys.
func LoadKeys(dir string) (*Keys, error) {
	path := filepath.Join(dir, keysFile)
	keys, err := readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := createKeys(dir, path); err != nil {
		return nil, err
	}
	return readKeys(path)
}

func readKeys(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the signing keys: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, fmt.Errorf("the signing keys in %s can be read by others (mode %o): chmod 600 %s, and replace them if somebody may have looked",
			path, info.Mode().Perm(), path)
	}
	if info.Size() > maxKeysFile {
		return nil, fmt.Errorf("the signing keys in %s take %d bytes, more than %d: restore the file from a backup", path, info.Size(), maxKeysFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the signing keys: %w", err)
	}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("the signing keys in %s are damaged (restore them from a backup, or remove the file to make new ones): %w", path, err)
	}
	return keys, nil
}

func parseKeys(text []byte) (*Keys, error) {
	var file keyFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("parsing JSON: %w", err)
	}
	if len(file.Keys) == 0 {
		return nil, errors.New("no key in it")
	}
	seen := map[string]bool{}
	for i := range file.Keys {
		k := &file.Keys[i]
		secret, err := base64.RawURLEncoding.DecodeString(k.Secret)
		if err != nil {
			// The cause would quote the secret.
			return nil, fmt.Errorf("the secret of key %d is not base64url", i+1)
		}
		if k.KID == "" || seen[k.KID] {
			return nil, fmt.Errorf("key %d has no kid of its own", i+1)
		}
		if len(secret) < secretSize {
			return nil, fmt.Errorf("the secret of key %d has %d bytes, fewer than %d", i+1, len(secret), secretSize)
		}
		seen[k.KID] = true
		k.secret = secret
	}
	return &Keys{keys: file.Keys}, nil
}

// createKeys writes a file with one new key. It is written whole under another
// name first and then linked, which fails if somebody else was faster.
func createKeys(dir, path string) error {
	text, err := newKeyFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data directory for the signing keys: %w", err)
	}
	temp, err := os.CreateTemp(dir, keysFile+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("making the signing keys: %w", err)
	}
	defer os.Remove(temp.Name())
	if err := writeAndSync(temp, text); err != nil {
		return fmt.Errorf("writing the signing keys: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("putting the signing keys in place: %w", err)
	}
	return nil
}

func newKeyFile() ([]byte, error) {
	random := make([]byte, kidSize+secretSize)
	if _, err := rand.Read(random); err != nil {
		return nil, fmt.Errorf("asking for random bytes for the signing keys: %w", err)
	}
	text, err := json.MarshalIndent(keyFile{Keys: []key{{
		KID:     base64.RawURLEncoding.EncodeToString(random[:kidSize]),
		Secret:  base64.RawURLEncoding.EncodeToString(random[kidSize:]),
		Created: time.Now().UTC().Truncate(time.Second),
	}}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the signing keys as JSON: %w", err)
	}
	return append(text, '\n'), nil
}

func writeAndSync(file *os.File, text []byte) error {
	_, err := file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// find gives the key of a name.
func (k *Keys) find(kid string) (key, bool) {
	for _, candidate := range k.keys {
		if candidate.KID == kid {
			return candidate, true
		}
	}
	return key{}, false
}
