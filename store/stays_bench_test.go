package store_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"palabre/rooms"
	"palabre/store"
)

// BenchmarkMeetingSeen is what it takes to write down, as is done four times a minute,
// that a meeting of so many people is on.
func BenchmarkMeetingSeen(b *testing.B) {
	for _, people := range []int{5, 25, 200, 500} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			s, err := store.Open(b.Context(), store.Config{URL: "sqlite:" + filepath.Join(b.TempDir(), "palabre.db"), Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			memory, begin := s.Memory(), time.Now()
			n := 0
			keep := func(data rooms.FactData) {
				n++
				kept := make(chan struct{})
				fact := rooms.Fact{ID: fmt.Sprint("f", n), Room: "garden", Meeting: "m", At: begin.Add(time.Duration(n) * time.Second), Data: data}
				memory.Keep([]rooms.Fact{fact}, func() { close(kept) })
				<-kept
			}
			keep(rooms.MeetingStarted{Meeting: rooms.Meeting{ID: "m", Started: begin}})
			present := make([]rooms.Stay, people)
			for i := range present {
				present[i] = rooms.Stay{ID: fmt.Sprint("s", i), Participant: fmt.Sprint("p", i), Name: "Somebody", Joined: begin}
			}
			for b.Loop() {
				keep(rooms.MeetingSeen{Present: present})
			}
		})
	}
}
