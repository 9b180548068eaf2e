// Package calendar is appointments of rooms as calendars know them: when they
// are, how they repeat, and their iCalendar text (RFC 5545; invitations by
// RFC 5546 and 6047; the meeting's link by RFC 7986 section 5.11).
//
// An appointment keeps what the clock on the wall shows and in which time zone,
// and no instant: a meeting at nine stays at nine when summer time begins, and
// when a country changes its rules. It is a plain value; nothing here sends
// anything or asks the clock.
package calendar
