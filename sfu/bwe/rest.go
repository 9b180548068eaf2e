package bwe

// Rest says that packets leave without numbers from now on, until Resume:
// [Estimator.Sent] is not told of them and their arrival is not reported. What
// is known of the line stays as it is, and nothing is probed for; what is lost
// is taken from reception reports. What is on its way may still be reported,
// and nothing follows from it when it is not.
func (e *Estimator) Rest() {
	e.resting = true
	if e.guided(e.sending.last) {
		e.unseen = false
	}
	e.prober.abandon()
	if e.feedbacks > 0 {
		e.reports.loss, e.reports.recent = e.losses.ratio, e.losses.recent
	}
}

// Resume says that what leaves has numbers again.
func (e *Estimator) Resume() {
	e.resting = false
	e.losses.ratio, e.losses.recent = e.reports.loss, e.reports.recent
}
