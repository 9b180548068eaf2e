package chat_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"palabre/rooms/chat"
)

var begin = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func person(name string) chat.Person {
	return chat.Person{Key: strings.ToLower(name), Participant: "p-" + name, Name: name}
}

// machine drives a log with random wishes of three people, confirms events late
// but in order, and knows in simple words what must hold.
type machine struct {
	log     chat.Log
	waiting []chat.Event
	written []string
	deleted map[string]bool
	private map[string][2]string
	now     time.Time
}

func (m *machine) somebody(t *rapid.T) chat.Person {
	p := person(rapid.SampledFrom([]string{"Ana", "Bob", "Cy"}).Draw(t, "who"))
	p.Group = rapid.SampledFrom([]string{"", "", "g1"}).Draw(t, "group")
	return p
}

func (m *machine) line(t *rapid.T) string {
	if len(m.written) == 0 {
		t.Skip("nothing written")
	}
	return rapid.SampledFrom(m.written).Draw(t, "line")
}

func (m *machine) write(t *rapid.T) {
	d := chat.Draft{
		ID: fmt.Sprint("l", len(m.written)), By: m.somebody(t), Text: rapid.SampledFrom([]string{"hi", strings.Repeat("é", 200)}).Draw(t, "text"),
		Nonce: rapid.SampledFrom([]string{"", "n"}).Draw(t, "nonce"),
	}
	if rapid.Bool().Draw(t, "private") {
		d.To = m.somebody(t)
	}
	if len(m.written) > 0 && rapid.Bool().Draw(t, "reply") {
		d.Reply = m.line(t)
	}
	if d.To.Key == d.By.Key {
		return // the room refuses that before
	}
	e, err := m.log.Write(d, m.now)
	if err != nil {
		if d.Reply == "" {
			t.Fatalf("a plain line was refused: %v", err)
		}
		return
	}
	if pair, private := m.private[d.Reply]; private && (d.To.Key == "" || !slices.Contains(pair[:], d.To.Key) || !slices.Contains(pair[:], d.By.Key)) {
		t.Fatalf("the private line between %v was quoted to others: %+v", pair, e.Line)
	}
	if d.Reply != "" && m.deleted[d.Reply] {
		t.Fatal("a deleted line was quoted")
	}
	m.written = append(m.written, d.ID)
	if e.Line.Private() {
		m.private[d.ID] = [2]string{d.By.Key, d.To.Key}
	}
	m.waiting = append(m.waiting, e)
}

func (m *machine) edit(t *rapid.T) {
	by, id := m.somebody(t), m.line(t)
	line, known := m.log.Decided(id)
	e, err := m.log.Edit(by, id, "changed", m.now)
	if err != nil {
		return
	}
	if !known || line.By.Key != by.Key || m.deleted[id] || m.now.Sub(line.At) > chat.EditWithin {
		t.Fatalf("%s edited %+v", by.Name, line)
	}
	m.waiting = append(m.waiting, e)
}

func (m *machine) erase(t *rapid.T) {
	by, id, moderate := m.somebody(t), m.line(t), rapid.Bool().Draw(t, "moderate")
	line, _ := m.log.Decided(id)
	e, err := m.log.Delete(by, id, moderate)
	if err != nil {
		return
	}
	pair, private := m.private[id]
	if m.deleted[id] || line.By.Key != by.Key && !moderate || private && !slices.Contains(pair[:], by.Key) {
		t.Fatalf("%s (moderate %v) deleted %+v", by.Name, moderate, line)
	}
	m.deleted[id] = true
	m.waiting = append(m.waiting, e)
}

func (m *machine) react(t *rapid.T) {
	by, id, gone := m.somebody(t), m.line(t), rapid.Bool().Draw(t, "gone")
	e, changed, err := m.log.React(by, id, rapid.SampledFrom([]string{"👍", "🎉"}).Draw(t, "emoji"), gone, m.now)
	if err != nil || !changed {
		return
	}
	if again, changed, _ := m.log.React(by, id, e.Mark.Emoji, gone, m.now); changed {
		t.Fatalf("the same reaction twice: %+v", again)
	}
	m.waiting = append(m.waiting, e)
}

func (m *machine) confirm(*rapid.T) {
	if len(m.waiting) > 0 {
		m.log.Confirm(m.waiting[0])
		m.waiting = m.waiting[1:]
	}
}

// check is what must always hold.
func (m *machine) check(t *rapid.T) {
	for _, name := range []string{"Ana", "Bob", "Cy"} {
		for _, line := range m.log.History(person(name)) {
			if pair, private := m.private[line.ID]; private && !slices.Contains(pair[:], person(name).Key) {
				t.Fatalf("%s reads what is between %v", name, pair)
			}
			if line.By.Group != "" && !line.Private() {
				t.Fatalf("in the main room %s reads what was said in %s", name, line.By.Group)
			}
			if slices.ContainsFunc(m.waiting, func(e chat.Event) bool { w, ok := e.(chat.Written); return ok && w.Line.ID == line.ID }) {
				t.Fatalf("%s reads a line that is not stored yet", name)
			}
			if line.Deleted && (line.Text != "" || len(line.Marks) > 0 || line.Quote != chat.Quote{} || line.File != chat.File{}) {
				t.Fatalf("a deleted line still says %+v", line)
			}
		}
	}
}

// TestAnyWishesKeepTheChatInOrder: whatever people wish in whatever order,
// nobody reads, changes or quotes what is not theirs, and once all is stored
// newcomers see what was decided.
func TestAnyWishesKeepTheChatInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{deleted: map[string]bool{}, private: map[string][2]string{}, now: begin}
		t.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"write":   m.write,
			"edit":    m.edit,
			"delete":  m.erase,
			"react":   m.react,
			"confirm": m.confirm,
			"wait":    func(t *rapid.T) { m.now = m.now.Add(time.Duration(rapid.IntRange(1, 15).Draw(t, "h")) * time.Hour) },
		})
		for len(m.waiting) > 0 {
			m.confirm(nil)
		}
		for _, id := range m.written {
			decided, known := m.log.Decided(id)
			told, shown := m.log.Told(id)
			if known != shown || !reflect.DeepEqual(decided, told) {
				t.Fatalf("told %+v, decided %+v", told, decided)
			}
		}
	})
}

func TestWhatIsNotStoredIsKnownByItsNonce(t *testing.T) {
	var log chat.Log
	ana := person("Ana")
	e, err := log.Write(chat.Draft{ID: "1", By: ana, Text: "hi", Nonce: "n"}, begin)
	if err != nil {
		t.Fatal(err)
	}
	if line, sent := log.Sent(ana.Key, "n"); !sent || line.ID != "1" {
		t.Error("a line that waits is not known by its nonce")
	}
	if _, sent := log.Sent("bob", "n"); sent {
		t.Error("somebody else's nonce is taken for one's own")
	}
	if len(log.History(ana)) != 0 {
		t.Error("a line that waits is shown")
	}
	log.Confirm(e)
	if len(log.History(ana)) != 1 {
		t.Error("a stored line is not shown")
	}
}

func TestEditsEndAfterADay(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		by    string
		want  error
	}{
		{chat.EditWithin, "Ana", nil},
		{chat.EditWithin + time.Second, "Ana", chat.ErrTooLate},
		{0, "Bob", chat.ErrNotYours},
	} {
		var log chat.Log
		if _, err := log.Write(chat.Draft{ID: "1", By: person("Ana"), Text: "hi"}, begin); err != nil {
			t.Fatal(err)
		}
		if _, err := log.Edit(person(test.by), "1", "ho", begin.Add(test.after)); err != test.want {
			t.Errorf("%s after %v: %v, want %v", test.by, test.after, err, test.want)
		}
	}
}

func TestADeletedLineIsQuotedByNobody(t *testing.T) {
	var log chat.Log
	ana, bob := person("Ana"), person("Bob")
	write := func(d chat.Draft) chat.Line {
		t.Helper()
		e, err := log.Write(d, begin)
		if err != nil {
			t.Fatal(err)
		}
		return e.Line
	}
	write(chat.Draft{ID: "1", By: ana, Text: strings.Repeat("a secret ", 40)})
	if q := write(chat.Draft{ID: "2", By: bob, Text: "oh", Reply: "1"}).Quote; q.Name != "Ana" || len([]rune(q.Text)) != 141 {
		t.Errorf("quoted as %+v", q)
	}
	if _, err := log.Delete(ana, "1", false); err != nil {
		t.Fatal(err)
	}
	if line, _ := log.Decided("2"); line.Quote.Text != "" || line.Quote.Line != "1" {
		t.Errorf("the reply still quotes %+v", line.Quote)
	}
	if _, err := log.Write(chat.Draft{ID: "3", By: bob, Text: "again", Reply: "1"}, begin); err != chat.ErrDeleted {
		t.Errorf("a deleted line was answered: %v", err)
	}
}

func TestNobodyWritesFasterForLong(t *testing.T) {
	var log chat.Log
	now, written := begin, 0
	for range 100 * 10 { // ten times a tenth of a second's worth of tries, for ten seconds
		if log.Spend("ana", now) == 0 {
			written++
		}
		now = now.Add(10 * time.Millisecond)
	}
	if written < 60 || written > 71 {
		t.Errorf("%d lines in ten seconds, want 20 at once and 5 a second", written)
	}
	if wait := log.Spend("bob", now); wait != 0 {
		t.Errorf("another person waits %v", wait)
	}
	for n := range 2000 {
		log.Spend(fmt.Sprint("crowd", n), now.Add(time.Duration(n)*time.Second))
	}
	if wait := log.Spend("ana", now); wait < 0 || wait > time.Second {
		t.Errorf("waits %v", wait)
	}
}

func TestKindsTellPrivateFromPublic(t *testing.T) {
	private := chat.Line{To: person("Bob")}
	for _, test := range []struct {
		event chat.Event
		want  string
	}{
		{chat.Written{}, "chat.written"}, {chat.Written{Line: private}, "whisper.written"},
		{chat.Edited{}, "chat.edited"}, {chat.Edited{Private: true}, "whisper.edited"},
		{chat.Deleted{}, "chat.deleted"}, {chat.Deleted{Private: true}, "whisper.deleted"},
		{chat.Reacted{}, "chat.reacted"}, {chat.Reacted{Private: true}, "whisper.reacted"},
	} {
		if got := test.event.Kind(); got != test.want {
			t.Errorf("%T is %s, want %s", test.event, got, test.want)
		}
	}
}
