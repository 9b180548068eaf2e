package signaling

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"sync"

	"palabre/rooms"
	"palabre/signaling/sdptext"
)

// resource is one WHIP or WHEP session: what the Location of RFC 9725 names.
type resource struct {
	id      string
	room    string
	kind    rooms.Kind
	shown   string // the fingerprint of the token that made it
	session *rooms.Session

	mu    sync.Mutex // guards one negotiation at a time, and what follows
	offer rooms.Offer
	// etag names the ICE session that stands; a restart changes it.
	etag string
}

// negotiated keeps what an ICE restart by fragment needs.
func (r *resource) negotiated(offer rooms.Offer, answer string) {
	ufrag, _ := sdptext.Credentials(answer)
	r.offer, r.etag = offer, `"`+ufrag+`"`
}

// resources are the WHIP and WHEP sessions there are.
type resources struct {
	mu   sync.Mutex
	byID map[string]*resource
}

func newResources() resources { return resources{byID: map[string]*resource{}} }

func (rs *resources) add(r *resource) {
	r.id = rand.Text()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.byID[r.id] = r
}

func (rs *resources) remove(r *resource) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.byID, r.id)
}

// find gives a resource to whoever shows the token that made it.
func (rs *resources) find(kind rooms.Kind, room, id, token string) (*resource, bool) {
	rs.mu.Lock()
	r, ok := rs.byID[id]
	rs.mu.Unlock()
	if !ok || r.kind != kind || r.room != room || subtle.ConstantTimeCompare([]byte(r.shown), []byte(fingerprint(token))) != 1 {
		return nil, false
	}
	return r, true
}

// fingerprint stands for a token where the token itself must not be kept.
func fingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
