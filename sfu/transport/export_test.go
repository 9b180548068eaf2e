package transport

import "slices"

// Candidates are the candidate lines of every answer.
func (h *Host) Candidates() []string { return slices.Clone(h.candidates) }
