package api_test

import (
	"strings"
	"testing"
	"time"

	"palabre/rooms"
	"palabre/signaling/api/apitest"
)

// chatLine is a line as programs read it.
type chatLine struct {
	ID, Name, Text, Reply string
	Deleted               bool
	Edited                *time.Time
	Reactions             []struct {
		Emoji string
		Count int
		Names []string
	}
}

type chatPage struct {
	Items []chatLine
	Next  string
}

func (p chatPage) texts() string {
	var list []string
	for _, l := range p.Items {
		list = append(list, l.Text)
	}
	return strings.Join(list, "|")
}

// TestAProgramTakesPartInTheChat: all that people do with lines, by API, and
// never a private one of others.
func TestAProgramTakesPartInTheChat(t *testing.T) {
	h := open(t)
	lines := "/rooms/oak/chat"
	h.Want(409, "POST "+lines, apitest.All, map[string]string{"text": "is anybody there?"})
	ana, ben := h.Join("oak", "ana", rooms.Host), h.Join("oak", "ben", rooms.Guest)
	if err := ana.Write(t.Context(), 0, rooms.Message{Text: "Été à Paris"}); err != nil {
		t.Fatal(err)
	}
	first := news(t, ben, func(rooms.Line) bool { return true })
	if err := ana.Write(t.Context(), 0, rooms.Message{Text: "only for Ben in Paris", To: "ben"}); err != nil {
		t.Fatal(err)
	}
	private := news(t, ben, func(l rooms.Line) bool { return l.Private() })

	var said chatLine
	h.Want(201, "POST "+lines, apitest.All, map[string]string{"text": "from a program", "reply": first.ID, "nonce": "n"}).JSON(&said)
	if told := news(t, ben, func(l rooms.Line) bool { return l.ID == said.ID }); told.Text != "from a program" || told.Quote.Line != first.ID {
		t.Errorf("Ben is told %+v", told)
	}
	var again chatLine
	h.Want(201, "POST "+lines, apitest.All, map[string]string{"text": "from a program", "nonce": "n"}).JSON(&again)
	if again.ID != said.ID {
		t.Error("a repeat was written again")
	}
	at := lines + "/" + said.ID
	h.Want(204, "PATCH "+at, apitest.All, map[string]string{"text": "from a machine"})
	news(t, ben, func(e rooms.LineEdited) bool { return e.Text == "from a machine" })
	h.Want(403, "PATCH "+lines+"/"+first.ID, apitest.All, map[string]string{"text": "mine"})
	h.Want(204, "PUT "+at+"/reactions/👍", apitest.All, nil)
	news(t, ben, func(r rooms.LineReacted) bool { return !r.Gone })
	h.Want(204, "PUT "+lines+"/"+first.ID+"/reactions/🎉", apitest.All, nil)
	h.Want(204, "DELETE "+at+"/reactions/👍", apitest.All, nil)
	news(t, ben, func(r rooms.LineReacted) bool { return r.Gone })
	h.Want(404, "GET "+lines+"/"+private.ID, apitest.All, nil)
	h.Want(404, "DELETE "+lines+"/"+private.ID, apitest.All, nil)
	h.Want(404, "PUT "+lines+"/"+private.ID+"/reactions/👍", apitest.All, nil)

	var page chatPage
	h.Want(200, "GET "+lines, apitest.All, nil).JSON(&page)
	if page.texts() != "Été à Paris|from a machine" || page.Items[1].Edited == nil || len(page.Items[0].Reactions) != 1 || page.Items[0].Reactions[0].Count != 1 {
		t.Errorf("listed is %+v", page)
	}
	h.Want(200, "GET "+lines+"?words=ETE+paris", apitest.All, nil).JSON(&page)
	if page.texts() != "Été à Paris" {
		t.Errorf("found is %q", page.texts())
	}
	h.Want(200, "GET "+lines+"?limit=1&order=newest", apitest.All, nil).JSON(&page)
	if page.texts() != "from a machine" || page.Next == "" {
		t.Errorf("the newest is %+v", page)
	}
	for _, wrong := range []string{"?since=yesterday", "?order=random", "?limit=0", "/export?format=xml"} {
		h.Want(400, "GET "+lines+wrong, apitest.All, nil)
	}
	h.Want(204, "DELETE "+at, apitest.All, nil)
	news(t, ben, func(d rooms.LineDeleted) bool { return d.Line == said.ID })
	var gone chatLine
	h.Want(200, "GET "+at, apitest.All, nil).JSON(&gone)
	if !gone.Deleted || gone.Text != "" {
		t.Errorf("deleted it is %+v", gone)
	}
}

// TestTheChatIsExported as JSON lines and as text, also after the meeting, and
// a line of it is deleted then.
func TestTheChatIsExported(t *testing.T) {
	h := open(t)
	ana := h.Join("oak", "ana", rooms.Host)
	for _, text := range []string{"one", "two\nlines", "three"} {
		if err := ana.Write(t.Context(), 0, rooms.Message{Text: text}); err != nil {
			t.Fatal(err)
		}
		news(t, ana, func(l rooms.Line) bool { return l.Text == text })
	}
	if err := ana.Leave(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	<-ana.Done()
	var page chatPage
	h.Want(200, "GET /rooms/oak/chat", apitest.All, nil).JSON(&page)
	h.Want(204, "DELETE /rooms/oak/chat/"+page.Items[2].ID, apitest.All, nil)
	h.Want(404, "DELETE /rooms/oak/chat/"+strings.Repeat("0", 36), apitest.All, nil)
	text := h.Want(200, "GET /rooms/oak/chat/export?format=text", apitest.All, nil)
	if got := string(text.Body); !strings.Contains(got, " ana: two\n    lines\n") || strings.Contains(got, "three") || !strings.Contains(got, "(deleted)") {
		t.Errorf("as text:\n%s", got)
	}
	lines := h.Want(200, "GET /rooms/oak/chat/export", apitest.All, nil)
	if got := strings.Split(strings.TrimSpace(string(lines.Body)), "\n"); len(got) != 3 || !strings.HasPrefix(got[0], `{"id":`) {
		t.Errorf("as JSON lines:\n%s", lines.Body)
	}
	h.Want(403, "GET /rooms/oak/chat/export", h.Token("oak", rooms.Guest, "kim"), nil)
	h.Want(200, "GET /rooms/oak/chat/export", h.Token("oak", rooms.Host, "kim"), nil)
}
