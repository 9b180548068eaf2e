package rtp

// Unwrapper extends 16-bit sequence numbers to 64 bits, so that they can be
// compared and never come round. The zero value is ready.
type Unwrapper struct {
	highest uint64
	started bool
}

// firstCycle leaves room below the first number for packets that come before it.
const firstCycle = 1 << 16

// Unwrap gives the extended number nearest to the highest seen so far.
func (u *Unwrapper) Unwrap(n uint16) uint64 {
	if !u.started {
		u.started = true
		u.highest = firstCycle + uint64(n)
		return u.highest
	}
	extended := u.Peek(n)
	if extended > u.highest {
		u.highest = extended
	}
	return extended
}

// Peek is like [Unwrapper.Unwrap] without taking note of the number.
func (u *Unwrapper) Peek(n uint16) uint64 {
	return u.highest + uint64(int64(int16(n-uint16(u.highest))))
}

// Highest is the highest extended number so far; 0 before the first.
func (u *Unwrapper) Highest() uint64 { return u.highest }
