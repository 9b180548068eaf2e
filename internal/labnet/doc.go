// Command labnet joins two network namespaces by a cable that can be made
// slow, lossy, late or dead, for tests with real browsers on kernels without a
// network emulator. It needs Linux and the right to make namespaces.
//
//	labnet                          makes the namespaces; prints one JSON line
//	labnet exec NAMESPACE COMMAND…  runs a command in one of them
//
// The line says what to give exec, and the addresses:
//
//	{"server":"/proc/4711/fd/6","client":"/proc/4711/fd/8","serverAddress":"10.88.0.1","clientAddress":"10.88.0.2"}
//
// Then it takes commands on standard input, one JSON object a line, and
// answers each with the packets counted so far or an error. What a command
// does not name stays as it is; up is the way from the client to the server.
//
//	{"up":{"loss":2},"down":{"kbits":300,"queue":64000,"delay":20,"jitter":5}}
//	{"down":{}}                      no limits any more
//	{"blocked":"udp"}                as a strict firewall; "" ends it
//	{"clientAddress":"10.88.0.7"}    the client moves
//
// It ends with its input, or when killed, and leaves nothing behind: a
// namespace lives as long as labnet or a command in it does, so the commands
// are to be ended first.
package main
