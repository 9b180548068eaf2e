package rooms

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPublisherJoinsWithItsFirstAnswerAndLivesWithItsMedia(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		camera := h.mustOpen(Request{Kind: Publisher, Role: Guest, Participant: "stage-cam", Sending: Sending{Camera: true}})
		if events := ada.pull(); len(events) > 0 {
			t.Errorf("before its media is negotiated Ada is told %s", describe(events))
		}
		_, err := camera.Negotiate(bg, Offer{SDP: "o", Camera: "0"})
		ok(t, err)
		if p := only[Person](t, ada.pull()); p.ID != "stage-cam" || p.Name != "stage-cam" || !p.Sending.Camera {
			t.Errorf("Ada sees %+v", p)
		}
		synctest.Wait()
		peer := h.media.of(t, "stage-cam")
		if !peer.entered || !peer.sending.Camera {
			t.Errorf("its media has entered %v, sends %+v", peer.entered, peer.sending)
		}
		peer.report.Connected()
		for range 2 * maxKept { // nobody reads its events, and nobody minds
			ok(t, ada.Hand(bg, 0, true))
			ok(t, ada.Hand(bg, 0, false))
			ada.pull()
		}
		time.Sleep(time.Hour)
		camera.Detach()
		time.Sleep(time.Hour)
		if told[Left](ada.pull()) != nil {
			t.Error("a publisher with a standing connection left")
		}
		peer.report.Disconnected()
		time.Sleep(29 * time.Second)
		peer.report.Connected()
		time.Sleep(time.Minute)
		if told[Left](ada.pull()) != nil {
			t.Error("a publisher whose connection came back left")
		}
		peer.report.Failed("gone")
		<-camera.Done()
		if left := only[Left](t, ada.pull()); left.Reason != ReasonLost {
			t.Errorf("Ada is told %+v", left)
		}
	})
}

func TestNobodySeesAMachineThatIsRefused(t *testing.T) {
	inHouse(t, func(c *Config) { c.MaxPeople = 2 }, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		camera := h.mustOpen(Request{Kind: Publisher, Role: Guest})
		_, err := camera.Negotiate(bg, Offer{SDP: "bad"})
		wantCode(t, err, CodeBadOffer)
		ok(t, camera.Leave(bg, 0))
		late := h.mustOpen(Request{Kind: Publisher, Role: Guest})
		ben := h.person(Guest, "Ben") // takes the last place meanwhile
		_, err = late.Negotiate(bg, Offer{SDP: "o"})
		wantCode(t, err, CodeRoomFull)
		<-late.Done()
		if p := only[Person](t, ada.pull()); p.ID != ben.id() || told[Left](ben.pull()) != nil {
			t.Errorf("Ada sees %+v", p)
		}
		synctest.Wait()
		if n := h.media.open(); n != 0 {
			t.Errorf("%d peers stay open", n)
		}
	})
}

func TestMachinesThatNeverConnectGo(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		h.person(Guest, "Ada")
		viewer := h.mustOpen(Request{Kind: Spectator, Role: Viewer})
		start := time.Now()
		<-viewer.Done()
		if after := time.Since(start); after != 30*time.Second {
			t.Errorf("it went after %s", after)
		}
	})
}

func TestSpectatorIsNotSeen(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		viewer := h.mustOpen(Request{Kind: Spectator, Role: Viewer, Identity: "tv"})
		_, err := viewer.Negotiate(bg, Offer{SDP: "o", Microphone: "0", Screen: "1"})
		ok(t, err)
		synctest.Wait()
		peer := h.media.of(t, viewer.id())
		if !peer.entered || peer.layout.Mode != LayoutSpeaker || peer.offers[0].Microphone != "" || peer.offers[0].Screen != "" {
			t.Errorf("its media is %+v", peer)
		}
		ok(t, viewer.Leave(bg, 0))
		if events := ada.pull(); len(events) > 0 {
			t.Errorf("Ada is told %s", describe(events))
		}
		if people := only[Joined](t, h.rejoined(Guest, "Ben").seen).People; len(people) != 2 {
			t.Errorf("Ben finds %+v", people)
		}
	})
}

func TestSpectatorWatchesOneAndFollowsThem(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		h.person(Guest, "Ada")
		_, err := h.open(Request{Kind: Spectator, Role: Viewer, Watch: "zoe"})
		wantCode(t, err, CodeNotFound)
		zoe := h.mustOpen(Request{Role: Member, Identity: "zoe"})
		ok(t, zoe.Join(bg, 1, "Zoé", Sending{}))
		viewer := h.mustOpen(Request{Kind: Spectator, Role: Viewer, Watch: "zoe"})
		_, err = viewer.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		synctest.Wait()
		peer := h.media.of(t, viewer.id())
		if tiles := peer.layout.Tiles; len(tiles) != 1 || tiles[0].Participant != "zoe" {
			t.Errorf("it is shown %+v", peer.layout)
		}
		elsewhere := h.mustOpen(Request{Role: Member, Identity: "zoe"})
		ok(t, elsewhere.Join(bg, 1, "Zoé", Sending{}))
		synctest.Wait()
		if tiles := peer.layout.Tiles; len(tiles) != 1 || tiles[0].Participant != elsewhere.id() {
			t.Errorf("after she moved it is shown %+v", peer.layout)
		}
	})
}

func TestSameIdentityReplacesTheOlder(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		first := h.mustOpen(Request{Role: Member, Identity: "zoe"})
		ok(t, first.Join(bg, 1, "Zoé", Sending{}))
		second := h.mustOpen(Request{Role: Member, Identity: "zoe"})
		if first.id() != "zoe" || second.id() == "zoe" {
			t.Errorf("the ids are %s and %s", first.id(), second.id())
		}
		ok(t, first.Say(bg, 0, "looking through another door harms nobody", ""))
		ok(t, second.Join(bg, 1, "Zoé", Sending{}))
		if closed := only[Closed](t, first.pull()); closed.Reason != ReasonReplaced {
			t.Errorf("the older is told %+v", closed)
		}
		ada.pull()
		if len(ada.people) != 2 {
			t.Errorf("Ada sees %+v", ada.people)
		}
		_, err := h.resume(first)
		wantCode(t, err, CodeResumeFailed)
	})
}

func TestChosenIDsTakeNobodysPlace(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.person(Guest, "Ada")
		zoe := h.mustOpen(Request{Role: Member, Identity: "zoe"})
		ok(t, zoe.Join(bg, 1, "Zoé", Sending{}))
		zoe2 := h.mustOpen(Request{Role: Member, Identity: "zoe"})
		ok(t, zoe2.Join(bg, 1, "Zoé", Sending{}))
		cam := Request{Kind: Publisher, Role: Guest, Participant: "cam", Credential: "token 1"}
		first := h.mustOpen(cam)
		for _, taken := range []Request{
			{Kind: Publisher, Role: Guest, Participant: ada.id()},
			{Kind: Publisher, Role: Guest, Participant: "zoe"}, // an identity, now under another id
			{Kind: Publisher, Role: Guest, Participant: "cam"},
			{Kind: Publisher, Role: Guest, Participant: "cam", Credential: "token 2"},
			{Kind: Publisher, Role: Guest, Identity: ada.id()},
		} {
			_, err := h.open(taken)
			wantCode(t, err, CodeForbidden)
		}
		again := h.mustOpen(cam)
		<-first.Done()
		proved := h.mustOpen(Request{Kind: Publisher, Role: Guest, Identity: "cam"})
		<-again.Done()
		if proved.id() != "cam" {
			t.Errorf("the proved identity got the id %s", proved.id())
		}
		_, err := h.open(Request{Kind: Publisher, Role: Viewer, Participant: "v"})
		wantCode(t, err, CodeForbidden)
		for _, bad := range []string{"with space", "nul\x00", "\u202e", string(make([]byte, 129))} {
			_, err := h.open(Request{Kind: Publisher, Role: Guest, Participant: bad})
			wantCode(t, err, CodeBadMessage)
		}
	})
}

func TestTheNextOfAnIDWaitsForTheMediaOfTheLast(t *testing.T) {
	inHouse(t, nil, func(t *testing.T, h *house) {
		cam := Request{Kind: Publisher, Role: Guest, Participant: "cam", Credential: "c"}
		first := h.mustOpen(cam)
		_, err := first.Negotiate(bg, Offer{SDP: "o"})
		ok(t, err)
		h.media.shut = make(chan struct{})
		second := h.mustOpen(cam)
		answered := make(chan error, 1)
		go func() {
			_, err := second.Negotiate(bg, Offer{SDP: "o"})
			answered <- err
		}()
		synctest.Wait()
		select {
		case err := <-answered:
			t.Errorf("answered (%v) while the older peer is not closed", err)
		default:
		}
		close(h.media.shut)
		ok(t, <-answered)
	})
}
