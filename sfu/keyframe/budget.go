package keyframe

import "time"

// The bounds of a [Budget].
const (
	// BudgetBurst is how many losses a viewer may report at once.
	BudgetBurst = 3
	// BudgetEvery is how often it may report one more: three in ten seconds.
	BudgetEvery = 10 * time.Second / 3
)

// Budget bounds what one viewer's losses may cost everybody else. The zero
// value is full. A viewer beyond its budget is served by the key frames that
// others ask for. It is not safe for concurrent use.
type Budget struct {
	spent int
	since time.Time
}

// Allow says whether one more report of loss may reach the [Arbiter].
func (b *Budget) Allow(now time.Time) bool {
	if b.spent == 0 {
		b.since = now
	}
	if back := int(now.Sub(b.since) / BudgetEvery); back > 0 {
		b.spent = max(0, b.spent-back)
		b.since = b.since.Add(time.Duration(back) * BudgetEvery)
		if b.spent == 0 {
			b.since = now
		}
	}
	if b.spent >= BudgetBurst {
		return false
	}
	b.spent++
	return true
}
