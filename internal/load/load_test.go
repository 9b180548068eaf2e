package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"palabre/client/clienttest"
	"palabre/signaling/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(url string) Options {
	return Options{
		URL: url, Room: "garden", Publishers: 1, Subscribers: 2, Duration: 700 * time.Millisecond,
		VideoBitrate: 600_000, Layout: protocol.LayoutGrid, JoinInterval: 10 * time.Millisecond,
	}
}

func run1(t *testing.T, change func(*Options)) (Report, *clienttest.Server) {
	t.Helper()
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	o := options(server.URL)
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return report, server
}

func TestOnePublisherReachesEverySubscriber(t *testing.T) {
	report, server := run1(t, func(o *Options) { o.Duration = 3 * time.Second })
	if err := report.Verdict(0); err != nil {
		t.Error(err)
	}
	if report.Streams.Expected != 2 || report.Streams.Missing != 0 {
		t.Errorf("pictures: %+v", report.Streams)
	}
	// Two receivers of 50 sound packets a second for 3 s, less what a busy machine is late with.
	if report.Received.Audio < 170 || report.Received.Video < 170 {
		t.Errorf("received %+v", report.Received)
	}
	if report.VideoLatency.Count != report.Received.Video || report.VideoLatency.P50 <= 0 {
		t.Errorf("latency of %d packets: %+v", report.Received.Video, report.VideoLatency)
	}
	if report.Join.FirstKeyFrame.Count != 2 || report.Join.AllPictures.Count != 2 {
		t.Errorf("join times: %+v", report.Join)
	}
	if report.Server.PID != os.Getpid() && report.Server.Unknown == "" {
		t.Errorf("found server process %d, this is %d", report.Server.PID, os.Getpid())
	}
	if server.Offers() != 3 {
		t.Errorf("%d offers for three people", server.Offers())
	}
}

func TestAllToAll(t *testing.T) {
	report, _ := run1(t, func(o *Options) {
		o.Publishers, o.Subscribers, o.AllToAll, o.VideoBitrate = 3, 0, true, 100_000
	})
	if err := report.Verdict(0); err != nil {
		t.Error(err)
	}
	if report.Subscribers != 3 || report.Streams.Expected != 6 {
		t.Errorf("%d receivers, %d pictures; want 3 and 6", report.Subscribers, report.Streams.Expected)
	}
}

func TestAudioOnly(t *testing.T) {
	report, _ := run1(t, func(o *Options) { o.AudioOnly = true })
	if err := report.Verdict(0); err != nil {
		t.Error(err)
	}
	if report.Sent.Video != 0 || report.Received.Video != 0 || report.Received.Audio == 0 {
		t.Errorf("sent %+v received %+v", report.Sent, report.Received)
	}
}

func TestWhatComesBeforeTheWindowIsNotCounted(t *testing.T) {
	report, _ := run1(t, func(o *Options) { o.AudioOnly, o.Wait, o.Duration = true, time.Second, time.Second })
	// 50 packets a second: all that were sent are of at least two, what counts is of one.
	if sent, counted := report.Sent.Audio, report.Received.Audio/2; sent < 75 || counted > sent*3/4 {
		t.Errorf("%d packets were sent, %d count for each", sent, counted)
	}
}

func TestSpeakersTakeTurns(t *testing.T) {
	o := options("http://localhost")
	o.Layout, o.Publishers = protocol.LayoutSpeaker, 3
	speaking := func(at time.Duration) (who int) {
		for i := range o.Publishers {
			p := publisher{index: i, options: o, clock: clock{time.Now().Add(-at)}}
			if _, voice := p.level(); voice {
				who = who*10 + i + 1
			}
		}
		return who
	}
	for turn, want := range []int{1, 2, 3, 1} {
		if got := speaking(time.Duration(turn)*talkTurn + talkTurn/2); got != want {
			t.Errorf("in turn %d publisher %d speaks, want %d", turn, got, want)
		}
	}
}

func TestLossFailsTheRun(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	o := options(server.URL)
	o.Subscribers, o.VideoBitrate = 1, 1_200_000
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	losing, done := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-losing.Done():
				return
			case <-tick.C:
				server.LoseMedia(10)
			}
		}
	}()
	report, err := Run(ctx, o)
	done()
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(report.Verdict(0), ErrLoss) || report.Loss.Lost == 0 {
		t.Errorf("loss went unnoticed: %+v", report.Loss)
	}
	if report.Verdict(0.5) != nil {
		t.Errorf("half may be lost and still: %v", report.Verdict(0.5))
	}
}

func TestRefusedParticipantsAreCounted(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	server.Refuse(protocol.CodeForbidden)
	_, err := Run(t.Context(), options(server.URL))
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want the server's refusal", err)
	}
}

func TestInterruptedRunStillReports(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	o := options(server.URL)
	o.Duration = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	report, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Seconds > 10 || report.Received.Packets() == 0 {
		t.Errorf("after %v s received %d packets", report.Seconds, report.Received.Packets())
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := options("http://localhost:8080")
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"url":      func(o *Options) { o.URL = "localhost" },
		"room":     func(o *Options) { o.Room = "" },
		"nobody":   func(o *Options) { o.Publishers = 0 },
		"negative": func(o *Options) { o.Subscribers = -1 },
		"time":     func(o *Options) { o.Duration = 0 },
		"bitrate":  func(o *Options) { o.VideoBitrate = 3 },
		"layout":   func(o *Options) { o.Layout = "tiles" },
		"loss":     func(o *Options) { o.MaxLoss = 2 },
	} {
		o := good
		spoil(&o)
		if o.Validate() == nil {
			t.Errorf("%s: a bad value passed", name)
		}
	}
}

func TestSeatsForEverybodyAreAskedUpFront(t *testing.T) {
	for _, c := range []struct{ publishers, seats int }{{1, 4}, {4, 4}, {5, 9}, {16, 16}, {17, 25}, {49, 49}, {60, 49}} {
		o := options("http://localhost")
		o.Publishers = c.publishers
		if got := o.receive().Seats; got != c.seats {
			t.Errorf("%d publishers: %d seats, want %d", c.publishers, got, c.seats)
		}
	}
}

func TestReportIsWrittenForPeopleAndPrograms(t *testing.T) {
	report := Report{Room: "garden", Streams: Streams{Expected: 3}, Server: Process{Unknown: "far away"}}
	var table, script, row bytes.Buffer
	if err := errors.Join(report.WriteTable(&table), report.WriteJSON(&script), report.WriteRow(&row)); err != nil {
		t.Fatal(err)
	}
	if heading, _, _ := strings.Cut(RowHeading, "\n"); strings.Count(row.String(), "|") != strings.Count(heading, "|") {
		t.Errorf("the row does not fit its heading:\n%s%s", RowHeading, row.String())
	}
	if !strings.Contains(table.String(), "3 of 3") || !strings.Contains(table.String(), "far away") {
		t.Errorf("table:\n%s", table.String())
	}
	var back Report
	if err := json.Unmarshal(script.Bytes(), &back); err != nil || back.Room != "garden" {
		t.Errorf("JSON: %v\n%s", err, script.String())
	}
}

// TestOverflowIsOurs has the generator's own sockets drop part of what was lost.
func TestOverflowIsOurs(t *testing.T) {
	report := Report{Loss: Loss{Lost: 10, LostAudio: 9}, Received: Flow{Video: 96}}
	report.Loss.own(4)
	if report.Loss.Lost != 6 || report.Loss.LostAudio != 6 || report.Loss.Overflow != 4 {
		t.Errorf("4 of 10 were ours: %+v", report.Loss)
	}
	if err := report.Verdict(0.03); err == nil || !strings.Contains(err.Error(), "generator's own") {
		t.Errorf("4 %% of ours is %v", err)
	}
	if err := report.Verdict(0.05); err != nil {
		t.Error(err)
	}
	var table bytes.Buffer
	if err := report.WriteTable(&table); err != nil || !strings.Contains(table.String(), "4 packets overflowed") {
		t.Errorf("%v:\n%s", err, table.String())
	}
	report.Loss.own(100) // more than media
	if report.Loss.Lost != 0 || report.Loss.LostAudio != 0 {
		t.Errorf("all was ours: %+v", report.Loss)
	}
}

func TestListenerIsFound(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skip("no /proc here")
	}
	pid, err := procfs{"/proc"}.listener(fmt.Sprintf("http://%s/", l.Addr()))
	if err != nil || pid != os.Getpid() {
		t.Errorf("found process %d (%v), want %d", pid, err, os.Getpid())
	}
	if used, err := (procfs{"/proc"}).cpuTime(pid); err != nil || used <= 0 {
		t.Errorf("CPU time %v (%v)", used, err)
	}
	if _, err := (procfs{"/proc"}).listener("http://meet.example:1/"); !errors.Is(err, ErrNotLocal) {
		t.Errorf("another machine's process was looked for: %v", err)
	}
}
