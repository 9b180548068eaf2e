package sfu_test

import (
	"testing"
	"time"

	"palabre/sfu"
)

// TestWhatIsTakenOffIsSilent has somebody go on sending a voice after the
// server was told that they do not: nobody hears it, until it is told they do.
func TestWhatIsTakenOffIsSilent(t *testing.T) {
	s := server(t)
	listener := join(t, s, "room", "listener", shape{seats: 2})
	talker := newVoice(join(t, s, "room", "talker", shape{microphone: true}))
	tick := time.NewTicker(frame)
	defer tick.Stop()
	talk := func(packets int) (first, last uint16) {
		for range packets {
			last = talker.say(15)
			if first == 0 {
				first = last
			}
			<-tick.C
		}
		return first, last
	}
	heard := func(first, last uint16) (n int) {
		for _, count := range listener.heardOf(talker.client) {
			if count >= first && count <= last {
				n++
			}
		}
		return n
	}
	until(t, "the voice to be heard", func() bool { return heard(talk(5)) > 0 })
	talker.client.peer.SetSending(sfu.Sending{})
	talk(10) // what was on its way
	first, last := talk(50)
	talker.client.peer.SetSending(sfu.Sending{Microphone: true})
	until(t, "the voice to be heard again", func() bool { return heard(talk(5)) > 0 })
	if n := heard(first, last); n > 0 {
		t.Errorf("%d of %d packets were heard of a microphone that was taken off", n, last-first+1)
	}
}
