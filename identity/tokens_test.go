package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestJoinTokenSaysWhatWasGranted(t *testing.T) {
	keys := newKeys(t)
	want := Grant{Room: "calm-olive", Role: "member", Name: "Zoé", Subject: "zoe@example.org"}
	token, err := keys.SignJoin(want, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.VerifyJoin(t.Context(), token, "calm-olive")
	if got.ID == "" {
		t.Error("the token cannot be told from others, to be revoked")
	}
	if got.ID = ""; err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSigningNonsenseIsRefused(t *testing.T) {
	keys := newKeys(t)
	for _, grant := range []Grant{
		{Role: "host"}, {Room: "r"},
		{Room: "r", Role: "host", Subject: strings.Repeat("x", 129)},
		{Room: "r", Role: "host", Name: strings.Repeat("x", maxToken)},
	} {
		if token, err := keys.SignJoin(grant, time.Hour); err == nil {
			t.Errorf("signed %.80v as %.80s", grant, token)
		}
	}
}

// claims are those of a good token, to be spoilt by tests.
func claims() jwt.MapClaims {
	now := time.Now().Unix()
	return jwt.MapClaims{
		"room": "r", "role": "host", "aud": "palabre", "iat": now, "nbf": now, "exp": now + 3600,
	}
}

func with(change func(jwt.MapClaims)) jwt.MapClaims {
	c := claims()
	change(c)
	return c
}

// forge signs claims in any way.
func forge(t *testing.T, method jwt.SigningMethod, kid any, secret any, claims jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if kid != nil {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestForgedAndUntimelyTokens(t *testing.T) {
	keys := newKeys(t)
	kid, secret := keys.ring.Load().file.Keys[0].KID, keys.ring.Load().file.Keys[0].secret
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)})
	sign := func(change func(jwt.MapClaims)) string {
		return forge(t, jwt.SigningMethodHS256, kid, secret, with(change))
	}
	at := func(claim string, d time.Duration) string {
		return sign(func(c jwt.MapClaims) { c[claim] = time.Now().Add(d).Unix() })
	}
	good := sign(func(jwt.MapClaims) {})
	resume, err := keys.SealResume([]byte(`{"room":"r","role":"host"}`), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, token string
		want        error // nil: it is good
	}{
		{"as it should be", good, nil},
		{"none at all", "", ErrToken},
		{"no token", "hello", ErrToken},
		{"alg none", forge(t, jwt.SigningMethodNone, kid, jwt.UnsafeAllowNoneSignatureType, claims()), ErrToken},
		{"signature cut off", good[:strings.LastIndex(good, ".")+1], ErrToken},
		{"another HMAC", forge(t, jwt.SigningMethodHS512, kid, secret, claims()), ErrToken},
		{"RS256", forge(t, jwt.SigningMethodRS256, kid, private, claims()), ErrToken},
		{"HS256 with an RSA public key", forge(t, jwt.SigningMethodHS256, kid, public, claims()), ErrToken},
		{"another secret", forge(t, jwt.SigningMethodHS256, kid, make([]byte, 32), claims()), ErrToken},
		{"unknown kid", forge(t, jwt.SigningMethodHS256, "other", secret, claims()), ErrToken},
		{"no kid", forge(t, jwt.SigningMethodHS256, nil, secret, claims()), ErrToken},
		{"kid that is no text", forge(t, jwt.SigningMethodHS256, 7, secret, claims()), ErrToken},
		{"another room", sign(func(c jwt.MapClaims) { c["room"] = "s" }), ErrOtherRoom},
		{"no room", sign(func(c jwt.MapClaims) { delete(c, "room") }), ErrToken},
		{"no role", sign(func(c jwt.MapClaims) { delete(c, "role") }), ErrToken},
		{"wrong audience", sign(func(c jwt.MapClaims) { c["aud"] = "another" }), ErrToken},
		{"no audience", sign(func(c jwt.MapClaims) { delete(c, "aud") }), ErrToken},
		{"one audience of two", sign(func(c jwt.MapClaims) { c["aud"] = []string{"x", "palabre"} }), nil},
		{"a resume token", resume, ErrToken},
		{"no expiry", sign(func(c jwt.MapClaims) { delete(c, "exp") }), ErrToken},
		{"expired", at("exp", -61*time.Second), ErrExpired},
		{"just expired by another clock", at("exp", -58*time.Second), nil},
		{"not yet", at("nbf", 62*time.Second), ErrToken},
		{"not yet by another clock", at("nbf", 58*time.Second), nil},
		{"from the future", at("iat", 62*time.Second), ErrToken},
		{"no nbf and no iat", sign(func(c jwt.MapClaims) { delete(c, "nbf"); delete(c, "iat") }), nil},
		{"long subject", sign(func(c jwt.MapClaims) { c["sub"] = strings.Repeat("x", 129) }), ErrToken},
		{"claims of wrong types", sign(func(c jwt.MapClaims) { c["room"] = 7 }), ErrToken},
		{"too long", sign(func(c jwt.MapClaims) { c["x"] = strings.Repeat("x", maxToken) }), ErrToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			grant, err := keys.VerifyJoin(t.Context(), test.token, "r")
			switch {
			case test.want == nil && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != nil && (!errors.Is(err, test.want) || !errors.Is(err, ErrToken)):
				t.Errorf("got %+v, %v, want %v", grant, err, test.want)
			case test.want != nil && grant != (Grant{}):
				t.Errorf("a refused token grants %+v", grant)
			}
		})
	}
}

func TestResumeTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys(t)
		token, err := keys.SealResume([]byte(`{"session":"s"}`), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if state, err := keys.OpenResume(token); err != nil || string(state) != `{"session":"s"}` {
			t.Errorf("got %s, %v", state, err)
		}
		join, err := keys.SignJoin(Grant{Room: "r", Role: "host"}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]string{
			"a join token": join, "nothing": "", "spoilt": token[:len(token)-4] + "AAAA",
		} {
			if state, err := keys.OpenResume(bad); !errors.Is(err, ErrToken) {
				t.Errorf("%s: got %s, %v", name, state, err)
			}
		}
		if _, err := newKeys(t).OpenResume(token); !errors.Is(err, ErrToken) {
			t.Errorf("another server opens it: %v", err)
		}
		if _, err := keys.SealResume([]byte("no JSON"), time.Hour); err == nil {
			t.Error("sealed what is no JSON")
		}
		time.Sleep(time.Hour + skew + time.Second)
		if _, err := keys.OpenResume(token); !errors.Is(err, ErrExpired) {
			t.Errorf("after its time: %v", err)
		}
	})
}

func FuzzVerifyJoin(f *testing.F) {
	keys := newKeys(f)
	good, err := keys.SignJoin(Grant{Room: "r", Role: "host"}, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	resume, err := keys.SealResume([]byte(`{}`), time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		good, resume, "", "..", "a.b.c", good + ".", strings.Repeat(".", 5000),
		"eyJhbGciOiJub25lIn0.eyJyb29tIjoiciJ9.", "eyJhbGciOiJIUzI1NiIsImtpZCI6bnVsbH0.e30.AAAA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		grant, err := keys.VerifyJoin(t.Context(), token, "r")
		if err == nil && token != good {
			t.Errorf("%q grants %+v", token, grant)
		}
		if state, err := keys.OpenResume(token); err == nil && token != resume {
			t.Errorf("%q opens as %s", token, state)
		}
	})
}
