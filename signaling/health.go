package signaling

import (
	"crypto/subtle"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"palabre/signaling/protocol"
)

func (s *Server) healthRoutes(r *gin.Engine) {
	r.GET("/healthz", func(c *gin.Context) { state(c, http.StatusOK, "ok", "") })
	r.GET("/readyz", s.ready)
	figures := promhttp.HandlerFor(s.cfg.Registry, promhttp.HandlerOpts{ErrorLog: nil, MaxRequestsInFlight: 4})
	r.GET("/metrics", func(c *gin.Context) {
		if !s.mayMeasure(c.Request) {
			s.fail(c, refuse(protocol.CodeForbidden, "Figures are for this machine, or for the token in the configuration."))
			return
		}
		figures.ServeHTTP(c.Writer, c.Request)
	})
}

// ready says whether new people may be sent here; /healthz stays ok meanwhile,
// because restarting a server that drains would cut calls.
func (s *Server) ready(c *gin.Context) {
	switch {
	case s.draining.Load() || s.cfg.Rooms.Draining():
		state(c, http.StatusServiceUnavailable, "not ready", "draining")
	case s.site != nil && !s.site.Built():
		state(c, http.StatusServiceUnavailable, "not ready", "the pages are not built")
	default:
		state(c, http.StatusOK, "ready", "")
	}
}

func state(c *gin.Context, status int, name, reason string) {
	c.Header("Cache-Control", "no-store")
	c.JSON(status, struct {
		Status string `json:"status"`
		Reason string `json:"reason,omitempty"`
	}{name, reason})
}

// mayMeasure says who may read the figures: this machine itself — not what
// came through a proxy on it — or whoever shows the token.
func (s *Server) mayMeasure(r *http.Request) bool {
	if s.cfg.MetricsOpen {
		return true
	}
	if s.cfg.MetricsToken != "" {
		return subtle.ConstantTimeCompare([]byte(fingerprint(bearer(r))), []byte(fingerprint(s.cfg.MetricsToken))) == 1
	}
	proxied := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != ""
	return !proxied && s.address(r).IsLoopback()
}
