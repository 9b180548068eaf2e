package rooms

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"palabre/rooms/chat"
)

func TestAMeetingFromTheFirstToTheLast(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ctx := bg
		ada := h.mustOpen(Request{Role: Guest, Name: "Ada"})
		if w := ada.Welcome(); w.Outcome != Opened || !w.Prepare || w.Resume == "" || w.Preview.Count != 0 {
			t.Errorf("welcome is %+v", w)
		}
		ok(t, ada.Join(ctx, 7, "  Ada \u202e Lovelace ", Sending{Microphone: true}))
		events := ada.pull()
		joined := only[Joined](t, events)
		if len(joined.People) != 1 || joined.People[0].Name != "Ada Lovelace" || !joined.People[0].Sending.Microphone {
			t.Errorf("Ada found %+v", joined.People)
		}
		if i := slices.IndexFunc(events, func(e Event) bool { return e.Re == 7 }); i < 0 {
			t.Errorf("no answer to the join among %s", describe(events))
		}

		ben := h.mustOpen(Request{Role: Member})
		if p := ben.Welcome().Preview; p.Count != 1 || !slices.Equal(p.Names, []string{"Ada Lovelace"}) {
			t.Errorf("Ben sees %+v at the door", p)
		}
		ok(t, ada.Say(ctx, 8, "hello\r\nworld\x00", "n1"))
		ok(t, ben.Join(ctx, 1, "Ben", Sending{}))
		if chat := only[Joined](t, ben.pull()).Chat; len(chat) != 1 || chat[0].Text != "hello\nworld" || chat[0].By.Name != "Ada Lovelace" {
			t.Errorf("Ben finds the chat %+v", chat)
		}
		if p := only[Person](t, ada.pull()); p.ID != ben.id() || p.Name != "Ben" || p.Role != Member {
			t.Errorf("Ada is told of %+v", p)
		}

		ok(t, ben.Leave(ctx, 9))
		events = ben.pull()
		if last := events[len(events)-1]; last.Re != 9 || last.Data != (Closed{ReasonLeft}) {
			t.Errorf("Ben's last event is %+v", last)
		}
		if _, err := ben.Take(1); err != ErrEnded {
			t.Errorf("after it Take gives %v, want ErrEnded", err)
		}
		<-ben.Done()
		if left := only[Left](t, ada.pull()); left != (Left{ben.id(), ReasonLeft}) {
			t.Errorf("Ada is told %+v", left)
		}
		ok(t, ada.Leave(ctx, 0))
		synctest.Wait()
		if s := h.rooms.Stats(); s != (Stats{}) {
			t.Errorf("the room goes with the last, yet there is %+v", s)
		}
		if chat := only[Joined](t, h.rejoined(Guest, "Cy").seen).Chat; len(chat) != 0 {
			t.Errorf("a new meeting begins with the chat of the old one: %+v", chat)
		}
	})
}

// rejoined is a person that keeps the events of its way in.
func (h *house) rejoined(role Role, name string) *caller {
	c := h.mustOpen(Request{Role: role})
	if err := c.Join(bg, 1, name, Sending{}); err != nil {
		h.t.Fatal(err)
	}
	c.pull()
	return c
}

func TestSomebodyAtTheDoorKeepsNoMeetingAlive(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		eve := h.mustOpen(Request{Role: Guest})
		ok(t, ada.Say(bg, 0, "a secret", ""))
		ok(t, ada.Leave(bg, 0))
		ok(t, eve.Join(bg, 1, "Eve", Sending{}))
		if chat := only[Joined](t, eve.pull()).Chat; len(chat) != 0 {
			t.Errorf("Eve was given the chat of a meeting that was over: %+v", chat)
		}
	})
}

func TestPreviewAtTheDoor(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		door := h.mustOpen(Request{Role: Guest})
		for _, name := range []string{"Ada", "Ben", "Cy", "Dee"} {
			h.person(Guest, name)
		}
		previews := told[Preview](door.pull())
		if last := previews[len(previews)-1]; last.Count != 4 || !slices.Equal(last.Names, []string{"Ada", "Ben", "Cy"}) {
			t.Errorf("the door shows %+v", last)
		}
	})
}

func TestCommands(t *testing.T) {
	long := strings.Repeat("x", 4001)
	tests := []struct {
		name string
		role Role
		run  func(*caller) error
		want Code // empty: it works
	}{
		{"a guest chats", Guest, func(c *caller) error { return c.Say(bg, 1, "hi", "") }, ""},
		{"a viewer does not chat", Viewer, func(c *caller) error { return c.Say(bg, 1, "hi", "") }, CodeForbidden},
		{"too long a line", Guest, func(c *caller) error { return c.Say(bg, 1, long, "") }, CodeTooLarge},
		{"far too long a line", Guest, func(c *caller) error { return c.Say(bg, 1, strings.Repeat(long, 9), "") }, CodeTooLarge},
		{"nothing to say", Guest, func(c *caller) error { return c.Say(bg, 1, " \n\u200b\u202e", "") }, CodeBadMessage},
		{"too long a nonce", Guest, func(c *caller) error { return c.Say(bg, 1, "hi", long) }, CodeTooLarge},
		{"a hand", Guest, func(c *caller) error { return c.Hand(bg, 1, true) }, ""},
		{"lowering a hand that is down", Guest, func(c *caller) error { return c.Hand(bg, 1, false) }, ""},
		{"a reaction", Guest, func(c *caller) error { return c.React(bg, 1, "👍") }, ""},
		{"a reaction of one's own", Guest, func(c *caller) error { return c.React(bg, 1, "<b>") }, CodeBadMessage},
		{"a new name", Guest, func(c *caller) error { return c.Rename(bg, 1, "New") }, ""},
		{"no name", Guest, func(c *caller) error { return c.Rename(bg, 1, "\u3164") }, CodeBadMessage},
		{"too long a name", Guest, func(c *caller) error { return c.Rename(bg, 1, long) }, CodeTooLarge},
		{"sending everything", Guest, func(c *caller) error {
			return c.SetSending(bg, 1, Sending{true, true, true, true, false})
		}, ""},
		{"a viewer sends nothing", Viewer, func(c *caller) error {
			return c.SetSending(bg, 1, Sending{Microphone: true})
		}, CodeForbidden},
		{"a layout", Guest, func(c *caller) error {
			return c.SetLayout(bg, Layout{Mode: LayoutTiles, Tiles: []Tile{{"a", Camera, 1, 1}}})
		}, ""},
		{"a layout of no mode", Guest, func(c *caller) error { return c.SetLayout(bg, Layout{}) }, CodeBadMessage},
		{"a tile of a microphone", Guest, func(c *caller) error {
			return c.SetLayout(bg, Layout{Mode: LayoutTiles, Tiles: []Tile{{"a", Microphone, 1, 1}}})
		}, CodeBadMessage},
		{"too many tiles", Guest, func(c *caller) error {
			return c.SetLayout(bg, Layout{Mode: LayoutTiles, Tiles: make([]Tile, 65)})
		}, CodeTooLarge},
		{"joining twice", Guest, func(c *caller) error { return c.Join(bg, 1, "A", Sending{}) }, CodeBadMessage},
		{"a guest admits nobody", Guest, func(c *caller) error { return c.Admit(bg, 1, "x") }, CodeForbidden},
		{"a member denies nobody", Member, func(c *caller) error { return c.Deny(bg, 1, "x") }, CodeForbidden},
		{"admitting nobody", Host, func(c *caller) error { return c.Admit(bg, 1, "x") }, CodeNotFound},
		{"admitting somebody inside", Host, func(c *caller) error { return c.Admit(bg, 1, c.id()) }, CodeNotFound},
		{"denying nobody", Host, func(c *caller) error { return c.Deny(bg, 1, "x") }, CodeNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inHouse(t, nil, func(t *testing.T, h *house) {
				c := h.person(test.role, "Ada")
				other := h.person(Guest, "Ben")
				c.pull()
				err := test.run(c)
				if test.want == "" {
					ok(t, err)
					return
				}
				wantCode(t, err, test.want)
				if events := append(c.pull(), other.pull()...); len(events) > 0 {
					t.Errorf("a refused command still told %s", describe(events))
				}
			})
		})
	}
}

func TestNobodyActsBeforeJoining(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ctx, c := bg, h.mustOpen(Request{Role: Host})
		for name, err := range map[string]error{
			"say": c.Say(ctx, 1, "hi", ""), "hand": c.Hand(ctx, 1, true), "react": c.React(ctx, 1, "👍"),
			"rename": c.Rename(ctx, 1, "A"), "media": c.SetSending(ctx, 1, Sending{}),
			"admit": c.Admit(ctx, 1, "x"), "deny": c.Deny(ctx, 1, "x"),
		} {
			if CodeOf(err) != CodeNotAdmitted {
				t.Errorf("%s at the door gives %v, want not-admitted", name, err)
			}
		}
		ok(t, c.Leave(ctx, 1))
		wantCode(t, c.Join(ctx, 1, "A", Sending{}), CodeUnavailable)
	})
}

func TestEveryAnswerBearsTheReference(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ctx, c, other := bg, h.person(Host, "Ada"), h.person(Guest, "Ben")
		c.pull()
		ok(t, c.Say(ctx, 11, "hi", "n"))
		ok(t, c.Say(ctx, 12, "hi again", "n"))
		ok(t, c.Hand(ctx, 13, true))
		ok(t, c.Hand(ctx, 14, true))
		ok(t, c.React(ctx, 15, "🎉"))
		ok(t, c.Rename(ctx, 16, "Ada L."))
		ok(t, c.SetSending(ctx, 17, Sending{Camera: true}))
		ok(t, c.SetSending(ctx, 18, Sending{Camera: true}))
		var refs []Ref
		for _, e := range c.pull() {
			refs = append(refs, e.Re)
		}
		if want := []Ref{11, 12, 13, 14, 15, 16, 17, 18}; !slices.Equal(refs, want) {
			t.Errorf("answers came with %v, want %v", refs, want)
		}
		events := other.pull()
		if n := len(events); n != 5 {
			t.Errorf("others are told %d times, want 5 (a repeated line and no change are not news): %s", n, describe(events))
		}
		for _, e := range events {
			if e.Re != 0 {
				t.Errorf("another client was given the reference %d", e.Re)
			}
		}
	})
}

func TestChatHistoryIsBounded(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		c := h.person(Guest, "Ada")
		for range 250 {
			ok(t, c.Say(bg, 0, strings.Repeat("é", 100), ""))
			c.pull()
			time.Sleep(time.Second) // nobody may write faster for long
		}
		if n := len(only[Joined](t, h.rejoined(Guest, "Ben").seen).Chat); n != chat.MaxLines {
			t.Errorf("a late joiner is given %d lines, want %d", n, chat.MaxLines)
		}
		for range 250 {
			ok(t, c.Say(bg, 0, strings.Repeat("é", 4000), ""))
			c.pull()
			time.Sleep(time.Second)
		}
		size := only[Joined](t, h.rejoined(Guest, "Cy").seen).size()
		if size > chat.MaxBytes+4096 {
			t.Errorf("a late joiner is given %d bytes", size)
		}
	})
}

func TestRoomsAndPeopleAreBounded(t *testing.T) {
	limits := func(c *Config) { c.MaxPeople, c.MaxDoor, c.MaxRooms = 2, 3, 1 }
	inHouse(t, limits, func(t *testing.T, h *house) {
		ctx := bg
		h.person(Guest, "Ada")
		ben := h.person(Guest, "Ben")
		_, err := h.open(Request{Room: "another", Role: Guest})
		wantCode(t, err, CodeUnavailable)
		third := h.mustOpen(Request{Role: Guest})
		wantCode(t, third.Join(ctx, 1, "Cy", Sending{}), CodeRoomFull)
		_, err = h.open(Request{Kind: Spectator, Role: Viewer})
		wantCode(t, err, CodeRoomFull)
		h.mustOpen(Request{Role: Guest})
		h.mustOpen(Request{Role: Guest})
		_, err = h.open(Request{Role: Guest})
		wantCode(t, err, CodeRoomFull)
		// Away is not gone: the place is kept.
		ben.Detach()
		wantCode(t, third.Join(ctx, 1, "Cy", Sending{}), CodeRoomFull)
		wantCode(t, ben.Leave(ctx, 0), CodeUnavailable) // over a dead connection
		time.Sleep(31 * time.Second)
		ok(t, third.Join(ctx, 1, "Cy", Sending{}))
	})
}
