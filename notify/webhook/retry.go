package webhook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// GiveUpAfter is for how long nothing may go well before a subscription is disabled.
	GiveUpAfter = 5 * 24 * time.Hour
	// jitter is the share of a pause that is added at random, so that what
	// failed together does not come back together.
	jitter = 0.1
	// maxRetryAfter bounds what a receiver may ask for.
	maxRetryAfter = 24 * time.Hour
)

// Schedule is the pause before each attempt (the specification's own).
func Schedule() []time.Duration {
	return []time.Duration{
		0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// answer is what came of one attempt.
type answer struct {
	status int
	// retryAfter is what the receiver asked for with 429 or 503.
	retryAfter time.Duration
	failure    string
}

func (a answer) went() bool { return a.status >= 200 && a.status < 300 }

// ill says that the receiver takes nothing now; otherwise it refuses this one delivery.
func (a answer) ill() bool {
	switch a.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return a.status < 400 || a.status >= 500
}

// settle says what an attempt makes of a delivery and its subscription.
func settle(d Delivery, s Subscription, a answer, at time.Time, took time.Duration, random func() float64) (Delivery, Subscription) {
	d.Attempts++
	d.Last = Attempt{At: at, Took: took, Status: a.status, Error: a.failure}
	if a.went() {
		d.State, s.Failing = Sent, time.Time{}
		return d, s
	}
	if s.Failing.IsZero() {
		s.Failing = at
	}
	switch {
	case a.status == http.StatusGone:
		d.State, s.Disabled, s.Why = Failed, at, WhyGone
		return d, s
	case at.Sub(s.Failing) >= GiveUpAfter:
		d.State, s.Disabled, s.Why = Failed, at, WhyFailing
		return d, s
	}
	pauses := Schedule()
	if d.Attempts >= len(pauses) {
		d.State = Failed
		return d, s
	}
	pause := pauses[d.Attempts]
	pause += time.Duration(float64(pause) * jitter * random())
	d.Due = at.Add(max(pause, min(a.retryAfter, maxRetryAfter)))
	d.Aside = !a.ill()
	return d, s
}

// retryAfter reads a Retry-After header (RFC 9110 section 10.2.3), seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

func random() float64 { return rand.Float64() }
