package frame_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/signaling/frame"
	"palabre/signaling/protocol"
)

func TestDecode(t *testing.T) {
	var got protocol.ClientMessage
	err := frame.Decode([]byte(` {"type":"offer","id":7,"data":{"sdp":"v=0","lines":[1,{"a":true}]}} `), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := protocol.ClientMessage{Type: "offer", ID: 7, Data: json.RawMessage(`{"sdp":"v=0","lines":[1,{"a":true}]}`)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var change protocol.Configure
	if err := frame.Decode([]byte(`{"title":"Plan","lobby":false,"maxPeople":6,"least":{"chat":"host","share":""}}`), &change); err != nil {
		t.Error(err)
	}
	if *change.Title != "Plan" || *change.Lobby || *change.MaxPeople != 6 || len(change.Least) != 2 || change.AudioOnly != nil {
		t.Errorf("got %+v", change)
	}
	var offer protocol.Offer
	if err := frame.Decode([]byte(`{"sdp":"v=0","lines":{"seats":null,"stages":[],"voices":["1"]}}`), &offer); err != nil {
		t.Error(err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000)
	for name, c := range map[string]struct {
		text string
		into any
		says string
	}{
		"nothing":             {``, new(protocol.ClientMessage), "unexpected EOF"},
		"not JSON":            {`hello`, new(protocol.ClientMessage), "invalid character"},
		"cut off":             {`{"type":"hello"`, new(protocol.ClientMessage), "unexpected EOF"},
		"two messages":        {`{"type":"ping"}{"type":"ping"}`, new(protocol.ClientMessage), "follows"},
		"a list":              {`[]`, new(protocol.ClientMessage), "must be an object"},
		"null":                {`null`, new(protocol.ClientMessage), "must be an object"},
		"null data":           {`{"type":"ping","data":null}`, new(protocol.ClientMessage), "data must not be null"},
		"unknown field":       {`{"type":"ping","admin":true}`, new(protocol.ClientMessage), `no field "admin"`},
		"other case":          {`{"Type":"ping"}`, new(protocol.ClientMessage), `no field "Type"`},
		"duplicate":           {`{"type":"ping","type":"leave"}`, new(protocol.ClientMessage), `"type" twice`},
		"duplicate inside":    {`{"sdp":"","lines":{"camera":"1","camera":"2"}}`, new(protocol.Offer), `"camera" twice`},
		"deep objects":        {`{"type":"ping","data":` + strings.Repeat(`{"a":`, 100_000), new(protocol.ClientMessage), "too deep"},
		"cut off inside":      {`{"type":"ping","data":{"a":[1`, new(protocol.ClientMessage), "unexpected EOF"},
		"cut off in a list":   {`{"sdp":"","lines":{"voices":["1"`, new(protocol.Offer), "unexpected EOF"},
		"deep":                {`{"type":"ping","data":` + deep + `}`, new(protocol.ClientMessage), "too deep"},
		"negative id":         {`{"type":"ping","id":-1}`, new(protocol.ClientMessage), "cannot unmarshal"},
		"huge id":             {`{"type":"ping","id":1e99}`, new(protocol.ClientMessage), "cannot unmarshal"},
		"broken UTF-8":        {"{\"type\":\"\xff\"}", new(protocol.ClientMessage), "UTF-8"},
		"null for a missing":  {`{"lobby":null}`, new(protocol.Configure), "lobby must be true or false"},
		"list for a table":    {`{"least":[]}`, new(protocol.Configure), "least must be an object"},
		"number in a table":   {`{"least":{"chat":1}}`, new(protocol.Configure), "least.chat must be a string"},
		"duplicate in table":  {`{"least":{"chat":"","chat":""}}`, new(protocol.Configure), `"chat" twice`},
		"table cut off":       {`{"least":{"chat":""`, new(protocol.Configure), "unexpected EOF"},
		"number for a string": {`{"text":5}`, new(protocol.ChatText), "text must be a string"},
		"string for a bool":   {`{"raised":"yes"}`, new(protocol.Hand), "raised must be true or false"},
		"string for a number": {`{"room":"a","lastSeq":"1"}`, new(protocol.Hello), "lastSeq must be a number"},
		"null for a string":   {`{"sdp":null,"lines":{}}`, new(protocol.Offer), "sdp must be a string"},
		"text for a list":     {`{"sdp":"","lines":{"seats":"all"}}`, new(protocol.Offer), "lines.seats must be a list"},
		"inside a list":       {`{"sdp":"","lines":{"seats":[{"audio":"0","video":1}]}}`, new(protocol.Offer), "lines.seats[0].video must be a string"},
		"spoofed sender":      {`{"text":"hi","participant":"somebody"}`, new(protocol.ChatText), `no field "participant"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := frame.Decode([]byte(c.text), c.into)
			if !errors.Is(err, frame.ErrMalformed) {
				t.Fatalf("error %v, want ErrMalformed", err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
		})
	}
}

// FuzzDecode: whatever is accepted means the same when it is written again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"sdp":"v=0","lines":{"microphone":"0","seats":[{"audio":"1","video":"2"}],"stages":[],"voices":["3"]}}`))
	f.Add([]byte(`{"lines":{"lines":{}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second protocol.Offer
		if frame.Decode(text, &first) != nil {
			return
		}
		again, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
	})
}
