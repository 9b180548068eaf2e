package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/frame"
)

const (
	// maxBody is the largest body of an operation that says nothing else.
	maxBody = 64 << 10
	// maxLimit is the largest page, defaultLimit the size of one nobody asked for.
	maxLimit, defaultLimit = 200, 50
	// maxCursor bounds what a client sends back to us, in bytes.
	maxCursor = 512
)

// Call is one request on its way through an operation.
type Call struct {
	// Room is the canonical name of the room in the path, if there is one.
	Room string
	// By is who asks.
	By rooms.Actor
	// Key is the program's API key; its ID is empty for people.
	Key identity.APIKey

	api   *API
	http  *gin.Context
	route Route
	body  []byte
}

// Context ends with the request.
func (c *Call) Context() context.Context { return c.http.Request.Context() }

// Param is a part of the path.
func (c *Call) Param(name string) string { return c.http.Param(name) }

// Query is a parameter of the query; empty where it is missing.
func (c *Call) Query(name string) string { return c.http.Query(name) }

// Header is a header of the request.
func (c *Call) Header(name string) string { return c.http.GetHeader(name) }

// Language is what the caller reads, "fr" or "en".
func (c *Call) Language() string {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(c.Header("Accept-Language"))), "fr") {
		return "fr"
	}
	return "en"
}

// Decode reads the body as JSON, strictly.
func (c *Call) Decode(into any) error {
	if len(c.body) == 0 {
		return refuse(rooms.CodeBadMessage, "Send a body of type application/json.")
	}
	return frame.Decode(c.body, into)
}

// Empty says that the request has no body.
func (c *Call) Empty() bool { return len(c.body) == 0 }

// Agent acts in the room of the path for the caller; Close it.
func (c *Call) Agent() (*rooms.Agent, error) { return c.api.cfg.Rooms.Agent(c.Context(), c.Room, c.By) }

// act does one thing in the room of the path and answers that it was done.
func (c *Call) act(do func(context.Context, *rooms.Agent) error) (Reply, error) {
	agent, err := c.Agent()
	if err != nil {
		return Reply{}, err
	}
	defer agent.Close()
	if err := do(c.Context(), agent); err != nil {
		return Reply{}, err
	}
	return done()
}

// Page is which part of a list is asked for.
type Page struct {
	Limit int
	// After is the cursor the list before ended with; empty begins.
	After string
}

// Page reads ?limit= and ?cursor=.
func (c *Call) Page() (Page, error) {
	page := Page{Limit: defaultLimit, After: c.Query("cursor")}
	if text := c.Query("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			return page, refuse(rooms.CodeBadMessage, "limit is a number from 1 to "+strconv.Itoa(maxLimit)+".")
		}
		page.Limit = limit
	}
	if len(page.After) > maxCursor {
		return page, refuse(rooms.CodeBadMessage, "This cursor is none of ours.")
	}
	return page, nil
}

// List is a page of a list; Next is the cursor of the one after it.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

func list[T any](items []T, next string) (Reply, error) {
	if items == nil {
		items = []T{}
	}
	return ok(List[T]{items, next})
}

// identify says who asks, or that they may not.
func (c *Call) identify() error {
	request := c.http.Request
	if err := c.api.door.Refused(request); err != nil {
		return err
	}
	if name := c.Param("room"); name != "" {
		room, err := c.api.door.RoomName(name)
		if err != nil {
			return err
		}
		c.Room = room
	}
	c.By.Address = c.api.door.Network(request)
	token := bearer(request)
	err := c.allow(token)
	if rooms.CodeOf(err) == rooms.CodeUnauthorized || errors.Is(err, identity.ErrToken) || errors.Is(err, identity.ErrKey) {
		c.api.door.Charge(request)
	}
	return err
}

func (c *Call) allow(token string) error {
	switch {
	case c.route.Scope == "" && c.route.Action == "":
		return nil // for everybody
	case token == "":
		return refuse(rooms.CodeUnauthorized, "Send an API key or a join token as Authorization: Bearer.")
	case strings.HasPrefix(token, identity.KeyPrefix):
		return c.allowKey(token)
	case c.route.Action == "" || c.Room == "":
		return refuse(rooms.CodeForbidden, "This takes an API key.")
	}
	grant, err := c.api.cfg.Tokens.VerifyJoin(c.Context(), token, c.Room)
	if err != nil {
		return err
	}
	if grant.Ticket != nil {
		return refuse(rooms.CodeForbidden, "This link is for one visit to the room, and for nothing else.")
	}
	c.By.Identity, c.By.Name, c.By.Role = grant.Subject, grant.Name, rooms.Role(grant.Role)
	if !c.api.cfg.Rooms.May(c.By.Role, c.route.Action) {
		return refuse(rooms.CodeForbidden, "The role of this token may not do this.")
	}
	return nil
}

func (c *Call) allowKey(text string) error {
	if c.api.cfg.Keys == nil {
		return refuse(rooms.CodeUnauthorized, "This server knows no API keys.")
	}
	key, err := c.api.cfg.Keys.VerifyKey(c.Context(), text)
	switch {
	case errors.Is(err, identity.ErrKey):
		return err
	case err != nil:
		return &rooms.Error{Code: rooms.CodeUnavailable, Message: "API keys cannot be looked up now.", RetryAfter: time.Second, Err: err}
	case c.route.Scope == "" || !key.May(c.route.Scope):
		return refuse(rooms.CodeForbidden, "This API key lacks the scope "+string(c.route.Scope)+".")
	case c.Room != "" && !key.Opens(c.Room):
		return refuse(rooms.CodeForbidden, "This API key is for other rooms.")
	case c.route.Server && len(key.Rooms) > 0:
		return refuse(rooms.CodeForbidden, "This API key is for some rooms, and this is of the whole server.")
	}
	c.Key = key
	c.By.Key, c.By.Name, c.By.Role = key.ID, key.Name, rooms.Owner
	return nil
}

// read takes the body in, bounded. Operations that take none refuse none.
func (c *Call) read() error {
	request := c.http.Request
	if request.Method == http.MethodGet || request.Body == nil || request.Body == http.NoBody {
		return nil
	}
	limit := c.route.MaxBody
	if limit == 0 {
		limit = maxBody
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.http.Writer, request.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refuse(rooms.CodeTooLarge, "The body is larger than "+strconv.FormatInt(limit, 10)+" bytes.")
	}
	if err != nil {
		return refuse(rooms.CodeBadMessage, "The body did not arrive whole.")
	}
	if kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type")); len(text) > 0 && (err != nil || kind != "application/json") {
		return refuse(rooms.CodeBadMessage, "Send the body as application/json.")
	}
	c.body = text
	return nil
}

// digest tells requests apart that carry the same Idempotency-Key.
func (c *Call) digest() string {
	sum := sha256.New()
	_, _ = io.WriteString(sum, c.http.Request.Method+" "+c.http.Request.URL.RequestURI()+"\n")
	_, _ = sum.Write(c.body)
	return hex.EncodeToString(sum.Sum(nil))
}
