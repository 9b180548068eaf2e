package client

import (
	"context"
	"fmt"

	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// tell sends a command. The server answers only when it refuses, by a
// [Failed] event.
func (s *Session) tell(kind protocol.ClientType, data any) error {
	if err := s.current().tell(kind, data); err != nil {
		return s.because(err)
	}
	return nil
}

// Show says what is shown; the server seats people and chooses layers by it.
func (s *Session) Show(layout protocol.Layout) error {
	s.mu.Lock()
	s.layout = layout
	s.mu.Unlock()
	return s.tell(protocol.TypeLayout, layout)
}

// SetMedia says what is being sent now, for the others to see.
func (s *Session) SetMedia(sending protocol.Media) error {
	s.mu.Lock()
	s.sending = sending
	s.mu.Unlock()
	return s.tell(protocol.TypeMedia, sending)
}

// Say sends a message to everyone in the room. A repeated nonce is dropped by
// the server; empty means none.
func (s *Session) Say(text, nonce string) error {
	return s.tell(protocol.TypeChat, protocol.ChatText{Text: text, Nonce: nonce})
}

// RaiseHand raises or lowers one's own hand.
func (s *Session) RaiseHand(raised bool) error {
	return s.tell(protocol.TypeHand, protocol.Hand{Raised: raised})
}

// React sends one reaction.
func (s *Session) React(emoji string) error {
	return s.tell(protocol.TypeReact, protocol.React{Emoji: emoji})
}

// Admit lets a waiting person in.
func (s *Session) Admit(participant string) error {
	return s.tell(protocol.TypeAdmit, protocol.Target{Participant: participant})
}

// Deny refuses a waiting person.
func (s *Session) Deny(participant string) error {
	return s.tell(protocol.TypeDeny, protocol.Target{Participant: participant})
}

// Rename changes one's own display name.
func (s *Session) Rename(name string) error {
	s.mu.Lock()
	s.name = name
	s.mu.Unlock()
	return s.tell(protocol.TypeRename, protocol.Rename{Name: name})
}

// Grow negotiates more receivers. It never takes any away.
func (s *Session) Grow(ctx context.Context, want Receive) error {
	check := s.config
	check.Receive = want
	if err := check.Validate(); err != nil {
		return err
	}
	ctx, cancel := s.during(ctx)
	defer cancel()
	s.media.grow(want)
	if err := s.negotiate(ctx, false); err != nil {
		s.need(repairOffer)
		return fmt.Errorf("asking for more seats: %w", s.because(err))
	}
	return nil
}

// RestartICE looks for a new network path and keeps everything else.
func (s *Session) RestartICE(ctx context.Context) error {
	ctx, cancel := s.during(ctx)
	defer cancel()
	if err := s.negotiate(ctx, true); err != nil {
		s.need(repairRestart)
		return fmt.Errorf("restarting ICE: %w", s.because(err))
	}
	return nil
}

// WaitMedia returns when the media path is up.
func (s *Session) WaitMedia(ctx context.Context) error {
	ctx, cancel := s.during(ctx)
	defer cancel()
	for {
		s.mu.Lock()
		state, moved := s.state, s.moved
		s.mu.Unlock()
		if state == webrtc.PeerConnectionStateConnected {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the media path (%s): %w", state, s.because(ctx.Err()))
		}
	}
}
