// Package load puts a meeting server under load with publishers and
// subscribers of package client and reports what they saw: packets, loss,
// forwarding latency, join times and, when the server runs on this machine,
// its CPU time per forwarded packet.
package load

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"net/url"
	"time"

	"palabre/client"
	"palabre/signaling/protocol"
)

// Options describe one run.
type Options struct {
	URL   string
	Room  string
	Token string
	// Workload is the name of the run in reports.
	Workload    string
	Publishers  int
	Subscribers int
	// AllToAll makes every publisher receive all the others too.
	AllToAll bool
	// Duration is how long is measured, Wait after everybody is in.
	Duration     time.Duration
	Wait         time.Duration
	Simulcast    bool
	VideoBitrate int // bits a second of the highest layer
	// WholePackets makes all of a picture's packets carry 1100 bytes.
	WholePackets bool
	AudioOnly    bool
	Layout       protocol.LayoutMode
	// JoinInterval is between one participant's start and the next one's.
	JoinInterval time.Duration
	// Storm makes all subscribers join within a second instead.
	Storm bool
	// Cheap is how many of the subscribers only count packets by their
	// headers; below 0 it is none of up to 50 and all of more.
	Cheap int
	// OpenEvery is which packets of cheap subscribers are decrypted, for
	// latency; 0 means every 16th.
	OpenEvery int
	// Sample makes the kernel throw away all RTP packets of cheap subscribers
	// but those whose number is a multiple of it, a power of two; 0 means none.
	Sample int
	// NoArrivals makes cheap subscribers send no transport-wide feedback.
	NoArrivals bool
	// ServerPID is the process whose CPU time is measured; 0 means whoever
	// listens on the URL's port on this machine.
	ServerPID int
	// MaxLoss is the share of packets that may be missing, 0 to 1.
	MaxLoss float64
	Logger  *slog.Logger
}

// Bounds of a run, against typing errors.
const (
	maxParticipants = 5000
	minBitrate      = 50_000
	maxBitrate      = 50_000_000
	maxSample       = 64
)

// Validate returns everything that is wrong with the options.
func (o Options) Validate() error {
	var faults []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	u, err := url.Parse(o.URL)
	require(err == nil && u.Host != "", "url %q: give the server's address, such as http://localhost:8080", o.URL)
	require(o.Room != "", "room is empty: name one")
	require(o.Publishers >= 1 && o.Publishers <= maxParticipants, "publishers %d: use 1 to %d", o.Publishers, maxParticipants)
	require(o.Subscribers >= 0 && o.Subscribers <= maxParticipants, "subscribers %d: use 0 to %d", o.Subscribers, maxParticipants)
	require(o.Duration > 0, "duration %v: use a positive time", o.Duration)
	require(o.Wait >= 0, "wait %v: use 0 or more", o.Wait)
	require(o.AudioOnly || o.VideoBitrate >= minBitrate && o.VideoBitrate <= maxBitrate,
		"video bitrate %d: use %d to %d bit/s", o.VideoBitrate, minBitrate, maxBitrate)
	require(o.OpenEvery >= 0 && o.OpenEvery <= maxSample, "open every %d: use 1 to %d", o.OpenEvery, maxSample)
	require(o.Sample >= 0 && o.Sample <= maxSample && bits.OnesCount(uint(o.Sample)) <= 1,
		"sample %d: use a power of two up to %d", o.Sample, maxSample)
	require(o.sample() == 1 || o.cheap() > 0, "sample %d: only cheap subscribers can be sampled", o.Sample)
	require(o.JoinInterval >= 0, "join interval %v: use 0 or more", o.JoinInterval)
	require(o.MaxLoss >= 0 && o.MaxLoss <= 1, "max loss %v: use a share from 0 to 1", o.MaxLoss)
	require(o.Layout == protocol.LayoutGrid || o.Layout == protocol.LayoutSpeaker,
		"layout %q: use grid or speaker", o.Layout)
	return errors.Join(faults...)
}

// joinInterval is between the starts of n participants.
func (o Options) joinInterval(n int) time.Duration {
	if o.Storm && n > 0 {
		return time.Second / time.Duration(n)
	}
	return o.JoinInterval
}

// receive says what one subscriber negotiates up front: seats for everybody it
// is to see, so that nothing is negotiated while the run is measured.
func (o Options) receive() client.Receive {
	if o.Layout == protocol.LayoutSpeaker {
		return client.Receive{Seats: client.SeatsFor(1), Stages: 1, Voices: speakerVoices}
	}
	return client.Receive{Seats: client.SeatsFor(o.visible()), Voices: o.voices()}
}

// speakerVoices is how many voices a speaker view hears beside its seats.
const speakerVoices = 5

func (o Options) voices() int {
	if o.visible() > client.SeatsFor(o.visible()) {
		return speakerVoices
	}
	return 0
}

// visible is how many publishers one receiver is to see at most.
func (o Options) visible() int {
	if o.AllToAll && o.Subscribers == 0 {
		return o.Publishers - 1
	}
	return o.Publishers
}

// layers are the simulcast layers, lowest first, as a browser scales them.
func (o Options) layers() []layer {
	full := layer{rid: "f", width: 1280, height: 720, bitrate: o.VideoBitrate}
	if !o.Simulcast {
		full.rid = ""
		return []layer{full}
	}
	return []layer{
		{rid: "q", width: 320, height: 180, bitrate: o.VideoBitrate / 8},
		{rid: "h", width: 640, height: 360, bitrate: o.VideoBitrate * 2 / 5},
		full,
	}
}

// layer is one encoding of the generated picture.
type layer struct {
	rid           string
	width, height int
	bitrate       int
}

func (o Options) logger() *slog.Logger {
	if o.Logger != nil {
		return o.Logger
	}
	return slog.New(slog.DiscardHandler)
}
