// Package identity says who somebody is: the keys of a server, the join tokens
// signed with them, the tokens to come back with, and the names of rooms.
package identity
