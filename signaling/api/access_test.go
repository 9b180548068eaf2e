package api_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"

	"palabre/identity"
	"palabre/internal/catalogue"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/api"
	"palabre/signaling/api/apitest"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
	"palabre/store/storetest"
)

// caller is somebody at the WebSocket.
type caller struct {
	t  *testing.T
	ws *websocket.Conn
}

// said is one message of the server.
type said struct {
	Type string
	Re   uint32
	Data json.RawMessage
}

func (s said) code() string {
	var e struct{ Code string }
	if s.Type == "error" {
		_ = json.Unmarshal(s.Data, &e)
	}
	return e.Code
}

func (s said) text(field string) string {
	var all map[string]any
	_ = json.Unmarshal(s.Data, &all)
	text, _ := all[field].(string)
	return text
}

// hello knocks at a room and gives the first answer.
func hello(t *testing.T, h *apitest.House, data protocol.Hello) (*caller, said) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{protocol.Version}}
	ws, response, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(h.URL, "http")+"/ws", nil)
	if response != nil && response.StatusCode == http.StatusTooManyRequests {
		return nil, said{Type: "error", Data: json.RawMessage(`{"code":"rate-limited"}`)}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	c := &caller{t, ws}
	return c, c.ask("hello", data)
}

// ask sends a message and gives what answers it.
func (c *caller) ask(kind string, data any) said {
	c.t.Helper()
	if err := c.ws.WriteJSON(map[string]any{"type": kind, "id": 7, "data": data}); err != nil {
		c.t.Fatal(err)
	}
	for {
		_ = c.ws.SetReadDeadline(time.Now().Add(20 * time.Second))
		var got said
		if err := c.ws.ReadJSON(&got); err != nil {
			c.t.Fatalf("%s was not answered: %v", kind, err)
		}
		if got.Re == 7 {
			return got
		}
	}
}

func (c *caller) join(name string) said {
	return c.ask("join", map[string]any{"name": name, "media": map[string]bool{"microphone": false, "camera": false, "screen": false, "screenAudio": false}})
}

// whip offers media with a token and gives the status.
func whip(t *testing.T, h *apitest.House, room, token string) int {
	t.Helper()
	offer := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/whip/"+url.PathEscape(room), strings.NewReader(offer))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/sdp")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// forger signs tokens in every wrong way.
type forger struct {
	t       *testing.T
	kid     string
	secret  []byte
	program ed25519.PrivateKey
}

// programKID is the kid of a program that may let members into team-*.
const programKID = "portal"

func newForger(t *testing.T, dir string) *forger {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{t: t, kid: "shared", secret: []byte("a secret of more than thirty-two bytes"), program: private}
	trust := identity.Trust{KID: programKID, PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), Rooms: identity.Patterns{"team-*"}, Highest: "member"}
	shared := identity.Trust{KID: f.kid, Secret: f.secret, Highest: "host"}
	if err := errors.Join(identity.TrustKey(dir, trust), identity.TrustKey(dir, shared)); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *forger) sign(method jwt.SigningMethod, kid any, key any, change func(jwt.MapClaims)) string {
	f.t.Helper()
	at := time.Now()
	claims := jwt.MapClaims{"room": "team-red", "role": "member", "aud": "palabre", "iat": at.Unix(), "nbf": at.Unix(), "exp": at.Add(time.Hour).Unix()}
	change(claims)
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = kid
	text, err := token.SignedString(key)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// shared signs with the secret that server and program share.
func (f *forger) shared(change func(jwt.MapClaims)) string {
	return f.sign(jwt.SigningMethodHS256, f.kid, f.secret, change)
}

// access is a house whose keys trust a forger, with somebody to count refusals.
func access(t *testing.T, limits gate.Limits) (*apitest.House, *forger, *atomic.Int64) {
	t.Helper()
	dir := t.TempDir()
	f := newForger(t, dir)
	keys, err := identity.LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.Open(t, storetest.SQLite(t))
	refused := &atomic.Int64{}
	var house *apitest.House
	links, err := identity.NewLinks(keys, s, func(role string) int { return house.Rooms.Rank(rooms.Role(role)) })
	if err != nil {
		t.Fatal(err)
	}
	house = apitest.New(t, s, func(a *api.Config, r *rooms.Config, e *signaling.Config) {
		r.Tokens, r.Invitations = keys, s.Invitations(links)
		e.Tokens, e.Owners, e.Limits = links, links, limits
		e.Refused = func(signaling.Refusal) { refused.Add(1) }
	})
	house.Keys = keys
	return house, f, refused
}

func TestW07_Tokens(t *testing.T) {
	h, f, audited := access(t, gate.Limits{PerMinute: 1_000_000, Burst: 1_000_000})
	host := h.Join("team-red", "hal", rooms.Host)
	keep := func(jwt.MapClaims) {}
	set := func(claim string, value any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[claim] = value } }
	public := f.program.Public().(ed25519.PublicKey)
	kicked := f.shared(func(c jwt.MapClaims) { c["sub"] = "mallory" })
	guest, _ := hello(t, h, protocol.Hello{Room: "team-red", Token: kicked})
	if joined := guest.join("Mallory"); joined.Type != "joined" {
		t.Fatalf("a good token: %s %s", joined.Type, joined.Data)
	}
	if err := host.Ban(t.Context(), 1, "mallory"); err != nil {
		t.Fatal(err)
	}
	revoked, err := host.Invite(t.Context(), 1, rooms.Invitation{Role: rooms.Member})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := host.Disinvite(t.Context(), 1, revoked.ID); err != nil {
		t.Fatal(err)
	}
	once, err := host.Invite(t.Context(), 1, rooms.Invitation{Role: rooms.Member, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := hello(t, h, protocol.Hello{Room: "team-red", Token: once.Token})
	if joined := first.join("Ina"); joined.Type != "joined" {
		t.Fatalf("the first visit: %s %s", joined.Type, joined.Data)
	}
	parts := strings.Split(f.shared(keep), ".")
	edited := strings.Split(f.shared(set("role", "owner")), ".")
	tests := []struct{ name, room, token string }{
		{"none", "team-red", ""}, {"no token", "team-red", "x.y.z"}, {"huge", "team-red", strings.Repeat("x", 8<<10)},
		{"expired", "team-red", f.shared(set("exp", time.Now().Add(-2*time.Minute).Unix()))},
		{"not yet", "team-red", f.shared(set("nbf", time.Now().Add(5*time.Minute).Unix()))},
		{"alg none", "team-red", f.sign(jwt.SigningMethodNone, f.kid, jwt.UnsafeAllowNoneSignatureType, keep)},
		{"HS256 with the public key as secret", "team-red", f.sign(jwt.SigningMethodHS256, programKID, []byte(public), keep)},
		{"EdDSA under the kid of a secret", "team-red", f.sign(jwt.SigningMethodEdDSA, f.kid, f.program, keep)},
		{"unknown kid", "team-red", f.sign(jwt.SigningMethodHS256, "nobody", f.secret, keep)},
		{"another room", "team-blue", f.shared(keep)},
		{"role edited", "team-red", parts[0] + "." + edited[1] + "." + parts[2]},
		{"a trusted key out of its rooms", "board", f.sign(jwt.SigningMethodEdDSA, programKID, f.program, set("room", "board"))},
		{"a trusted key above its role", "team-red", f.sign(jwt.SigningMethodEdDSA, programKID, f.program, set("role", "host"))},
		{"replayed after a ban", "team-red", kicked},
		{"a revoked link", "team-red", revoked.Token},
		{"a link for one visit, twice", "team-red", once.Token},
	}
	through, before := 0, audited.Load()
	want := int64(0)
	for _, test := range tests {
		if test.token != "" { // without one people come as guests where a server is open
			_, answer := hello(t, h, protocol.Hello{Room: test.room, Token: test.token})
			through += passed(t, test.name+" over the WebSocket", slices.Contains([]string{"unauthorized", "forbidden", "banned", "too-large"}, answer.code()))
			want++
		}
		status := whip(t, h, test.room, test.token)
		through += passed(t, fmt.Sprint(test.name, " over WHIP: ", status), status == 401 || status == 403)
		status = h.Do("GET /rooms/"+test.room+"/links", test.token, nil).Status
		through += passed(t, fmt.Sprint(test.name, " over REST: ", status), status == 401 || status == 403)
		want += 2
	}
	recorded := audited.Load() - before
	catalogue.Report(t, catalogue.Item{
		ID:       "W7",
		Injected: fmt.Sprintf("%d bad tokens over WebSocket, WHIP and REST", len(tests)),
		Measured: fmt.Sprintf("%d of %d passed, %d refusals told to the audit log", through, want, recorded),
		Bar:      "401 or 403 each time, each told to the audit log",
		Pass:     through == 0 && recorded >= want-1, // what is too large to be read is no attempt
	})
}

// passed counts what was not refused.
func passed(t *testing.T, what string, refused bool) int {
	t.Helper()
	if refused {
		return 0
	}
	t.Errorf("%s", what)
	return 1
}

func TestW10_GuessingRooms(t *testing.T) {
	limits := gate.Limits{CountLoopback: true}
	h, _, _ := access(t, limits)
	limited, tried, start := 0, 0, time.Now()
	for i := range 1000 {
		tried++
		c, answer := hello(t, h, protocol.Hello{Room: fmt.Sprint("guess-", i)})
		if answer.code() == "rate-limited" {
			limited++
		}
		if c != nil {
			_ = c.ws.Close()
		}
		if limited >= 20 {
			break
		}
	}
	// Half an attempt comes back each second while the test goes on.
	most := 61 + int(time.Since(start).Seconds()/2)
	name, err := identity.NewRoomName()
	if err != nil {
		t.Fatal(err)
	}
	gap, alike := oracle(t)
	catalogue.Report(t, catalogue.Item{
		ID:       "W10",
		Injected: "hellos to guessed rooms, one after the other from one address; rooms asked for by names that exist and that do not",
		Measured: fmt.Sprintf("429 from the %dth on; made-up names like %s have 81 random bits; answers alike: %v, lower quartiles %.1f ms apart", tried-limited+1, name, alike, gap.Seconds()*1000),
		Bar:      "429 after 60 at once and 30 a minute; at least 80 bits; same answer, within 5 ms",
		Pass:     tried-limited <= most && limited >= 20 && alike && gap <= 5*time.Millisecond,
	})
}

// oracle asks for rooms of a chosen name, some of which exist, in turns, and
// gives how far apart the lower quartiles are, which a busy machine moves least,
// and whether the answers look alike.
func oracle(t *testing.T) (gap time.Duration, alike bool) {
	t.Helper()
	h, _, _ := access(t, gate.Limits{})
	h.Want(http.StatusCreated, "PUT /rooms/board", apitest.All, nil)
	h.Join("live", "hal", rooms.Host)
	alike = true
	const rounds = 100
	var known, unknown []time.Duration
	ask := func(name string) time.Duration {
		start := time.Now()
		answer := h.Want(http.StatusCreated, "POST /rooms", "", map[string]string{"name": name})
		took := time.Since(start)
		var made struct{ Name, URL, OwnerURL string }
		answer.JSON(&made)
		alike = alike && made.Name == name && strings.HasPrefix(made.OwnerURL, made.URL+"#token=") && len(answer.Body)-4*len(name) > 400
		return took
	}
	for i := range rounds {
		if i%2 == 0 {
			known = append(known, ask("board"))
		} else {
			known = append(known, ask("live"))
		}
		unknown = append(unknown, ask(fmt.Sprintf("no-%02d", i)))
	}
	slices.Sort(known)
	slices.Sort(unknown)
	return (known[rounds/4] - unknown[rounds/4]).Abs(), alike
}

func TestW19_GuessingAPassword(t *testing.T) {
	h, _, _ := access(t, gate.Limits{PerMinute: 1_000_000, Burst: 1_000_000})
	h.Want(http.StatusCreated, "PUT /rooms/safe", apitest.All, map[string]string{"password": "4711"})
	if _, answer := hello(t, h, protocol.Hello{Room: "safe"}); answer.code() != "password-needed" {
		t.Fatalf("without a password: %s %s", answer.Type, answer.Data)
	}
	heard, locked := 0, 0
	for i := range 40 {
		_, answer := hello(t, h, protocol.Hello{Room: "safe", Password: fmt.Sprintf("%04d", i)})
		switch answer.code() {
		case "password-wrong":
			heard++
		case "rate-limited":
			locked++
		default:
			t.Errorf("guess %d: %s %s", i, answer.Type, answer.Data)
		}
	}
	_, right := hello(t, h, protocol.Hello{Room: "safe", Password: "4711"})
	_, open := hello(t, h, protocol.Hello{Room: "other", Password: "0815"})
	_, invited := hello(t, h, protocol.Hello{Room: "safe", Token: h.Token("safe", rooms.Guest, "")})
	catalogue.Report(t, catalogue.Item{
		ID:       "W19",
		Injected: "40 guesses of a room's password from one address, then the right one",
		Measured: fmt.Sprintf("%d were compared, %d not heard; the right one: %s; a room without password: %s; with a token: %s", heard, locked, right.code(), open.Type, invited.Type),
		Bar:      "at most 5 a minute, then longer and longer; others are not kept out",
		Pass:     heard == 5 && locked == 35 && right.code() == "rate-limited" && open.Type == "welcome" && invited.Type == "welcome",
	})
}
