package shard

import (
	"log/slog"
	"testing"
	"time"
)

// mute is a port by which nothing comes.
type mute struct{ Port }

// TestAShardWithoutPeersListens: reports to other shards' peers wake nobody, so
// it looks by itself, often while anything comes, and seldom when nothing does.
func TestAShardWithoutPeersListens(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		ports []Port
		heard time.Time
		want  time.Time
	}{
		{"something came", []Port{mute{}}, now.Add(-listenOften), now.Add(listenOften)},
		{"nothing comes", []Port{mute{}}, now.Add(-listenSeldom), now.Add(listenSeldom)},
		{"connections receive by themselves", nil, now, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := build(Config{Shards: 1, Ports: c.ports, Logger: slog.New(slog.DiscardHandler)}, now).shards[0]
			s.looked, s.heard = now, c.heard
			if at := s.due(); !at.Equal(c.want) {
				t.Errorf("looks again after %v, want %v", at.Sub(now), c.want.Sub(now))
			}
		})
	}
}
