package transport_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"palabre/sfu/negotiate"
	"palabre/sfu/transport"
	"palabre/sfu/transport/probe"
)

// stranger is a client's new address: a socket with the client's credentials.
type stranger struct {
	net.PacketConn
	to               *net.UDPAddr
	pwd, theirUser   string
	theirPwd         string
	answers, packets chan struct{}
}

// elsewhere gives a connected client another address, which answers checks if
// it is the client's own, and leaves its old one silent.
func elsewhere(t *testing.T, answering bool) (*transport.Conn, *probe.Client, *ear, *stranger) {
	t.Helper()
	h := newHost(t, nil)
	client, err := probe.New(ice.NetworkTypeUDP4)
	if err != nil {
		t.Fatal(err)
	}
	listener := &ear{}
	conn := h.Open(listener, 0)
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = socket.Close()
		_ = conn.Close()
		client.Close()
	})
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	o := offer(t, client)
	answer, err := conn.Answer(ctx, o, map[string]negotiate.Use{"0": {Receive: true}})
	if err == nil {
		err = client.Dial(ctx, answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the server to be connected", func() bool { return listener.heard("connected") })
	if err := client.Write(client.SealRTP(rtp(1, 7))); err != nil {
		t.Fatal(err)
	}
	until(t, "media", func() bool { return listener.count() == 1 })
	udp, _ := ports(t, h)
	to, err := net.ResolveUDPAddr("udp4", udp)
	if err != nil {
		t.Fatal(err)
	}
	ufrag, pwd := probe.Attribute(answer, "ice-ufrag"), probe.Attribute(answer, "ice-pwd")
	s := &stranger{
		PacketConn: socket, to: to, theirUser: ufrag + ":" + o.Ufrag, theirPwd: pwd, pwd: o.Pwd,
		answers: make(chan struct{}, 100), packets: make(chan struct{}, 100),
	}
	go s.listen(answering)
	return conn, client, listener, s
}

// listen answers checks, and notes answers and media.
func (s *stranger) listen(answering bool) {
	b := make([]byte, 2000)
	for {
		n, from, err := s.ReadFrom(b)
		if err != nil {
			return
		}
		m := &stun.Message{Raw: append([]byte(nil), b[:n]...)}
		switch {
		case !stun.IsMessage(b[:n]):
			s.packets <- struct{}{}
		case m.Decode() != nil:
		case m.Type == stun.BindingSuccess:
			s.answers <- struct{}{}
		case m.Type == stun.BindingRequest && answering:
			mapped := from.(*net.UDPAddr)
			reply := stun.MustBuild(m, stun.BindingSuccess, &stun.XORMappedAddress{IP: mapped.IP, Port: mapped.Port},
				stun.NewShortTermIntegrity(s.pwd), stun.Fingerprint)
			_, _ = s.WriteTo(reply.Raw, from)
		}
	}
}

// check sends one connectivity check, without a nomination.
func (s *stranger) check() {
	m := stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername(s.theirUser), ice.AttrControlling(7),
		ice.PriorityAttr(1000), stun.NewShortTermIntegrity(s.theirPwd), stun.Fingerprint)
	_, _ = s.WriteTo(m.Raw, s.to)
}

// follows sends the client's media from the new address, and the server's to
// the client, until the server's arrives there.
func follows(t *testing.T, conn *transport.Conn, client *probe.Client, s *stranger, within time.Duration) bool {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := uint16(2); ; n++ {
		_, _ = s.WriteTo(client.SealRTP(rtp(n, 7)), s.to)
		packet := rtp(n, 9)
		_ = conn.WriteRTP(packet[:12], packet[12:])
		select {
		case <-s.packets:
			return true
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
}

func TestMediaFromAnotherAddressIsFollowed(t *testing.T) {
	for name, checksFirst := range map[string]bool{"media first": false, "a check first": true} {
		t.Run(name, func(t *testing.T) {
			conn, client, listener, s := elsewhere(t, true)
			if checksFirst {
				s.check()
				<-s.answers
			}
			if !follows(t, conn, client, s, wait) {
				t.Error("the server goes on sending to the old address")
			}
			if listener.count() < 2 {
				t.Error("media from the new address was not used")
			}
		})
	}
}

// TestAnAddressThatDoesNotConsentIsSentNothing sends a client's packets from
// an address that answers no checks, as somebody would who turns media on a victim.
func TestAnAddressThatDoesNotConsentIsSentNothing(t *testing.T) {
	conn, client, listener, s := elsewhere(t, false)
	if follows(t, conn, client, s, time.Second) {
		t.Error("media was sent to an address that did not consent")
	}
	if listener.heard("failed") {
		t.Error("the connection failed")
	}
}
