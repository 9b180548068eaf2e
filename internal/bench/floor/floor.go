// Package floor measures what the machine itself needs for a packet: one
// AES-128-GCM seal and its share of one send call that carries a whole frame
// (UDP_SEGMENT), the calls sixteen at a time, and nothing else: no header to
// write, nothing to look up, nobody to decide. No server can do less with the
// same bytes, so that what one does in a multiple of it says the same on every
// machine. It is written against the system's calls alone, so that it does
// not get slower when the server's own sockets do.
//
// Where packets go is a socket on loopback that throws them away in the kernel
// (a BPF filter): nobody is woken to read them. Only on Linux.
package floor
