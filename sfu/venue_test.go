package sfu_test

import (
	"testing"
	"time"

	"palabre/sfu"
)

// venue is where people meet in a test: on loopback, where what happens counts,
// or on a simulated network, where how soon it happens counts too.
type venue struct {
	*testing.T
	sfu  *sfu.SFU
	join func(id string, sh shape) *client
	// timed: the clock tells of the server, not of the machine.
	timed bool
}

// venues runs a test on loopback, and in virtual time.
func venues(t *testing.T, do func(h *venue)) {
	t.Helper()
	t.Run("loopback", func(t *testing.T) {
		s := server(t)
		do(&venue{T: t, sfu: s, join: func(id string, sh shape) *client { return join(t, s, "room", id, sh) }})
	})
	t.Run("virtual time", func(t *testing.T) {
		simulated(t, func(m *meeting) {
			do(&venue{T: m.T, sfu: m.sfu, timed: true, join: func(id string, sh shape) *client { return m.join(id, sh).client }})
		})
	})
}

// between fails the test if the clock tells of the server and something did not
// take from so long to so long.
func (h *venue) between(what string, took, least, most time.Duration) {
	h.Helper()
	if h.timed && (took < least || took > most) {
		h.Errorf("%s after %v, want %v to %v", what, took, least, most)
	}
}
