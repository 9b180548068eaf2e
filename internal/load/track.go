package load

// maxMissing bounds how many lost packets of one stream are waited for.
const maxMissing = 4096

// sequence watches the RTP sequence numbers of one received stream (RFC 3550
// section 6.4.1) and remembers when each gap was noticed, so that packets
// still under repair at the end of a run are not called lost.
type sequence struct {
	ssrc    uint32
	started bool
	// step is 1, or n where only packets come whose number is a multiple of n,
	// a power of two: each stands for n then, received or lost.
	step      uint64
	highest   uint64           // extended by the number of wraps
	missing   map[uint64]int64 // when the gap was seen
	lost      uint64           // given up
	recovered uint64
	repeated  uint64
}

// note takes one packet's number and gives it extended.
func (s *sequence) note(ssrc uint32, number uint16, now int64) (extended uint64) {
	if !s.started || ssrc != s.ssrc {
		s.restart(max(s.step, 1))
		s.started, s.ssrc = true, ssrc
		s.highest = 1<<16 + uint64(number)
		return s.highest
	}
	extended = extend(s.highest, number)
	switch {
	case extended > s.highest:
		s.gap(s.highest+s.step, extended, now)
		s.highest = extended
	case s.found(extended):
		s.recovered++
	default:
		s.repeated++
	}
	return extended
}

// restart gives up what is missing and begins anew with the next packet.
func (s *sequence) restart(step uint64) {
	s.lost += uint64(len(s.missing)) * s.step
	s.started, s.missing, s.step = false, nil, step
}

// weight is how many packets one stands for.
func (s *sequence) weight() uint64 { return max(s.step, 1) }

func (s *sequence) gap(from, to uint64, now int64) {
	for n := from; n < to; n += s.step {
		if len(s.missing) >= maxMissing {
			s.lost += to - n
			return
		}
		if s.missing == nil {
			s.missing = map[uint64]int64{}
		}
		s.missing[n] = now
	}
}

func (s *sequence) found(number uint64) bool {
	_, was := s.missing[number]
	delete(s.missing, number)
	return was
}

// lostBefore counts what was noticed before a moment and never came.
func (s *sequence) lostBefore(moment int64) uint64 {
	lost := s.lost
	for _, noticed := range s.missing {
		if noticed < moment {
			lost += s.step
		}
	}
	return lost
}

// extend returns the extended number nearest to reference (RFC 1982).
func extend(reference uint64, number uint16) uint64 {
	return uint64(int64(reference) + int64(int16(number-uint16(reference))))
}

// visit follows one source's own counter while it occupies a line. What is
// missing here and not in the sequence numbers was withheld by the server:
// it closes the gaps of what it drops on purpose.
type visit struct {
	source  sourceID
	begun   bool
	counter uint32
	number  uint64 // the sequence number it came with, extended
	skipped int64  // while measuring
}

// note takes one packet's marker and sequence number and says whether a new
// source came to the line. It need not see every packet: what the source
// counted further than the numbers went was withheld. That counts only while
// measuring: before, a server may well feel its way to what a viewer's line
// carries.
func (v *visit) note(m marker, number uint64, measuring bool) (changed bool) {
	if !v.begun || v.source != m.source {
		v.begun, v.source, v.counter, v.number = true, m.source, m.counter, number
		return true
	}
	ahead := int32(m.counter - v.counter)
	if ahead <= 0 {
		return false // it was late
	}
	if measuring {
		v.skipped += int64(ahead) - int64(number-v.number)
	}
	v.counter, v.number = m.counter, number
	return false
}
