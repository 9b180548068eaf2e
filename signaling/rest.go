package signaling

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"palabre/identity"
	"palabre/signaling/frame"
	"palabre/signaling/protocol"
)

// newRoom asks for a room's name and link.
type newRoom struct {
	Name string `json:"name"`
}

// room is the answer.
type room struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// settings is what the page must know before anybody joins.
type settings struct {
	Version   string `json:"version"`
	OpenRooms bool   `json:"openRooms"`
}

func (s *Server) restRoutes(r *gin.Engine) {
	api := r.Group("/api", s.sameOrigin())
	s.api.Mount(api)
	api.GET("/v1/config", func(c *gin.Context) {
		c.Header("Cache-Control", "no-cache")
		c.JSON(http.StatusOK, settings{Version: s.cfg.Version, OpenRooms: s.cfg.OpenRooms})
	})
	api.POST("/v1/rooms", s.createRoom)
	api.GET("/v1/rooms/:room/stats", s.roomStatistics)
}

// presented gives the room a request is about and the token shown for it. Who
// failed too often from the same address is refused.
func (s *Server) presented(c *gin.Context) (room, token string, err error) {
	if err := s.gate.Refused(s.address(c.Request)); err != nil {
		return "", "", err
	}
	if room, err = parseRoom(c.Param("room")); err != nil {
		return "", "", err
	}
	if token = bearer(c.Request); token == "" {
		return "", "", refuse(protocol.CodeUnauthorized, "Send a join token as Authorization: Bearer.")
	}
	return room, token, nil
}

// sameOrigin refuses what a page of another site sends to change something.
func (s *Server) sameOrigin() gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		c.Header("X-Content-Type-Options", "nosniff")
		if protection.Check(c.Request) != nil && (c.GetHeader("Origin") == "" || !s.origins.Allow(c.Request)) {
			s.fail(c, refuse(protocol.CodeForbidden, "Pages of that site may not change anything here."))
		}
	}
}

// createRoom makes up a name nobody guesses, or takes the one asked for. The
// room itself comes into being when its first person joins, so that nobody
// learns here whether there is one already.
func (s *Server) createRoom(c *gin.Context) {
	if !s.cfg.OpenRooms {
		s.fail(c, refuse(protocol.CodeForbidden, "Rooms of this server open with a token; ask whoever runs it for one."))
		return
	}
	if err := s.gate.Take(s.address(c.Request)); err != nil {
		s.fail(c, err)
		return
	}
	text, err := body(c, "application/json", maxBody)
	if errors.Is(err, errMediaType) && c.Request.ContentLength != 0 {
		writeMediaType(c, "application/json")
		return
	}
	if err != nil && !errors.Is(err, errMediaType) {
		s.fail(c, err)
		return
	}
	name, err := nameOf(text)
	if err != nil {
		s.fail(c, err)
		return
	}
	link := s.link(c.Request, name)
	c.Header("Location", link)
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, room{Name: name, URL: link})
}

func nameOf(text []byte) (string, error) {
	var asked newRoom
	if len(text) > 0 {
		if err := frame.Decode(text, &asked); err != nil {
			return "", err
		}
	}
	if asked.Name == "" {
		return identity.NewRoomName()
	}
	return parseRoom(asked.Name)
}

// link is where a room's page is, as the person reaches this server.
func (s *Server) link(r *http.Request, name string) string {
	base := s.cfg.PublicURL
	if base == "" {
		base = "http://" + r.Host
		if s.secure(r) {
			base = "https://" + r.Host
		}
	}
	return base + "/r/" + url.PathEscape(name)
}
