package signaling

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/frame"
	"palabre/signaling/protocol"
)

// silent is a media plane that answers and does nothing.
type silent struct{}

func (silent) Open(string, string, rooms.MediaReport) (rooms.MediaPeer, error) { return silent{}, nil }
func (silent) Answer(context.Context, rooms.Offer) (string, error)             { return "v=0", nil }
func (silent) Enter(context.Context) error                                     { return nil }
func (silent) SetLayout(rooms.Layout)                                          {}
func (silent) SetSending(rooms.Sending)                                        {}
func (silent) Move(string)                                                     {}
func (silent) Send([]byte) bool                                                { return false }
func (silent) Stats() rooms.MediaStats                                         { return rooms.MediaStats{} }
func (silent) Close() error                                                    { return nil }

// FuzzClientMessage: whatever a joined client sends, the server stands, and
// what it refuses has a code of its own and changed nothing.
func FuzzClientMessage(f *testing.F) {
	for _, text := range []string{
		`{"type":"chat","id":1,"data":{"text":"hi","nonce":"n"}}`,
		`{"type":"layout","data":{"mode":"tiles","tiles":[{"participant":"p","source":"camera","width":640,"height":360}]}}`,
		`{"type":"offer","id":2,"data":{"sdp":"v=0","lines":{"microphone":"0","seats":[{"audio":"1","video":"2"}],"stages":[],"voices":["3"]}}}`,
		`{"type":"join","data":{"name":"A","media":{"microphone":true,"camera":false,"screen":false,"screenAudio":false}}}`,
		`{"type":"hand","data":{"raised":true}}`, `{"type":"react","data":{"emoji":"👏"}}`, `{"type":"rename","data":{"name":"B"}}`,
		`{"type":"admit","data":{"participant":"p"}}`, `{"type":"leave"}`, `{"type":"ping","id":9}`, `{"type":"hello","data":{"room":"r"}}`,
	} {
		f.Add([]byte(text))
	}
	keys, err := identity.LoadKeys(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	domain, err := rooms.New(rooms.Config{Tokens: keys}, silent{})
	if err != nil {
		f.Fatal(err)
	}
	server, err := New(Config{Rooms: domain, Tokens: keys, OpenRooms: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		_ = domain.Close()
		_ = server.Close()
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		c := joined(t, server)
		defer func() {
			close(c.readerDone)
			c.offers.Wait()
			_ = c.session.Leave(t.Context(), 0)
		}()
		var m protocol.ClientMessage
		if frame.Decode(text, &m) != nil {
			return
		}
		before := bytes.Clone(m.Data)
		err := c.handle(t.Context(), m)
		if !bytes.Equal(before, m.Data) {
			t.Error("handling a message changed it")
		}
		if err == nil {
			return
		}
		if e := wireError(err); e.Code == protocol.CodeInternal || e.Message == "" {
			t.Errorf("%q fails with %+v: %v", text, e, err)
		}
		if events, _ := c.session.Take(batch); len(events) != 0 {
			t.Errorf("%q fails with %v and yet something happened: %+v", text, err, events)
		}
	})
}

// joined is a connection without a socket whose session has joined.
func joined(t *testing.T, server *Server) *conn {
	t.Helper()
	session, err := server.cfg.Rooms.Open(t.Context(), rooms.Request{Room: "r", Role: rooms.Guest})
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Join(t.Context(), 0, "Fuzz", rooms.Sending{}); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Take(batch); err != nil {
		t.Fatal(err)
	}
	return &conn{
		server: server, session: session, timing: server.cfg.Timing,
		offerBudget: rate.NewLimiter(rate.Inf, 0), readerDone: make(chan struct{}), writing: true,
	}
}

// FuzzHello: whatever a stranger says first, it opens no session or a guest's.
func FuzzHello(f *testing.F) {
	f.Add([]byte(`{"room":"tree","name":"Ana","client":"web/1"}`))
	f.Add([]byte(`{"room":"tree","token":"a.b.c"}`))
	f.Add([]byte(`{"room":"tree","resume":"a.b.c","lastSeq":7}`))
	keys, err := identity.LoadKeys(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	server := &Server{cfg: Config{Tokens: keys, OpenRooms: true}.withDefaults()}
	f.Fuzz(func(t *testing.T, text []byte) {
		var hello protocol.Hello
		if frame.Decode(text, &hello) != nil {
			return
		}
		req, err := server.request(t.Context(), hello)
		if err != nil {
			return
		}
		if hello.Token != "" && hello.Resume == "" {
			t.Errorf("token %q passes", hello.Token)
		}
		if again, err := parseRoom(req.Room); err != nil || again != req.Room || req.Role != rooms.Guest || req.Identity != "" || req.NameFixed {
			t.Errorf("%q asks for %+v", text, req)
		}
	})
}

// The wire form of every event is what clients can read.
func TestEveryEventHasAMessage(t *testing.T) {
	for _, data := range []rooms.Data{
		rooms.Waiting{}, rooms.Joined{}, rooms.Preview{}, rooms.Person{}, rooms.Left{}, rooms.Knock{}, rooms.Line{}, rooms.LineEdited{}, rooms.LineDeleted{}, rooms.LineReacted{}, rooms.History{}, rooms.Reaction{},
		rooms.Seating{}, rooms.Speakers{}, rooms.Layers{}, rooms.RestartICE{}, rooms.MediaLost{}, rooms.Restarting{After: time.Second}, rooms.Closed{},
	} {
		m := message(rooms.Event{Seq: 7, Re: 8, Data: data})
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if m.Type == protocol.TypeError || m.Seq != 7 || m.Re != 8 || bytes.Contains(text, []byte("null")) {
			t.Errorf("%T becomes %s", data, text)
		}
	}
}
