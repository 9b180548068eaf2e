package rooms

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// plainly keeps passwords as they are, and says how often it was asked.
type plainly struct {
	mu    sync.Mutex
	asked int
}

func (p *plainly) Hash(_ context.Context, password string) (string, error) { return password, nil }

func (p *plainly) Match(_ context.Context, hash, password string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return hash == password, nil
}

func withPassword(c *Config) { c.Settings.Password, c.Passwords = "sesame", &plainly{} }

func TestWhoNeedsThePassword(t *testing.T) {
	inHouse(t, withPassword, func(t *testing.T, h *house) {
		for name, test := range map[string]struct {
			req  Request
			want Code
		}{
			"a guest without it":   {Request{Role: Guest}, CodePasswordNeeded},
			"a guest with another": {Request{Role: Guest, Password: "open"}, CodePasswordWrong},
			"a guest with it":      {Request{Role: Guest, Password: "sesame"}, ""},
			"a guest with a link":  {Request{Role: Guest, Vouched: true}, ""},
			"a member":             {Request{Role: Member}, ""},
		} {
			c, err := h.open(test.req)
			if (test.want == "") != (err == nil) || err != nil && CodeOf(err) != test.want {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
			if c != nil {
				ok(t, c.Leave(bg, 0))
			}
		}
	})
}

func TestThePasswordIsNotAskedForTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &fakeTokens{}
		old := newHouse(t, tokens, withPassword)
		guest := old.mustOpen(Request{Role: Guest, Password: "sesame"})
		ok(t, guest.Join(bg, 1, "Guest", Sending{}))
		guest.pull()
		host := old.person(Host, "Host")
		another := "another"
		ok(t, host.Configure(bg, 0, Change{Password: &another}))
		_, err := old.open(Request{Role: Guest, Password: "sesame"})
		wantCode(t, err, CodePasswordWrong)
		back, err := old.resume(guest)
		ok(t, err)
		ok(t, old.rooms.Drain(bg, time.Second))
		old.close()
		h := newHouse(t, tokens, withPassword)
		fresh, err := h.resume(back)
		ok(t, err)
		ok(t, fresh.Join(bg, 1, "Guest", Sending{}))
		h.close()
	})
}

// coupon is a voucher for one visit.
type coupon struct {
	mu   sync.Mutex
	used *coupon // whose visit it was
	all  *coupon
	err  error
}

var errSpent = errors.New("spent")

func (c *coupon) Spend(context.Context) error {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if c.all.used == nil {
		c.all.used = c
	}
	if c.all.used != c {
		return errSpent
	}
	return nil
}

func TestAVoucherIsSpentByJoining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, link := &fakeTokens{}, &coupon{}
		h := newHouse(t, tokens, nil)
		bo := h.mustOpen(Request{Role: Guest, Vouched: true, Voucher: &coupon{all: link}})
		eve := h.mustOpen(Request{Role: Guest, Vouched: true, Voucher: &coupon{all: link}})
		away := h.mustOpen(Request{Role: Guest, Vouched: true, Voucher: &coupon{all: &coupon{}, err: errDraining}})
		ok(t, bo.Join(bg, 1, "Bo", Sending{}))
		bo.pull()
		if err := eve.Join(bg, 1, "Eve", Sending{}); !errors.Is(err, errSpent) {
			t.Errorf("the second to join: %v", err)
		}
		if err := away.Join(bg, 1, "Kim", Sending{}); CodeOf(err) != CodeUnavailable {
			t.Errorf("while nobody can tell: %v", err)
		}
		publisher := h.mustOpen(Request{Kind: Publisher, Role: Guest, Vouched: true, Voucher: &coupon{all: link}})
		if _, err := publisher.Negotiate(bg, Offer{SDP: "o"}); !errors.Is(err, errSpent) {
			t.Errorf("publishing by it: %v", err)
		}
		ok(t, publisher.Leave(bg, 0))
		bo.Detach()
		bo, err := h.resume(bo)
		ok(t, err)
		ok(t, h.rooms.Drain(bg, time.Second))
		h.close()

		next := newHouse(t, tokens, nil)
		if _, err := next.resume(bo); err != nil {
			t.Errorf("who was in comes back after a restart: %v", err)
		}
		_, err = next.resume(eve)
		wantCode(t, err, CodeResumeFailed) // the passport of the door is no way around the link
		next.close()
	})
}
