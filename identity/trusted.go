package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// maxTrusted is how many programs a server trusts.
const maxTrusted = 100

// kidShape is what the kid of a program's key may be: it stands before the ids
// of that program's tokens in the store.
var kidShape = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// trustedKey is a key of another program, which signs join tokens itself.
type trustedKey struct {
	KID       string `json:"kid"`
	Algorithm string `json:"alg"`
	// Key is the public key of Ed25519 or the secret, base64url without padding.
	Key string `json:"key"`
	// Rooms are those its tokens may be for, Highest the highest role they may give.
	Rooms   Patterns  `json:"rooms,omitempty"`
	Highest string    `json:"highest"`
	Created time.Time `json:"created"`
}

// addTrusted takes up the keys of other programs.
func (r *ring) addTrusted() error {
	for i := range r.file.Trusted {
		k := &r.file.Trusted[i]
		material, err := k.material()
		if err == nil {
			err = r.add(k.KID, verifyingKey{algorithm: k.Algorithm, material: material, trusted: k})
		}
		if err != nil {
			return fmt.Errorf("trusted key %d: %w", i+1, err)
		}
	}
	return nil
}

func (k *trustedKey) material() (any, error) {
	raw, err := base64.RawURLEncoding.DecodeString(k.Key)
	switch {
	case err != nil:
		return nil, errors.New("it is not base64url") // the cause would quote it
	case k.Highest == "":
		return nil, errors.New("it has no highest role")
	case k.Algorithm == EdDSA && len(raw) == ed25519.PublicKeySize:
		return ed25519.PublicKey(raw), nil
	case k.Algorithm == HS256 && len(raw) >= secretSize:
		return raw, nil
	}
	return nil, fmt.Errorf("it is neither an Ed25519 public key for %s nor a secret of %d bytes or more for %s", EdDSA, secretSize, HS256)
}

// Trust says which program's tokens are taken, and for what.
type Trust struct {
	// KID is what the program writes into its tokens' header.
	KID string
	// PublicKey is an Ed25519 key in PEM (RFC 8410), Secret a shared secret for
	// HS256, as it is; one of them.
	PublicKey, Secret []byte
	// Rooms are those its tokens may be for, all where empty; Highest is the
	// highest role they may give.
	Rooms   Patterns
	Highest string
}

func (t Trust) key() (trustedKey, error) {
	k := trustedKey{KID: t.KID, Rooms: t.Rooms, Highest: t.Highest, Created: time.Now().UTC().Truncate(time.Second)}
	if !kidShape.MatchString(t.KID) {
		return k, fmt.Errorf("%w: a kid is 1 to 64 letters, digits, '.', '_' and '-'", ErrBadKey)
	}
	if err := t.Rooms.Validate(); err != nil {
		return k, err
	}
	if len(t.Secret) > 0 {
		k.Algorithm, k.Key = HS256, base64.RawURLEncoding.EncodeToString(t.Secret)
	} else {
		public, err := parsePublicKey(t.PublicKey)
		if err != nil {
			return k, err
		}
		k.Algorithm, k.Key = EdDSA, base64.RawURLEncoding.EncodeToString(public)
	}
	if _, err := k.material(); err != nil {
		return k, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return k, nil
}

func parsePublicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("%w: write the public key in PEM, as \"openssl pkey -pubout\" prints it", ErrBadKey)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the public key: %w", ErrBadKey, err)
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: it is a %T; make one with \"openssl genpkey -algorithm ed25519\"", ErrBadKey, parsed)
	}
	return public, nil
}

// KeyInfo is what may be shown of a signing key.
type KeyInfo struct {
	KID, Algorithm string
	Created        time.Time
	// Signs: join tokens are signed with it now. Foreign: it is another program's.
	Signs, Foreign bool
	// Rooms and Highest limit a foreign key.
	Rooms   Patterns
	Highest string
}

// List is what may be shown of the keys, in the order of the file.
func (k *Keys) List() []KeyInfo {
	r := k.current()
	signer, _, _ := r.signer()
	var list []KeyInfo
	for _, own := range r.file.Keys {
		list = append(list, KeyInfo{KID: own.KID, Algorithm: HS256, Created: own.Created, Signs: own.KID == signer})
	}
	for _, own := range r.file.Signing {
		list = append(list, KeyInfo{KID: own.KID, Algorithm: EdDSA, Created: own.Created, Signs: own.KID == signer})
	}
	for _, t := range r.file.Trusted {
		list = append(list, KeyInfo{KID: t.KID, Algorithm: t.Algorithm, Created: t.Created, Foreign: true, Rooms: t.Rooms, Highest: t.Highest})
	}
	return list
}

// PublicKey gives the public half of one of our own EdDSA keys in PEM, for
// programs that check our tokens.
func (k *Keys) PublicKey(kid string) ([]byte, error) {
	own, ok := k.current().byID[kid]
	if !ok || own.algorithm != EdDSA {
		return nil, fmt.Errorf("%w with a public half: %.80q", ErrNoKey, kid)
	}
	der, err := x509.MarshalPKIXPublicKey(own.material)
	if err != nil {
		return nil, fmt.Errorf("writing a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// RotateKeys puts a new key in front, which signs from now on; tokens of the
// older ones stay good until those are retired.
func RotateKeys(dir, algorithm string) (KeyInfo, error) {
	var made KeyInfo
	err := editKeys(dir, func(f *keyFile) error {
		kid, secret, err := randomKey()
		if err != nil {
			return err
		}
		made = KeyInfo{KID: kid, Algorithm: algorithm, Created: time.Now().UTC().Truncate(time.Second), Signs: true}
		switch algorithm {
		case HS256:
			f.Keys = slices.Insert(f.Keys, 0, key{KID: kid, Secret: secret, Created: made.Created})
		case EdDSA:
			f.Signing = slices.Insert(f.Signing, 0, signingKey{KID: kid, Seed: secret, Created: made.Created})
		default:
			return fmt.Errorf("%w: the algorithm is %s or %s", ErrBadKey, HS256, EdDSA)
		}
		f.Signer = kid
		return nil
	})
	return made, err
}

// RetireKey forgets a key, our own or another program's: tokens signed with it
// are refused from now on. The one that signs has to be replaced before.
func RetireKey(dir, kid string) error {
	return editKeys(dir, func(f *keyFile) error {
		keys := slices.DeleteFunc(slices.Clone(f.Keys), func(k key) bool { return k.KID == kid })
		signing := slices.DeleteFunc(slices.Clone(f.Signing), func(k signingKey) bool { return k.KID == kid })
		trusted := slices.DeleteFunc(slices.Clone(f.Trusted), func(k trustedKey) bool { return k.KID == kid })
		switch {
		case len(keys)+len(signing)+len(trusted) == len(f.Keys)+len(f.Signing)+len(f.Trusted):
			return fmt.Errorf("%w: %.80q", ErrNoKey, kid)
		case len(keys) == 0:
			return fmt.Errorf("%w: it is the only secret, which seals the places people come back to: make another with \"palabre key rotate\" first", ErrBadKey)
		case f.Signer == kid || f.Signer == "" && f.Keys[0].KID == kid:
			return fmt.Errorf("%w: it signs: make another with \"palabre key rotate\" first", ErrBadKey)
		}
		f.Keys, f.Signing, f.Trusted = keys, signing, trusted
		return nil
	})
}

// TrustKey takes another program's tokens from now on.
func TrustKey(dir string, trust Trust) error {
	k, err := trust.key()
	if err != nil {
		return err
	}
	return editKeys(dir, func(f *keyFile) error {
		if len(f.Trusted) >= maxTrusted {
			return fmt.Errorf("%w: a server trusts at most %d programs", ErrBadKey, maxTrusted)
		}
		f.Trusted = append(f.Trusted, k)
		return nil
	})
}

// editKeys changes the file as a whole, so that a running server reads the old
// one or the new one. Two that edit at once are told, and lose nothing.
func editKeys(dir string, change func(*keyFile) error) error {
	keys, err := LoadKeys(dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, keysFile)
	before, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the signing keys: %w", err)
	}
	file := keys.ring.Load().file
	if err := change(&file); err != nil {
		return err
	}
	if file.Signer == "" {
		file.Signer = file.Keys[0].KID
	}
	text, err := file.text()
	if err != nil {
		return err
	}
	if _, err := parseKeys(text); err != nil {
		return fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	if len(text) > maxKeysFile {
		return fmt.Errorf("%w: the keys would take more than %d bytes: retire some", ErrBadKey, maxKeysFile)
	}
	temp, err := writeTemp(dir, text)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		return errors.Join(errors.New("somebody else changed the signing keys just now: try again"), err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("putting the signing keys in place: %w", err)
	}
	return nil
}
