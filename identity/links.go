package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// linkPatience is how long a store may take to say what became of a link.
	linkPatience = 500 * time.Millisecond
	// linkPause is how long a store that did not answer is not asked again by
	// links that open without it.
	linkPause = 2 * time.Second
	// knownLinks bounds the links that are remembered for when the store is away.
	knownLinks = 10_000
	// OwnerLifetime is how long who starts a room may come back as its owner.
	OwnerLifetime = 90 * 24 * time.Hour
	// ownerRole is the role that a new room's link gives.
	ownerRole = "owner"
)

// ErrAway says that nobody can tell now what became of a link.
var ErrAway = errors.New("what became of the link cannot be looked up now")

// LinkState is what a store knows of a link.
type LinkState struct {
	// Revoked and Used are zero for never.
	Revoked, Used time.Time
	// Since is when the room's links began to count anew: older ones are void.
	Since time.Time
	// Owns: the room became that of whoever holds this link.
	Owns bool
}

// LinkShelf is where it is kept what became of links. The store implements it.
type LinkShelf interface {
	// LinkState tells of a link; of one nobody ever heard of it is the zero value.
	LinkState(ctx context.Context, id, room string) (LinkState, error)
	// SpendLink notes that somebody comes in by a link for one visit, and says
	// whether they are the first, or were before.
	SpendLink(ctx context.Context, id, visit string, at, expires time.Time) (first bool, err error)
	// ClaimRoom gives a room to a link, if the room is nobody's yet and free is
	// true. It does the same work and answers alike whatever comes of it.
	ClaimRoom(ctx context.Context, room, id string, free bool, at, expires time.Time) error
}

// Links checks join tokens of every kind: whether they are signed, what became
// of them, and whether whoever signed them may give what they give. It is safe
// for concurrent use.
type Links struct {
	keys  *Keys
	shelf LinkShelf
	rank  func(role string) int

	mu    sync.Mutex
	known *simplelru.LRU[string, LinkState]
	away  time.Time // when the shelf last did not answer
}

// NewLinks checks by these keys. shelf may be nil: nothing is then known of any
// link. rank orders roles, unknown ones below 0; nil knows none, and a foreign
// key then gives its highest role alone.
func NewLinks(keys *Keys, shelf LinkShelf, rank func(role string) int) (*Links, error) {
	known, err := simplelru.NewLRU[string, LinkState](knownLinks, nil)
	if err != nil {
		return nil, fmt.Errorf("making the list of known links: %w", err)
	}
	if rank == nil {
		rank = func(string) int { return -1 }
	}
	return &Links{keys: keys, shelf: shelf, rank: rank, known: known}, nil
}

// VerifyJoin checks a join token for a room.
func (l *Links) VerifyJoin(ctx context.Context, token, room string) (Grant, error) {
	var claims joinClaims
	by, err := l.keys.parse(token, joinAudience, &claims)
	if err != nil {
		return Grant{}, err
	}
	if claims.Room != room {
		return Grant{}, fmt.Errorf("%w: %w", ErrToken, ErrOtherRoom)
	}
	if err := l.within(by, claims); err != nil {
		return Grant{}, err
	}
	grant := Grant{Room: claims.Room, Role: claims.Role, Name: claims.Name, Subject: claims.Subject, ID: by.tokenID(claims.ID)}
	if claims.ID == "" {
		return grant, nil
	}
	return l.stands(ctx, grant, claims)
}

// tokenID keeps the tokens of another program apart from ours.
func (s signedBy) tokenID(jti string) string {
	if s.key.trusted != nil && jti != "" {
		return s.kid + "/" + jti
	}
	return jti
}

// within says whether whoever signed may let in there, as that.
func (l *Links) within(by signedBy, claims joinClaims) error {
	trusted := by.key.trusted
	switch {
	case trusted == nil:
		return nil
	case claims.Claim:
		return fmt.Errorf("%w: another program gives no rooms away", ErrToken)
	case !trusted.Rooms.Match(claims.Room):
		return fmt.Errorf("%w: its key is for other rooms: %w", ErrToken, ErrOtherRoom)
	case claims.Role == trusted.Highest:
		return nil
	}
	role, highest := l.rank(claims.Role), l.rank(trusted.Highest)
	if role < 0 || highest < 0 || role > highest {
		return fmt.Errorf("%w: %w", ErrToken, ErrBeyond)
	}
	return nil
}

// stands looks up what became of a token. While the store is away a signed one
// opens all the same, unless it is known to be revoked or is for one visit.
func (l *Links) stands(ctx context.Context, grant Grant, claims joinClaims) (Grant, error) {
	state, err := l.state(ctx, grant.ID, grant.Room, claims.Once)
	switch {
	case err != nil && claims.Once:
		return Grant{}, fmt.Errorf("%w: %w", ErrAway, err)
	case !state.Revoked.IsZero(), voided(state, claims):
		return Grant{}, fmt.Errorf("%w: %w", ErrToken, ErrRevoked)
	case claims.Once && !state.Used.IsZero():
		return Grant{}, fmt.Errorf("%w: %w", ErrToken, ErrUsed)
	case claims.Claim && !state.Owns:
		grant.Role, grant.ID = "", ""
	}
	if claims.Once {
		grant.Ticket = &Ticket{shelf: l.shelf, id: grant.ID, visit: uuid.NewString(), expires: claims.ExpiresAt.Time}
	}
	return grant, nil
}

// voided says that a token was made before the room's links began to count anew.
// Tokens say it in whole seconds, or not at all.
func voided(state LinkState, claims joinClaims) bool {
	return claims.IssuedAt != nil && claims.IssuedAt.Before(state.Since.Truncate(time.Second))
}

// state asks the shelf about a link. The error says that nobody knows for sure;
// what is remembered is given with it. A shelf that did not answer just now is
// asked again only where nothing else will do.
func (l *Links) state(ctx context.Context, id, room string, must bool) (LinkState, error) {
	now := time.Now()
	l.mu.Lock()
	known, _ := l.known.Get(id)
	skip := l.shelf == nil || !must && !l.away.IsZero() && now.Sub(l.away) < linkPause
	l.mu.Unlock()
	if skip {
		return known, ErrAway
	}
	asking, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	state, err := l.shelf.LinkState(asking, id, room)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			l.away = now
		}
		return known, err
	}
	l.away = time.Time{}
	l.known.Add(id, state)
	return state, nil
}

// Ticket is a link for one visit on its way in.
type Ticket struct {
	shelf     LinkShelf
	id, visit string
	expires   time.Time
}

// Spend uses the link up for this visit. An error that is ErrUsed says that
// another visit was made with it.
func (t *Ticket) Spend(ctx context.Context) error {
	if t.shelf == nil {
		return ErrAway
	}
	first, err := t.shelf.SpendLink(ctx, t.id, t.visit, time.Now(), t.expires)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	if !first {
		return fmt.Errorf("%w: %w", ErrToken, ErrUsed)
	}
	return nil
}

// Link is what a signed link says.
type Link struct {
	ID, Room, Role string
	// Name is who comes by it; empty lets them choose.
	Name string
	// Once: it is good for one visit.
	Once    bool
	Expires time.Time
}

// Sign makes the token of a link.
func (l *Links) Sign(link Link) (string, error) {
	claims := joinClaims{
		Room: link.Room, Role: link.Role, Name: link.Name, Once: link.Once,
		RegisteredClaims: registered(joinAudience, "", 0),
	}
	claims.ID, claims.ExpiresAt = link.ID, jwt.NewNumericDate(link.Expires)
	return l.keys.signJoin(claims)
}

// Found gives the token of whoever starts a room. chosen says that they chose
// its name, taken that somebody is there: a token is given all the same, so that
// the answer says nothing of who was before, but it makes them the owner only
// where nobody was.
func (l *Links) Found(ctx context.Context, room string, chosen, taken bool) (string, error) {
	now := time.Now()
	claims := joinClaims{Room: room, Role: ownerRole, Claim: chosen, RegisteredClaims: registered(joinAudience, "", OwnerLifetime)}
	claims.ID = uuid.NewString()
	token, err := l.keys.signJoin(claims)
	if err != nil || !chosen || l.shelf == nil {
		return token, err
	}
	asking, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	if err := l.shelf.ClaimRoom(asking, room, claims.ID, !taken, now, now.Add(OwnerLifetime)); err != nil {
		return "", fmt.Errorf("%w: %w", ErrAway, err)
	}
	return token, nil
}
