package cheap

import (
	"context"
	"errors"
	"testing"
	"time"

	"palabre/client"
	"palabre/client/clienttest"
	"palabre/signaling/protocol"
)

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func crowdAt(t *testing.T, s *clienttest.Server) *Crowd {
	t.Helper()
	c, err := New(Config{URL: s.URL, Room: "garden", Receive: client.Receive{Seats: 1}, Layout: protocol.LayoutGrid, Arrivals: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func silence(protocol.SeatKind, int, bool) Line { return &notebook{} }

func TestJoinAndLeave(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	crowd, began := crowdAt(t, server), time.Now()
	s, times, err := crowd.Join(within(t), "Somebody", silence)
	if err != nil {
		t.Fatal(err)
	}
	if times.Joined.Before(began) || times.Connected.Before(began) {
		t.Errorf("times %+v", times)
	}
	if err := s.Leave(within(t)); err != nil {
		t.Error(err)
	}
	if _, _, err := crowd.Join(within(t), "Another", silence); err != nil {
		t.Error(err) // ended by Close
	}
}

func TestRefusalIsTold(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	server.Refuse(protocol.CodeForbidden)
	_, _, err := crowdAt(t, server).Join(within(t), "Somebody", silence)
	var refused *client.ServerError
	if !errors.As(err, &refused) || refused.Code != protocol.CodeForbidden {
		t.Errorf("got %v", err)
	}
}

func TestWaitingIsBoundedByTheContext(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	server.SetLobby(true)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := crowdAt(t, server).Join(ctx, "Somebody", silence); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestClosedCrowdTakesNobody(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	crowd := crowdAt(t, server)
	crowd.Close()
	if _, _, err := crowd.Join(within(t), "Somebody", silence); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}
