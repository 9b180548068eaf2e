package sfu

// Messages is how many datagrams left by the server's own sockets, and in how
// many messages.
func Messages(s *SFU) (datagrams, messages uint64) {
	sent := s.host.Sending()
	return sent.Datagrams.Load(), sent.Messages.Load()
}
