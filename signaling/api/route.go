package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"palabre/identity"
	"palabre/rooms"
)

// Route is one operation.
type Route struct {
	// Method and Path, such as "POST" and "/rooms/{room}/lock".
	Method, Path string
	// Scope is what an API key must hold; empty lets no key in.
	Scope identity.Scope
	// Server: it is of the whole server, so that a key for some rooms may not.
	Server bool
	// Action is what the role of a join token for the room must be allowed;
	// empty takes no join tokens. Rooms ask again with the room's own settings.
	Action rooms.Action
	// MaxBody is the largest body in bytes; 0 is 64 KiB.
	MaxBody int64
	// Secret: the answer holds what nobody else must find, so that it is
	// remembered for an Idempotency-Key in a form that only the caller opens.
	Secret bool
	// Do does it.
	Do func(*Call) (Reply, error)
}

// Reply is the answer of an operation.
type Reply struct {
	Status int
	// Body is written as JSON; a []byte is written as it is, of type ContentType.
	Body        any
	ContentType string
	Header      http.Header
}

// ok answers with a body, created with that of something new at a place,
// accepted that it was done and there is nothing to show.
func ok(body any) (Reply, error) { return Reply{Status: http.StatusOK, Body: body}, nil }

func created(location string, body any) (Reply, error) {
	return Reply{Status: http.StatusCreated, Body: body, Header: http.Header{"Location": {location}}}, nil
}

func done() (Reply, error) { return Reply{Status: http.StatusNoContent}, nil }

// refuse is an error of the domain's own vocabulary.
func refuse(code rooms.Code, message string) error { return &rooms.Error{Code: code, Message: message} }

const jsonType = "application/json; charset=utf-8"

// serve answers requests of a route.
func (a *API) serve(route Route) gin.HandlerFunc {
	return func(c *gin.Context) {
		call := &Call{api: a, http: c, route: route}
		reply, err := a.answer(call)
		if err != nil {
			a.door.Fail(c, err)
			return
		}
		a.write(c, reply)
	}
}

func (a *API) answer(call *Call) (Reply, error) {
	if err := call.identify(); err != nil {
		call.refused(err)
		return Reply{}, err
	}
	if err := call.read(); err != nil {
		return Reply{}, err
	}
	return call.once(func() (Reply, error) { return call.route.Do(call) })
}

func (a *API) write(c *gin.Context, r Reply) {
	c.Header("Cache-Control", "no-store")
	for name, values := range r.Header {
		for _, value := range values {
			c.Header(name, value)
		}
	}
	switch body := r.Body.(type) {
	case nil:
		c.Status(r.Status)
		c.Writer.WriteHeaderNow()
	case []byte:
		c.Data(r.Status, r.ContentType, body)
	default:
		c.JSON(r.Status, body)
	}
}

// bearer gives the token of an Authorization header (RFC 6750 section 2.1).
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

var errNoStore = &rooms.Error{Code: rooms.CodeUnavailable, Message: "This server keeps nothing: it has no store.", Err: errors.New("no store is configured")}
