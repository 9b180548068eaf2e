package rooms

import (
	"context"
	"errors"
	"slices"
)

// report is what a peer tells; reports of a peer that is no longer the
// current one are dropped. They go straight into the outbox of the session:
// they are about nobody else, so the room need not order them.
type report struct {
	link *link
	peer *hookup
}

func (r report) Connected() {
	if r.link.isCurrent(r.peer) {
		r.link.setStatus(linkUp)
		r.link.changed()
	}
}

func (r report) Disconnected() {
	if r.link.isCurrent(r.peer) {
		r.link.setStatus(linkDown)
		r.link.push(RestartICE{})
		r.link.changed()
	}
}

func (r report) Failed(reason string) { r.link.lose(r.peer, reason) }

func (r report) Seated(seats []Seat) { r.tell(Seating{Seats: slices.Clone(seats)}) }

func (r report) Layers(source Source, wishes []LayerWish) {
	r.tell(Layers{Source: source, Wishes: slices.Clone(wishes)})
}

func (r report) Speakers(speaking []string, dominant string) {
	if r.link.heard(r.peer, speaking) {
		r.link.push(Speakers{Speaking: slices.Clone(speaking), Dominant: dominant})
	}
}

func (r report) Quality(up, down int) {
	if r.link.setGrade(r.peer, Bars{up, down}) {
		r.link.changed()
	}
}

func (r report) Message(data []byte) {
	if r.link.isCurrent(r.peer) {
		r.link.drew(data)
	}
}

func (r report) Writable() {
	if r.link.isCurrent(r.peer) {
		r.link.roomy()
	}
}

func (r report) tell(data Data) {
	if r.link.isCurrent(r.peer) {
		r.link.push(data)
	}
}

// mediaError puts a failure of the media plane into the domain's words.
func mediaError(err error) error {
	domain, ok := errors.AsType[*Error](err)
	switch {
	case errors.Is(err, ErrBadOffer):
		return &Error{Code: CodeBadOffer, Message: excerpt(err.Error()), Err: err}
	case ok:
		return domain
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Error{Code: CodeUnavailable, Message: "The media connection could not be negotiated in time.", Err: err}
	}
	return &Error{Code: CodeInternal, Err: err}
}

// maxExcerpt is how much of a media plane's reason is shown, in bytes.
const maxExcerpt = 300

func excerpt(text string) string {
	if len(text) > maxExcerpt {
		text = text[:maxExcerpt]
	}
	return stripControls(text)
}
