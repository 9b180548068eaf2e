package rooms

import (
	"slices"
	"time"
)

// without is what is left when a source is taken off. With the screen goes its sound.
func (s Sending) without(source Source) Sending {
	switch source {
	case Microphone:
		s.Microphone = false
	case Camera:
		s.Camera = false
	case Screen:
		s.Screen, s.ScreenAudio, s.Motion = false, false, false
	case ScreenAudio:
		s.ScreenAudio = false
	}
	return s
}

// stopped is what somebody is told whose source was taken off.
func stopped(source Source) AskedWhat {
	switch source {
	case Microphone:
		return AskedMuted
	case Camera:
		return AskedCameraOff
	}
	return AskedShareOff
}

// mute takes somebody's microphone off, or with an empty id everybody's but
// one's own. They turn it on again by themselves.
func (r *room) mute(by *person, re Ref, id string) error {
	if id != "" {
		return r.halt(by, re, id, Microphone)
	}
	if err := r.require(by, Moderate); err != nil {
		return err
	}
	var muted []*person
	for _, p := range r.inside {
		if p != by && r.silence(by, p, Microphone) {
			muted = append(muted, p)
		}
	}
	if len(muted) == 0 {
		r.tell(by, re, Changed{People: []Person{}})
		return nil
	}
	r.keep(by.actor(), ParticipantStopped{Source: Microphone, Whom: allOf(muted), All: true}, nil)
	r.tellChanged(muted, by, re)
	return nil
}

// halt takes one source of somebody off.
func (r *room) halt(by *person, re Ref, id string, source Source) error {
	if err := r.require(by, Moderate); err != nil {
		return err
	}
	if !slices.Contains([]Source{Microphone, Camera, Screen}, source) {
		return refuse(CodeBadMessage, "What can be stopped is a microphone, a camera or a screen.")
	}
	p, err := r.present(id)
	if err != nil {
		return err
	}
	if !r.silence(by, p, source) {
		r.tell(by, re, p.public())
		return nil
	}
	r.keep(by.actor(), ParticipantStopped{Source: source, Whom: []Actor{p.whom()}}, nil)
	r.tellChanged([]*person{p}, by, re)
	return nil
}

// silence takes a source off on the server itself, whatever the client goes on
// sending, and tells its owner. It says whether the source was on.
func (r *room) silence(by, p *person, source Source) bool {
	next := p.sending.without(source)
	if next == p.sending {
		return false
	}
	p.hush(source)
	p.sending = next
	p.link.setSending(next)
	r.tell(p, 0, Asked{What: stopped(source), Participant: p.id, By: by.id, Name: by.name})
	return true
}

// hush has a source stay off until its owner has shown that they know of it,
// by saying themselves that it is off: a message they sent before, that
// happens to name it as on, must not turn it on again.
func (p *person) hush(source Source) {
	switch source {
	case Microphone:
		p.hushed.Microphone = true
	case Camera:
		p.hushed.Camera = true
	default:
		p.hushed.Screen = true
	}
}

// heed gives what of somebody's wish to send counts, and forgets what they have heard of.
func (p *person) heed(sending Sending) Sending {
	for _, one := range []struct {
		hushed *bool
		on     bool
		source Source
	}{
		{&p.hushed.Microphone, sending.Microphone, Microphone},
		{&p.hushed.Camera, sending.Camera, Camera},
		{&p.hushed.Screen, sending.Screen, Screen},
	} {
		if *one.hushed && one.on {
			sending = sending.without(one.source)
		} else {
			*one.hushed = false
		}
	}
	return sending
}

// quietly mutes who comes in for the first time where the room asks for that;
// machines stay as they were.
func (r *room) quietly(p *person, sending Sending) Sending {
	if !r.profile.Settings.MuteOnEntry || !sending.Microphone || p.kind != Attendee || r.may(p, Moderate) {
		return sending
	}
	p.hush(Microphone)
	return sending.without(Microphone)
}

// ask asks somebody to turn their microphone or camera on. They decide.
func (r *room) ask(by *person, re Ref, id string, source Source) error {
	if err := r.require(by, Moderate); err != nil {
		return err
	}
	what := AskedUnmute
	switch source {
	case Microphone:
	case Camera:
		what = AskedCameraOn
	default:
		return refuse(CodeBadMessage, "What somebody can be asked for is their microphone or camera.")
	}
	p, err := r.present(id)
	if err != nil {
		return err
	}
	if p.kind != Attendee || p == by || !r.sends(p.role, source) {
		return refuse(CodeForbidden, "They may not send this here.")
	}
	asked := Asked{What: what, Participant: p.id, By: by.id, Name: by.name}
	r.keep(by.actor(), ParticipantAsked{Source: source, Whom: p.whom()}, nil)
	r.tell(p, 0, asked)
	r.tell(by, re, asked)
	return nil
}

// lower lowers somebody's hand, or with an empty id all hands.
func (r *room) lower(by *person, re Ref, id string) error {
	if err := r.require(by, Moderate); err != nil {
		return err
	}
	whose := r.inside
	if id != "" {
		p, err := r.present(id)
		if err != nil {
			return err
		}
		whose = []*person{p}
	}
	var lowered []*person
	for _, p := range whose {
		if !p.hand.IsZero() {
			p.hand = time.Time{}
			lowered = append(lowered, p)
		}
	}
	if len(lowered) == 0 {
		r.tell(by, re, Changed{People: []Person{}})
		return nil
	}
	r.keep(by.actor(), HandsLowered{Whom: allOf(lowered), All: id == ""}, nil)
	r.tellChanged(lowered, by, re)
	return nil
}

// sends says whether a role may send a source here.
func (r *room) sends(role Role, source Source) bool {
	all := Sending{Microphone: true, Camera: true, Screen: true, ScreenAudio: true}
	masked := r.mask(role, all)
	return masked.without(source) != masked
}
