package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"palabre/rooms"
	"palabre/rooms/chat"
	"palabre/store"
	"palabre/store/storetest"
)

// written is a chat kept in a store and, for comparison, in a log.
type written struct {
	store *store.Store
	log   chat.Log
	room  string
	now   time.Time
	facts []rooms.Fact
}

func newWritten(s *store.Store, room string) *written {
	w := &written{store: s, room: room, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	w.add(rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m-" + room, Started: w.now}})
	return w
}

func (w *written) add(data rooms.FactData) {
	w.now = w.now.Add(time.Millisecond)
	w.facts = append(w.facts, rooms.Fact{ID: uuid.Must(uuid.NewV7()).String(), Room: w.room, Meeting: "m-" + w.room, At: w.now, Data: data})
}

func (w *written) say(t testing.TB, by, to, text, reply string) string {
	t.Helper()
	d := chat.Draft{ID: uuid.Must(uuid.NewV7()).String(), By: somebody(by), Text: text, Reply: reply, Nonce: "n-" + text}
	if to != "" {
		d.To = somebody(to)
	}
	e, err := w.log.Write(d, w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.log.Confirm(e)
	w.add(e)
	return d.ID
}

func somebody(name string) chat.Person {
	return chat.Person{Key: name, Participant: "p-" + name, Name: name}
}

func (w *written) keep(t *testing.T) {
	t.Helper()
	remember(t, w.store, w.facts...)
	w.facts = nil
}

func texts(lines []chat.Stored) []string {
	list := make([]string, len(lines))
	for i, l := range lines {
		list[i] = l.Text
	}
	return list
}

// TestTheChatIsRecalledAsItWas has random people write, edit, delete and react,
// and compares what a room remembers after a restart with what it knew before.
func TestTheChatIsRecalledAsItWas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			if round++; round > 12 {
				return // a database takes its time
			}
			w := newWritten(s, fmt.Sprint("room", round))
			ids := []string{w.say(t, "ana", "", "first", "")}
			for range rapid.IntRange(5, 40).Draw(rt, "steps") {
				by, id := rapid.SampledFrom([]string{"ana", "bob", "cy"}).Draw(rt, "who"), rapid.SampledFrom(ids).Draw(rt, "line")
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0:
					to := rapid.SampledFrom([]string{"", "", "dan"}).Draw(rt, "to")
					ids = append(ids, w.say(t, by, to, fmt.Sprint("line ", len(ids)), ""))
				case 1:
					if e, err := w.log.Edit(somebody(by), id, "changed", w.now); err == nil {
						w.log.Confirm(e)
						w.add(e)
					}
				case 2:
					if e, err := w.log.Delete(somebody(by), id, false); err == nil {
						w.log.Confirm(e)
						w.add(e)
					}
				case 3:
					emoji, gone := rapid.SampledFrom([]string{"👍", "🎉"}).Draw(rt, "emoji"), rapid.Bool().Draw(rt, "gone")
					if e, changed, err := w.log.React(somebody(by), id, emoji, gone, w.now); err == nil && changed {
						w.log.Confirm(e)
						w.add(e)
					}
				}
			}
			again := slices.Clone(w.facts)
			w.keep(t)
			remember(t, s, again...) // written twice is written once
			found, err := s.Memory().Recall(t.Context(), w.room)
			if err != nil {
				rt.Fatal(err)
			}
			for _, line := range found.Chat {
				want, _ := w.log.Decided(line.ID)
				if diff := cmp.Diff(normal(want), normal(line)); diff != "" {
					rt.Fatalf("recalled but for\n%s", diff)
				}
			}
			if len(found.Chat) != len(ids) {
				rt.Fatalf("recalled %d lines of %d", len(found.Chat), len(ids))
			}
		})
	})
}

// normal takes out what a restart may change: nothing people see.
func normal(l chat.Line) chat.Line {
	if len(l.Marks) == 0 {
		l.Marks = nil
	}
	return l
}

func TestOnlyTheNewestLinesAreRecalled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWritten(s, "garden")
		for n := range chat.MaxLines + 20 {
			w.say(t, "ana", "", fmt.Sprint("line ", n), "")
		}
		w.keep(t)
		found, err := s.Memory().Recall(t.Context(), "garden")
		if err != nil || len(found.Chat) != chat.MaxLines || found.Chat[0].Text != "line 20" {
			t.Errorf("recalled %d lines with %v", len(found.Chat), err)
		}
	})
}

func TestTheChatIsSearched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w, other := newWritten(s, "garden"), newWritten(s, "cellar")
		for _, line := range [][3]string{
			{"ana", "", "L’été à Paris"}, {"bob", "", "100% sure_thing"}, {"ana", "", "100 sure things!"},
			{"ana", "bob", "a SECRET in Paris"}, {"cy", "", "it's \\ over"}, {"bob", "", "straße"},
		} {
			w.say(t, line[0], line[1], line[2], "")
		}
		other.say(t, "ana", "", "Paris elsewhere", "")
		w.keep(t)
		other.keep(t)
		for _, test := range []struct {
			name string
			q    chat.Query
			want []string
		}{
			{"a word without its accents", chat.Query{Words: "ETE paris"}, []string{"L’été à Paris"}},
			{"private lines for who may read them", chat.Query{Words: "paris", Reader: "bob"}, []string{"L’été à Paris", "a SECRET in Paris"}},
			{"not for others", chat.Query{Words: "secret", Reader: "cy"}, nil},
			{"nor for nobody", chat.Query{Words: "secret"}, nil},
			{"a percent sign is one", chat.Query{Words: "100%"}, []string{"100% sure_thing"}},
			{"an underscore is one", chat.Query{Words: "e_t"}, []string{"100% sure_thing"}},
			{"an exclamation mark is one", chat.Query{Words: "things!"}, []string{"100 sure things!"}},
			{"a backslash is one", chat.Query{Words: "\\"}, []string{"it's \\ over"}},
			{"a quote is one", chat.Query{Words: "it's"}, []string{"it's \\ over"}},
			{"the author's name", chat.Query{Words: "bob"}, []string{"100% sure_thing", "straße"}},
			{"by author", chat.Query{Author: "p-cy"}, []string{"it's \\ over"}},
			{"nothing with NUL", chat.Query{Words: "pa\x00ris"}, []string{"L’été à Paris"}},
			{"before", chat.Query{Until: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, nil},
			{"of another meeting", chat.Query{Meeting: "m-cellar"}, nil},
		} {
			test.q.Room, test.q.Limit = "garden", 50
			found, next, err := s.ChatLines(t.Context(), test.q)
			if err != nil || next != "" || !slices.Equal(texts(found), test.want) && len(test.want)+len(found) > 0 {
				t.Errorf("%s: %q, %q, %v; want %q", test.name, texts(found), next, err, test.want)
			}
		}
	})
}

func TestTheChatComesInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWritten(s, "garden")
		for n := range 25 {
			w.say(t, "ana", "", fmt.Sprint(n), "")
		}
		w.keep(t)
		for _, newest := range []bool{false, true} {
			var all []string
			q := chat.Query{Room: "garden", Limit: 10, Newest: newest}
			for pages := 0; pages < 5; pages++ {
				lines, next, err := s.ChatLines(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, texts(lines)...)
				if q.After = next; next == "" {
					break
				}
			}
			if newest {
				slices.Reverse(all)
			}
			if len(all) != 25 || all[0] != "0" || all[24] != "24" {
				t.Errorf("newest %v: %q", newest, all)
			}
		}
		var exported int
		stop := errors.New("enough")
		err := s.EachChatLine(t.Context(), chat.Query{Room: "garden"}, func(chat.Stored) error {
			if exported++; exported == 7 {
				return stop
			}
			return nil
		})
		if exported != 7 || !errors.Is(err, stop) {
			t.Errorf("%d lines, %v", exported, err)
		}
	})
}

// TestDeletedIsGone: a moderator deletes a line of a meeting that is over, and
// cannot reach a private one.
func TestDeletedIsGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWritten(s, "garden")
		public, private := w.say(t, "ana", "", "oops", ""), w.say(t, "ana", "bob", "between us", "")
		w.say(t, "bob", "", "what?", public)
		w.add(rooms.MeetingEnded{Meeting: rooms.Meeting{ID: "m-garden"}, Reason: rooms.ReasonLeft})
		w.add(chat.Deleted{Line: public})
		w.add(chat.Deleted{Line: private})
		w.keep(t)
		lines, _, err := s.ChatLines(t.Context(), chat.Query{Room: "garden", Reader: "bob", Limit: 10})
		if err != nil || len(lines) != 3 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		if !lines[0].Deleted || lines[0].Text != "" || lines[1].Text != "between us" || lines[2].Quote.Text != "" {
			t.Errorf("left is %+v", lines)
		}
		if _, err := s.ChatLine(t.Context(), "cellar", public); !errors.Is(err, rooms.ErrNotFound) {
			t.Errorf("read from another room: %v", err)
		}
		if _, err := s.ChatLine(t.Context(), "garden", private); !errors.Is(err, rooms.ErrNotFound) {
			t.Errorf("a private line was read: %v", err)
		}
	})
}
