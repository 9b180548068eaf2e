package shard

import (
	"testing"
	"time"
)

// line is a viewer's line that carries so much: what is sent beyond it is
// lost or queues up, as the receiver reports.
type line struct {
	limit
	now  time.Time
	sent float64 // bit/s the viewer would be sent without a limit
}

func newTestLine(sent float64) *line {
	l := &line{now: time.Unix(1000, 0), sent: sent}
	l.look(l.now)
	return l
}

// run lets seconds pass on a line that carries capacity bit/s; queues says
// that the receiver estimates its line, share is what is lost by chance.
func (l *line) run(seconds int, capacity float64, queues bool, share float64) {
	for range 2 * seconds {
		l.now = l.now.Add(500 * time.Millisecond)
		rate := l.sent
		if l.bits > 0 {
			rate = min(rate, l.bits)
		}
		l.limit.sent = int(rate / 16)
		l.look(l.now)
		lost := share
		if queues {
			l.estimate(int(min(capacity, 1.5*rate)), l.now)
		} else if rate > capacity {
			lost += 1 - capacity/rate
		}
		l.lost(lost, uint32(rate/16/1100), l.now)
	}
}

func TestLimitFollowsTheLine(t *testing.T) {
	for name, queues := range map[string]bool{"estimates": true, "losses": false} {
		t.Run(name, func(t *testing.T) {
			l := newTestLine(3e6)
			l.run(10, 10e6, queues, 0)
			if l.bits != 0 {
				t.Fatalf("a line that carries everything is limited to %.0f", l.bits)
			}
			l.run(6, 1e6, queues, 0)
			if l.bits == 0 || l.bits > 2e6 {
				t.Errorf("6 s after the line became narrow the limit is %.0f", l.bits)
			}
			for range 20 { // it stays about there
				if l.run(1, 1e6, queues, 0); l.bits > 2e6 || l.bits < 500e3 {
					t.Errorf("on a narrow line the limit is %.0f", l.bits)
				}
			}
			l.run(12, 10e6, queues, 0)
			if l.bits > 0 && l.bits < 3e6 {
				t.Errorf("12 s after the line became wide the limit is still %.0f", l.bits)
			}
			l.run(20, 10e6, queues, 0)
			if l.bits != 0 {
				t.Errorf("it is never lifted: %.0f", l.bits)
			}
		})
	}
}

func TestLossByChanceDoesNotLimit(t *testing.T) {
	l := newTestLine(3e6)
	l.run(20, 10e6, true, 0.15)
	if l.bits != 0 {
		t.Errorf("15 %% lost by chance, no queue, and the limit is %.0f", l.bits)
	}
	l.run(5, 10e6, true, 0.4)
	if l.bits == 0 {
		t.Error("40 % lost and no limit")
	}
	if l.run(60, 10e6, true, 0.9); l.bits < leastBits {
		t.Errorf("the limit falls to %.0f", l.bits)
	}
}

func TestHiccupsDoNotLimit(t *testing.T) {
	l := newTestLine(3e6)
	l.run(3, 10e6, true, 0)
	for range 20 {
		l.estimate(100e3, l.now)
		l.estimate(100e3, l.now)
		l.run(1, 10e6, true, 0)
	}
	l.lost(0.5, 10, l.now) // five of ten packets of a quiet line
	l.run(2, 10e6, true, 0)
	if l.bits != 0 {
		t.Errorf("the limit is %.0f", l.bits)
	}
}
