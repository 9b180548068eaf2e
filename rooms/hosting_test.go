package rooms

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// named opens and joins as somebody a token vouches for.
func (h *house) named(role Role, identity string) *caller {
	h.t.Helper()
	c := h.mustOpen(Request{Role: role, Identity: identity, Name: identity, NameFixed: true, Vouched: true})
	ok(h.t, c.Join(bg, 1, "", Sending{Microphone: true, Camera: true, Screen: true, ScreenAudio: true}))
	c.pull()
	return c
}

// stranger opens and joins as somebody nobody vouches for, from a network.
func (h *house) stranger(name, network string) *caller {
	h.t.Helper()
	c := h.mustOpen(Request{Role: Guest, Address: network})
	ok(h.t, c.Join(bg, 1, name, Sending{}))
	c.pull()
	return c
}

func TestWhoIsMutedIsSilentUntilTheySaySoThemselves(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, ben := h.named(Host, "ana"), h.named(Guest, "ben")
		ana.pull()
		ok(t, ana.Mute(bg, 7, "ben"))
		events := ana.pull()
		if p := only[Person](t, events); p.ID != "ben" || p.Sending.Microphone || !p.Sending.Camera || events[0].Re != 7 {
			t.Errorf("Ana is told %s", describe(events))
		}
		if asked := only[Asked](t, ben.pull()); asked != (Asked{AskedMuted, "ben", "ana", "ana"}) {
			t.Errorf("Ben is told %+v", asked)
		}
		// Said before Ben knew: the microphone stays off.
		all := Sending{Microphone: true, Camera: false, Screen: true, ScreenAudio: true}
		ok(t, ben.SetSending(bg, 1, all))
		if p := only[Person](t, ana.pull()); p.Sending.Microphone || p.Sending.Camera {
			t.Errorf("after an old message Ben sends %+v", p.Sending)
		}
		ok(t, ben.SetSending(bg, 1, Sending{}))
		ok(t, ben.SetSending(bg, 1, Sending{Microphone: true}))
		ben.pull()
		ana.pull()
		if p := ana.people["ben"]; p.Sending != (Sending{Microphone: true}) {
			t.Errorf("Ben unmuted and sends %+v", p.Sending)
		}
		ok(t, ana.Mute(bg, 8, "ben"))
		ok(t, ana.Mute(bg, 9, "ben")) // is off already
		if refs := refsOf(ana.pull()); !slices.Equal(refs, []Ref{8, 9}) {
			t.Errorf("answers came with %v", refs)
		}
	})
}

func refsOf(events []Event) (refs []Ref) {
	for _, e := range events {
		refs = append(refs, e.Re)
	}
	return refs
}

func TestStoppingAskingAndLowering(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, ben, kim := h.named(CoHost, "ana"), h.named(Guest, "ben"), h.named(Guest, "kim")
		view := h.person(Viewer, "View")
		for _, c := range []*caller{ben, kim} {
			ok(t, c.Hand(bg, 0, true))
		}
		ok(t, ana.Stop(bg, 1, "ben", Camera))
		ok(t, ana.Stop(bg, 2, "ben", Screen))
		wantCode(t, ana.Stop(bg, 3, "ben", "smoke"), CodeBadMessage)
		ok(t, ana.Ask(bg, 4, "ben", Camera))
		wantCode(t, ana.Ask(bg, 5, "ben", Screen), CodeBadMessage)
		wantCode(t, ana.Ask(bg, 5, view.id(), Microphone), CodeForbidden)
		var told []AskedWhat
		for _, e := range ben.pull() {
			if asked, is := e.Data.(Asked); is {
				told = append(told, asked.What)
			}
		}
		if !slices.Equal(told, []AskedWhat{AskedCameraOff, AskedShareOff, AskedCameraOn}) {
			t.Errorf("Ben is told %v", told)
		}
		if p := ben.people["ben"]; p.Sending != (Sending{Microphone: true}) {
			t.Errorf("Ben sends %+v", p.Sending)
		}
		kim.pull()
		ok(t, ana.Lower(bg, 6, "ben"))
		ok(t, ana.Lower(bg, 6, "ben"))
		if p := only[Person](t, kim.pull()); p.ID != "ben" || !p.Hand.IsZero() || kim.people["kim"].Hand.IsZero() {
			t.Errorf("lowered is %+v", p)
		}
		wantCode(t, ben.Lower(bg, 6, "kim"), CodeForbidden)
		wantCode(t, ben.Mute(bg, 6, ""), CodeForbidden)
	})
}

func TestManyAreToldOfInOneEvent(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana := h.named(Host, "ana")
		var all []*caller
		for range 20 {
			c := h.person(Guest, "P")
			ok(t, c.SetSending(bg, 0, Sending{Microphone: true}))
			ok(t, c.Hand(bg, 0, true))
			all = append(all, c)
		}
		for _, c := range append(all, ana) {
			c.pull()
		}
		ok(t, ana.Mute(bg, 1, ""))
		ok(t, ana.Lower(bg, 2, ""))
		events := ana.pull()
		if len(events) != 2 || events[0].Re != 1 || events[1].Re != 2 || len(told[Changed](events)[0].People) != 20 {
			t.Errorf("the host is told %s", describe(events))
		}
		for _, c := range all {
			events := c.pull()
			if len(told[Changed](events)) != 2 || len(told[Asked](events)) != 1 {
				t.Errorf("%s is told %s", c.id(), describe(events))
			}
		}
		for id, p := range ana.people {
			if id != "ana" && (p.Sending.Microphone || !p.Hand.IsZero()) {
				t.Errorf("%s is %+v", id, p)
			}
			if id == "ana" && !p.Sending.Microphone {
				t.Error("who muted all muted themselves")
			}
		}
	})
}

func TestWhoMayActOnWhom(t *testing.T) {
	type step struct {
		by, on string
		role   Role // empty removes
		want   Code
	}
	tests := map[string][]step{
		"a host appoints below": {{"host", "guest", CoHost, ""}, {"host", "guest", Host, ""}, {"host", "guest", Owner, CodeForbidden}},
		"nobody themselves":     {{"host", "host", Guest, CodeForbidden}, {"host", "host", "", CodeForbidden}},
		"no such role":          {{"host", "guest", "king", CodeBadMessage}},
		"nobody there":          {{"host", "nobody", CoHost, CodeNotFound}, {"host", "nobody", "", CodeNotFound}},
		"a co-host appoints nobody, and puts out who is below": {
			{"cohost", "guest", Guest, CodeForbidden}, {"cohost", "host", "", CodeForbidden}, {"cohost", "guest", "", ""},
		},
		"a guest does nothing": {{"guest", "viewer", "", CodeForbidden}, {"guest", "viewer", Guest, CodeForbidden}},
		"hosts by token are safe from each other": {
			{"host", "host2", Guest, CodeForbidden}, {"host2", "host", "", CodeForbidden},
		},
		"who made a host may unmake them, not the other way round": {
			{"host", "guest", Host, ""}, {"guest", "host", Guest, CodeForbidden}, {"guest", "host", "", CodeForbidden},
			{"host2", "guest", Guest, ""}, {"guest", "viewer", Guest, CodeForbidden},
		},
		"two made hosts leave each other alone": {
			{"host", "guest", Host, ""}, {"host", "member", Host, ""}, {"guest", "member", Guest, CodeForbidden}, {"member", "guest", "", CodeForbidden},
		},
		"an owner acts on hosts and owners": {
			{"host", "owner", Guest, CodeForbidden}, {"owner", "host", Guest, ""}, {"owner", "owner2", "", ""},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			inHouse(t, nil, func(t *testing.T, h *house) {
				people := map[string]*caller{}
				for id, role := range map[string]Role{
					"owner": Owner, "owner2": Owner, "host": Host, "host2": Host, "cohost": CoHost, "member": Member, "guest": Guest, "viewer": Viewer,
				} {
					people[id] = h.named(role, id)
				}
				for i, s := range steps {
					var err error
					if s.role == "" {
						err = people[s.by].Remove(bg, 1, s.on)
					} else {
						err = people[s.by].Appoint(bg, 1, s.on, s.role)
					}
					if s.want == "" {
						ok(t, err)
					} else {
						wantCode(t, err, s.want)
					}
					if t.Failed() {
						t.Fatalf("at step %d: %+v", i, s)
					}
				}
			})
		})
	}
}

func TestARoleIsFollowedAtOnce(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, ben := h.named(Host, "ana"), h.named(Member, "ben")
		_, err := ben.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		ana.pull()
		ok(t, ana.Appoint(bg, 3, "ben", Viewer))
		if p := only[Person](t, ana.pull()); p.Role != Viewer || p.Sending != (Sending{}) {
			t.Errorf("the host sees %+v", p)
		}
		if about := only[About](t, ben.pull()); about.Role != Viewer || !slices.Equal(about.May, []Action{Vote, Pass}) {
			t.Errorf("Ben is told %+v", about)
		}
		wantCode(t, ben.SetSending(bg, 1, Sending{Microphone: true}), CodeForbidden)
		wantCode(t, ben.Hand(bg, 1, true), CodeForbidden)
		time.Sleep(time.Millisecond)
		if sending := h.media.of(t, "ben").sending; sending != (Sending{}) {
			t.Errorf("the media plane lets %+v through", sending)
		}
		// Whatever token they show, the meeting says who they are.
		again := h.mustOpen(Request{Role: Member, Identity: "ben", Name: "ben", NameFixed: true, Vouched: true})
		if w := again.Welcome(); w.Role != Viewer {
			t.Errorf("coming again they are %s", w.Role)
		}
		ok(t, again.Leave(bg, 0))
		ok(t, ana.Appoint(bg, 4, "ben", CoHost))
		if about := only[About](t, ben.pull()); !slices.Contains(about.May, Moderate) || slices.Contains(about.Roles, Host) || about.Roles[0] != CoHost {
			t.Errorf("Ben is told %+v", about)
		}
		ok(t, ben.Mute(bg, 1, "ana"))
	})
}

func TestRolesEndWithTheMeeting(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, ben := h.named(Host, "ana"), h.named(Guest, "ben")
		ok(t, ana.Appoint(bg, 0, "ben", Host))
		door := h.mustOpen(Request{Role: Guest, Identity: "ben2"})
		ok(t, ana.End(bg, 5))
		events := ana.pull()
		if last := events[len(events)-1]; last.Re != 5 || last.Data != (Closed{ReasonEnded}) {
			t.Errorf("who ended it is told %+v", last)
		}
		if closed := only[Closed](t, ben.pull()); closed.Reason != ReasonEnded {
			t.Errorf("Ben is told %+v", closed)
		}
		ok(t, door.Join(bg, 1, "Door", Sending{}))
		if c := h.named(Guest, "ben"); c.people["ben"].Role != Guest {
			t.Errorf("in the next meeting Ben is %s", c.people["ben"].Role)
		}
	})
}

func TestBans(t *testing.T) {
	const home, office = "203.0.113.0/24", "198.51.100.0/24"
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana := h.named(Host, "ana")
		known := h.named(Guest, "ben")
		stranger, colleague := h.stranger("Eve", home), h.stranger("Kim", home)
		link := h.mustOpen(Request{Role: Guest, Vouched: true, Credential: "link", Address: office})
		ok(t, link.Join(bg, 1, "Lou", Sending{}))
		look := h.mustOpen(Request{Role: Guest, Identity: "ben", Vouched: true})
		for _, c := range []*caller{known, stranger, link} {
			ok(t, ana.Ban(bg, 2, c.id()))
			events := c.pull()
			if closed := only[Closed](t, events); closed.Reason != ReasonBanned {
				t.Errorf("%s is told %+v", c.id(), closed)
			}
			_, err := h.resume(c)
			wantCode(t, err, CodeResumeFailed)
		}
		if closed := only[Closed](t, look.pull()); closed.Reason != ReasonBanned {
			t.Errorf("who stood at the door with the same token is told %+v", closed)
		}
		select {
		case <-colleague.Done():
			t.Error("who was in from the same network was put out too")
		default:
		}
		for name, test := range map[string]struct {
			req  Request
			want Code
		}{
			"the token again":                 {Request{Role: Guest, Identity: "ben", Vouched: true}, CodeBanned},
			"the token for WHIP":              {Request{Kind: Publisher, Role: Member, Identity: "ben", Vouched: true}, CodeBanned},
			"the stranger anew":               {Request{Role: Guest, Address: home}, CodeBanned},
			"the link from there":             {Request{Role: Guest, Vouched: true, Credential: "link", Address: office}, CodeBanned},
			"the link from elsewhere":         {Request{Role: Guest, Vouched: true, Credential: "link", Address: home}, ""},
			"another link from there":         {Request{Role: Guest, Vouched: true, Credential: "other", Address: office}, ""},
			"a stranger from another network": {Request{Role: Guest, Address: office}, ""},
			"somebody known from the network": {Request{Role: Guest, Identity: "kim", Vouched: true, Address: home}, ""},
		} {
			_, err := h.open(test.req)
			if test.want == "" && err != nil || test.want != "" && CodeOf(err) != test.want {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
		}
		ana.pull()
		bans := lastAbout(t, ana).Banned
		if len(bans) != 3 {
			t.Fatalf("the host knows of %+v", bans)
		}
		ok(t, ana.Unban(bg, 3, bans[0].ID))
		wantCode(t, ana.Unban(bg, 3, bans[0].ID), CodeNotFound)
		h.named(Guest, "ben")
		if about := lastAbout(t, colleague); len(about.Banned) > 0 {
			t.Errorf("a guest is told %+v", about.Banned)
		}
	})
}

// lastAbout is the room as a caller was last told.
func lastAbout(t *testing.T, c *caller) About {
	t.Helper()
	c.pull()
	for _, e := range slices.Backward(c.seen) {
		switch data := e.Data.(type) {
		case About:
			return data
		case Joined:
			return data.About
		}
	}
	t.Fatal("nothing was told of the room")
	return About{}
}

func TestALockedMeeting(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, ben := h.named(Host, "ana"), h.named(Guest, "ben")
		kim := h.stranger("Kim", "")
		late := h.mustOpen(Request{Role: Guest})
		ok(t, ben.Leave(bg, 0))
		wantCode(t, kim.Lock(bg, 1, true), CodeForbidden)
		ok(t, ana.Lock(bg, 2, true))
		if !lastAbout(t, kim).Locked {
			t.Error("nobody is told of the lock")
		}
		wantCode(t, late.Join(bg, 1, "Late", Sending{}), CodeLocked)
		_, err := h.open(Request{Role: Guest})
		wantCode(t, err, CodeLocked)
		_, err = h.open(Request{Kind: Spectator, Role: Viewer})
		wantCode(t, err, CodeLocked)
		h.named(Guest, "ben") // was in before
		h.named(Host, "hal")
		h.named(CoHost, "cid")
		kim.Detach()
		_, err = h.resume(kim)
		ok(t, err)
		ok(t, ana.Lock(bg, 3, false))
		ok(t, late.Join(bg, 1, "Late", Sending{}))
	})
}

func TestALockedLobbyOpensForWhoMayLock(t *testing.T) {
	inHouse(t, lobby, func(t *testing.T, h *house) {
		ana, mia := h.named(Host, "ana"), h.named(Member, "mia")
		guests := make([]*caller, 3)
		for i := range guests {
			guests[i] = h.mustOpen(Request{Role: Guest})
			ok(t, guests[i].Join(bg, 1, "G", Sending{}))
		}
		ok(t, ana.Lock(bg, 0, true))
		wantCode(t, mia.Admit(bg, 1, guests[0].id()), CodeLocked)
		ok(t, ana.Configure(bg, 1, Change{Lobby: new(bool)})) // no lobby, and still locked
		if len(told[Joined](guests[1].pull())) > 0 {
			t.Error("a lock that is on let somebody in")
		}
		ana.pull()
		ok(t, ana.AdmitAll(bg, 9))
		if events := ana.pull(); events[len(events)-1].Re != 9 || len(told[Knock](events)) != 3 {
			t.Errorf("the host is told %s", describe(events))
		}
		wantCode(t, ana.AdmitAll(bg, 9), CodeNotFound)
		for _, g := range guests {
			g.pull()
			if len(told[Joined](g.seen)) != 1 {
				t.Errorf("%s is told %s", g.id(), describe(g.seen))
			}
		}
	})
}

func portraitOf(t *testing.T, side int) []byte {
	var b bytes.Buffer
	ok(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, side, side)), nil))
	return b.Bytes()
}

func TestWhoWaitsMayShowAPicture(t *testing.T) {
	inHouse(t, func(c *Config) { c.Settings.Lobby = true }, func(t *testing.T, h *house) {
		ana, mia := h.named(Host, "ana"), h.named(Presenter, "mia")
		guest := h.mustOpen(Request{Role: Guest})
		picture := portraitOf(t, 64)
		wantCode(t, guest.ShowPicture(bg, 1, picture), CodeNotAdmitted)
		ok(t, guest.Join(bg, 1, "Guest", Sending{}))
		wantCode(t, guest.ShowPicture(bg, 2, []byte("<svg/>")), CodeBadMessage)
		wantCode(t, guest.ShowPicture(bg, 2, portraitOf(t, 1000)), CodeTooLarge)
		ana.pull()
		guest.pull()
		ok(t, guest.ShowPicture(bg, 3, picture))
		if e := guest.pull()[0]; e.Re != 3 || e.Data != (Waiting{}) {
			t.Errorf("the answer is %+v", e)
		}
		if knock := only[Knock](t, ana.pull()); knock.Picture != string(picture) || knock.Name != "Guest" {
			t.Errorf("the host sees %q", knock.Name)
		}
		wantCode(t, guest.ShowPicture(bg, 4, picture), CodeRateLimited)
		ok(t, mia.Admit(bg, 1, guest.id()))
		wantCode(t, guest.ShowPicture(bg, 5, picture), CodeNotAdmitted)
	})
}

func TestPicturesAreBounded(t *testing.T) {
	inHouse(t, func(c *Config) { c.Settings.Lobby = true }, func(t *testing.T, h *house) {
		shown := 0
		for range maxPictures + 5 {
			guest := h.mustOpen(Request{Role: Guest})
			ok(t, guest.Join(bg, 1, "G", Sending{}))
			if err := guest.ShowPicture(bg, 0, portraitOf(t, 64)); err == nil {
				shown++
			} else {
				wantCode(t, err, CodeTooLarge)
			}
		}
		if shown != maxPictures {
			t.Errorf("%d show a picture, want %d", shown, maxPictures)
		}
		host := h.mustOpen(Request{Role: Host}) // given all of them at once
		ok(t, host.Join(bg, 1, "Host", Sending{}))
		if knocks := told[Knock](host.pull()); len(knocks) != maxPictures+5 {
			t.Errorf("a late host is told of %d", len(knocks))
		}
	})
}

func TestComingInMuted(t *testing.T) {
	inHouse(t, func(c *Config) { c.Settings.MuteOnEntry = true }, func(t *testing.T, h *house) {
		ana := h.named(Host, "ana")
		if !ana.people["ana"].Sending.Microphone {
			t.Error("a host comes in muted")
		}
		ben := h.mustOpen(Request{Role: Guest})
		ok(t, ben.Join(bg, 1, "Ben", Sending{Microphone: true, Camera: true}))
		events := ben.pull()
		if p := ben.people[ben.id()]; p.Sending != (Sending{Camera: true}) {
			t.Errorf("Ben comes in with %+v", p.Sending)
		}
		if asked := only[Asked](t, events); asked != (Asked{What: AskedMuted, Participant: ben.id()}) {
			t.Errorf("Ben is told %+v", asked)
		}
		ok(t, ben.SetSending(bg, 0, Sending{Camera: true}))
		ok(t, ben.SetSending(bg, 0, Sending{Camera: true, Microphone: true}))
		ben.pull()
		if p := ben.people[ben.id()]; !p.Sending.Microphone {
			t.Error("Ben cannot unmute")
		}
	})
}

// TestChangedWhileTheyWaited: who is let in finds the room's rules as they are then, not as they were at the knock.
func TestChangedWhileTheyWaited(t *testing.T) {
	yes := true
	inHouse(t, lobby, func(t *testing.T, h *house) {
		ana, ben := h.person(Host, "Ana"), h.mustOpen(Request{Role: Guest})
		ok(t, ben.Join(bg, 1, "Ben", Sending{Microphone: true, Camera: true}))
		ok(t, ana.Configure(bg, 2, Change{AudioOnly: &yes, MuteOnEntry: &yes}))
		ok(t, ana.Admit(bg, 3, ben.id()))
		ben.pull()
		if sending := ben.people[ben.id()].Sending; sending != (Sending{}) {
			t.Errorf("Ben comes into an audio-only room that mutes with %+v", sending)
		}
		_, err := ben.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		synctest.Wait()
		if peer := h.media.of(t, ben.id()); peer.sending != (Sending{}) {
			t.Errorf("his media comes in with %+v", peer.sending)
		}
	})
}

func TestConfiguring(t *testing.T) {
	text, yes, six := "Spring plan", true, 6
	inHouse(t, nil, func(t *testing.T, h *house) {
		ana, ben := h.named(Host, "ana"), h.named(Guest, "ben")
		wantCode(t, ben.Configure(bg, 1, Change{Title: &text}), CodeForbidden)
		ana.pull()
		ben.pull()
		ok(t, ana.Configure(bg, 2, Change{Title: &text, AudioOnly: &yes, MaxPeople: &six, Least: map[Action]Role{Chat: Presenter}}))
		about := lastAbout(t, ben)
		if about.Title != text || !about.AudioOnly || about.MaxPeople != 6 || about.Least[Chat] != Presenter || slices.Contains(about.May, Chat) {
			t.Errorf("a guest is told %+v", about)
		}
		if p := ben.people["ben"]; p.Sending != (Sending{Microphone: true}) {
			t.Errorf("where only sound is wanted a guest sends %+v", p.Sending)
		}
		ana.pull()
		ok(t, ana.Configure(bg, 3, Change{Title: &text}))
		if events := ana.pull(); len(events) != 1 || events[0].Re != 3 {
			t.Errorf("a change that changes nothing is answered by %s", describe(events))
		}
		ok(t, ana.Configure(bg, 4, Change{Least: map[Action]Role{Chat: ""}}))
		if about := lastAbout(t, ben); len(about.Least) > 0 || !slices.Contains(about.May, Chat) {
			t.Errorf("a guest is told %+v", about)
		}
		wantCode(t, ana.Configure(bg, 5, Change{Least: map[Action]Role{Chat: Owner}}), CodeForbidden)
		wantCode(t, ana.Configure(bg, 5, Change{Least: map[Action]Role{Pass: Host}}), CodeBadMessage)
		many := 1 << 20
		wantCode(t, ana.Configure(bg, 5, Change{MaxPeople: &many}), CodeBadMessage)
	})
}
