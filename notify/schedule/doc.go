// Package schedule keeps the appointments of rooms and writes to who is invited.
//
// A change of an appointment and the mail about it are kept in one transaction:
// nobody is told what did not happen, and nothing that happened stays untold.
//
// Who may have the server write mail is a question of its own. Whoever starts a
// room on an open server owns it; if every owner could name recipients, the
// server would send strangers' words to anybody, an open relay. So only
// programs with an API key may, unless the administrator says that owners may
// too; and then with no texts of theirs but a title and names, as the server's
// own mail, to [OwnerInvitees] people for each appointment and
// [OwnerMessages] messages a day for each network.
package schedule
