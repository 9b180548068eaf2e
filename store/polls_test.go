package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"palabre/rooms"
	"palabre/rooms/poll"
	"palabre/store/storetest"
)

// pollFacts are the facts of a meeting with one named and one anonymous poll,
// as the rooms tell them.
func pollFacts(begin time.Time) (facts []rooms.Fact, book *poll.Book) {
	book = &poll.Book{}
	add := func(data rooms.FactData) {
		facts = append(facts, rooms.Fact{
			ID: fmt.Sprintf("f%03d", len(facts)), Room: "garden", Meeting: "m1", At: begin.Add(time.Duration(len(facts)) * time.Second), Data: data,
		})
	}
	add(rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m1", Started: begin}})
	for _, anonymous := range []bool{false, true} {
		id := fmt.Sprint("poll-", anonymous)
		q := poll.Question{Text: "Lunch?", Options: []string{"Soup", "Salad"}, Multiple: true, Anonymous: anonymous, Results: poll.AtTheEnd}
		p, _ := book.Create(id, q, poll.Person{Key: "ana", Name: "Ana"}, begin)
		add(rooms.PollCreated{Poll: p})
		p, _ = book.Open(id, begin.Add(time.Second))
		add(rooms.PollOpened{Poll: p})
		for i, who := range []string{"ben", "cleo", "ben"} {
			cast, _ := book.Vote(id, poll.Person{Key: who, Name: who}, []int{i % 2})
			add(rooms.PollVoted{Poll: id, Choice: cast.Choice, Cast: cast})
		}
	}
	p, _ := book.Share("poll-true")
	add(rooms.PollShared{Poll: rooms.PollResult{ID: p.ID}})
	p, _ = book.Create("gone", poll.Question{Text: "?", Options: []string{"a", "b"}, Results: poll.Live}, poll.Person{}, begin)
	add(rooms.PollCreated{Poll: p})
	cast, _ := book.Vote("gone", poll.Person{Key: "ben"}, []int{1})
	add(rooms.PollVoted{Poll: "gone", Cast: cast})
	_, _ = book.Delete("gone")
	add(rooms.PollDeleted{Poll: "gone"})
	return facts, book
}

func TestPollsAreRecalled(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		facts, book := pollFacts(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
		remember(t, s, facts...)
		remember(t, s, facts[1:]...) // written again they change nothing
		found, err := s.Memory().Recall(t.Context(), "garden")
		if diff := cmp.Diff(book.All(), found.Polls); err != nil || diff != "" {
			t.Errorf("%v:\n%s", err, diff)
		}
		for _, table := range []string{"poll_votes", "poll_voters", "polls"} {
			var n int
			if err := raw(t, url).QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil || n != 2 {
				t.Errorf("%d rows of %s, %v", n, table, err)
			}
		}
		// Of an anonymous poll nothing ties a voter to a choice.
		var choices int
		if err := raw(t, url).QueryRow(`SELECT COUNT(*) FROM poll_votes WHERE poll = 'poll-true'`).Scan(&choices); err != nil || choices != 0 {
			t.Errorf("%d choices of an anonymous poll are kept, %v", choices, err)
		}
	})
}
