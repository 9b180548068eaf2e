package signaling

import "strings"

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
