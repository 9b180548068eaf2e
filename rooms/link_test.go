package rooms

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestMediaIsPreparedAtTheDoorAndFlowsOnceJoined(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.mustOpen(Request{Role: Guest})
		sdp, err := ada.Negotiate(bg, Offer{SDP: "one", Microphone: "0"})
		if err != nil || sdp != "answer to one" {
			t.Fatalf("answered %q, %v", sdp, err)
		}
		ok(t, ada.SetLayout(bg, Layout{Mode: LayoutGrid}))
		synctest.Wait()
		peer := h.media.of(t, ada.id())
		if peer.entered || peer.layout.Mode != LayoutGrid {
			t.Errorf("before joining the peer is entered %v, shows %+v", peer.entered, peer.layout)
		}
		ok(t, ada.Join(bg, 1, "Ada", Sending{Microphone: true}))
		synctest.Wait()
		if !peer.entered || !peer.sending.Microphone {
			t.Errorf("after joining the peer is entered %v, sends %+v", peer.entered, peer.sending)
		}
		_, err = ada.Negotiate(bg, Offer{SDP: "more seats"})
		ok(t, err)
		if len(peer.offers) != 2 {
			t.Errorf("the second offer went elsewhere: %+v", peer.offers)
		}
	})
}

func TestASlowNegotiationHoldsUpNobody(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		h.media.gate = make(chan struct{})
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		answered := make(chan error, 3)
		for range 2 {
			go func() {
				_, err := ada.Negotiate(bg, Offer{SDP: "o"})
				answered <- err
			}()
		}
		synctest.Wait()
		ok(t, ben.Say(bg, 0, "meanwhile", ""))
		ok(t, ada.Hand(bg, 0, true))
		only[Line](t, ada.pull())
		if n := len(h.media.of(t, ada.id()).offers); n != 1 {
			t.Errorf("%d offers of one client are negotiated at once", n)
		}
		close(h.media.gate)
		ok(t, <-answered)
		ok(t, <-answered)

		h.media.gate = make(chan struct{})
		go func() {
			_, err := ada.Negotiate(bg, Offer{SDP: "o"})
			answered <- err
		}()
		synctest.Wait()
		ok(t, ada.Leave(bg, 0)) // ends the negotiation too
		wantCode(t, <-answered, CodeUnavailable)
		ctx, cancel := context.WithCancel(bg)
		cancel()
		_, err := ben.Negotiate(ctx, Offer{SDP: "o"})
		wantCode(t, err, CodeUnavailable)
	})
}

func TestNegotiationFailures(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		_, err := ada.Negotiate(bg, Offer{SDP: "bad"})
		wantCode(t, err, CodeBadOffer)
		if !errors.Is(err, ErrBadOffer) || MessageOf(err) == "" {
			t.Errorf("the refusal is %v with the sentence %q", err, MessageOf(err))
		}
		_, err = ada.Negotiate(bg, Offer{SDP: "broken"})
		wantCode(t, err, CodeInternal)
		if MessageOf(err) != "Internal error." {
			t.Errorf("a client is told %q", MessageOf(err))
		}
		synctest.Wait()
		if n := h.media.open(); n != 0 {
			t.Errorf("%d peers stay open after failed first offers", n)
		}
		_, err = ada.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		_, err = ada.Negotiate(bg, Offer{SDP: "bad"})
		wantCode(t, err, CodeBadOffer)
		synctest.Wait()
		if n := h.media.open(); n != 1 {
			t.Errorf("%d peers are open, want the one that stands", n)
		}
		_, err = h.mustOpen(Request{Kind: Publisher, Role: Guest, Participant: "unopenable"}).Negotiate(bg, Offer{SDP: "o"})
		wantCode(t, err, CodeInternal)
		h.media.gate = make(chan struct{})
		start := time.Now()
		_, err = ada.Negotiate(bg, Offer{SDP: "o"})
		wantCode(t, err, CodeUnavailable)
		if after := time.Since(start); after != answerTime {
			t.Errorf("given up after %s", after)
		}
		h.media.gate = nil
	})
}

func TestMediaReports(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		_, err := ada.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		first := h.media.of(t, ada.id())
		first.report.Connected()
		first.report.Seated([]Seat{{Kind: SeatPerson, Participant: "x"}})
		first.report.Layers(Camera, []LayerWish{{RID: "h"}})
		first.report.Disconnected()
		first.report.Failed("no path")
		first.report.Seated(nil) // too late to count
		events := ada.pull()
		if only[Seating](t, events).Seats[0].Participant != "x" || only[Layers](t, events).Wishes[0].RID != "h" {
			t.Errorf("told %s", describe(events))
		}
		only[RestartICE](t, events)
		if lost := only[MediaLost](t, events); lost.Reason != "no path" {
			t.Errorf("told %+v", lost)
		}
		ada.Detach()
		back, err := h.resume(ada)
		ok(t, err)
		if back.Welcome().Media {
			t.Error("told that failed media still stands")
		}
		_, err = back.Negotiate(bg, Offer{SDP: "new"})
		ok(t, err)
		synctest.Wait()
		second := h.media.of(t, ada.id())
		if second == first || !second.entered || !first.closed {
			t.Errorf("the new peer is entered %v, the old closed %v", second.entered, first.closed)
		}
	})
}

func TestMediaThatCannotEnterIsLost(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		h.media.enterErr = errors.New("full")
		ada := h.person(Guest, "Ada")
		_, err := ada.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		synctest.Wait()
		only[MediaLost](t, ada.pull())
		if n := h.media.open(); n != 0 {
			t.Errorf("%d peers stay open", n)
		}
	})
}

func TestRolesDecideWhatAnOfferMeans(t *testing.T) {
	all := Offer{SDP: "o", Microphone: "0", Camera: "1", Screen: "2", ScreenAudio: "3"}
	for role, want := range map[Role]Offer{Host: all, Member: all, Guest: all, Viewer: {SDP: "o"}} {
		inHouse(t, nil, func(t *testing.T, h *house) {
			c := h.mustOpen(Request{Role: role})
			_, err := c.Negotiate(bg, all)
			ok(t, err)
			ok(t, c.Join(bg, 1, "X", Sending{true, true, true, true, true}))
			synctest.Wait()
			peer := h.media.of(t, c.id())
			if got := peer.offers[0]; got.Microphone != want.Microphone || got.Camera != want.Camera ||
				got.Screen != want.Screen || got.ScreenAudio != want.ScreenAudio {
				t.Errorf("the offer of a %s means %+v", role, got)
			}
			if may := role != Viewer; peer.sending != (Sending{may, may, may, may, may}) {
				t.Errorf("a %s sends %+v", role, peer.sending)
			}
		})
	}
}

// TestClientsOnIOSKeepTwoLayers has clients of different kinds negotiate.
func TestClientsOnIOSKeepTwoLayers(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		for client, want := range map[string]bool{
			"web-ios/0.1": true, "web-iOS/0.1": true, "ios": true, "web/0.1": false, "radios/1": false, "web/ios": false, "": false,
		} {
			ada := h.mustOpen(Request{Role: Guest, Client: client})
			ok(t, ada.Join(bg, 1, "Ada", Sending{}))
			_, err := ada.Negotiate(bg, Offer{SDP: "o"})
			ok(t, err)
			peer := h.media.of(t, ada.id())
			peer.media.mu.Lock()
			if got := peer.offers[0].KeepTwo; got != want {
				t.Errorf("%q: keeps two %v", client, got)
			}
			peer.media.mu.Unlock()
		}
	})
}
