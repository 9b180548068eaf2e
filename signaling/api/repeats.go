package api

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"palabre/rooms"
)

const (
	// RepeatsKept is how long an answer is given again for the same Idempotency-Key.
	RepeatsKept = 24 * time.Hour
	// RepeatsLease is how long a request may take before another one with its key is tried.
	RepeatsLease = time.Minute
)

var repeatKey = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)

// Answer is an answer that is given again.
type Answer struct {
	// Digest is of the request it answers.
	Digest   string
	Status   int
	Location string
	Body     []byte
	// Done is false while the request is being answered.
	Done bool
}

// Repeats remembers answers by caller and Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). The store implements it.
type Repeats interface {
	// Begin claims a key for a request, or gives what is known of it: an answer,
	// or that the request is still being answered.
	Begin(ctx context.Context, caller, key, digest string, now time.Time) (known *Answer, err error)
	// Finish remembers the answer; Forget lets the key go, so that it may be tried again.
	Finish(ctx context.Context, caller, key string, answer Answer) error
	Forget(ctx context.Context, caller, key string) error
}

// once does a request with an Idempotency-Key once, and answers it again as it was.
func (c *Call) once(do func() (Reply, error)) (Reply, error) {
	key := c.Header("Idempotency-Key")
	if key == "" || c.http.Request.Method != http.MethodPost || c.api.cfg.Repeats == nil {
		return do()
	}
	if !repeatKey.MatchString(key) {
		return Reply{}, refuse(rooms.CodeBadMessage, "An Idempotency-Key is 1 to 255 visible ASCII characters.")
	}
	caller, digest := c.caller(), c.digest()
	known, err := c.api.cfg.Repeats.Begin(c.Context(), caller, key, digest, time.Now())
	switch {
	case err != nil:
		return Reply{}, err
	case known == nil:
		return c.first(caller, key, digest, do)
	case known.Digest != digest:
		return Reply{}, refuse(rooms.CodeConflict, "This Idempotency-Key was used for another request.")
	case !known.Done:
		return Reply{}, &rooms.Error{Code: rooms.CodeConflict, Message: "The first request with this Idempotency-Key is still being answered.", RetryAfter: time.Second}
	}
	reply := Reply{Status: known.Status, ContentType: jsonType, Header: http.Header{"Idempotent-Replayed": {"true"}}}
	if known.Location != "" {
		reply.Header.Set("Location", known.Location)
	}
	if len(known.Body) == 0 {
		return reply, nil
	}
	if c.route.Secret {
		if known.Body, err = c.unsealed(known.Body); err != nil {
			return Reply{}, &rooms.Error{Code: rooms.CodeConflict, Message: "This Idempotency-Key was used for another request.", Err: err}
		}
	}
	reply.Body = known.Body
	return reply, nil
}

// first answers the first request of a key and remembers the answer. What
// failed is forgotten: trying again is what the key is for.
func (c *Call) first(caller, key, digest string, do func() (Reply, error)) (Reply, error) {
	ctx := context.WithoutCancel(c.Context())
	reply, err := do()
	if err != nil {
		if gone := c.api.cfg.Repeats.Forget(ctx, caller, key); gone != nil {
			c.api.cfg.Logger.Warn("an Idempotency-Key could not be let go", "error", gone)
		}
		return Reply{}, err
	}
	answer := Answer{Digest: digest, Status: reply.Status, Location: reply.Header.Get("Location"), Done: true}
	if reply.Body != nil {
		if answer.Body, err = json.Marshal(reply.Body); err != nil {
			return Reply{}, &rooms.Error{Code: rooms.CodeInternal, Err: err}
		}
		reply.Body, reply.ContentType = answer.Body, jsonType
		if c.route.Secret {
			if answer.Body, err = c.sealed(answer.Body); err != nil {
				return Reply{}, &rooms.Error{Code: rooms.CodeInternal, Err: err}
			}
		}
	}
	if err := c.api.cfg.Repeats.Finish(ctx, caller, key, answer); err != nil {
		c.api.cfg.Logger.Warn("an answer could not be remembered for its Idempotency-Key", "error", err)
	}
	return reply, nil
}

// caller keeps the keys of different callers apart.
func (c *Call) caller() string {
	switch {
	case c.Key.ID != "":
		return "key " + c.Key.ID
	case c.By.Identity != "":
		return "identity " + c.By.Identity + " in " + c.Room
	}
	return "address " + c.By.Address
}
