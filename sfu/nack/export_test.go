package nack

import "time"

// Next is when [List.Due] will have something to do; false when nothing is missing.
func (l *List) Next() (time.Duration, bool) {
	if len(l.entries) == 0 {
		return 0, false
	}
	next := l.entries[0].next
	for _, m := range l.entries[1:] {
		next = min(next, m.next)
	}
	return next, true
}

// Lost is how many packets were given up since the beginning.
func (l *List) Lost() uint64 { return l.lost }
