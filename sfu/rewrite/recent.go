package rewrite

// Recent finds what went out back numbers ago, 1 being the newest, to be sent
// once more though nobody asked: to learn how much a path carries it is better
// filled with what may be missing there than with nothing. It does not count as a resend.
func (s *Stream) Recent(back uint16) (Sent, bool) {
	e, number := s.sent.at(uint16(s.sent.next) - back)
	if e == nil || e.state != sent {
		return Sent{}, false
	}
	return s.found(e, number)
}
