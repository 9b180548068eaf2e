package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Credential is what one participant shows to be relayed, for a time (the
// scheme of draft-uberti-behave-turn-rest).
type Credential struct {
	Username, Password string
	revoke             func()
}

// Revoke ends the credential: nothing new is relayed with it, and what is
// relayed ends.
func (c Credential) Revoke() { c.revoke() }

// register knows the credentials that are good. The secret is of this process
// alone: a restart ends them all, and participants who come back get new ones.
type register struct {
	secret   [32]byte
	lifetime time.Duration

	mu   sync.Mutex
	good map[string]*holder // by the name's random part
}

// holder is who has one credential.
type holder struct {
	username, password string
	clients            map[*client]bool // the connections that showed it
	allocations        int              // made or about to be
}

func newRegister(lifetime time.Duration) *register {
	r := &register{lifetime: lifetime, good: map[string]*holder{}}
	_, _ = rand.Read(r.secret[:]) // never fails (crypto/rand)
	return r
}

// grant makes a credential. Its name says when it ends and nothing of whose it is.
func (r *register) grant(now time.Time) Credential {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	id := hex.EncodeToString(b[:])
	username := strconv.FormatInt(now.Add(r.lifetime).Unix(), 10) + ":" + id
	sum := hmac.New(sha256.New, r.secret[:])
	sum.Write([]byte(username))
	h := &holder{username: username, password: base64.RawURLEncoding.EncodeToString(sum.Sum(nil)), clients: map[*client]bool{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.good[id] = h
	return Credential{Username: h.username, Password: h.password, revoke: func() { r.revoke(id) }}
}

func (r *register) revoke(id string) {
	r.mu.Lock()
	h := r.good[id]
	delete(r.good, id)
	var clients []*client
	if h != nil {
		for c := range h.clients {
			clients = append(clients, c)
		}
	}
	r.mu.Unlock()
	for _, c := range clients {
		_ = c.Close() // it was open, or closing
	}
}

// find gives the holder of a name, nil where it is unknown, revoked or over. A
// client that is being relayed goes on by its name's time too: it is told to
// leave by revoke, not in the middle of a meeting.
func (r *register) find(username string, c *client, now time.Time) *holder {
	ends, id, ok := strings.Cut(username, ":")
	if !ok {
		return nil
	}
	end, err := strconv.ParseInt(ends, 10, 64)
	if err != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.good[id]
	if h == nil || h.username != username || now.Unix() > end && !(c.holder == h && c.holds) {
		return nil
	}
	return h
}

// enter notes that a client showed a credential whose password it knows.
func (r *register) enter(h *holder, c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.holder == nil {
		c.holder = h
		h.clients[c] = true
	}
}

// reserve takes one of a credential's allocations for a client, which has one
// at most. Where all are taken, the client that has been silent for longest
// gives its own, and is to be closed, if it was last heard before a time: a
// browser whose network went away must not wait for what it left behind.
func (r *register) reserve(c *client, before time.Time) (left *client, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.holds {
		return nil, true
	}
	if c.holder == nil {
		return nil, false
	}
	if c.holder.allocations >= maxAllocations {
		if left = c.holder.mostSilent(before); left == nil {
			return nil, false
		}
		left.holds = false
		c.holder.allocations--
	}
	c.holder.allocations++
	c.holds = true
	return left, true
}

func (h *holder) mostSilent(before time.Time) *client {
	var most *client
	earliest := before.UnixNano()
	for c := range h.clients {
		if heard := c.heard.Load(); c.holds && heard < earliest {
			most, earliest = c, heard
		}
	}
	return most
}

// release gives a client's allocation back.
func (r *register) release(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.holds {
		c.holder.allocations--
		c.holds = false
	}
}

// leave forgets a client.
func (r *register) leave(c *client) {
	r.release(c)
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.holder != nil {
		delete(c.holder.clients, c)
	}
}
