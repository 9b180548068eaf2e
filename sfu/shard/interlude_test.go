package shard_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"palabre/sfu/rtp"
	"palabre/sfu/shard"
)

// sending is one packet on its way to a viewer.
type sending struct {
	viewer, ssrc uint32
	sequence     uint16
	payload      []byte // without padding
}

// audience is a room of viewers on one shard who all get one picture and one voice.
type audience struct {
	engine    *shard.Still
	publisher *shard.Peer
	camera    *shard.Track
	sent      []sending // in order
	each      func()    // is called for each of them
	reports   int       // RTCP packets sent
}

// seat is the connection of one of them.
type seat struct {
	*audience
	viewer uint32
}

func (s seat) WriteRTP(header, payload []byte) error {
	var h rtp.Header
	packet := slices.Concat(header, payload)
	if err := rtp.Parse(packet, extensions(), &h); err != nil {
		return err
	}
	s.sent = append(s.sent, sending{s.viewer, h.SSRC, h.SequenceNumber, h.Payload(packet)})
	if s.each != nil {
		s.each()
	}
	return nil
}

func (s seat) WriteRTCP([]byte) error { s.reports++; return nil }
func (seat) Prefetch(int)             {}

const (
	pictureLine, soundLine = 20, 22 // SSRCs
)

func newAudience(viewers int) *audience {
	a := &audience{engine: shard.NewStill(1)}
	a.engine.Do(func() {
		a.publisher = a.engine.Open(shard.Seat{ID: "publisher"}, &sink{}, &silent{}, nil)
		tracks := a.publisher.Negotiated(extensions(), []shard.Source{
			{Name: "camera", Line: vp8Line("0")}, {Name: "microphone", Line: opusLine("1")},
		}, nil)
		a.publisher.Enter()
		a.camera = tracks[0]
		for _, track := range tracks {
			track.Sends(true)
		}
		for i := range viewers {
			viewer := a.engine.Open(shard.Seat{ID: fmt.Sprint(i)}, seat{a, uint32(i)}, &silent{}, nil)
			picture := viewer.NewLine(vp8Line("2"), "seat0", pictureLine, 21)
			sound := viewer.NewLine(opusLine("3"), "seat0", soundLine, 0)
			viewer.Negotiated(extensions(), nil, []*shard.Line{picture, sound})
			viewer.Enter()
			viewer.Connected()
			viewer.Watch([]shard.Watch{{Line: picture, Track: tracks[0], Width: 640, Height: 360}, {Line: sound, Track: tracks[1]}})
		}
	})
	a.picture(1, true)
	a.sound(1)
	a.engine.Pass(100 * time.Millisecond)
	a.sent = nil
	return a
}

func (a *audience) picture(sequence uint16, key bool) {
	a.publisher.Receive(picture(sequence, key), a.engine.Now())
}

func (a *audience) sound(sequence uint16) {
	b := rtp.AppendHeader(nil, extensions(), &rtp.Outgoing{SSRC: 8, PayloadType: 111, SequenceNumber: sequence, Timestamp: uint32(sequence) * 960, MID: "1"})
	a.publisher.Receive(append(b, make([]byte, 80)...), a.engine.Now())
}

// senderReport is the publisher's of its picture.
func senderReport() []byte {
	return []byte{0x80, 200, 0, 6, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}
}

// of is where a viewer's packets of a line are in what was sent.
func (a *audience) of(viewer, ssrc uint32) (at []int) {
	for i, s := range a.sent {
		if s.viewer == viewer && s.ssrc == ssrc {
			at = append(at, i)
		}
	}
	return at
}

func TestAVoiceDoesNotWaitForPicturesOfHundreds(t *testing.T) {
	const viewers, pictures = 200, 20
	film := func(a *audience) {
		for n := range uint16(pictures) {
			a.picture(2+n, false)
		}
	}
	for name, come := range map[string]struct {
		how  func(*audience)
		most int // packets of pictures before the last of the voice
	}{
		"behind them": {func(a *audience) {
			film(a)
			a.sound(2)
		}, 400},
		"behind a report": {func(a *audience) {
			film(a)
			a.publisher.Control(senderReport(), a.engine.Now())
			a.sound(2)
		}, 400},
		"meanwhile": {func(a *audience) {
			film(a)
			a.each = func() {
				if len(a.sent) == 500 {
					a.sound(2)
				}
			}
		}, 800},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAudience(viewers)
			come.how(a)
			a.engine.Settle() // all of it in one turn
			if len(a.sent) != viewers*(pictures+1) {
				t.Fatalf("%d packets were sent, want %d", len(a.sent), viewers*(pictures+1))
			}
			for viewer := range uint32(viewers) {
				if at := a.of(viewer, soundLine); len(at) != 1 || at[0] > come.most+viewers+pictures {
					t.Fatalf("the voice is for viewer %d at %v, of %d", viewer, at, len(a.sent))
				}
			}
		})
	}
}

// A property: whatever comes in one turn, everybody gets all of it, sound in
// its order and pictures in theirs.
func TestInterludesKeepTheOrder(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		viewers := 1 + rnd.IntN(150)
		a := newAudience(viewers)
		pictures, sounds := 0, 0
		for range 10 {
			said := 0 // more than this would run ahead of the time
			for range rnd.IntN(60) {
				if said == 4 || rnd.IntN(9) > 0 {
					pictures++
					a.picture(uint16(1+pictures), false)
				} else {
					said++
					a.sound(uint16(1 + sounds + said))
				}
			}
			sounds += said
			a.engine.Settle() // in one turn
			a.engine.Pass(time.Duration(said) * 20 * time.Millisecond)
		}
		for viewer := range uint32(viewers) {
			for ssrc, want := range map[uint32]int{pictureLine: pictures, soundLine: sounds} {
				at := a.of(viewer, ssrc)
				if len(at) != want {
					t.Fatalf("seed %d: viewer %d got %d packets of %d, want %d", seed, viewer, len(at), ssrc, want)
				}
				for i := 1; i < len(at); i++ {
					if before, this := a.sent[at[i-1]].sequence, a.sent[at[i]].sequence; this != before+1 {
						t.Fatalf("seed %d: viewer %d got %d of %d after %d", seed, viewer, this, ssrc, before)
					}
				}
			}
		}
	}
}
