package rooms

import "context"

// AdmitAll lets everybody in who waits, as far as the room has places.
func (s *Session) AdmitAll(ctx context.Context, re Ref) error {
	return s.command(ctx, func(r *room, p *person) error { return r.admitAll(p, re) })
}

// ShowPicture shows those who may admit what somebody who waits looks like: a
// JPEG or WebP of at most 24 KiB and 640 pixels each way. Answered by [Waiting].
func (s *Session) ShowPicture(ctx context.Context, re Ref, picture []byte) error {
	return s.command(ctx, func(r *room, p *person) error { return r.show(p, re, picture) })
}

// Mute takes somebody's microphone off or, without a participant, everybody's
// but one's own. They turn it on again by themselves. Answered by [Person] or [Changed].
func (s *Session) Mute(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.mute(p, re, participant) })
}

// Stop takes somebody's camera or screen off. Answered by [Person].
func (s *Session) Stop(ctx context.Context, re Ref, participant string, source Source) error {
	return s.command(ctx, func(r *room, p *person) error { return r.halt(p, re, participant, source) })
}

// Ask asks somebody to turn microphone or camera on. Answered by [Asked].
func (s *Session) Ask(ctx context.Context, re Ref, participant string, source Source) error {
	return s.command(ctx, func(r *room, p *person) error { return r.ask(p, re, participant, source) })
}

// Lower lowers somebody's hand or, without a participant, all hands. Answered
// by [Person] or [Changed].
func (s *Session) Lower(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.lower(p, re, participant) })
}

// Remove puts somebody out, who may come back by the door. Answered by [Left],
// or by [Knock] for somebody who waited.
func (s *Session) Remove(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.expel(p, re, participant) })
}

// Ban puts somebody out for the rest of the meeting. Answered as Remove.
func (s *Session) Ban(ctx context.Context, re Ref, participant string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.ban(p, re, participant) })
}

// Unban takes a [Ban] back, by its ID. Answered by [About].
func (s *Session) Unban(ctx context.Context, re Ref, ban string) error {
	return s.command(ctx, func(r *room, p *person) error { return r.unban(p, re, ban) })
}

// Appoint gives somebody a role for the rest of the meeting. Answered by [Person].
func (s *Session) Appoint(ctx context.Context, re Ref, participant string, role Role) error {
	return s.command(ctx, func(r *room, p *person) error { return r.appoint(p, re, participant, role) })
}

// Lock lets nobody new in, or does again. Answered by [About].
func (s *Session) Lock(ctx context.Context, re Ref, locked bool) error {
	return s.command(ctx, func(r *room, p *person) error { return r.lock(p, re, locked) })
}

// Configure changes settings of the room. Answered by [About].
func (s *Session) Configure(ctx context.Context, re Ref, change Change) error {
	change, err := s.hashed(ctx, change)
	if err != nil {
		return err
	}
	return s.command(ctx, func(r *room, p *person) error { return r.configure(p, re, change) })
}

// End ends the meeting for everybody at once. Answered by [Closed].
func (s *Session) End(ctx context.Context, re Ref) error {
	return s.command(ctx, func(r *room, p *person) error { return r.finish(p, re) })
}
