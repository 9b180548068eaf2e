package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// drawer is a shelf of API keys in memory, which can be away.
type drawer struct {
	key   APIKey
	hash  []byte
	away  error
	asked int
	used  []time.Time
}

func (d *drawer) APIKey(_ context.Context, id string) (APIKey, []byte, error) {
	d.asked++
	switch {
	case d.away != nil:
		return APIKey{}, nil, d.away
	case id != d.key.ID:
		return APIKey{}, nil, ErrNoKey
	}
	return d.key, d.hash, nil
}

func (d *drawer) KeyUsed(_ context.Context, _ string, at time.Time) error {
	d.used = append(d.used, at)
	return d.away
}

func made(t testing.TB, key APIKey) (*drawer, string) {
	t.Helper()
	if key.Name == "" {
		key.Name = "Portal"
	}
	if key.Scopes == nil {
		key.Scopes = []Scope{RoomsRead}
	}
	key, text, hash, err := NewAPIKey(key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &drawer{key: key, hash: hash}, text
}

func verifier(t testing.TB, d *drawer) *Verifier {
	t.Helper()
	v, err := NewVerifier(d)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAPIKeys(t *testing.T) {
	d, text := made(t, APIKey{Scopes: []Scope{RoomsRead, LinksWrite}, Rooms: Patterns{"team-*"}})
	v := verifier(t, d)
	key, err := v.VerifyKey(t.Context(), text)
	if err != nil || key.ID != d.key.ID || !key.May(LinksWrite) || key.May(RoomsWrite) || !key.Opens("team-red") || key.Opens("board") {
		t.Errorf("got %+v, %v", key, err)
	}
	if strings.Contains(string(d.hash), text) || len(d.hash) != 32 {
		t.Error("what is stored is no hash")
	}
	other, another := made(t, APIKey{})
	_ = other
	secret := text[strings.LastIndex(text, "_")+1:]
	for name, bad := range map[string]string{
		"nothing": "", "prefix": "plk_", "another key": another, "unknown id": KeyPrefix + strings.Repeat("0", 16) + "_" + secret,
		"wrong secret": text[:len(text)-4] + "0000", "more": text + "0", "capitals": strings.ToUpper(text), "no secret": text[:len(text)-len(secret)],
		"huge": KeyPrefix + strings.Repeat("x", 1<<20),
	} {
		if key, err := v.VerifyKey(t.Context(), bad); !errors.Is(err, ErrKey) || key.ID != "" {
			t.Errorf("%s: %+v, %v", name, key, err)
		}
	}
}

func TestAPIKeysThatCannotBeMade(t *testing.T) {
	now := time.Now()
	for name, key := range map[string]APIKey{
		"no name": {Scopes: []Scope{RoomsRead}}, "no scope": {Name: "x"}, "unknown scope": {Name: "x", Scopes: []Scope{"rooms:own"}},
		"long name": {Name: strings.Repeat("x", 81), Scopes: []Scope{RoomsRead}}, "past": {Name: "x", Scopes: []Scope{RoomsRead}, Expires: now},
		"no pattern": {Name: "x", Scopes: []Scope{RoomsRead}, Rooms: Patterns{"Team *"}},
	} {
		if _, _, _, err := NewAPIKey(key, now); !errors.Is(err, ErrBadKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAKeyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, text := made(t, APIKey{Expires: time.Now().Add(time.Hour)})
		v := verifier(t, d)
		if _, err := v.VerifyKey(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if _, err := v.VerifyKey(t.Context(), text); !errors.Is(err, ErrExpired) || !errors.Is(err, ErrKey) {
			t.Errorf("after its time: %v", err)
		}
		d, text = made(t, APIKey{})
		v = verifier(t, d)
		if _, err := v.VerifyKey(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		d.key.Revoked = time.Now()
		time.Sleep(keyFresh)
		if _, err := v.VerifyKey(t.Context(), text); !errors.Is(err, ErrKey) {
			t.Errorf("seconds after it was revoked: %v", err)
		}
	})
}

func TestKnownKeysWhileTheShelfIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, text := made(t, APIKey{})
		v := verifier(t, d)
		if _, err := v.VerifyKey(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		d.away = errors.New("the database is away")
		time.Sleep(keyStale - time.Second)
		if _, err := v.VerifyKey(t.Context(), text); err != nil {
			t.Errorf("minutes later: %v", err)
		}
		if _, err := verifier(t, d).VerifyKey(t.Context(), text); err == nil || errors.Is(err, ErrKey) {
			t.Errorf("a key nobody has seen: %v, want an error that is no refusal", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := v.VerifyKey(t.Context(), text); err == nil {
			t.Error("it is taken for ever without the shelf")
		}
	})
}

func TestTheUseOfAKeyIsNotedHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, text := made(t, APIKey{})
		v := verifier(t, d)
		for range 90 {
			if _, err := v.VerifyKey(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			if len(d.used) > 0 {
				d.key.Used = d.used[len(d.used)-1]
			}
			time.Sleep(time.Minute)
		}
		if len(d.used) != 2 {
			t.Errorf("in an hour and a half it was noted %d times", len(d.used))
		}
	})
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, room string
		want          bool
	}{
		{"team-red", "team-red", true}, {"team-red", "team-redder", false}, {"team-*", "team-", true}, {"team-*", "team-red", true},
		{"team-*", "a-team-red", false}, {"*-red", "team-red", true}, {"*", "x", true}, {"a*b*c", "abc", true}, {"a*b*c", "a-b-b-c", true},
		{"a*b*c", "acb", false}, {"a*a", "a", false}, {"a*ba*ba", "aba", false}, {"**", "x", true},
	} {
		if got := (Patterns{test.pattern}).Match(test.room); got != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.room, got)
		}
	}
	if !(Patterns{}).Match("x") || (Patterns{"team-*"}).Within(Patterns{"board"}) || !(Patterns{"team-r*"}).Within(Patterns{"team-*"}) || (Patterns{}).Within(Patterns{"x"}) {
		t.Error("lists of patterns")
	}
}

func FuzzParseKey(f *testing.F) {
	_, text := made(f, APIKey{})
	for _, seed := range []string{text, "plk_", "plk__", text + "_", "plk_\xff_" + text[len(text)-52:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, _, err := parseKey(text)
		if err != nil && (!errors.Is(err, ErrKey) || id != "") {
			t.Errorf("%q gives %q and %v", text, id, err)
		}
		if err == nil && (len(text) > maxKeyText || !strings.HasPrefix(text, KeyPrefix+id+"_")) {
			t.Errorf("%q passes as %q", text, id)
		}
	})
}

func FuzzPatterns(f *testing.F) {
	f.Add("a*b", "aab")
	f.Fuzz(func(t *testing.T, pattern, room string) {
		p := Patterns{pattern}
		if strings.Count(pattern, "*") == 0 && p.Match(room) != (pattern == room) {
			t.Errorf("%q and %q", pattern, room)
		}
		if p.Match(room) && !(Patterns{"*" + pattern + "*"}).Match(room) {
			t.Errorf("%q matches %q, and with stars around it not", pattern, room)
		}
	})
}
