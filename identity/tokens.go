package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
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
)

// Grant is what a join token says: this person may enter that room.
type Grant struct {
	// Room is the canonical room name the token is for.
	Room string
	// Role is the name of a role; whoever uses the grant checks that it exists.
	Role string
	// Name fixes the display name; empty lets the person choose.
	Name string
	// Subject is who this is, for good; empty fixes no identity.
	Subject string
}

// Why a token is refused, for errors.Is. Every refusal is an ErrToken; the
// answer to a client is 403 for ErrOtherRoom and 401 for the rest.
var (
	ErrToken     = errors.New("the token is not valid")
	ErrExpired   = errors.New("the token has expired")
	ErrOtherRoom = errors.New("the token is for another room")
)

// joinClaims are the claims of a join token (RFC 7519).
type joinClaims struct {
	Room string `json:"room"`
	Role string `json:"role"`
	Name string `json:"name,omitempty"`
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
	claims := joinClaims{
		Room: grant.Room, Role: grant.Role, Name: grant.Name,
		RegisteredClaims: registered(joinAudience, grant.Subject, lifetime),
	}
	if err := claims.Validate(); err != nil {
		return "", fmt.Errorf("signing a join token: %w", err)
	}
	return k.sign(claims)
}

// VerifyJoin checks a join token for a room.
func (k *Keys) VerifyJoin(token, room string) (Grant, error) {
	var claims joinClaims
	if err := k.parse(token, joinAudience, &claims); err != nil {
		return Grant{}, err
	}
	if claims.Room != room {
		return Grant{}, fmt.Errorf("%w: %w", ErrToken, ErrOtherRoom)
	}
	return Grant{Room: claims.Room, Role: claims.Role, Name: claims.Name, Subject: claims.Subject}, nil
}

// SealResume signs state, which is JSON, for that long.
func (k *Keys) SealResume(state []byte, lifetime time.Duration) (string, error) {
	return k.sign(resumeClaims{State: state, RegisteredClaims: registered(resumeAudience, "", lifetime)})
}

// OpenResume checks a token of SealResume and gives back what it holds.
func (k *Keys) OpenResume(token string) ([]byte, error) {
	var claims resumeClaims
	if err := k.parse(token, resumeAudience, &claims); err != nil {
		return nil, err
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

func (k *Keys) sign(claims jwt.Claims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["kid"] = k.keys[0].KID
	text, err := token.SignedString(k.keys[0].secret)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	if len(text) > maxToken {
		return "", fmt.Errorf("signing a token: it would take %d bytes, more than %d", len(text), maxToken)
	}
	return text, nil
}

// parse checks everything but what a token is about. The algorithm is ours to
// say, never the token's (RFC 8725 section 3.1); the library compares
// signatures in constant time.
func (k *Keys) parse(text, audience string, claims jwt.Claims) error {
	if len(text) > maxToken {
		return fmt.Errorf("%w: it is longer than %d bytes", ErrToken, maxToken)
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(skew),
		jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(text, claims, k.choose)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return fmt.Errorf("%w: %w", ErrToken, ErrExpired)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	return nil
}

// choose gives the secret a token says it was signed with.
func (k *Keys) choose(token *jwt.Token) (any, error) {
	kid, ok := token.Header["kid"].(string)
	if !ok {
		return nil, errors.New("it does not name its key (kid)")
	}
	key, ok := k.find(kid)
	if !ok {
		return nil, errors.New("it was signed with a key this server does not have")
	}
	return key.secret, nil
}
