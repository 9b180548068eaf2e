// Package rooms is the domain of Palabre: meetings, their people, and what
// each of them may do. It decides everything and knows no wire format, no
// socket and no way of identifying anybody.
//
// A meeting has one owner, the goroutine of its room: it alone touches the
// room's maps, takes commands one after the other and writes what happened
// into the outbox of every [Session]. Nothing slow runs there: media calls
// have goroutines of their own, a full outbox detaches its reader instead of
// making the others wait.
//
// A session goes through these states:
//
//	at the door ─Join─▶ joined ─connection lost─▶ away ─30 s─▶ gone (lost)
//	     │                ▲  ▲                      │
//	     └─Join, lobby─▶ waiting              Open with Resume
//	                      admitted by a host
//
// At the door a person sees a preview and may negotiate media, so that the
// connection is ready when they are; media flows only once they have joined.
// Where a lobby holds them back they may not even negotiate.
package rooms
