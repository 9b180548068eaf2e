package rooms

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"palabre/internal/catalogue"
)

func lobby(c *Config) { c.Settings.Lobby = true }

func TestLobby(t *testing.T) {
	inHouse(t, lobby, func(t *testing.T, h *house) {
		early := h.mustOpen(Request{Role: Guest})
		ok(t, early.Join(bg, 1, "Early", Sending{}))
		only[Waiting](t, early.pull())

		host := h.rejoined(Host, "Host")
		if knock := only[Knock](t, host.seen); knock != (Knock{Participant: early.id(), Name: "Early"}) {
			t.Errorf("the host finds %+v", knock)
		}
		member := h.rejoined(Member, "Member") // members walk in
		viewer := h.rejoined(Viewer, "Viewer") // so does who holds a viewer's token
		late := h.mustOpen(Request{Role: Guest})
		if w := late.Welcome(); w.Prepare || w.Preview.Count != 0 || len(w.Preview.Names) != 0 {
			t.Errorf("at the door a guest is told %+v", w)
		}
		host.pull()
		member.pull()
		ok(t, late.Join(bg, 5, "Late", Sending{Camera: true}))
		if e := late.pull()[0]; e.Re != 5 || e.Data != (Waiting{}) {
			t.Errorf("the answer is %+v", e)
		}
		for _, p := range []*caller{host, member} {
			if knock := only[Knock](t, p.pull()); knock.Participant != late.id() || knock.Gone {
				t.Errorf("%s hears %+v", p.id(), knock)
			}
		}
		ok(t, member.Admit(bg, 6, late.id()))
		joined := only[Joined](t, late.pull())
		if len(joined.People) != 4 || !joined.People[3].Sending.Camera {
			t.Errorf("late finds %+v", joined.People)
		}
		wantCode(t, host.Admit(bg, 7, late.id()), CodeNotFound) // another host was faster
		ok(t, host.Deny(bg, 8, early.id()))
		if closed := only[Closed](t, early.pull()); closed.Reason != ReasonDenied {
			t.Errorf("the denied is told %+v", closed)
		}
		for _, e := range member.pull() {
			if knock, is := e.Data.(Knock); is && (!knock.Gone || knock.Participant == late.id() && e.Re != 6) {
				t.Errorf("the member hears %+v in answer to %d", knock, e.Re)
			}
		}
		if knocks := told[Knock](viewer.pull()); len(knocks) > 0 {
			t.Errorf("a viewer hears %+v", knocks)
		}
	})
}

func TestWaitingPeopleLeaveAndComeBack(t *testing.T) {
	inHouse(t, lobby, func(t *testing.T, h *house) {
		host := h.person(Host, "Host")
		guest := h.mustOpen(Request{Role: Guest})
		ok(t, guest.Join(bg, 1, "Guest", Sending{}))
		guest.pull()
		guest.Detach()
		host.pull()
		ok(t, host.Admit(bg, 1, guest.id())) // admitted while the connection is lost
		back, err := h.resume(guest)
		ok(t, err)
		only[Joined](t, back.pull())

		gone := h.mustOpen(Request{Role: Guest})
		ok(t, gone.Join(bg, 1, "Gone", Sending{}))
		host.pull()
		gone.Detach()
		time.Sleep(31 * time.Second)
		if knock := only[Knock](t, host.pull()); !knock.Gone {
			t.Errorf("the host hears %+v", knock)
		}
		wantCode(t, host.Admit(bg, 1, gone.id()), CodeNotFound)
	})
}

func TestAdmittingIntoAFullRoomKeepsThemWaiting(t *testing.T) {
	inHouse(t, func(c *Config) { c.Settings.Lobby, c.MaxPeople = true, 2 }, func(t *testing.T, h *house) {
		host, second := h.person(Host, "Host"), h.person(Host, "Second")
		guest := h.mustOpen(Request{Role: Guest})
		ok(t, guest.Join(bg, 1, "Guest", Sending{}))
		wantCode(t, host.Admit(bg, 1, guest.id()), CodeRoomFull)
		ok(t, second.Leave(bg, 0))
		ok(t, host.Admit(bg, 1, guest.id()))
	})
}

func TestW11_LobbyBypass(t *testing.T) {
	inHouse(t, lobby, func(t *testing.T, h *house) {
		host := h.person(Host, "Host")
		tried, refused := 0, 0
		try := func(c *caller) {
			t.Helper()
			tried += 2
			_, err := c.Negotiate(bg, Offer{SDP: "o", Microphone: "0"})
			for _, err := range []error{err, c.SetLayout(bg, Layout{Mode: LayoutGrid})} {
				if CodeOf(err) == CodeNotAdmitted {
					refused++
				}
			}
		}
		guest := h.mustOpen(Request{Role: Guest})
		try(guest) // at the door
		ok(t, guest.Join(bg, 1, "Guest", Sending{}))
		guest.pull()
		try(guest) // waiting
		guest.Detach()
		back, err := h.resume(guest)
		ok(t, err)
		try(back) // back, still waiting
		_, err = h.open(Request{Kind: Publisher, Role: Guest})
		wantCode(t, err, CodeNotAdmitted)
		_, err = h.open(Request{Kind: Spectator, Role: Guest})
		wantCode(t, err, CodeNotAdmitted)
		synctest.Wait()
		peers := h.media.open()

		ok(t, host.Admit(bg, 0, guest.id()))
		_, err = back.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		synctest.Wait()
		entered := h.media.of(t, guest.id()).entered
		catalogue.Report(t, catalogue.Item{
			ID:       "W11",
			Injected: "offers and layouts before a host admits: at the door, waiting, resumed, as WHIP and WHEP",
			Measured: fmt.Sprintf("%d of %d refused, %d media peers; after admission entered=%v", refused, tried, peers, entered),
			Bar:      "all refused with not-admitted, 0 media peers; entered once admitted",
			Pass:     refused == tried && peers == 0 && entered,
		})
	})
}
