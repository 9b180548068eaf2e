package rtp

// Unwrapper extends 16-bit sequence numbers to 64 bits, so that they can be
// compared and never come round. The zero value is ready.
type Unwrapper struct {
	highest uint64
	started bool
	far     bool   // the last number was far behind
	expect  uint16 // what follows it
}

const (
	// firstCycle leaves room below the first number for packets that come before it.
	firstCycle = 1 << 16
	// maxMisorder is how far behind the highest a packet may come late: a
	// second of a fast stream. Two in a row from further behind mean that the sender
	// began a new count (RFC 3550 appendix A.1).
	maxMisorder = 3000
)

// Unwrap gives the extended number nearest to the highest seen so far. When
// the sender begins a new count, numbers go on upwards in the next cycle.
func (u *Unwrapper) Unwrap(n uint16) uint64 {
	if !u.started {
		u.started = true
		u.highest = firstCycle + uint64(n)
		return u.highest
	}
	extended := u.Peek(n)
	switch {
	case extended > u.highest:
		u.highest, u.far = extended, false
	case u.highest-extended <= maxMisorder:
		u.far = false
	case u.far && n == u.expect:
		extended += firstCycle
		u.highest, u.far = extended, false
	default:
		u.far, u.expect = true, n+1
	}
	return extended
}

// Peek is the number [Unwrapper.Unwrap] gives a packet that comes in time, without taking note of it.
func (u *Unwrapper) Peek(n uint16) uint64 {
	return u.highest + uint64(int64(int16(n-uint16(u.highest))))
}
