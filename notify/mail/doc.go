// Package mail sends what the server writes to people, over SMTP (RFC 5321).
//
// A message waits in the store until the mail server has taken it. While that
// is away nothing is lost: the sender asks again at growing pauses, up to
// [MaxPause]. A message the server refuses for good, or that is older than
// [MaxAge], is dead and can be looked at and tried again. At most [MaxQueue]
// messages wait; who would add one more is refused.
//
// Each message goes to one recipient, so that nobody learns who else got it. It
// keeps its Message-ID over all attempts: where an answer was lost and it goes
// out twice, mail programs show it once.
package mail
