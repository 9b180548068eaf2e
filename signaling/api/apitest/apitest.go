// Package apitest runs the REST API over HTTP for tests: real rooms over a real
// store, join tokens of real keys, API keys made up by the test, and a media
// plane that carries nothing.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/api"
	"palabre/signaling/gate"
	"palabre/store"
)

// House is a server for one test.
type House struct {
	URL    string
	Rooms  *rooms.Rooms
	Keys   *identity.Keys
	Store  *store.Store
	t      testing.TB
	client *http.Client
}

// Option changes what the house is built of.
type Option func(*api.Config, *rooms.Config, *signaling.Config)

// APIKeys are the API keys of a test, by their text.
type APIKeys map[string]identity.APIKey

// VerifyKey gives a key of the test.
func (k APIKeys) VerifyKey(_ context.Context, text string) (identity.APIKey, error) {
	key, ok := k[text]
	if !ok {
		return identity.APIKey{}, identity.ErrKey
	}
	return key, nil
}

// All is the text of a key of every house that holds every scope.
const All = identity.KeyPrefix + "all"

// New makes a house over a store. It ends with the test.
func New(t testing.TB, s *store.Store, options ...Option) *House {
	t.Helper()
	keys, err := identity.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	forRooms := rooms.Config{Tokens: keys, Memory: s.Memory(), Logger: log, ResumeWindow: time.Second}
	forAPI := api.Config{
		Keys:    APIKeys{All: {ID: "all", Name: "every scope", Scopes: identity.Scopes()}},
		Repeats: s.Repeats(),
		Reports: s, Polls: s, Audit: s, Chat: s, Shelf: s, KeyBook: s,
	}
	h := &House{t: t, Keys: keys, Store: s, client: &http.Client{Timeout: time.Minute}}
	links, err := identity.NewLinks(keys, s, func(role string) int { return h.Rooms.Rank(rooms.Role(role)) })
	if err != nil {
		t.Fatal(err)
	}
	forRooms.Invitations, forRooms.Passwords = s.Invitations(links), identity.NewPasswords()
	forEdge := signaling.Config{Tokens: links, Owners: links, OpenRooms: true, Logger: log, Limits: gate.Limits{PerMinute: 1000, Open: 1000}}
	for _, option := range options {
		option(&forAPI, &forRooms, &forEdge)
	}
	if h.Rooms, err = rooms.New(forRooms, silent{}); err != nil {
		t.Fatal(err)
	}
	forEdge.Rooms, forEdge.API = h.Rooms, forAPI
	edge, err := signaling.New(forEdge)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(edge.Handler())
	h.URL = server.URL
	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		if err := h.Rooms.Close(); err != nil {
			t.Error(err)
		}
		if err := edge.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return h
}

// Token is a join token for a room.
func (h *House) Token(room string, role rooms.Role, subject string) string {
	h.t.Helper()
	token, err := h.Keys.SignJoin(identity.Grant{Room: room, Role: string(role), Subject: subject}, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// Answer is what a request got.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	t      testing.TB
}

// JSON reads the body.
func (a Answer) JSON(into any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, into); err != nil {
		a.t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
}

// Code is the code of a problem document; empty for other bodies.
func (a Answer) Code() string {
	var problem struct{ Code string }
	_ = json.Unmarshal(a.Body, &problem)
	return problem.Code
}

// Do asks for "METHOD /path" under /api/v1 as who shows bearer (nobody when
// empty). body is sent as JSON unless nil; header holds pairs of name and value.
func (h *House) Do(what, bearer string, body any, header ...string) Answer {
	h.t.Helper()
	method, path, _ := strings.Cut(what, " ")
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		text = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.URL+"/api/v1"+path, text)
	if err != nil {
		h.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := h.client.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return Answer{response.StatusCode, response.Header, got, h.t}
}

// Want asks and fails the test unless the status is the wanted one.
func (h *House) Want(status int, what, bearer string, body any, header ...string) Answer {
	h.t.Helper()
	answer := h.Do(what, bearer, body, header...)
	if answer.Status != status {
		h.t.Fatalf("%s: %d %s, want %d", what, answer.Status, answer.Body, status)
	}
	return answer
}

// Join brings somebody in who reads nothing; they leave with the test.
func (h *House) Join(room, name string, role rooms.Role) *rooms.Session {
	h.t.Helper()
	session, err := h.Rooms.Open(h.t.Context(), rooms.Request{Room: room, Identity: name, Name: name, NameFixed: true, Role: role, Vouched: true})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := session.Join(h.t.Context(), 1, name, rooms.Sending{Microphone: true, Camera: true}); err != nil {
		h.t.Fatal(err)
	}
	return session
}
