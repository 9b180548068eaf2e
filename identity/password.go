package identity

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxPassword is the longest room password, in bytes.
	maxPassword = 256
	// hashesAtOnce bounds the memory that strangers' guesses take: 64 MiB each.
	hashesAtOnce = 2
)

// ErrPassword is wrapped by refusals of passwords that nobody can be given.
var ErrPassword = errors.New("not a password")

// Passwords hashes and compares the passwords of rooms with Argon2id
// (RFC 9106): 64 MiB, three passes, two lanes. It is safe for concurrent use.
type Passwords struct{ turns chan struct{} }

// NewPasswords makes one for a whole process.
func NewPasswords() *Passwords { return &Passwords{turns: make(chan struct{}, hashesAtOnce)} }

func passwordParams() *argon2id.Params {
	return &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 2, SaltLength: 16, KeyLength: 32}
}

// Hash gives what is stored of a password. It waits for its turn.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	password, err := cleanPassword(password)
	if err != nil {
		return "", err
	}
	var hash string
	err = p.inTurn(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, passwordParams())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return hash, nil
}

// Match says whether a password is the one a hash was made of, in a time that
// does not depend on how much of it is right. It waits for its turn.
func (p *Passwords) Match(ctx context.Context, hash, password string) (bool, error) {
	password, err := cleanPassword(password)
	if err != nil {
		return false, nil // nobody's password
	}
	var same bool
	err = p.inTurn(ctx, func() (err error) {
		same, err = argon2id.ComparePasswordAndHash(password, hash)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("comparing a password: %w", err)
	}
	return same, nil
}

func (p *Passwords) inTurn(ctx context.Context, do func() error) error {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cleanPassword gives the form that is the same however a keyboard composes
// letters (RFC 8265 section 4.2, as far as it matters here).
func cleanPassword(password string) (string, error) {
	if password == "" || len(password) > maxPassword || !utf8.ValidString(password) {
		return "", fmt.Errorf("%w: it needs 1 to %d bytes of UTF-8", ErrPassword, maxPassword)
	}
	return norm.NFC.String(password), nil
}
