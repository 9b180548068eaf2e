package rtp

// HeaderSize is the size in bytes of everything before the payload.
func (h *Header) HeaderSize() int { return int(h.start) }

// Highest is the highest extended number so far; 0 before the first.
func (u *Unwrapper) Highest() uint64 { return u.highest }
