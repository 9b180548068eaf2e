package sfu_test

import (
	"strings"
	"testing"
)

func TestTwoPeopleMeet(t *testing.T) {
	s := server(t)
	alice := join(t, s, "room", "alice", person(4))
	bob := join(t, s, "room", "bob", person(4))
	for _, c := range []*client{alice, bob} {
		talk, film := c.talk(20), c.film(c.camera, 25, 100)
		defer talk.end()
		defer film.end()
	}
	for viewer, other := range map[*client]string{alice: "bob", bob: "alice"} {
		until(t, viewer.id+" to be seated with "+other, func() bool { s, ok := viewer.heard.seat(other); return ok && s.Video && s.Audio })
		until(t, viewer.id+" to see and hear "+other, func() bool { return len(viewer.video(0)) > 50 && len(viewer.audio(0)) > 20 })
		if !strings.Contains(viewer.answer, "a=msid:seat0 ") || !strings.Contains(viewer.answer, "typ host") {
			t.Errorf("answer without seat or candidate:\n%s", viewer.answer)
		}
	}
}
