package chat

import (
	"maps"
	"time"
)

const (
	// linesPerSecond and burst are how fast one person may write and react.
	linesPerSecond = 5
	burst          = 20
	// maxBudgets is how many people's budgets are remembered at once. Those that
	// are full again are forgotten first.
	maxBudgets = 512
)

// budgets say how much each person may still write.
type budgets map[string]budget

// budget is a token bucket: how much was left, and when.
type budget struct {
	left float64
	at   time.Time
}

func (b budget) now(now time.Time) float64 {
	return min(burst, b.left+max(0, now.Sub(b.at).Seconds())*linesPerSecond)
}

// Spend takes one line from somebody's budget, or says how long they must wait.
func (l *Log) Spend(key string, now time.Time) (wait time.Duration) {
	if l.budgets == nil {
		l.budgets = budgets{}
	}
	left := float64(burst)
	if b, known := l.budgets[key]; known {
		left = b.now(now)
	}
	if left < 1 {
		return time.Duration((1-left)/linesPerSecond*float64(time.Second)).Round(time.Millisecond) + time.Millisecond
	}
	if len(l.budgets) >= maxBudgets {
		maps.DeleteFunc(l.budgets, func(_ string, b budget) bool { return b.now(now) >= burst })
	}
	l.budgets[key] = budget{left - 1, now}
	return 0
}
