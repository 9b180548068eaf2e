package signaling_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"palabre/identity"
	"palabre/internal/catalogue"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

func TestW05_HostileJSON(t *testing.T) {
	h := newHouse(t)
	ana, w, joined := h.enter(protocol.Hello{Room: "r"}, "Ana")
	eve, _, _ := h.enter(protocol.Hello{Room: "r"}, "Eve")
	ana.frame(protocol.TypeParticipant)
	texts := []string{
		`{"type":"chat","id":1,"data":{"text":"a","participant":"` + w.Participant + `"}}`,
		`{"type":"rename","id":1,"data":{"name":"x","participant":"` + w.Participant + `"}}`,
		`{"type":"hand","id":1,"participant":"` + w.Participant + `","data":{"raised":true}}`,
		`{"type":"hand","id":1,"data":{"raised":true,"raised":true}}`,
		`{"type":"hand","type":"hand","id":1,"data":{"raised":true}}`,
		`{"type":"hand","id":1,"data":{"raised":1}}`,
		`{"type":"hand","id":1,"data":{"raised":null}}`,
		`{"type":"hand","id":1,"data":{"Raised":true}}`,
		`{"type":"hand","id":1,"data":[true]}`,
		`{"type":"hand","id":"1","data":{"raised":true}}`,
		`{"type":"hand","id":-1,"data":{"raised":true}}`,
		`{"type":"hand","id":4294967296,"data":{"raised":true}}`,
		`{"type":"chat","id":1,"data":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`,
		`{"type":"chat","id":1,"data":` + strings.Repeat(`{"text":`, 5_000),
		`{"type":"chat","id":1,"data":{"text":"` + "\xff\xfe" + `"}}`,
		`{"type":"chat","id":1,"data":{"text":"` + strings.Repeat("a", 65<<10) + `"}}`,
		`{"type":"admit","id":1,"data":{"participant":"` + w.Participant + `"}}`,
		`[{"type":"hand","data":{"raised":true}}]`,
		`{"type":"hand","id":1,"data":{"raised":true}} {"type":"hand"}`,
		`"hand"`, `null`, `{}`, ``,
	}
	typed := 0
	for _, text := range texts {
		eve.sendText(text)
		f, err := eve.next()
		if err != nil {
			t.Fatalf("after %.60q: %v", text, err)
		}
		var e protocol.Error
		if f.Type == protocol.TypeError && json.Unmarshal(f.Data, &e) == nil && e.Code != "" && e.Code != protocol.CodeInternal && e.Message != "" {
			typed++
		} else {
			t.Errorf("%.60q is answered with %s %s", text, f.Type, f.Data)
		}
	}
	ana.send(protocol.TypePing, nil)
	f, err := ana.next()
	quiet := err == nil && f.Type == protocol.TypePong
	_, _, now := h.enter(protocol.Hello{Room: "r"}, "Bob")
	same := cmp.Equal(joined.Participants[0], now.Participants[0]) && now.Participants[1].Name == "Eve" && now.Participants[1].Hand == 0 && len(now.Chat) == 0
	catalogue.Report(t, catalogue.Item{
		ID:       "W5",
		Injected: fmt.Sprintf("%d messages: unknown, duplicate and foreign fields, wrong types, 20 000 levels, broken UTF-8, spoofed senders", len(texts)),
		Measured: fmt.Sprintf("%d typed errors; others undisturbed: %v; room unchanged: %v", typed, quiet, same),
		Bar:      "a typed error each, no state change",
		Pass:     typed == len(texts) && quiet && same,
	})
}

func TestW06_ForeignOrigin(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.AllowedOrigins = []string{"https://chat.example"} })
	refused, tried := 0, 0
	for origin, want := range map[string]int{
		"https://evil.example": 403, "null": 403, h.URL + ".evil.example": 403, "http://127.0.0.1": 403, "file://": 403,
		h.URL: 101, "https://chat.example": 101,
	} {
		ws, res, err := h.dialHeader(http.Header{"Origin": {origin}})
		if err == nil {
			_ = ws.Close()
		}
		if res == nil || res.StatusCode != want {
			t.Errorf("WebSocket from %s: %v %v, want %d", origin, res, err, want)
			continue
		}
		if want == 403 {
			refused++
		}
	}
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"foreign origin":    {[]string{"Origin", "https://evil.example"}, 403},
		"cross-site fetch":  {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		"same-site":         {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "same-site"}, 403},
		"without an origin": {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"own page":          {[]string{"Origin", h.URL, "Sec-Fetch-Site", "same-origin"}, 201},
		"an allowed site":   {[]string{"Origin", "https://chat.example", "Sec-Fetch-Site", "cross-site"}, 201},
		"a program":         {nil, 201},
	} {
		res, body := h.do(http.MethodPost, "/api/v1/rooms", "", c.headers...)
		if res.StatusCode != c.want {
			t.Errorf("POST, %s: %d %s, want %d", name, res.StatusCode, body, c.want)
			continue
		}
		if c.want == 403 {
			refused++
		}
	}
	tried = 5 + 4
	catalogue.Report(t, catalogue.Item{
		ID: "W6", Injected: fmt.Sprintf("%d WebSockets and POSTs from pages of other sites", tried),
		Measured: fmt.Sprintf("%d refused with 403", refused), Bar: "403 every one; own page, allowed site and programs pass",
		Pass: refused == tried && !t.Failed(),
	})
}

// forge makes tokens that must not work, of a server whose keys lie in dir.
func forge(t *testing.T, dir string, keys *identity.Keys) map[string]string {
	t.Helper()
	good, err := keys.SignJoin(identity.Grant{Room: "r", Role: "guest", Name: "Ana"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Keys []struct{ KID, Secret string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	secret, err := base64.RawURLEncoding.DecodeString(file.Keys[0].Secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	sign := func(method jwt.SigningMethod, key any, change jwt.MapClaims, kid any) string {
		claims := jwt.MapClaims{"aud": "palabre", "room": "r", "role": "host", "iat": now, "nbf": now, "exp": now + 3600}
		for name, value := range change {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
		token := jwt.NewWithClaims(method, claims)
		token.Header["kid"] = kid
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	hs, kid := jwt.SigningMethodHS256, file.Keys[0].KID
	if _, err := keys.VerifyJoin(t.Context(), sign(hs, secret, nil, kid), "r"); err != nil {
		t.Fatalf("the forger cannot sign: %v", err)
	}
	parts := strings.Split(good, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	edited := base64.RawURLEncoding.EncodeToString(bytes.Replace(payload, []byte(`"guest"`), []byte(`"host"`), 1))
	resume, err := keys.SealResume([]byte(`{}`), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"empty but for dots":  "..",
		"cut short":           good[:len(good)-8],
		"role edited":         parts[0] + "." + edited + "." + parts[2],
		"without signature":   parts[0] + "." + parts[1] + ".",
		"alg none":            sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, kid),
		"HS384 with our key":  sign(jwt.SigningMethodHS384, secret, nil, kid),
		"another key":         sign(hs, []byte("guessguessguessguessguessguessgu"), nil, kid),
		"the key's name":      sign(hs, []byte(kid), nil, kid),
		"unknown kid":         sign(hs, secret, nil, "other"),
		"kid is a path":       sign(hs, []byte{}, nil, "../../dev/null"),
		"expired":             sign(hs, secret, jwt.MapClaims{"exp": now - 120}, kid),
		"never expires":       sign(hs, secret, jwt.MapClaims{"exp": nil}, kid),
		"not yet valid":       sign(hs, secret, jwt.MapClaims{"nbf": now + 600}, kid),
		"other room":          sign(hs, secret, jwt.MapClaims{"room": "other"}, kid),
		"no room":             sign(hs, secret, jwt.MapClaims{"room": nil}, kid),
		"other audience":      sign(hs, secret, jwt.MapClaims{"aud": "elsewhere"}, kid),
		"a resume token":      resume,
		"an unknown role":     sign(hs, secret, jwt.MapClaims{"role": "king"}, kid),
		"four megabytes long": strings.Repeat("a", 12<<10),
	}
}

func TestW07_Tokens(t *testing.T) {
	dir := t.TempDir()
	keys, err := identity.LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	logs := &lockedBuffer{}
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) {
		c.Tokens, c.OpenRooms, c.Logger = keys, true, logs.logger()
	})
	bad := forge(t, dir, keys)
	right := 0
	for name, token := range bad {
		c := h.dial()
		c.send(protocol.TypeHello, protocol.Hello{Room: "r", Token: token})
		e := want[protocol.Error](c, protocol.TypeError)
		code := c.closed()
		res, _ := h.post("/whip/r", token, sdp("sendonly", "audio"))
		ok := (e.Code == protocol.CodeUnauthorized || e.Code == protocol.CodeForbidden) && code == protocol.CloseRefused &&
			(res.StatusCode == 401 || res.StatusCode == 403)
		if !ok {
			t.Errorf("%s: %+v, close %d, HTTP %d", name, e, code, res.StatusCode)
			continue
		}
		right++
	}
	trail := strings.Count(logs.String(), "msg=refused code=unauthorized") + strings.Count(logs.String(), "msg=refused code=forbidden")
	catalogue.Report(t, catalogue.Item{
		ID:       "W7",
		Injected: fmt.Sprintf("%d tokens: expired, not yet valid, alg none, other algorithm, key or room, edited role, of another purpose", len(bad)),
		Measured: fmt.Sprintf("%d refused over WebSocket (4000) and HTTP (401, 403), %d lines in the log", right, trail),
		Bar:      "all refused, a line in the log each",
		Pass:     right == len(bad) && trail == 2*len(bad) && h.rooms.Stats() == rooms.Stats{},
	})
}

func TestW10_GuessingRooms(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) {
		c.Limits = gate.Limits{CountLoopback: true, Burst: 60, PerMinute: 30}
	})
	_, _, _ = h.enter(protocol.Hello{Room: "real"}, "Ana")
	start := time.Now()
	welcomed := 0
	for i := range 1000 {
		ws, res, err := h.dialHeader(nil)
		if err != nil {
			if res == nil || res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
				t.Fatalf("guess %d: %v %v", i, res, err)
			}
			continue
		}
		c := &client{Conn: ws, t: t}
		c.send(protocol.TypeHello, protocol.Hello{Room: fmt.Sprintf("guess-%d", i)})
		c.frame(protocol.TypeWelcome)
		welcomed++
		_ = ws.Close()
	}
	minutes := time.Since(start).Minutes()
	most := 60 + int(30*minutes) + 1
	catalogue.Report(t, catalogue.Item{
		ID: "W10", Injected: "1 000 guesses at room names from one address, as fast as it goes",
		Measured: fmt.Sprintf("%d looked at, the others 429 with Retry-After", welcomed),
		Bar:      fmt.Sprintf("at most 60 at once and 30 a minute (%d)", most),
		Pass:     welcomed <= most,
	})
}

func TestW11_LobbyBypass(t *testing.T) {
	h := newHouse(t, func(_ *signaling.Config, r *rooms.Config) { r.Settings.Lobby = true })
	host, _, _ := h.enter(protocol.Hello{Room: "r", Token: h.token(identity.Grant{Room: "r", Role: "host"})}, "Host")
	eve := h.dial()
	eve.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	w := want[protocol.Welcome](eve, protocol.TypeWelcome)
	refused := 0
	attempts := func(stage string) {
		for _, m := range []struct {
			kind protocol.ClientType
			data any
		}{
			{protocol.TypeOffer, protocol.Offer{SDP: "v=0"}},
			{protocol.TypeChat, protocol.ChatText{Text: "let me in"}},
			{protocol.TypeHand, protocol.Hand{Raised: true}},
			{protocol.TypeReact, protocol.React{Emoji: "👏"}},
			{protocol.TypeAdmit, protocol.Target{Participant: w.Participant}},
			{protocol.TypeLayout, protocol.Layout{Mode: protocol.LayoutGrid}},
		} {
			eve.send(m.kind, m.data)
			e := want[protocol.Error](eve, protocol.TypeError)
			if e.Code == protocol.CodeNotAdmitted || e.Code == protocol.CodeForbidden {
				refused++
			} else {
				t.Errorf("%s, %s: %+v", stage, m.kind, e)
			}
		}
	}
	attempts("at the door")
	eve.send(protocol.TypeJoin, protocol.Join{Name: "Eve"})
	eve.frame(protocol.TypeWaiting)
	attempts("waiting")
	guest := h.token(identity.Grant{Room: "r", Role: "guest"})
	for _, path := range []string{"/whip/r", "/whep/r"} {
		if res, body := h.post(path, guest, sdp("sendrecv", "audio")); res.StatusCode == 403 {
			refused++
		} else {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	leaked := len(h.media.all())
	seen := w.Prepare || w.Preview.Count != 0 || len(w.Preview.Names) != 0
	knock := want[protocol.Knock](host, protocol.TypeKnock)
	host.send(protocol.TypeDeny, protocol.Target{Participant: knock.Participant})
	denied := want[protocol.Closed](eve, protocol.TypeClosed).Reason == protocol.ReasonDenied
	catalogue.Report(t, catalogue.Item{
		ID: "W11", Injected: "offers, chat, layout and self-admission before being admitted; WHIP and WHEP around the lobby",
		Measured: fmt.Sprintf("%d of 14 refused, %d media connections opened, room shown at the door: %v, denied after: %v", refused, leaked, seen, denied),
		Bar:      "all refused, no media, nothing shown",
		Pass:     refused == 14 && leaked == 0 && !seen && denied,
	})
}
