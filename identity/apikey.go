package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// KeyPrefix begins the text of every API key, so that leaked ones are found.
	KeyPrefix = "plk_"
	// keyIDSize and keySecretSize are random bytes. The secret has 256 bits, so
	// that one round of SHA-256 keeps it: nobody tries them all.
	keyIDSize, keySecretSize = 10, 32
	// maxKeyText bounds what is parsed, in bytes; a key has 73.
	maxKeyText = 128
	// maxKeyName is the longest name of a key, in characters.
	maxKeyName = 80

	// keyFresh is how long a key is known without asking again: so long a
	// revoked one may go on.
	keyFresh = 5 * time.Second
	// keyStale is how long a known key is taken while the store is away.
	keyStale = 10 * time.Minute
	// knownKeys bounds the keys that are remembered.
	knownKeys = 1000
	// seenEvery is how coarsely the last use of a key is noted.
	seenEvery = time.Hour
)

// The refusals of API keys. ErrKey is for whoever shows one, ErrBadKey for
// whoever makes one, ErrNoKey says that a store has none of that id.
var (
	ErrKey    = errors.New("the API key is not valid")
	ErrBadKey = errors.New("the key cannot be made so")
	ErrNoKey  = errors.New("there is no such key")
)

// APIKey is what a program may do that holds one.
type APIKey struct {
	// ID names the key and is no secret; Name says for people what it is for.
	ID, Name string
	Scopes   []Scope
	// Rooms are those the key is for; without patterns it is for all.
	Rooms Patterns
	// Created, Expires, Revoked and Used say when; Expires, Revoked and Used are
	// zero for never. Used is up to an hour late.
	Created, Expires, Revoked, Used time.Time
}

// May says whether the key holds a scope.
func (k APIKey) May(scope Scope) bool { return slices.Contains(k.Scopes, scope) }

// Opens says whether the key is for a room.
func (k APIKey) Opens(room string) bool { return k.Rooms.Match(room) }

// Good says why a key is not taken at a time, by an error that is an ErrKey.
func (k APIKey) Good(now time.Time) error {
	switch {
	case !k.Revoked.IsZero():
		return fmt.Errorf("%w: it was revoked", ErrKey)
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return fmt.Errorf("%w: %w", ErrKey, ErrExpired)
	}
	return nil
}

// keyText is base32 with the letters of room names: what tools select at a
// double click, without the _ that parts the fields.
var keyText = base32.NewEncoding(letters).WithPadding(base32.NoPadding)

// NewAPIKey completes a key with its ID and time, and gives the text to show
// once and the hash to store.
func NewAPIKey(key APIKey, now time.Time) (made APIKey, text string, hash []byte, err error) {
	key.Name = strings.TrimSpace(key.Name)
	if n := utf8.RuneCountInString(key.Name); n == 0 || n > maxKeyName || !utf8.ValidString(key.Name) {
		return APIKey{}, "", nil, fmt.Errorf("%w: its name needs 1 to %d letters", ErrBadKey, maxKeyName)
	}
	if err := errors.Join(checkScopes(key.Scopes), key.Rooms.Validate()); err != nil {
		return APIKey{}, "", nil, err
	}
	if !key.Expires.IsZero() && !now.Before(key.Expires) {
		return APIKey{}, "", nil, fmt.Errorf("%w: it would have expired already", ErrBadKey)
	}
	random := make([]byte, keyIDSize+keySecretSize)
	if _, err := rand.Read(random); err != nil {
		return APIKey{}, "", nil, fmt.Errorf("asking for random bytes for an API key: %w", err)
	}
	key.ID, key.Created = keyText.EncodeToString(random[:keyIDSize]), now
	text = KeyPrefix + key.ID + "_" + keyText.EncodeToString(random[keyIDSize:])
	sum := sha256.Sum256(random[keyIDSize:])
	return key, text, sum[:], nil
}

// parseKey takes the text of a key apart and gives the hash of its secret.
func parseKey(text string) (id string, hash [sha256.Size]byte, err error) {
	rest, ours := strings.CutPrefix(text, KeyPrefix)
	id, secret, two := strings.Cut(rest, "_")
	if !ours || !two || len(text) > maxKeyText || len(id) != keyText.EncodedLen(keyIDSize) {
		return "", hash, ErrKey
	}
	raw, err := keyText.DecodeString(secret)
	if err != nil || len(raw) != keySecretSize || keyText.EncodeToString(raw) != secret {
		return "", hash, ErrKey // the cause would quote the secret
	}
	return id, sha256.Sum256(raw), nil
}

// KeyShelf is where API keys are kept. The store implements it.
type KeyShelf interface {
	// APIKey gives a key and the hash of its secret, or an error that is ErrNoKey.
	APIKey(ctx context.Context, id string) (key APIKey, hash []byte, err error)
	// KeyUsed notes that a key was used.
	KeyUsed(ctx context.Context, id string, at time.Time) error
}

// Verifier knows the API keys that programs show. It is safe for concurrent use.
type Verifier struct {
	shelf KeyShelf
	now   func() time.Time

	mu    sync.Mutex
	known *simplelru.LRU[string, knownKey]
}

// knownKey is a key as the shelf gave it at a time.
type knownKey struct {
	key  APIKey
	hash []byte
	at   time.Time
}

// NewVerifier makes a verifier over a shelf.
func NewVerifier(shelf KeyShelf) (*Verifier, error) {
	known, err := simplelru.NewLRU[string, knownKey](knownKeys, nil)
	if err != nil {
		return nil, fmt.Errorf("making the list of known API keys: %w", err)
	}
	return &Verifier{shelf: shelf, now: time.Now, known: known}, nil
}

// VerifyKey gives the key whose text somebody showed. A refusal is an ErrKey;
// any other error says that the shelf is away and the key is not known well
// enough: one that was seen in the last minutes goes on working.
func (v *Verifier) VerifyKey(ctx context.Context, text string) (APIKey, error) {
	id, hash, err := parseKey(text)
	if err != nil {
		return APIKey{}, err
	}
	now := v.now()
	found, err := v.find(ctx, id, now)
	if err != nil && !errors.Is(err, ErrNoKey) {
		return APIKey{}, fmt.Errorf("looking up an API key: %w", err)
	}
	// An unknown id is compared as well, with a hash of nothing.
	var want [sha256.Size]byte
	copy(want[:], found.hash)
	same := subtle.ConstantTimeCompare(hash[:], want[:]) == 1
	if err != nil || !same {
		return APIKey{}, ErrKey
	}
	if err := found.key.Good(now); err != nil {
		return APIKey{}, err
	}
	v.note(ctx, found, now)
	return found.key, nil
}

// find gives a key, from memory while that is fresh or the shelf is away.
func (v *Verifier) find(ctx context.Context, id string, now time.Time) (knownKey, error) {
	known, ok := v.recall(id)
	if ok && now.Sub(known.at) < keyFresh {
		return known, nil
	}
	key, hash, err := v.shelf.APIKey(ctx, id)
	switch {
	case err == nil:
		found := knownKey{key: key, hash: hash, at: now}
		v.remember(found)
		return found, nil
	case errors.Is(err, ErrNoKey):
		v.forget(id)
		return knownKey{}, err
	case ok && now.Sub(known.at) < keyStale:
		return known, nil
	}
	return knownKey{}, err
}

// note writes the use of a key down, coarsely, so that a busy program costs no
// write a request. That it fails is no reason to refuse.
func (v *Verifier) note(ctx context.Context, found knownKey, now time.Time) {
	if now.Sub(found.key.Used) < seenEvery {
		return
	}
	found.key.Used = now
	v.remember(found)
	_ = v.shelf.KeyUsed(ctx, found.key.ID, now)
}

func (v *Verifier) recall(id string) (knownKey, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known.Get(id)
}

func (v *Verifier) remember(k knownKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known.Add(k.key.ID, k)
}

func (v *Verifier) forget(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known.Remove(id)
}
