// Package chat is what people write to each other in one meeting: lines with
// replies, reactions, changes and attached files, to everybody or to one person.
//
// It is a state machine without clock, goroutine or memory of its own. A verb
// of [Log] checks a wish against all that was decided before and gives the
// event that carries it out; [Log.Confirm] takes the event once it may be
// shown. What newcomers are given is what was confirmed, so that nobody sees
// what a crash could still undo. The events are also what is stored: whoever
// folds them by [Line] has the chat.
package chat
