package signaling

import (
	"context"
	"encoding/base64"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

// hosting is what hosts may ask of a room, as messages.
func hosting() map[protocol.ClientType]command {
	return map[protocol.ClientType]command{
		protocol.TypeAdmitAll: without((*rooms.Session).AdmitAll),
		protocol.TypePicture:  with(showPicture),
		protocol.TypeMute:     aboutSomebody((*rooms.Session).Mute),
		protocol.TypeStop:     aboutSource((*rooms.Session).Stop),
		protocol.TypeAsk:      aboutSource((*rooms.Session).Ask),
		protocol.TypeLower:    aboutSomebody((*rooms.Session).Lower),
		protocol.TypeRemove:   aboutSomebody((*rooms.Session).Remove),
		protocol.TypeBan:      aboutSomebody((*rooms.Session).Ban),
		protocol.TypeUnban: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Unban) error {
			return s.Unban(ctx, re, m.ID)
		}),
		protocol.TypeAppoint: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Appoint) error {
			return s.Appoint(ctx, re, m.Participant, rooms.Role(m.Role))
		}),
		protocol.TypeLock: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Lock) error {
			return s.Lock(ctx, re, m.Locked)
		}),
		protocol.TypeConfigure: with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Configure) error {
			return s.Configure(ctx, re, domainChange(m))
		}),
		protocol.TypeEnd: without((*rooms.Session).End),
	}
}

func aboutSomebody(do func(*rooms.Session, context.Context, rooms.Ref, string) error) command {
	return with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Target) error {
		return do(s, ctx, re, m.Participant)
	})
}

func aboutSource(do func(*rooms.Session, context.Context, rooms.Ref, string, rooms.Source) error) command {
	return with(func(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Aim) error {
		return do(s, ctx, re, m.Participant, rooms.Source(m.Source))
	})
}

func showPicture(ctx context.Context, s *rooms.Session, re rooms.Ref, m protocol.Picture) error {
	if len(m.Data) > base64.StdEncoding.EncodedLen(protocol.MaxPicture) {
		return refuse(protocol.CodeTooLarge, "A picture has at most 24 KiB.")
	}
	picture, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		return refuse(protocol.CodeBadMessage, "A picture is base64 (RFC 4648 section 4).")
	}
	return s.ShowPicture(ctx, re, picture)
}

func domainChange(m protocol.Configure) rooms.Change {
	change := rooms.Change{
		Title: m.Title, Lobby: m.Lobby, MuteOnEntry: m.MuteOnEntry, AudioOnly: m.AudioOnly, MaxPeople: m.MaxPeople, Password: m.Password,
		Origins: m.Origins, Least: make(map[rooms.Action]rooms.Role, len(m.Least)),
	}
	for action, role := range m.Least {
		change.Least[rooms.Action(action)] = rooms.Role(role)
	}
	if m.RetentionDays != nil {
		change.Retention = new(rooms.Days(*m.RetentionDays))
	}
	return change
}

func wireKnock(k rooms.Knock) protocol.Knock {
	return protocol.Knock{
		Participant: k.Participant, Name: k.Name, Gone: k.Gone, Picture: base64.StdEncoding.EncodeToString([]byte(k.Picture)),
	}
}

func wireChanged(c rooms.Changed) protocol.Changed {
	out := protocol.Changed{Participants: make([]protocol.Participant, len(c.People))}
	for i, p := range c.People {
		out.Participants[i] = wirePerson(p)
	}
	return out
}

func wireBans(bans []rooms.Ban) []protocol.Banned {
	var out []protocol.Banned
	for _, b := range bans {
		out = append(out, protocol.Banned{ID: b.ID, Name: b.Name})
	}
	return out
}

func wireRoles(roles []rooms.Role) []protocol.Role {
	var out []protocol.Role
	for _, role := range roles {
		out = append(out, protocol.Role(role))
	}
	return out
}
