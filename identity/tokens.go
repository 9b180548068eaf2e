package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	// joinAudience and resumeAudience keep tokens of one purpose from being used for the other.
	joinAudience   = "palabre"
	resumeAudience = "palabre-resume"
	// skew is how far the clocks of whoever signed and of this server may be apart.
	skew = 60 * time.Second
	// maxToken bounds what is parsed, in bytes. Ours have fewer than 700.
	maxToken = 4 << 10
	// maxSubject bounds an identity, in bytes: it is repeated in many messages.
	maxSubject = 128
	// maxTokenID bounds a token's jti, in bytes.
	maxTokenID = 64
)

// Grant is what a join token says: this person may enter that room.
type Grant struct {
	// Room is the canonical room name the token is for.
	Room string
	// Role is the name of a role; whoever uses the grant checks that it exists.
	// It is empty where a token gives nothing over having none.
	Role string
	// Name fixes the display name; empty lets the person choose.
	Name string
	// Subject is who this is, for good; empty fixes no identity.
	Subject string
	// ID names the token, so that it can be revoked.
	ID string
	// Ticket is to be spent before somebody comes in; nil for tokens that are
	// good for many visits.
	Ticket *Ticket
}

// Why a token is refused, for errors.Is. Every refusal is an ErrToken; the
// answer to a client is 403 for ErrOtherRoom and ErrBeyond, 401 for the rest.
var (
	ErrToken     = errors.New("the token is not valid")
	ErrExpired   = errors.New("the token has expired")
	ErrOtherRoom = errors.New("the token is for another room")
	ErrBeyond    = errors.New("whoever signed the token may not give this role")
	ErrRevoked   = errors.New("the token was revoked")
	ErrUsed      = errors.New("the token was for one visit, which was made")
)

// joinClaims are the claims of a join token (RFC 7519).
type joinClaims struct {
	Room string `json:"room"`
	Role string `json:"role"`
	Name string `json:"name,omitempty"`
	// Once: the token is good for one visit, and has a jti.
	Once bool `json:"once,omitempty"`
	// Claim: the token is of somebody who asked for a room by a name of their
	// choice; it gives the role if the room became theirs.
	Claim bool `json:"claim,omitempty"`
	jwt.RegisteredClaims
}

// Validate runs with the checks of times and audience.
func (c joinClaims) Validate() error {
	switch {
	case c.Room == "":
		return errors.New("no room in it")
	case c.Role == "":
		return errors.New("no role in it")
	case len(c.Subject) > maxSubject:
		return fmt.Errorf("its subject is longer than %d bytes", maxSubject)
	case len(c.ID) > maxTokenID:
		return fmt.Errorf("its jti is longer than %d bytes", maxTokenID)
	case (c.Once || c.Claim) && c.ID == "":
		return errors.New("it needs a jti to be good for one visit")
	}
	return nil
}

// resumeClaims are the claims of a resume token.
type resumeClaims struct {
	State json.RawMessage `json:"state"`
	jwt.RegisteredClaims
}

// SignJoin makes a join token that is valid from now for that long.
func (k *Keys) SignJoin(grant Grant, lifetime time.Duration) (string, error) {
	return k.signJoin(joinClaims{
		Room: grant.Room, Role: grant.Role, Name: grant.Name,
		RegisteredClaims: registered(joinAudience, grant.Subject, lifetime),
	})
}

// signJoin signs claims; without a jti they get one.
func (k *Keys) signJoin(claims joinClaims) (string, error) {
	if claims.ID == "" {
		claims.ID = uuid.NewString()
	}
	if err := claims.Validate(); err != nil {
		return "", fmt.Errorf("signing a join token: %w", err)
	}
	kid, algorithm, material := k.current().signer()
	return sign(claims, kid, algorithm, material)
}

// VerifyJoin checks a join token for a room where nothing is kept of links: see
// [Links.VerifyJoin], whose shelf this one lacks.
func (k *Keys) VerifyJoin(ctx context.Context, token, room string) (Grant, error) {
	links, err := NewLinks(k, nil, nil)
	if err != nil {
		return Grant{}, err
	}
	return links.VerifyJoin(ctx, token, room)
}

// SealResume signs state, which is JSON, for that long.
func (k *Keys) SealResume(state []byte, lifetime time.Duration) (string, error) {
	r := k.current()
	claims := resumeClaims{State: state, RegisteredClaims: registered(resumeAudience, "", lifetime)}
	return sign(claims, r.file.Keys[0].KID, HS256, r.file.Keys[0].secret)
}

// OpenResume checks a token of SealResume and gives back what it holds.
func (k *Keys) OpenResume(token string) ([]byte, error) {
	var claims resumeClaims
	signer, err := k.parse(token, resumeAudience, &claims)
	if err != nil {
		return nil, err
	}
	if signer.key.trusted != nil {
		return nil, fmt.Errorf("%w: only this server's own keys bring people back", ErrToken)
	}
	return claims.State, nil
}

func registered(audience, subject string, lifetime time.Duration) jwt.RegisteredClaims {
	now := time.Now()
	return jwt.RegisteredClaims{
		Audience:  jwt.ClaimStrings{audience},
		Subject:   subject,
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
	}
}

func sign(claims jwt.Claims, kid, algorithm string, material any) (string, error) {
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), claims)
	token.Header["kid"] = kid
	text, err := token.SignedString(material)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	if len(text) > maxToken {
		return "", fmt.Errorf("signing a token: it would take %d bytes, more than %d", len(text), maxToken)
	}
	return text, nil
}

// signedBy is the key that a token was signed with.
type signedBy struct {
	kid string
	key verifyingKey
}

// parse checks everything but what a token is about. The algorithm is that of
// the key the token names, never the token's to say (RFC 8725 section 3.1); the
// library compares signatures in constant time.
func (k *Keys) parse(text, audience string, claims jwt.Claims) (signedBy, error) {
	if len(text) > maxToken {
		return signedBy{}, fmt.Errorf("%w: it is longer than %d bytes", ErrToken, maxToken)
	}
	var by signedBy
	keys := k.current()
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{HS256, EdDSA}),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(skew),
		jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) {
		found, err := keys.choose(token)
		by = found
		return found.key.material, err
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return signedBy{}, fmt.Errorf("%w: %w", ErrToken, ErrExpired)
	case err != nil:
		return signedBy{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return by, nil
}

// choose gives the key a token says it was signed with, if the token says as
// well that it was signed as that key is for.
func (r *ring) choose(token *jwt.Token) (signedBy, error) {
	kid, ok := token.Header["kid"].(string)
	if !ok {
		return signedBy{}, errors.New("it does not name its key (kid)")
	}
	key, ok := r.byID[kid]
	if !ok {
		return signedBy{}, errors.New("it was signed with a key this server does not have")
	}
	if token.Method.Alg() != key.algorithm {
		return signedBy{}, errors.New("its algorithm is not that of its key")
	}
	return signedBy{kid, key}, nil
}
