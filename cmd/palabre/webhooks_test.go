package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestWebhooksOfAMeeting: two people meet and part while the receiver fails and
// the server restarts; once it is well the receiver has heard of everything, in
// order and signed.
func TestWebhooksOfAMeeting(t *testing.T) {
	var well atomic.Bool
	var mu sync.Mutex
	var told []string
	var secret string
	failed := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if !well.Load() {
			failed++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		verifier, err := standard.NewWebhook(secret)
		if err != nil || verifier.Verify(body, r.Header) != nil {
			t.Errorf("a delivery is not signed: %v", err)
		}
		var payload struct {
			Type string
			Data struct{ Participant struct{ Name string } }
		}
		if err := json.Unmarshal(body, &payload); err != nil {
			t.Error(err)
		}
		told = append(told, strings.TrimSpace(payload.Type+" "+payload.Data.Participant.Name))
	}))
	t.Cleanup(receiver.Close)
	tries := func() int {
		mu.Lock()
		defer mu.Unlock()
		return failed
	}
	heard := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(told)
	}

	s := serve(t, "--webhook-allow", "127.0.0.0/8")
	code, key, problem := command(t, "key", "create", "--name", "test", "--scope", "webhooks:write", "--scope", "webhooks:read", "--data-dir", s.data)
	if code != 0 {
		t.Fatal(problem)
	}
	authorized := []string{"Content-Type", "application/json", "Authorization", "Bearer " + strings.TrimSpace(key)}
	res, body := s.do(http.MethodPost, "/api/v1/hooks", `{"url":"`+receiver.URL+`","events":["*"],"room":"garden"}`, authorized...)
	var hook struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(body), &hook); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	mu.Lock()
	secret = hook.Secret
	mu.Unlock()

	ana := enter(t, s.config("garden", "Ana"))
	bob := enter(t, s.config("garden", "Bob"))
	until(t, "the receiver was tried in vain", func() bool { return tries() > 0 })
	for _, p := range []*person{bob, ana} {
		if err := p.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.stop()
	s = serveIn(t, s.data, "--http", s.vacated(), "--webhook-allow", "127.0.0.0/8")
	well.Store(true)
	// However many attempts there were, and pauses after them: the oldest is sent now, and the rest follow it.
	_, body = s.get("/api/v1/hooks/"+hook.ID+"/deliveries", authorized...)
	var log struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &log); err != nil || len(log.Items) == 0 {
		t.Fatalf("%v: %s", err, body)
	}
	oldest := log.Items[len(log.Items)-1].ID
	if res, body = s.do(http.MethodPost, "/api/v1/hooks/"+hook.ID+"/deliveries/"+oldest+"/redeliver", "", authorized...); res.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	want := []string{"meeting.started", "participant.joined Ana", "participant.joined Bob", "participant.left Bob", "participant.left Ana", "meeting.ended"}
	until(t, "everything has arrived", func() bool { return heard() >= len(want) })
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
