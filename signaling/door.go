package signaling

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"palabre/signaling/gate"
)

// apiDoor is the edge as the REST API sees it.
type apiDoor struct{ s *Server }

func (d apiDoor) Refused(r *http.Request) error            { return d.s.gate.Refused(d.s.address(r)) }
func (d apiDoor) Charge(r *http.Request)                   { d.s.gate.Charge(d.s.address(r)) }
func (d apiDoor) Network(r *http.Request) string           { return gate.Truncated(d.s.address(r)) }
func (d apiDoor) Fail(c *gin.Context, err error)           { d.s.fail(c, err) }
func (d apiDoor) RoomName(name string) (string, error)     { return parseRoom(name) }
func (d apiDoor) Link(r *http.Request, room string) string { return d.s.link(r, room) }
