package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"palabre/client"
	"palabre/signaling/protocol"
	"palabre/web"
)

// TestTheSamePersonOnAnotherDevice moves a call: the newer device takes the place of the older.
func TestTheSamePersonOnAnotherDevice(t *testing.T) {
	s := serve(t)
	bob := enter(t, s.config("garden", "Bob"))
	config := s.config("garden", "Ana")
	config.Token = s.token("--room", "garden", "--sub", "ana", "--name", "Ana")
	phone := enter(t, config)
	bob.seesAndHears(phone)
	laptop := enter(t, config)
	<-phone.Done()
	var closed *client.ClosedError
	if !errors.As(phone.Err(), &closed) || closed.Reason != protocol.ReasonReplaced {
		t.Errorf("the older device is told %v", phone.Err())
	}
	bob.seesAndHears(laptop)
	laptop.seesAndHears(bob)
	until(t, "the older device gone", func() bool {
		people := bob.ids()
		return len(people) == 2 && slices.Contains(people, laptop.ID())
	})
}

// TestAnEncoderStartsAgain publishes twice with one token, as an encoder does
// whose network broke: it gets its id again at once.
func TestAnEncoderStartsAgain(t *testing.T) {
	s := serve(t)
	ana := enter(t, s.config("garden", "Ana"))
	for name, flags := range map[string][]string{"studio": {"--sub", "studio"}, "camera-2": nil} {
		path := "/whip/garden"
		if flags == nil {
			path += "?participant=" + name
		}
		token := s.token(append([]string{"--room", "garden"}, flags...)...)
		first, second := encoder(t, s, token), encoder(t, s, token)
		first.begin(path)
		ana.seesAndHearsID(name)
		second.begin(path)
		await(ana, "the first one's end", func(l client.ParticipantLeft) bool { return l.Participant == name })
		until(t, "the second one", func() bool { return slices.Contains(ana.ids(), name) })
		ana.seesAndHearsID(name)
		if res := first.remove(); res.StatusCode != http.StatusNotFound {
			t.Errorf("DELETE of the first: %d", res.StatusCode)
		}
		if res := second.remove(); res.StatusCode != http.StatusOK {
			t.Errorf("DELETE of the second: %d", res.StatusCode)
		}
	}
}

func TestAFullRoomTakesNobodyMore(t *testing.T) {
	s := serve(t, "--max-people", "2")
	enter(t, s.config("garden", "Ana"))
	enter(t, s.config("garden", "Bob"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := client.Join(ctx, s.config("garden", "Cleo")); code(err) != protocol.CodeRoomFull {
		t.Errorf("the third is told %v", err)
	}
	token := s.token("--room", "garden")
	res, _ := s.do(http.MethodPost, "/whip/garden", encoder(t, s, token).offer(nil), "Content-Type", sdpType, "Authorization", "Bearer "+token)
	mustEqual(t, "an encoder gets", res.StatusCode, http.StatusConflict)
	enter(t, s.config("elsewhere", "Cleo"))
}

// TestBehindAProxy is the server as a reverse proxy with a certificate of its own sees it.
func TestBehindAProxy(t *testing.T) {
	s := serve(t)
	proxied := []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https"}
	if res, _ := s.get("/", proxied...); web.Built() && res.Header.Get("Strict-Transport-Security") == "" {
		t.Error("people who came by HTTPS are not told to come back by HTTPS")
	}
	if _, body := s.do(http.MethodPost, "/api/v1/rooms", "", proxied...); !strings.Contains(body, `"https://`) {
		t.Errorf("a new room is at %s", body)
	}
	if public := serve(t, "--public-url", "https://meet.example.org/"); public.url != "https://meet.example.org" {
		t.Errorf("the server prints the link %q", public.url)
	}
}
