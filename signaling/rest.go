package signaling

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"palabre/identity"
	"palabre/rooms"
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
	// Owner is the link of whoever starts the room, to be kept and not passed on.
	Owner string `json:"ownerUrl,omitempty"`
}

// settings is what the page must know before anybody joins.
type settings struct {
	Version   string `json:"version"`
	OpenRooms bool   `json:"openRooms"`
	// Mails says that owners of rooms may have invitations sent.
	Mails bool `json:"mails,omitempty"`
}

func (s *Server) restRoutes(r *gin.Engine) {
	api := r.Group("/api", s.sameOrigin())
	s.api.Mount(api)
	s.fileRoutes(api)
	api.GET("/v1/config", func(c *gin.Context) {
		c.Header("Cache-Control", "no-cache")
		desk := s.cfg.API.Desk
		c.JSON(http.StatusOK, settings{
			Version: s.cfg.Version, OpenRooms: s.cfg.OpenRooms, Mails: desk != nil && desk.Mails(rooms.Actor{}),
		})
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
	name, chosen, err := nameOf(text)
	if err != nil {
		s.fail(c, err)
		return
	}
	made := room{Name: name, URL: s.link(c.Request, name)}
	if s.cfg.Owners != nil {
		token, err := s.cfg.Owners.Found(c.Request.Context(), name, chosen, s.cfg.Rooms.Live(name))
		if err != nil {
			s.fail(c, err)
			return
		}
		made.Owner = made.URL + "#token=" + token
	}
	c.Header("Location", made.URL)
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, made)
}

// nameOf gives the name of a new room, and whether somebody chose it.
func nameOf(text []byte) (name string, chosen bool, err error) {
	var asked newRoom
	if len(text) > 0 {
		if err := frame.Decode(text, &asked); err != nil {
			return "", false, err
		}
	}
	if asked.Name == "" {
		name, err = identity.NewRoomName()
		return name, false, err
	}
	name, err = parseRoom(asked.Name)
	return name, true, err
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
