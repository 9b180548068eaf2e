package shard

// resends bounds retransmissions to a share of what is sent, so that a viewer
// that asks for everything again gets little more than it was sent. A newcomer
// begins with resendLeast: what is lost of its first packets is not to be missed.
type resends struct {
	budget float64
	lost   float64 // the share that the viewer reported lost, packet by packet
}

const (
	// resendShare is for a viewer of whom nothing is known: it repairs a line that
	// loses a tenth of its packets, and of the repairs. Who reports what arrives
	// may lose more: what came of the repairs is reported as well, and loss by
	// too much lowers the estimate. It gets lostTimes what it loses, to have some
	// over when several are lost at once and for second repairs, which go twice,
	// and resendLargest at most.
	resendShare   = 0.125
	lostTimes     = 4
	resendLargest = 0.4
	// What was not needed is kept for one outage of resendOutage seconds, in bytes at most and at least.
	resendOutage = 0.15
	resendMost   = 128 << 10
	resendLeast  = 16 << 10
	// resendVoices is kept for sound: it is little, and missed most.
	resendVoices                = 2 << 10
	largestResend, largestVoice = 1500, 400
)

func (r *resends) sent(bytes int) {
	r.budget = min(resendMost, r.budget+float64(bytes)*min(max(resendShare, lostTimes*r.lost), resendLargest))
}

// take says whether bytes may be sent again over a line that is sent bits a second.
func (r *resends) take(bytes int, bits float64) bool {
	r.budget = min(r.budget, max(resendLeast, bits/8*resendOutage))
	if r.budget < float64(bytes) {
		return false
	}
	r.budget -= float64(bytes)
	return true
}

// spent says that too little is left for a packet of any size, and beyond that
// for what voices may miss meanwhile. Who asks then may ask again: the try is not counted.
func (r *resends) spent(video bool) bool {
	if video {
		return r.budget < largestResend+resendVoices
	}
	return r.budget < largestVoice
}
