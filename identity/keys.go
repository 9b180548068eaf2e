package identity

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
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
	// lookEvery is how often a running server looks whether its keys have changed.
	lookEvery = 2 * time.Second
)

// Keys are the signing keys of a server. One signs, all of them verify, so that
// a new key can be put in front while tokens of the old ones live on. Keys of
// other programs may verify as well, within limits. When the file changes they
// follow within seconds. They are safe for concurrent use.
type Keys struct {
	path string // empty: nothing to follow
	ring atomic.Pointer[ring]

	mu     sync.Mutex
	looked time.Time
	stamp  os.FileInfo
}

// ring is the keys of one version of the file.
type ring struct {
	file keyFile
	byID map[string]verifyingKey
}

// verifyingKey is a key with the one algorithm it is for: what a token says of
// its algorithm chooses nothing (RFC 8725 section 3.1).
type verifyingKey struct {
	algorithm string
	material  any // []byte or ed25519.PublicKey
	// trusted is whose key it is when it is another program's.
	trusted *trustedKey
}

// The algorithms of keys (RFC 7518 section 3.2, RFC 8037 section 3.1).
const (
	HS256 = "HS256"
	EdDSA = "EdDSA"
)

// keyFile is the file. Versions before there were other keys read the field
// keys alone and skip the rest, so that this one always holds a secret.
type keyFile struct {
	Keys []key `json:"keys"`
	// Signing are our own keys of EdDSA.
	Signing []signingKey `json:"signing,omitempty"`
	// Trusted are other programs' keys.
	Trusted []trustedKey `json:"trusted,omitempty"`
	// Signer names the key that signs join tokens; empty: the first of keys.
	Signer string `json:"signer,omitempty"`
}

// key is a secret of HS256. The first one seals resume tokens.
type key struct {
	KID     string    `json:"kid"`
	Secret  string    `json:"secret"` // base64url without padding
	Created time.Time `json:"created"`

	secret []byte
}

type signingKey struct {
	KID     string    `json:"kid"`
	Seed    string    `json:"seed"` // of Ed25519, base64url without padding
	Created time.Time `json:"created"`

	private ed25519.PrivateKey
}

// LoadKeys reads the keys of a data directory, or makes them the first time.
// Several processes may do so at once: they all end up with the same keys.
func LoadKeys(dir string) (*Keys, error) {
	path := filepath.Join(dir, keysFile)
	found, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKeys(dir, path); err != nil {
			return nil, err
		}
		found, err = readKeys(path)
	}
	if err != nil {
		return nil, err
	}
	k := &Keys{path: path, looked: time.Now()}
	k.stamp, _ = os.Stat(path) // what cannot be looked at now is looked at again later
	k.ring.Store(found)
	return k, nil
}

// current gives the keys, after a look at the file when it is time. A file that
// is damaged or gone changes nothing: people go on coming in.
func (k *Keys) current() *ring {
	if k.path == "" {
		return k.ring.Load()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if now.Sub(k.looked) < lookEvery {
		return k.ring.Load()
	}
	k.looked = now
	info, err := os.Stat(k.path)
	if err != nil || k.stamp != nil && os.SameFile(info, k.stamp) && info.ModTime().Equal(k.stamp.ModTime()) {
		return k.ring.Load()
	}
	if found, err := readKeys(k.path); err == nil {
		k.ring.Store(found)
		k.stamp = info
	}
	return k.ring.Load()
}

func readKeys(path string) (*ring, error) {
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

func parseKeys(text []byte) (*ring, error) {
	var file keyFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("parsing JSON: %w", err)
	}
	return file.ring()
}

// ring reads the keys of a file.
func (f keyFile) ring() (*ring, error) {
	if len(f.Keys) == 0 {
		return nil, errors.New("no key in it")
	}
	r := &ring{file: f, byID: map[string]verifyingKey{}}
	for i := range f.Keys {
		k := &r.file.Keys[i]
		secret, err := base64.RawURLEncoding.DecodeString(k.Secret)
		if err != nil {
			// The cause would quote the secret.
			return nil, fmt.Errorf("the secret of key %d is not base64url", i+1)
		}
		if len(secret) < secretSize {
			return nil, fmt.Errorf("the secret of key %d has %d bytes, fewer than %d", i+1, len(secret), secretSize)
		}
		k.secret = secret
		if err := r.add(k.KID, verifyingKey{algorithm: HS256, material: secret}); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
	}
	for i := range f.Signing {
		k := &r.file.Signing[i]
		seed, err := base64.RawURLEncoding.DecodeString(k.Seed)
		if err != nil || len(seed) != ed25519.SeedSize {
			return nil, fmt.Errorf("the seed of signing key %d is not %d bytes of base64url", i+1, ed25519.SeedSize)
		}
		k.private = ed25519.NewKeyFromSeed(seed)
		if err := r.add(k.KID, verifyingKey{algorithm: EdDSA, material: k.private.Public()}); err != nil {
			return nil, fmt.Errorf("signing key %d: %w", i+1, err)
		}
	}
	if err := r.addTrusted(); err != nil {
		return nil, err
	}
	if signer, ok := r.byID[f.Signer]; f.Signer != "" && (!ok || signer.trusted != nil) {
		return nil, errors.New("the signer is none of its own keys")
	}
	return r, nil
}

func (r *ring) add(kid string, k verifyingKey) error {
	if _, twice := r.byID[kid]; kid == "" || twice {
		return errors.New("it has no kid of its own")
	}
	r.byID[kid] = k
	return nil
}

// signer gives the key that signs join tokens.
func (r *ring) signer() (kid, algorithm string, material any) {
	kid = cmp.Or(r.file.Signer, r.file.Keys[0].KID)
	for _, k := range r.file.Signing {
		if k.KID == kid {
			return kid, EdDSA, k.private
		}
	}
	return kid, HS256, r.byID[kid].material
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
	temp, err := writeTemp(dir, text)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("putting the signing keys in place: %w", err)
	}
	return nil
}

func newKeyFile() ([]byte, error) {
	first, err := newSecret()
	if err != nil {
		return nil, err
	}
	return keyFile{Keys: []key{first}}.text()
}

func (f keyFile) text() ([]byte, error) {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the signing keys as JSON: %w", err)
	}
	return append(text, '\n'), nil
}

func newSecret() (key, error) {
	kid, secret, err := randomKey()
	return key{KID: kid, Secret: secret, Created: time.Now().UTC().Truncate(time.Second)}, err
}

// randomKey makes a name and 32 bytes, which is a secret of HS256 or a seed of Ed25519.
func randomKey() (kid, secret string, err error) {
	random := make([]byte, kidSize+secretSize)
	if _, err := rand.Read(random); err != nil {
		return "", "", fmt.Errorf("asking for random bytes for the signing keys: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return keyText.EncodeToString(random[:kidSize]), encode(random[kidSize:]), nil
}

// writeTemp writes a file that only its owner may read and gives its name.
func writeTemp(dir string, text []byte) (string, error) {
	temp, err := os.CreateTemp(dir, keysFile+".*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("making the signing keys: %w", err)
	}
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("writing the signing keys: %w", err), os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}
