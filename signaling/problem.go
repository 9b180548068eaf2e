package signaling

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"palabre/identity"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// problem is the body of a refused HTTP request (RFC 9457). Code is the same
// vocabulary as over the WebSocket.
type problem struct {
	Title  string             `json:"title"`
	Status int                `json:"status"`
	Detail string             `json:"detail,omitempty"`
	Code   protocol.ErrorCode `json:"code"`
}

func writeProblem(c *gin.Context, status int, p problem) {
	p.Status = status
	text, err := json.Marshal(p)
	if err != nil {
		text = []byte(`{"title":"Internal error","status":500,"code":"internal"}`)
	}
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(status, "application/problem+json", text)
	c.Abort()
}

// fail answers a request that cannot be served.
func (s *Server) fail(c *gin.Context, err error) {
	e := wireError(err)
	out := outcomeOf(e.Code)
	s.metrics.failures.WithLabelValues(string(e.Code)).Inc()
	s.logRefusal(s.address(c.Request), c.FullPath(), e, err)
	if e.Code == protocol.CodeUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}
	after := time.Duration(e.RetryAfter) * time.Millisecond
	if e.Code == protocol.CodeRateLimited && after == 0 {
		after = s.gate.RetryAfter()
	}
	if after > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	writeProblem(c, out.status, problem{Title: out.title, Detail: e.Message, Code: e.Code})
}

// logRefusal keeps the trail of who was refused what: the cause stays here,
// with the network it came from and never a token or a room's name.
func (s *Server) logRefusal(addr netip.Addr, where string, e protocol.Error, cause error) {
	level := slog.LevelInfo
	if e.Code == protocol.CodeInternal {
		level = slog.LevelError
	}
	s.cfg.Logger.Log(s.ctx, level, "refused", "code", e.Code, "where", where, "from", gate.Truncated(addr), "cause", cause)
	s.audit(addr, where, e.Code, cause)
}

func (s *Server) address(r *http.Request) netip.Addr { return gate.Address(r, s.cfg.TrustedProxies) }

// body reads a request's body of one media type, no larger than limit.
func body(c *gin.Context, kind string, limit int64) ([]byte, error) {
	if got, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || got != kind {
		return nil, errMediaType
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(protocol.CodeTooLarge, "The body is larger than "+strconv.FormatInt(limit, 10)+" bytes.")
	}
	if err != nil {
		return nil, refuse(protocol.CodeBadMessage, "The body did not arrive whole.")
	}
	return text, nil
}

// errMediaType is answered with 415 rather than by its code.
var errMediaType = errors.New("the body has the wrong Content-Type")

func writeMediaType(c *gin.Context, want string) {
	writeProblem(c, http.StatusUnsupportedMediaType, problem{
		Title: "Unsupported media type", Detail: "Send the body as " + want + ".", Code: protocol.CodeBadMessage,
	})
}

// bearer gives the token of an Authorization header.
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func acceptsHTML(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// parseRoom gives the canonical form of a room's name.
func parseRoom(name string) (string, error) {
	room, err := identity.ParseRoomName(name)
	if err != nil {
		return "", err
	}
	return room, nil
}
