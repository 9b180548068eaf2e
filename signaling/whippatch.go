package signaling

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"palabre/signaling/protocol"
	"palabre/signaling/sdptext"
)

// found gives the resource a request is about, or answers that there is none.
// Whether it is not there or not theirs is the same to a stranger.
func (e endpoint) found(c *gin.Context) (*resource, bool) {
	addr := e.address(c.Request)
	if err := e.gate.Refused(addr); err != nil {
		e.fail(c, err)
		return nil, false
	}
	token := bearer(c.Request)
	if token == "" {
		e.gate.Charge(addr)
		e.fail(c, refuse(protocol.CodeUnauthorized, "Send the token the session was made with."))
		return nil, false
	}
	room, err := parseRoom(c.Param("room"))
	if err == nil {
		if r, ok := e.media.find(e.kind, room, c.Param("id"), token); ok {
			return r, true
		}
	}
	e.gate.Charge(addr)
	e.fail(c, refuse(protocol.CodeNotFound, "There is no such session."))
	return nil, false
}

// remove ends a session.
func (e endpoint) remove(c *gin.Context) {
	r, ok := e.found(c)
	if !ok {
		return
	}
	e.end(c.Request.Context(), r.session)
	e.media.remove(r)
	c.Status(http.StatusOK)
}

// patch takes candidates, which the server has no use for — it answers where
// checks come from — and ICE restarts.
func (e endpoint) patch(c *gin.Context) {
	r, ok := e.found(c)
	if !ok {
		return
	}
	text, err := body(c, fragmentType, maxSDP)
	if errors.Is(err, errMediaType) {
		writeMediaType(c, fragmentType)
		return
	}
	if err != nil {
		e.fail(c, err)
		return
	}
	fragment, err := sdptext.ParseFragment(string(text))
	if err != nil {
		e.fail(c, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	tag := c.GetHeader("If-Match")
	ufrag, pwd := sdptext.Credentials(r.offer.SDP)
	switch {
	case tag != "" && tag != "*" && tag != r.etag:
		e.precondition(c, http.StatusPreconditionFailed, "The ICE session has changed; its ETag is another now.")
	case fragment.Ufrag == ufrag && fragment.Pwd == pwd:
		c.Header("ETag", r.etag)
		c.Status(http.StatusNoContent)
	case tag == "":
		e.precondition(c, http.StatusPreconditionRequired, "An ICE restart needs If-Match: *.")
	case tag != "*":
		e.precondition(c, http.StatusPreconditionFailed, "These are other ICE credentials; an ICE restart needs If-Match: *.")
	default:
		e.restart(c, r, fragment)
	}
}

func (e endpoint) precondition(c *gin.Context, status int, detail string) {
	writeProblem(c, status, problem{Title: http.StatusText(status), Detail: detail, Code: protocol.CodeBadMessage})
}

// restart has the offer answered again under new ICE credentials.
func (e endpoint) restart(c *gin.Context, r *resource, fragment sdptext.Fragment) {
	offer := r.offer
	offer.SDP = sdptext.Restart(offer.SDP, fragment)
	ctx, cancel := context.WithTimeout(c.Request.Context(), e.cfg.Timing.Negotiate)
	defer cancel()
	answer, err := r.session.Negotiate(ctx, offer)
	if err != nil {
		e.fail(c, err)
		return
	}
	r.negotiated(offer, answer)
	c.Header("ETag", r.etag)
	c.Data(http.StatusOK, fragmentType, []byte(sdptext.FragmentOf(answer)))
}
