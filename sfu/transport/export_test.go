package transport

import "slices"

// Candidates are the candidate lines of every answer.
func (h *Host) Candidates() []string { return slices.Clone(h.candidates) }

// Parked is the close_notify of a connection whose DTLS is parked, nil of another.
func (c *Conn) Parked() []byte {
	if k := c.parked.Load(); k != nil {
		return k.farewell
	}
	return nil
}
