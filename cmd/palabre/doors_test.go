package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"palabre/client"
	"palabre/identity"
	"palabre/signaling/protocol"
)

func TestLobby(t *testing.T) {
	s := serve(t, "--lobby")
	hosting := s.config("garden", "")
	hosting.Token = s.token("--room", "garden", "--role", "host", "--name", "Hana")
	host := enter(t, hosting)

	guest, unwanted := open(t, s.config("garden", "Gus")), open(t, s.config("garden", "Ulf"))
	if w := guest.Welcome(); w.Prepare || w.Preview.Count != 0 || len(w.Preview.Names) != 0 {
		t.Errorf("who is held back is told %+v", w)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	results := map[*person]chan error{}
	for _, p := range []*person{guest, unwanted} {
		results[p] = make(chan error, 1)
		p.busy.Go(func() { results[p] <- p.Join(ctx) })
		await(p, "the lobby", func(client.Waiting) bool { return true })
	}
	for _, p := range []*person{guest, unwanted} {
		knock := await(host, "a knock", func(k client.Knocked) bool { return k.Participant == p.ID() && !k.Gone })
		t.Logf("%s knocks", knock.Name)
	}
	// Commands and media of who waits go nowhere.
	if err := guest.Say("let me in", ""); err != nil {
		t.Fatal(err)
	}
	await(guest, "the refusal", func(f client.Failed) bool { return f.Err.Code == protocol.CodeNotAdmitted })
	if err := guest.RestartICE(ctx); code(err) != protocol.CodeNotAdmitted {
		t.Errorf("an offer from the lobby: %v", err)
	}
	if err := host.Deny(unwanted.ID()); err != nil {
		t.Fatal(err)
	}
	var closed *client.ClosedError
	if err := <-results[unwanted]; !errors.As(err, &closed) || closed.Reason != protocol.ReasonDenied {
		t.Errorf("who is denied is told %v", err)
	}
	if err := host.Admit(guest.ID()); err != nil {
		t.Fatal(err)
	}
	if err := <-results[guest]; err != nil {
		t.Fatalf("who is admitted: %v", err)
	}
	guest.play()
	host.seesAndHears(guest)
	guest.seesAndHears(host)
	for _, line := range happened[client.ChatReceived](host) {
		t.Errorf("the host reads %q", line.Text)
	}
	if people := host.ids(); slices.Contains(people, unwanted.ID()) || len(people) != 2 {
		t.Errorf("the room holds %v", people)
	}
}

// code is the server's word for a refusal.
func code(err error) protocol.ErrorCode {
	var refused *client.ServerError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func TestWhoWaitsMayLoseTheConnection(t *testing.T) {
	s := serve(t, "--lobby")
	hosting := s.config("garden", "Hana")
	hosting.Token = s.token("--room", "garden", "--role", "host")
	host := enter(t, hosting)
	wire := newCable(t, s)
	config := s.config("garden", "Gus")
	config.URL = wire.url
	guest := open(t, config)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	joined := make(chan error, 1)
	guest.busy.Go(func() { joined <- guest.Join(ctx) })
	await(guest, "the lobby", func(client.Waiting) bool { return true })
	for round := 1; round <= 2; round++ {
		wire.cut()
		until(t, "coming back", func() bool { return len(happened[client.Resumed](guest)) == round })
	}
	if err := host.Admit(guest.ID()); err != nil {
		t.Fatal(err)
	}
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	guest.play()
	host.seesAndHears(guest)
}

func TestAdmittedPeopleAreNotAskedAgainAfterARestart(t *testing.T) {
	s := serve(t, "--lobby")
	hosting := s.config("garden", "Hana")
	hosting.Token = s.token("--room", "garden", "--role", "host")
	host := enter(t, hosting)
	guest := open(t, s.config("garden", "Gus"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	joined := make(chan error, 1)
	guest.busy.Go(func() { joined <- guest.Join(ctx) })
	await(host, "a knock", func(client.Knocked) bool { return true })
	if err := host.Admit(guest.ID()); err != nil {
		t.Fatal(err)
	}
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	guest.play()
	if code, _ := s.stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	serveIn(t, s.data, "--lobby", "--http", s.vacated())
	await(guest, "coming back", func(r client.Resumed) bool { return r.Fresh })
	host.seesAndHears(guest)
	if knocks := len(happened[client.Waiting](guest)); knocks != 1 {
		t.Errorf("the guest waited %d times", knocks)
	}
}

func TestTokensOpenTheirRoom(t *testing.T) {
	s := serve(t, "--open-rooms=false")
	enterWith := func(room, token string) error {
		c := s.config(room, "Ana")
		c.Token = token
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		session, err := client.Join(ctx, c)
		if err != nil {
			return err
		}
		return session.Leave(ctx)
	}
	good := s.token("--room", "Garden", "--name", "Ana")
	if err := enterWith("garden", good); err != nil {
		t.Errorf("a good token: %v", err)
	}
	config := s.config("garden", "Bob")
	config.Token = good
	inside := enter(t, config) // so that the room exists
	if inside.Welcome().Name != "Ana" {
		t.Errorf("the token's name became %q", inside.Welcome().Name)
	}
	stranger := serve(t)
	var refusals []string
	for name, c := range map[string]struct {
		room, token string
		code        protocol.ErrorCode
	}{
		"none, the room exists":    {"garden", "", protocol.CodeUnauthorized},
		"none, the room does not":  {"nowhere", "", protocol.CodeUnauthorized},
		"for another room":         {"nowhere", good, protocol.CodeForbidden},
		"expired":                  {"garden", expired(t, s), protocol.CodeUnauthorized},
		"signed by another server": {"garden", stranger.token("--room", "garden"), protocol.CodeUnauthorized},
		"damaged":                  {"garden", good[:len(good)-4] + "AAAA", protocol.CodeUnauthorized},
	} {
		err := enterWith(c.room, c.token)
		if code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if c.token == "" {
			refusals = append(refusals, strings.ReplaceAll(err.Error(), c.room, "ROOM"))
		}
	}
	if refusals[0] != refusals[1] {
		t.Errorf("refusals tell whether a room exists: %q", refusals)
	}
}

// expired is a token whose time was over a while ago.
func expired(t *testing.T, s *server) string {
	t.Helper()
	keys, err := identity.LoadKeys(keysDir(s.data))
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.SignJoin(identity.Grant{Room: "garden", Role: "host"}, -2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestTheLogKeepsSecrets reads the log of a whole meeting with guests, tokens,
// a lost connection, machines, refusals and a restart.
func TestTheLogKeepsSecrets(t *testing.T) {
	const room = "calm-olive-7xk2m9qd4t"
	s := serve(t)
	wire := newCable(t, s)
	bearing := s.config(room, "Secretive Bob")
	bearing.Token = s.token("--room", room, "--name", "Secretive Bob", "--sub", "bob")
	cabled := s.config(room, "Secretive Ana")
	cabled.URL = wire.url
	ana, bob := enter(t, cabled), enter(t, bearing)
	ana.seesAndHears(bob)
	wire.cut()
	await(ana, "coming back", func(client.Resumed) bool { return true })
	if err := ana.Say("a secret said in the chat", ""); err != nil {
		t.Fatal(err)
	}
	machines := s.token("--room", room, "--sub", "studio")
	studio := encoder(t, s, machines)
	studio.begin("/whip/" + room)
	await(ana, "the studio", func(p client.ParticipantChanged) bool { return p.ID == "studio" })
	studio.remove()
	s.do("POST", "/whip/"+room, "no SDP", "Content-Type", sdpType, "Authorization", "Bearer "+machines)
	s.do("POST", "/whep/"+room, "no SDP", "Content-Type", sdpType, "Authorization", "Bearer "+machines[:len(machines)-4])
	s.get("/r/" + room)
	s.get("/r/" + room + "?token=" + bearing.Token)
	s.get("/nothing/" + room)
	forged := s.config(room, "Mallory")
	forged.Token = bearing.Token + "A"
	if _, err := client.Open(t.Context(), forged); code(err) != protocol.CodeUnauthorized {
		t.Errorf("a forged token: %v", err)
	}
	if code, _ := s.stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	second := s.again()
	await(bob, "coming back", func(r client.Resumed) bool { return r.Fresh })
	second.stop()

	log := s.log.String() + second.log.String()
	if !strings.Contains(log, "joined") {
		t.Fatalf("nothing was logged: %q", log)
	}
	secrets := []string{room, bearing.Token, machines, ana.Welcome().Resume, "Secretive", "a secret said", "ice-pwd"}
	for _, p := range []*person{ana, bob} {
		for _, j := range happened[client.Joined](p) {
			secrets = append(secrets, j.Resume)
		}
		for _, r := range happened[client.Resumed](p) {
			secrets = append(secrets, r.Resume)
		}
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for what, pattern := range map[string]string{
		"a token":      `eyJ[\w-]{10,}`,
		"an address":   `\b127\.0\.0\.[1-9]\d*\b`,
		"a name's end": `7xk2m9qd4t`,
	} {
		if found := regexp.MustCompile(pattern).FindString(log); found != "" {
			t.Errorf("the log holds %s: %q", what, found)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}
