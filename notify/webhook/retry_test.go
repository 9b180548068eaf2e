package webhook

import (
	"net/http"
	"testing"
	"time"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func settled(d Delivery, s Subscription, a answer, at time.Time) (Delivery, Subscription) {
	return settle(d, s, a, at, time.Millisecond, func() float64 { return 0 })
}

// A receiver that never answers well is tried at the pauses of the
// specification, which together take more than three days, and then no more.
func TestRetriesFollowTheSchedule(t *testing.T) {
	d, s := Delivery{State: Waiting, Due: monday}, Subscription{}
	var at time.Time
	var pauses []time.Duration
	for d.State == Waiting {
		at = d.Due
		d, s = settled(d, s, answer{status: 500}, at)
		if d.State == Waiting {
			pauses = append(pauses, d.Due.Sub(at))
		}
	}
	want := Schedule()[1:]
	if len(pauses) != len(want) || d.State != Failed || d.Attempts != len(want)+1 {
		t.Fatalf("%d attempts with pauses %v, then %s; want pauses %v", d.Attempts, pauses, d.State, want)
	}
	for i, pause := range pauses {
		if pause != want[i] {
			t.Errorf("pause %d is %v, want %v", i+1, pause, want[i])
		}
	}
	if !s.Disabled.IsZero() {
		t.Error("the subscription is disabled by one delivery alone")
	}
}

func TestJitterOnlyAdds(t *testing.T) {
	d, _ := settle(Delivery{State: Waiting, Attempts: 3}, Subscription{}, answer{status: 500}, monday, 0, func() float64 { return 1 })
	if pause := d.Due.Sub(monday); pause != 2*time.Hour+12*time.Minute {
		t.Errorf("the longest pause before the fifth attempt is %v", pause)
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for _, c := range []struct {
		name  string
		a     answer
		state State
		aside bool
		why   Why
		pause time.Duration
	}{
		{"taken", answer{status: 204}, Sent, false, "", 0},
		{"no answer", answer{failure: "no answer in time"}, Waiting, false, "", 5 * time.Second},
		{"redirect", answer{status: 302}, Waiting, false, "", 5 * time.Second},
		{"ill", answer{status: 502}, Waiting, false, "", 5 * time.Second},
		{"this one refused", answer{status: 422}, Waiting, true, "", 5 * time.Second},
		{"too much, later", answer{status: 429, retryAfter: time.Hour}, Waiting, false, "", time.Hour},
		{"asks for longer than a day", answer{status: 503, retryAfter: 90 * 24 * time.Hour}, Waiting, false, "", maxRetryAfter},
		{"asks for less than we wait", answer{status: 503, retryAfter: time.Second}, Waiting, false, "", 5 * time.Second},
		{"gone", answer{status: 410}, Failed, false, WhyGone, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, s := settled(Delivery{State: Waiting, Due: monday}, Subscription{}, c.a, monday)
			if d.State != c.state || d.Aside != c.aside || s.Why != c.why || d.State == Waiting && d.Due.Sub(monday) != c.pause {
				t.Errorf("%s aside=%v why=%q after %v", d.State, d.Aside, s.Why, d.Due.Sub(monday))
			}
			if (c.why != "") != !s.Disabled.IsZero() {
				t.Error("a reason and being disabled go together")
			}
		})
	}
}

func TestDaysOfFailureDisable(t *testing.T) {
	_, s := settled(Delivery{State: Waiting}, Subscription{Failing: monday}, answer{status: 500}, monday.Add(GiveUpAfter-time.Second))
	if !s.Disabled.IsZero() {
		t.Error("disabled before the time")
	}
	_, s = settled(Delivery{State: Waiting}, s, answer{status: 500}, monday.Add(GiveUpAfter))
	if s.Why != WhyFailing {
		t.Error("not disabled after days of failures")
	}
	_, s = settled(Delivery{State: Waiting}, Subscription{Failing: monday}, answer{status: 200}, monday.Add(GiveUpAfter))
	if !s.Disabled.IsZero() || !s.Failing.IsZero() {
		t.Error("one success must end the failing")
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "120", "-1", "99999999999999999999", "Mon, 02 Mar 2026 10:00:00 GMT", "soon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		pause := retryAfter(header, monday)
		if pause < 0 {
			t.Errorf("%q asks for %v", header, pause)
		}
		d, _ := settled(Delivery{State: Waiting}, Subscription{}, answer{status: http.StatusServiceUnavailable, retryAfter: pause}, monday)
		if wait := d.Due.Sub(monday); wait < 5*time.Second || wait > maxRetryAfter {
			t.Errorf("%q has us wait %v", header, wait)
		}
	})
}
