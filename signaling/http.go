package signaling

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

const (
	// maxBody is the largest body of a REST request.
	maxBody = 1 << 20
	// maxHeader bounds the request line and headers; a token is 4 KiB at most.
	maxHeader = 32 << 10
)

// HTTPServer is a server with the time limits a stranger on the internet gets:
// headers within 5 s, a whole request within 8 s, an answer within 60 s.
// WebSockets leave these limits behind when they are upgraded. What strangers
// break (TLS handshakes, headers) is logged for debugging only.
func HTTPServer(addr string, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       8 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// routes is everything the server answers.
func (s *Server) routes() *gin.Engine {
	// gin's debug mode prints to standard output and its mode is a global of
	// gin's; an engine of New prints only through it.
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.ContextWithFallback = true
	r.Use(s.record, s.recoverPanic)
	r.NoRoute(s.notFound)
	r.NoMethod(func(c *gin.Context) {
		writeProblem(c, http.StatusMethodNotAllowed, problem{Title: "Method not allowed", Code: protocol.CodeBadMessage})
	})

	r.GET("/ws", s.webSocket)
	s.restRoutes(r)
	s.mediaRoutes(r)
	s.healthRoutes(r)
	if s.site != nil {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r.Handle(method, "/", s.page)
			r.Handle(method, "/r/:room", s.page)
		}
	}
	return r
}

// record writes down each request, by its route rather than its path: a
// room's name is what lets people in, so it is kept out of logs like a token.
func (s *Server) record(c *gin.Context) {
	start := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "other"
	}
	status := c.Writer.Status()
	s.metrics.requests.WithLabelValues(route, method(c.Request.Method), strconv.Itoa(status)).Inc()
	if route != "/ws" {
		s.metrics.since(s.metrics.durations.WithLabelValues(route), start)
	}
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	} else if status >= http.StatusBadRequest && route != "other" {
		level = slog.LevelInfo
	}
	s.cfg.Logger.LogAttrs(c.Request.Context(), level, "request",
		slog.String("method", method(c.Request.Method)), slog.String("route", route), slog.Int("status", status),
		slog.Duration("took", time.Since(start)), slog.String("from", gate.Truncated(s.address(c.Request))))
}

// method keeps a stranger's free text out of labels and logs.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return name
	}
	return "other"
}

// recoverPanic answers 500 where we failed, and keeps the others' requests going.
func (s *Server) recoverPanic(c *gin.Context) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if fault == http.ErrAbortHandler {
			panic(fault) // net/http's own way to cut a connection
		}
		s.faulty(c.FullPath(), fault)
		if !c.Writer.Written() {
			writeProblem(c, http.StatusInternalServerError, problem{Title: "Internal error", Code: protocol.CodeInternal})
		}
		c.Abort()
	}()
	c.Next()
}

// faulty writes down where we failed.
func (s *Server) faulty(route string, fault any) {
	s.metrics.panics.Inc()
	s.cfg.Logger.Error("a request failed by our fault", "route", route, "fault", fault, "stack", string(debug.Stack()))
}

// page serves the meeting page and home; an address that names no room gets
// the same page with a 404, which it shows in its own words. Whether a room
// exists makes no difference.
func (s *Server) page(c *gin.Context) {
	status := http.StatusOK
	if name := c.Param("room"); name != "" || c.FullPath() == "/r/:room" {
		if _, err := parseRoom(name); err != nil {
			status = http.StatusNotFound
		}
	}
	s.site.Page(c.Writer, c.Request, status, s.embedders(c, status)...)
}

// embedders are the sites that may frame the page of a room. They are looked up
// for pages about to be framed only, and who asks for rooms that let nobody is
// taken to try names: the answer tells whether a room lets somebody.
func (s *Server) embedders(c *gin.Context, status int) []string {
	room := c.Param("room")
	if room == "" || status != http.StatusOK || c.GetHeader("Sec-Fetch-Dest") != "iframe" || s.cfg.API.Shelf == nil {
		return nil
	}
	addr := s.address(c.Request)
	name, err := parseRoom(room)
	if err != nil || s.gate.Refused(addr) != nil {
		return nil
	}
	stored, err := s.cfg.API.Shelf.Room(c.Request.Context(), name)
	if err != nil || len(stored.Settings.Origins) == 0 {
		s.gate.Charge(addr)
		return nil
	}
	return stored.Settings.Origins
}

// notFound serves the files of the build, and a 404 for the rest.
func (s *Server) notFound(c *gin.Context) {
	safe := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	switch {
	case s.site != nil && safe && s.site.File(c.Writer, c.Request):
	case s.site != nil && safe && acceptsHTML(c.Request):
		s.site.Page(c.Writer, c.Request, http.StatusNotFound)
	default:
		writeProblem(c, http.StatusNotFound, problem{Title: "Not found", Code: protocol.CodeNotFound})
	}
}

func (s *Server) secure(r *http.Request) bool { return gate.Secure(r, s.cfg.TrustedProxies) }
