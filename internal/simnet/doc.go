// Package simnet is a network for tests: hosts with addresses, each behind a
// link up and a link down that can be made slow, lossy, late or dead at any
// moment. It opens no socket.
//
// A [Link] alone is a pure function of the packets it is given, the times they
// come at and its seed, for simulations in virtual time. A [Network] of
// [Host]s gives out [net.PacketConn]s that pion's ICE takes for sockets:
//
//	n := simnet.New(1)
//	defer n.Close()
//	udp, _ := n.Host(netip.MustParseAddr("10.0.0.1")).Listen(0) // the server's, on a link without limits
//	alice := n.Host(netip.MustParseAddr("10.0.0.2"))
//	conn, _ := alice.Listen(0)                                  // settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, conn))
//	alice.Down.Set(simnet.Shape{Rate: 300_000, Queue: 64_000, Loss: 0.02, Burst: 4})
//
// A Network tells the time by package time and holds nothing but channels and
// timers, so a test of testing/synctest runs a whole meeting over it in
// virtual time, as long as nobody in the test opens a real socket: pion's
// clients look for others by multicast DNS unless told not to.
package simnet
