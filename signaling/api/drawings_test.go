package api_test

import (
	"testing"

	"palabre/rooms"
	"palabre/signaling/api/apitest"
)

// TestAProgramSaysWhoDraws does by API what a host does to drawings on the page.
func TestAProgramSaysWhoDraws(t *testing.T) {
	h := open(t)
	ana, ben := h.Join("elm", "ana", rooms.Member), h.Join("elm", "ben", rooms.Guest)
	h.Want(404, "PUT /rooms/elm/drawings/ana", apitest.All, map[string]any{"rule": "nobody"})
	if err := ana.SetSending(t.Context(), 0, rooms.Sending{Screen: true}); err != nil {
		t.Fatal(err)
	}
	news(t, ben, func(d rooms.Drawings) bool { return len(d.Canvases) == 1 && d.Canvases[0].Rule == rooms.DrawEveryone })
	h.Want(200, "GET /rooms/elm/drawings", apitest.All, nil)
	h.Want(204, "PUT /rooms/elm/drawings/ana", apitest.All, map[string]any{"rule": "named", "people": []string{"ben"}})
	news(t, ben, func(d rooms.Drawings) bool {
		return d.Canvases[0].Rule == rooms.DrawNamed && d.Canvases[0].People[0] == "ben"
	})
	h.Want(400, "PUT /rooms/elm/drawings/ana", apitest.All, map[string]any{"rule": "some"})
	h.Want(403, "PUT /rooms/elm/drawings/ana", h.Token("elm", rooms.Guest, "eve"), map[string]any{"rule": "everyone"})
	h.Want(204, "DELETE /rooms/elm/drawings/ana", apitest.All, nil)
}
