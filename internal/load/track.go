package load

// maxMissing bounds how many lost packets of one stream are waited for.
const maxMissing = 4096

// sequence watches the RTP sequence numbers of one received stream (RFC 3550
// section 6.4.1) and remembers when each gap was noticed, so that packets
// still under repair at the end of a run are not called lost.
type sequence struct {
	ssrc      uint32
	started   bool
	highest   uint64           // extended by the number of wraps
	missing   map[uint64]int64 // when the gap was seen
	lost      uint64           // given up
	recovered uint64
	repeated  uint64
}

// note takes one packet's number.
func (s *sequence) note(ssrc uint32, number uint16, now int64) {
	if !s.started || ssrc != s.ssrc {
		s.lost += uint64(len(s.missing))
		s.started, s.ssrc, s.missing = true, ssrc, nil
		s.highest = 1<<16 + uint64(number)
		return
	}
	extended := extend(s.highest, number)
	switch {
	case extended > s.highest:
		s.gap(s.highest+1, extended, now)
		s.highest = extended
	case s.found(extended):
		s.recovered++
	default:
		s.repeated++
	}
}

func (s *sequence) gap(from, to uint64, now int64) {
	for n := from; n < to; n++ {
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
			lost++
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
	next    uint32
	skipped int64 // while measuring
}

// note takes one packet's marker and says whether a new source came to the
// line. Gaps count only while measuring: before, a server may well feel its
// way to what a viewer's line carries.
func (v *visit) note(m marker, measuring bool) (changed bool) {
	if !v.begun || v.source != m.source {
		v.begun, v.source, v.next = true, m.source, m.counter+1
		return true
	}
	ahead := int32(m.counter - v.next)
	if ahead >= 0 {
		v.next = m.counter + 1
	} else {
		ahead = -1 // it was late, and counted as skipped before
	}
	if measuring {
		v.skipped += int64(ahead)
	}
	return false
}
