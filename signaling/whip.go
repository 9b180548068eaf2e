package signaling

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"palabre/rooms"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
	"palabre/signaling/sdptext"
)

// maxSDP is the largest body of WHIP and WHEP.
const maxSDP = 128 << 10

const (
	sdpType      = "application/sdp"
	fragmentType = "application/trickle-ice-sdpfrag"
)

// endpoint is WHIP (RFC 9725) or WHEP (draft-ietf-wish-whep): the same
// requests, once to send and once to receive.
type endpoint struct {
	*Server
	path  string
	kind  rooms.Kind
	lines func([]sdptext.Section) (rooms.Offer, error)
}

func (s *Server) mediaRoutes(r *gin.Engine) {
	for _, e := range []endpoint{
		{s, "/whip", rooms.Publisher, publisherLines},
		{s, "/whep", rooms.Spectator, spectatorLines},
	} {
		group := r.Group(e.path+"/:room", e.crossOrigin)
		group.OPTIONS("", e.options)
		group.POST("", e.create)
		group.OPTIONS("/:id", e.options)
		group.PATCH("/:id", e.patch)
		group.DELETE("/:id", e.remove)
	}
}

// crossOrigin lets pages of any site use these endpoints: what counts is the
// token in the request, which no browser adds by itself.
func (e endpoint) crossOrigin(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Patch, Retry-After")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func (e endpoint) options(c *gin.Context) {
	if c.Param("id") == "" {
		c.Header("Accept-Post", sdpType)
	} else {
		c.Header("Accept-Patch", fragmentType)
	}
	c.Status(http.StatusNoContent)
}

// create takes an offer and gives the answer and the Location of what it made.
func (e endpoint) create(c *gin.Context) {
	req, err := e.request(c)
	if err != nil {
		e.gate.Charge(e.address(c.Request))
		e.fail(c, err)
		return
	}
	offer, err := e.offerOf(c)
	if errors.Is(err, errMediaType) {
		writeMediaType(c, sdpType)
		return
	}
	if err != nil {
		e.fail(c, err)
		return
	}
	req.Sending = rooms.Sending{Microphone: offer.Microphone != "", Camera: offer.Camera != ""}
	if err := e.pass(c.Request.Context(), gate.Newcomer); err != nil {
		e.fail(c, err)
		return
	}
	r, answer, err := e.open(c.Request.Context(), req, offer)
	if err != nil {
		e.fail(c, err)
		return
	}
	c.Header("Location", e.path+"/"+url.PathEscape(r.room)+"/"+r.id)
	c.Header("ETag", r.etag)
	c.Header("Accept-Patch", fragmentType)
	for _, server := range e.relays(r.session, c.Request.Host) {
		for _, u := range server.URLs {
			c.Writer.Header().Add("Link", iceLink(u, server))
		}
	}
	c.Data(http.StatusCreated, sdpType, []byte(answer))
}

// request checks the token and says what it asks of the rooms.
func (e endpoint) request(c *gin.Context) (rooms.Request, error) {
	room, token, err := e.presented(c)
	if err != nil {
		return rooms.Request{}, err
	}
	req, err := e.granted(c.Request.Context(), rooms.Request{Kind: e.kind, Room: room, Client: e.path[1:]}, token)
	if err == nil && !req.Vouched {
		err = refuse(protocol.CodeForbidden, "This token gives no right here.")
	}
	if err != nil {
		return rooms.Request{}, err
	}
	who := c.Query("participant")
	if e.kind == rooms.Spectator {
		req.Watch = who
	} else if req.Identity == "" {
		req.Participant = who
	}
	return req, nil
}

func (e endpoint) offerOf(c *gin.Context) (rooms.Offer, error) {
	text, err := body(c, sdpType, maxSDP)
	if err != nil {
		return rooms.Offer{}, err
	}
	sections, err := sdptext.Sections(string(text))
	if err != nil {
		return rooms.Offer{}, err
	}
	offer, err := e.lines(sections)
	offer.SDP = string(text)
	return offer, err
}

// open makes the session, has the offer answered, and watches it to its end.
func (e endpoint) open(ctx context.Context, req rooms.Request, offer rooms.Offer) (*resource, string, error) {
	if err := e.begin(); err != nil {
		return nil, "", refuse(protocol.CodeUnavailable, "The server is stopping.")
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timing.Negotiate)
	defer cancel()
	session, err := e.cfg.Rooms.Open(ctx, req)
	if err != nil {
		e.work.Done()
		return nil, "", err
	}
	r := &resource{room: req.Room, kind: req.Kind, shown: req.Credential, session: session}
	answer, err := session.Negotiate(ctx, offer)
	if err != nil {
		e.end(ctx, session)
		e.work.Done()
		return nil, "", err
	}
	r.negotiated(offer, answer)
	e.media.add(r)
	go func() {
		defer e.work.Done()
		defer e.media.remove(r)
		select {
		case <-session.Done():
		case <-e.ctx.Done():
			session.Detach()
		}
	}()
	return r, answer, nil
}

// end lets a session go for good, whatever became of the request.
func (e endpoint) end(ctx context.Context, session *rooms.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.Timing.Write)
	defer cancel()
	if err := session.Leave(ctx, 0); err != nil && !errors.Is(err, rooms.ErrEnded) {
		e.cfg.Logger.Warn("a media session could not leave; it ends when its connection does", "cause", err)
	}
}

// publisherLines takes the first audio sent as the microphone and the first
// video sent as the camera.
func publisherLines(sections []sdptext.Section) (rooms.Offer, error) {
	var o rooms.Offer
	for _, s := range sections {
		switch {
		case !s.Sends:
		case s.Kind == "audio" && o.Microphone == "":
			o.Microphone = s.MID
		case s.Kind == "video" && o.Camera == "":
			o.Camera = s.MID
		}
	}
	if o.Microphone == "" && o.Camera == "" {
		return o, refuse(protocol.CodeBadOffer, "The offer sends neither audio nor video.")
	}
	return o, nil
}

// spectatorLines makes one seat of the first audio and video to receive.
func spectatorLines(sections []sdptext.Section) (rooms.Offer, error) {
	var seat rooms.Pair
	for _, s := range sections {
		switch {
		case !s.Accepts:
		case s.Kind == "audio" && seat.Audio == "":
			seat.Audio = s.MID
		case s.Kind == "video" && seat.Video == "":
			seat.Video = s.MID
		}
	}
	if seat == (rooms.Pair{}) {
		return rooms.Offer{}, refuse(protocol.CodeBadOffer, "The offer receives neither audio nor video.")
	}
	return rooms.Offer{Seats: []rooms.Pair{seat}}, nil
}

// iceLink is one ICE server as RFC 9725 section 4.6 writes it.
func iceLink(u string, s protocol.ICEServer) string {
	link := "<" + u + `>; rel="ice-server"`
	if s.Username != "" {
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		link += `; username="` + quote.Replace(s.Username) + `"; credential="` + quote.Replace(s.Credential) + `"; credential-type="password"`
	}
	return link
}
