package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// book is a shelf of links in memory, which can be away.
type book struct {
	mu     sync.Mutex
	away   error
	states map[string]LinkState
	visits map[string]string
	owners map[string]string
	asked  int
}

func newBook() *book {
	return &book{states: map[string]LinkState{}, visits: map[string]string{}, owners: map[string]string{}}
}

func (b *book) LinkState(_ context.Context, id, room string) (LinkState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.away != nil {
		return LinkState{}, b.away
	}
	state := b.states[id]
	state.Owns = b.owners[room] == id
	if b.visits[id] != "" {
		state.Used = time.Now()
	}
	return state, nil
}

func (b *book) SpendLink(_ context.Context, id, visit string, _, _ time.Time) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return false, b.away
	}
	if b.visits[id] == "" {
		b.visits[id] = visit
	}
	return b.visits[id] == visit, nil
}

func (b *book) ClaimRoom(_ context.Context, room, id string, free bool, _, _ time.Time) error {
	if free && b.owners[room] == "" {
		b.owners[room] = id
	}
	return b.away
}

func (b *book) revoke(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := b.states[id]
	state.Revoked = time.Now()
	b.states[id] = state
}

func rank(role string) int {
	return map[string]int{"owner": 70, "host": 60, "co-host": 50, "member": 30, "guest": 20}[role] - 1
}

func newLinks(t *testing.T, keys *Keys, shelf LinkShelf) *Links {
	t.Helper()
	l, err := NewLinks(keys, shelf, rank)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestARevokedLinkOpensNothing(t *testing.T) {
	shelf := newBook()
	l := newLinks(t, newKeys(t), shelf)
	token, err := l.Sign(Link{ID: "l1", Room: "r", Role: "guest", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if grant, err := l.VerifyJoin(t.Context(), token, "r"); err != nil || grant.ID != "l1" || grant.Ticket != nil {
		t.Errorf("a good link: %+v, %v", grant, err)
	}
	shelf.revoke("l1")
	if _, err := l.VerifyJoin(t.Context(), token, "r"); !errors.Is(err, ErrRevoked) || !errors.Is(err, ErrToken) {
		t.Errorf("revoked: %v", err)
	}
	shelf.away = errors.New("the database is away")
	if _, err := l.VerifyJoin(t.Context(), token, "r"); !errors.Is(err, ErrRevoked) {
		t.Errorf("known to be revoked, while the shelf is away: %v", err)
	}
}

func TestALinkForOneVisit(t *testing.T) {
	shelf := newBook()
	l := newLinks(t, newKeys(t), shelf)
	token, err := l.Sign(Link{ID: "l1", Room: "r", Role: "guest", Name: "Bo", Once: true, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Ticket {
		grant, err := l.VerifyJoin(t.Context(), token, "r")
		if err != nil || grant.Ticket == nil || grant.Name != "Bo" {
			t.Fatalf("got %+v, %v", grant, err)
		}
		return grant.Ticket
	}
	first, second := open(), open()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, ticket := range []*Ticket{first, second} {
		wg.Go(func() { errs[i] = ticket.Spend(t.Context()) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("of two who come at once: %v and %v", errs[0], errs[1])
	}
	winner := first
	if errs[0] != nil {
		winner = second
	}
	if err := winner.Spend(t.Context()); err != nil {
		t.Errorf("the same visit again: %v", err)
	}
	if _, err := l.VerifyJoin(t.Context(), token, "r"); !errors.Is(err, ErrUsed) {
		t.Errorf("after the visit: %v", err)
	}
}

func TestLinksWhileTheShelfIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newBook()
		l := newLinks(t, newKeys(t), shelf)
		sign := func(id string, once bool) string {
			token, err := l.Sign(Link{ID: id, Room: "r", Role: "guest", Once: once, Expires: time.Now().Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		many, once := sign("l1", false), sign("l2", true)
		grant, err := l.VerifyJoin(t.Context(), once, "r")
		if err != nil {
			t.Fatal(err)
		}
		shelf.away = errors.New("the database is away")
		if err := grant.Ticket.Spend(t.Context()); !errors.Is(err, ErrAway) {
			t.Errorf("coming in by a link for one visit: %v", err)
		}
		for range 50 {
			if _, err := l.VerifyJoin(t.Context(), many, "r"); err != nil {
				t.Fatalf("a signed link does not open: %v", err)
			}
		}
		if _, err := l.VerifyJoin(t.Context(), once, "r"); !errors.Is(err, ErrAway) || errors.Is(err, ErrToken) {
			t.Errorf("a link for one visit: %v", err)
		}
		if shelf.asked > 4 {
			t.Errorf("a shelf that is away was asked %d times at once", shelf.asked)
		}
		shelf.away = nil
		shelf.revoke("l1")
		time.Sleep(linkPause)
		if _, err := l.VerifyJoin(t.Context(), many, "r"); !errors.Is(err, ErrRevoked) {
			t.Errorf("when the shelf is back: %v", err)
		}
	})
}

func TestWhoAsksFirstOwnsARoom(t *testing.T) {
	shelf := newBook()
	l := newLinks(t, newKeys(t), shelf)
	found := func(room string, chosen, taken bool) (string, Grant) {
		t.Helper()
		token, err := l.Found(t.Context(), room, chosen, taken)
		if err != nil {
			t.Fatal(err)
		}
		grant, err := l.VerifyJoin(t.Context(), token, room)
		if err != nil {
			t.Fatal(err)
		}
		return token, grant
	}
	if _, made := found("calm-olive", false, false); made.Role != "owner" {
		t.Errorf("who starts a room whose name was made up is %q", made.Role)
	}
	first, one := found("tea", true, false)
	second, two := found("tea", true, false)
	if one.Role != "owner" || two.Role != "" {
		t.Errorf("of two who ask for a name the first is %q, the second %q", one.Role, two.Role)
	}
	if _, live := found("coffee", true, true); live.Role != "" {
		t.Errorf("who asks for a room somebody is in is %q", live.Role)
	}
	if len(first) != len(second) {
		t.Errorf("the tokens are %d and %d bytes long", len(first), len(second))
	}
	again, err := l.VerifyJoin(t.Context(), first, "tea")
	if err != nil || again.Role != "owner" {
		t.Errorf("later the first is %q, %v", again.Role, err)
	}
}

func TestOlderLinksOfARoomThatWasDeletedAreVoid(t *testing.T) {
	shelf := newBook()
	l := newLinks(t, newKeys(t), shelf)
	token, err := l.Sign(Link{ID: "l1", Room: "r", Role: "host", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	shelf.states["l1"] = LinkState{Since: time.Now().Add(2 * time.Second)}
	if _, err := l.VerifyJoin(t.Context(), token, "r"); !errors.Is(err, ErrRevoked) {
		t.Errorf("got %v", err)
	}
}

// program is another program with a key of its own.
func program(t *testing.T, kid string, dir string, trust Trust) ed25519.PrivateKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	trust.KID, trust.PublicKey = kid, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := TrustKey(dir, trust); err != nil {
		t.Fatal(err)
	}
	return private
}

func TestAnotherProgramSignsWithinItsLimits(t *testing.T) {
	dir := t.TempDir()
	private := program(t, "portal", dir, Trust{Rooms: Patterns{"team-*"}, Highest: "co-host"})
	keys, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := newLinks(t, keys, newBook())
	own := keys.ring.Load().file.Keys[0]
	public := private.Public().(ed25519.PublicKey)
	team := func(change func(jwt.MapClaims)) jwt.MapClaims {
		return with(func(c jwt.MapClaims) {
			c["room"], c["role"], c["jti"] = "team-red", "member", "1"
			change(c)
		})
	}
	keep := func(jwt.MapClaims) {}
	tests := []struct {
		name, token, room string
		want              error
	}{
		{"as it may", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(keep)), "team-red", nil},
		{"its highest role", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(func(c jwt.MapClaims) { c["role"] = "co-host" })), "team-red", nil},
		{"above its role", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(func(c jwt.MapClaims) { c["role"] = "host" })), "team-red", ErrBeyond},
		{"a role nobody knows", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(func(c jwt.MapClaims) { c["role"] = "king" })), "team-red", ErrBeyond},
		{"out of its rooms", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(func(c jwt.MapClaims) { c["room"] = "board" })), "board", ErrOtherRoom},
		{"a room given away", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(func(c jwt.MapClaims) { c["claim"] = true })), "team-red", ErrToken},
		{"HS256 with its public key as the secret", forge(t, jwt.SigningMethodHS256, "portal", []byte(public), team(keep)), "team-red", ErrToken},
		{"HS256 under our kid with its public key", forge(t, jwt.SigningMethodHS256, own.KID, []byte(public), team(keep)), "team-red", ErrToken},
		{"EdDSA under the kid of our secret", forge(t, jwt.SigningMethodEdDSA, own.KID, private, team(keep)), "team-red", ErrToken},
		{"none", forge(t, jwt.SigningMethodNone, "portal", jwt.UnsafeAllowNoneSignatureType, team(keep)), "team-red", ErrToken},
		{"long jti", forge(t, jwt.SigningMethodEdDSA, "portal", private, team(func(c jwt.MapClaims) { c["jti"] = strings.Repeat("x", 65) })), "team-red", ErrToken},
	}
	for _, test := range tests {
		grant, err := l.VerifyJoin(t.Context(), test.token, test.room)
		if test.want == nil && (err != nil || grant.ID != "portal/1") || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %+v, %v, want %v", test.name, grant, err, test.want)
		}
	}
	resume := forge(t, jwt.SigningMethodEdDSA, "portal", private, jwt.MapClaims{
		"aud": resumeAudience, "exp": time.Now().Add(time.Hour).Unix(), "state": map[string]any{"role": "owner"},
	})
	if state, err := keys.OpenResume(resume); !errors.Is(err, ErrToken) {
		t.Errorf("another program brings people back: %s, %v", state, err)
	}
	if err := RetireKey(dir, "portal"); err != nil {
		t.Fatal(err)
	}
	keys, err = LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newLinks(t, keys, newBook()).VerifyJoin(t.Context(), tests[0].token, "team-red"); !errors.Is(err, ErrToken) {
		t.Errorf("after its key was retired: %v", err)
	}
}
