package signaling

import (
	"strings"
	"time"

	"palabre/signaling/gate"
)

// Burden has the server believe that its processors are so late. It is to be
// called before anybody comes.
func (s *Server) Burden(delay func() time.Duration) { s.turnstile = gate.NewTurnstile(delay) }

// Routes lists what the server answers as "METHOD /path/{parameter}".
func (s *Server) Routes() []string {
	var list []string
	for _, r := range s.router.Routes() {
		parts := strings.Split(r.Path, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		list = append(list, r.Method+" "+strings.Join(parts, "/"))
	}
	return list
}
