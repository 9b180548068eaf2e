package signaling_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/identity"
	"palabre/signaling/protocol"
)

func TestAHostSaysHowLongThingsAreKeptAndWhichSitesEmbedTheRoom(t *testing.T) {
	h := newHouse(t)
	host := h.token(identity.Grant{Room: "r", Role: "host", Name: "Ana", Subject: "ana"})
	ana, _, _ := h.enter(protocol.Hello{Room: "r", Token: host}, "Ana")
	bob, _, _ := h.enter(protocol.Hello{Room: "r"}, "Bob")
	sites := []string{"https://chat.example", "http://localhost:8080"}

	ana.send(protocol.TypeConfigure, protocol.Configure{RetentionDays: new(30.5), Origins: &sites})
	about := want[protocol.Room](ana, protocol.TypeRoom)
	if diff := cmp.Diff(sites, about.Origins); diff != "" || about.RetentionDays != 30.5 {
		t.Errorf("the host is told %v days, and of origins %s", about.RetentionDays, diff)
	}
	if about := want[protocol.Room](bob, protocol.TypeRoom); about.RetentionDays != 0 || about.Origins != nil {
		t.Errorf("a guest is told %+v", about)
	}
	bob.fails(protocol.CodeForbidden, bob.send(protocol.TypeConfigure, protocol.Configure{Origins: &[]string{"https://evil.example"}}))
	for name, change := range map[string]protocol.Configure{
		"a path":        {Origins: &[]string{"https://chat.example/room"}},
		"no scheme":     {Origins: &[]string{"chat.example"}},
		"a directive":   {Origins: &[]string{"https://chat.example; script-src *"}},
		"more than ten": {RetentionDays: new(3651.0)},
		"less than now": {RetentionDays: new(-0.1)},
	} {
		t.Run(name, func(t *testing.T) {
			ana.t = t
			ana.fails(protocol.CodeBadMessage, ana.send(protocol.TypeConfigure, change))
		})
	}
	ana.send(protocol.TypeConfigure, protocol.Configure{Title: new("Plan")})
	if about := want[protocol.Room](ana, protocol.TypeRoom); about.RetentionDays != 30.5 || len(about.Origins) != 2 {
		t.Errorf("after a change of something else: %+v", about)
	}
	ana.send(protocol.TypeConfigure, protocol.Configure{RetentionDays: new(0.0), Origins: &[]string{}})
	if about := want[protocol.Room](ana, protocol.TypeRoom); about.RetentionDays != 0 || len(about.Origins) != 0 {
		t.Errorf("taken back, and the host is told %+v", about)
	}
}
