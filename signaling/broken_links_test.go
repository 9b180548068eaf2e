package signaling_test

import (
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/protocol"
)

func TestF04_WebSocketReset(t *testing.T) {
	h := newHouse(t)
	bob, _, _ := h.enter(protocol.Hello{Room: "r"}, "Bob")
	ana, _, joined := h.enter(protocol.Hello{Room: "r"}, "Ana")
	ana.send(protocol.TypeOffer, protocol.Offer{SDP: "v=0"})
	ana.frame(protocol.TypeAnswer)
	peer := h.media.all()[0]
	peer.report.Connected()
	var back []time.Duration
	var got []string
	resume, last := joined.Resume, ana.last
	const rounds = 20
	for i := range rounds {
		tcp, ok := ana.NetConn().(*net.TCPConn)
		if !ok {
			t.Fatal("no TCP")
		}
		_ = tcp.SetLinger(0) // closing sends a reset
		_ = tcp.Close()
		re := bob.send(protocol.TypeChat, protocol.ChatText{Text: fmt.Sprint(i)})
		for f := bob.frame(protocol.TypeChatLine); f.Re != re; f = bob.frame(protocol.TypeChatLine) {
		}
		start := time.Now()
		ana = h.dial()
		ana.send(protocol.TypeHello, protocol.Hello{Room: "r", Resume: resume, LastSeq: last})
		r := want[protocol.Resumed](ana, protocol.TypeResumed)
		back = append(back, time.Since(start))
		if !r.Media || r.Fresh || r.Participant != joined.Participant {
			t.Fatalf("round %d: %+v", i, r)
		}
		resume = r.Resume
		for len(got) <= i {
			f, err := ana.next()
			if err != nil {
				t.Fatal(err)
			}
			if f.Seq != 0 && f.Seq != last+1 {
				t.Errorf("event %d follows %d", f.Seq, last)
			}
			last = max(last, f.Seq)
			var line protocol.ChatLine
			if f.Type == protocol.TypeChatLine && json.Unmarshal(f.Data, &line) == nil {
				got = append(got, line.Text)
			}
		}
	}
	inOrder := true
	for i, text := range got {
		inOrder = inOrder && text == fmt.Sprint(i)
	}
	peer.mu.Lock()
	untouched := !peer.closed && len(peer.offers) == 1 && len(h.media.all()) == 1
	peer.mu.Unlock()
	p95 := percentile(95, back)
	catalogue.Report(t, catalogue.Item{
		ID: "F4", Injected: fmt.Sprintf("%d resets of the WebSocket while media stands and others chat", rounds),
		Measured: fmt.Sprintf("resumed p95 %.1f ms, %d of %d lines in order: %v, media untouched: %v", ms(p95), len(got), rounds, inOrder, untouched),
		Bar:      "media untouched, resumed <= 1 s p95, no line lost",
		Pass:     p95 <= time.Second && len(got) == rounds && inOrder && untouched,
	})
}

func TestF05_HalfOpen(t *testing.T) {
	// A tenth of the real times: ping 1 s, dead 2.5 s. Whoever is gone answers no ping.
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) {
		c.Timing = signaling.Timing{Ping: time.Second, Dead: 2500 * time.Millisecond}
	})
	bob, _, _ := h.enter(protocol.Hello{Room: "r"}, "Bob")
	ana, w, _ := h.enter(protocol.Hello{Room: "r"}, "Ana")
	ana.send(protocol.TypeOffer, protocol.Offer{SDP: "v=0"})
	ana.frame(protocol.TypeAnswer)
	peer := h.media.all()[0]
	peer.report.Connected()
	start := time.Now() // from here Ana neither reads nor writes; Bob does and stays
	var found time.Duration
	for found == 0 {
		p := want[protocol.Participant](bob, protocol.TypeParticipant)
		if p.ID == w.Participant && p.Away {
			found = time.Since(start)
		}
	}
	peer.mu.Lock()
	untouched := !peer.closed
	peer.mu.Unlock()
	catalogue.Report(t, catalogue.Item{
		ID: "F5", Injected: "a client that vanishes without closing (times a tenth of the real ones)",
		Measured: fmt.Sprintf("noticed after %.2f s, media untouched: %v", found.Seconds(), untouched),
		Bar:      "<= 2.5 s (25 s; a second more on a busy machine), media untouched",
		Pass:     found <= 3500*time.Millisecond && untouched,
	})
}
