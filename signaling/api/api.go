// Package api is the REST API of a Palabre server: what programs and pages ask
// under /api/v1 over plain HTTP. It translates and decides nothing: commands go
// to package rooms, which answers "may X do Y here" for programs as for people.
//
// Every operation is one [Route] in the table of its slice. A route says who may
// come: programs by a scope of their API key, people by what the role of their
// join token may do in the room. Bodies are decoded strictly; errors are problem
// documents (RFC 9457) with the codes of the wire protocol; a POST with an
// Idempotency-Key is done once; lists come in pages with a cursor. The OpenAPI
// document is put together from spec/*.yaml and checked against the routes.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"palabre/identity"
	"palabre/notify/schedule"
	"palabre/rooms"
)

// Door is what the API asks of the edge it is a part of.
type Door interface {
	// Refused says why an address that failed too often is not listened to.
	Refused(r *http.Request) error
	// Charge counts a failed attempt.
	Charge(r *http.Request)
	// Network is where a request came from, shortened so that it names no single person.
	Network(r *http.Request) string
	// Fail answers a request that cannot be served.
	Fail(c *gin.Context, err error)
	// RoomName gives the canonical form of a room's name.
	RoomName(name string) (string, error)
	// Link is where a room's page is, as the caller reaches this server.
	Link(r *http.Request, room string) string
}

// Keys knows the API keys of programs.
type Keys interface {
	// VerifyKey gives the key whose text somebody showed. Errors wrap those of package identity.
	VerifyKey(ctx context.Context, text string) (identity.APIKey, error)
}

// Tokens checks join tokens.
type Tokens interface {
	VerifyJoin(ctx context.Context, token, room string) (identity.Grant, error)
}

// Config is what the API needs. Parts that are nil answer 503.
type Config struct {
	// Rooms decide everything. Required.
	Rooms *rooms.Rooms
	// Tokens checks join tokens. Required.
	Tokens Tokens
	// Keys knows API keys; nil knows none.
	Keys Keys
	// KeyBook is where API keys are made and revoked.
	KeyBook KeyBook
	// Repeats remembers answers for an Idempotency-Key; nil forgets them.
	Repeats Repeats
	// Shelf holds the rooms that are remembered.
	Shelf Shelf
	// Hooks keeps webhooks.
	Hooks Hooks
	// Mail shows what waits to be sent and what could not be.
	Mail Mail
	// Desk takes appointments, Templates keeps settings that rooms are made from.
	Desk      *schedule.Desk
	Templates Templates
	// Reports is what is remembered of meetings and days, Polls of their polls.
	Reports Reports
	Polls   Polls
	// Chat is the chat that is stored, FileLink gives links to files attached to it.
	Chat     ChatBook
	FileLink FileLink
	// Audit is who did what.
	Audit AuditLog
	// Logger is where refusals by the API's own fault are written. Default discards.
	Logger *slog.Logger
}

// API answers the requests.
type API struct {
	cfg  Config
	door Door
	doc  []byte
}

// New makes the API behind a door.
func New(cfg Config, door Door) (*API, error) {
	doc, err := document()
	if err != nil {
		return nil, fmt.Errorf("putting the description of the API together: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &API{cfg: cfg, door: door, doc: doc}, nil
}

// routes is every operation of the API.
func (a *API) routes() []Route {
	return slices.Concat(
		a.roomRoutes(),
		a.chatRoutes(),
		a.moderationRoutes(),
		a.drawingRoutes(),
		a.breakoutRoutes(),
		a.hookRoutes(),
		a.mailRoutes(),
		a.scheduleRoutes(),
		a.linkRoutes(),
		a.keyRoutes(),
		a.reportRoutes(), a.auditRoutes(), a.pollRoutes(),
	)
}

// Mount adds the routes under /api.
func (a *API) Mount(r gin.IRouter) {
	r.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", a.doc) })
	for _, route := range a.routes() {
		r.Handle(route.Method, "/v1"+strings.NewReplacer("{", ":", "}", "").Replace(route.Path), a.serve(route))
	}
}
