package signaling

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"palabre/rooms"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// command gives one message of a client to its session. What answers it is an
// event that carries the same ref.
type command func(ctx context.Context, s *rooms.Session, re rooms.Ref, data json.RawMessage) error

// allCommands is the one table of what each message does. Messages that are no
// commands of the session — hello, offer, ping — are the connection's own.
func allCommands() map[protocol.ClientType]command {
	all := commands()
	maps.Copy(all, polling())
	maps.Copy(all, hosting())
	maps.Copy(all, breakingOut())
	return all
}

// commands is what everybody in a room may ask of it, beside polls.
func commands() map[protocol.ClientType]command {
	return map[protocol.ClientType]command{
		protocol.TypeJoin: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Join) error {
			return s.Join(ctx, re, m.Name, rooms.Sending(m.Media))
		}),
		protocol.TypeLeave: without((*rooms.Session).Leave),
		protocol.TypeMedia: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Media) error {
			return s.SetSending(ctx, re, rooms.Sending(m))
		}),
		protocol.TypeLayout: with(setLayout),
		protocol.TypeChat: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.ChatText) error {
			return s.Write(ctx, re, rooms.Message(m))
		}),
		protocol.TypeChatEdit: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.ChatEdit) error {
			return s.Edit(ctx, re, m.Line, m.Text)
		}),
		protocol.TypeChatDelete: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.ChatTarget) error {
			return s.Unsay(ctx, re, m.Line)
		}),
		protocol.TypeChatReact: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.ChatReact) error {
			return s.Mark(ctx, re, m.Line, m.Emoji, m.Gone)
		}),
		protocol.TypeHand: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Hand) error {
			return s.Hand(ctx, re, m.Raised)
		}),
		protocol.TypeReact: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.React) error {
			return s.React(ctx, re, m.Emoji)
		}),
		protocol.TypeAdmit: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Target) error {
			return s.Admit(ctx, re, m.Participant)
		}),
		protocol.TypeDeny: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Target) error {
			return s.Deny(ctx, re, m.Participant)
		}),
		protocol.TypeDrawAllow: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.DrawAllow) error {
			return s.AllowDrawing(ctx, re, m.Participant, rooms.DrawingRule(m.Rule), m.People)
		}),
		protocol.TypeLinkCreate: with(createLink),
		protocol.TypeLinkList: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.LinkPage) error {
			_, err := s.Invitations(ctx, re, m.After, linksAtOnce)
			return err
		}),
		protocol.TypeLinkRevoke: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.LinkTarget) error {
			_, err := s.Disinvite(ctx, re, m.Link)
			return err
		}),
		protocol.TypeDrawClear: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Target) error {
			return s.ClearDrawing(ctx, re, m.Participant)
		}),
		protocol.TypeRename: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Rename) error {
			return s.Rename(ctx, re, m.Name)
		}),
	}
}

// with is a command that takes data of one type.
func with[T any](do func(context.Context, *rooms.Session, rooms.Ref, T) error) command {
	return func(ctx context.Context, s *rooms.Session, re rooms.Ref, data json.RawMessage) error {
		var m T
		if err := decode(data, &m); err != nil {
			return err
		}
		return do(ctx, s, re, m)
	}
}

// without is a command that takes no data.
func without(do func(*rooms.Session, context.Context, rooms.Ref) error) command {
	return func(ctx context.Context, s *rooms.Session, re rooms.Ref, data json.RawMessage) error {
		if err := noData(data); err != nil {
			return err
		}
		return do(s, ctx, re)
	}
}

func noData(data json.RawMessage) error {
	if len(data) == 0 {
		return nil
	}
	return decode(data, &struct{}{})
}

func setLayout(ctx context.Context, s *rooms.Session, _ rooms.Ref, m protocol.Layout) error {
	layout := rooms.Layout{Mode: rooms.LayoutMode(m.Mode), Tiles: make([]rooms.Tile, len(m.Tiles))}
	for i, t := range m.Tiles {
		layout.Tiles[i] = rooms.Tile{Participant: t.Participant, Source: rooms.Source(t.Source), Width: t.Width, Height: t.Height}
	}
	return s.SetLayout(ctx, layout)
}

// handle does what a message asks; an error is for its sender.
func (c *conn) handle(ctx context.Context, m protocol.ClientMessage) error {
	switch m.Type {
	case protocol.TypeOffer:
		return c.offer(ctx, m)
	case protocol.TypeFileTicket:
		return c.fileTicket(ctx, m)
	case protocol.TypeFileLink:
		return c.fileLink(ctx, m)
	case protocol.TypePing:
		if err := noData(m.Data); err != nil {
			return err
		}
		return c.reply(protocol.ServerMessage{Type: protocol.TypePong, Re: m.ID})
	case protocol.TypeHello:
		return refuse(protocol.CodeBadMessage, "This connection has said hello before.")
	}
	if m.Type == protocol.TypeJoin {
		if err := c.server.pass(ctx, gate.Begun); err != nil {
			return err
		}
	}
	do, ok := c.server.commands[m.Type]
	if !ok {
		return refuse(protocol.CodeBadMessage, fmt.Sprintf("There is no message %.40q.", m.Type))
	}
	return do(ctx, c.session, rooms.Ref(m.ID), m.Data)
}

// offer has an offer answered beside everything else the client says: media
// may take seconds, and the chat need not wait for it.
func (c *conn) offer(ctx context.Context, m protocol.ClientMessage) error {
	if !c.offerBudget.Allow() {
		return &refusal{code: protocol.CodeRateLimited, message: "Too many offers; send at most one a second.", after: time.Second / offerRate}
	}
	var offer protocol.Offer
	if err := decode(m.Data, &offer); err != nil {
		return err
	}
	if !c.answering.CompareAndSwap(false, true) {
		return &refusal{code: protocol.CodeRateLimited, message: "Wait for the answer to the offer before.", after: time.Second}
	}
	c.offers.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, c.timing.Negotiate)
		defer cancel()
		sdp, err := c.negotiate(ctx, offer)
		answer := protocol.ServerMessage{Type: protocol.TypeAnswer, Re: m.ID, Data: protocol.Answer{SDP: sdp}}
		if err != nil {
			answer = c.failure(m.ID, err)
		}
		c.answering.Store(false)      // before the client can know, and offer again
		c.queue(answer, maxReplies+1) // there is one at a time
	})
	return nil
}

func (c *conn) negotiate(ctx context.Context, offer protocol.Offer) (sdp string, err error) {
	if err := c.server.pass(ctx, gate.Begun); err != nil {
		return "", err
	}
	return c.session.Negotiate(ctx, domainOffer(offer))
}

func domainOffer(o protocol.Offer) rooms.Offer {
	return rooms.Offer{
		SDP: o.SDP, Microphone: o.Lines.Microphone, Camera: o.Lines.Camera, Screen: o.Lines.Screen, ScreenAudio: o.Lines.ScreenAudio,
		Seats: domainPairs(o.Lines.Seats), Stages: domainPairs(o.Lines.Stages), Voices: o.Lines.Voices, Data: o.Lines.Data,
	}
}

func domainPairs(pairs []protocol.Pair) []rooms.Pair {
	out := make([]rooms.Pair, len(pairs))
	for i, p := range pairs {
		out[i] = rooms.Pair(p)
	}
	return out
}
