package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"palabre/internal/load"
	"palabre/signaling/protocol"
)

// loadCommand puts a server under load and says what the load saw.
type loadCommand struct {
	URL          string        `name:"url" help:"The server." default:"http://localhost:8080"`
	Room         string        `help:"The room; without it one of its own." placeholder:"NAME"`
	Token        string        `help:"Join token; needed where guests may not enter. Make it without --sub: everybody comes with the same one." placeholder:"JWT"`
	Workload     string        `help:"A workload by its name in docs/performance.md instead of the numbers below: w1 (one to 20), w2 (six in a meeting), w3 (one voice to 100), w4 (one to 200), w5 (one to 400), j (20 joins)." enum:",w1,w2,w3,w4,w5,j" default:"" placeholder:"NAME"`
	Publishers   int           `help:"Participants that send sound and picture." default:"1"`
	Subscribers  int           `help:"Participants that only watch." default:"1"`
	AllToAll     bool          `help:"Publishers watch each other too; the subscribers come on top."`
	Duration     time.Duration `help:"How long is measured, after everybody is in." default:"30s"`
	Simulcast    bool          `help:"Send three layers of every picture."`
	VideoBitrate int           `help:"Bits a second of the best layer." default:"1200000" placeholder:"BITS"`
	AudioOnly    bool          `help:"Send no pictures."`
	Layout       string        `help:"What receivers show: grid or speaker." enum:"grid,speaker" default:"grid"`
	Wait         time.Duration `help:"How long after everybody is in the measuring begins: other rooms may be filling up."`
	JoinInterval time.Duration `help:"Time from one participant's start to the next one's." default:"50ms"`
	Storm        bool          `help:"All subscribers join within one second."`
	Cheap        int           `help:"How many of the subscribers are cheap: they count packets by their headers and decrypt every 16th. Without it none of up to 50 subscribers, all of more." default:"-1" placeholder:"N"`
	OpenEvery    int           `help:"Which packets of cheap subscribers are decrypted, for latency." default:"16" placeholder:"N"`
	Sample       int           `help:"Have the kernel throw away all media of cheap subscribers but every Nth packet (N a power of two; Linux), so that receiving costs nothing; the report counts each for all. No arrivals are reported then. Without it every packet, or what the workload says." placeholder:"N"`
	Arrivals     bool          `help:"Cheap subscribers report when packets arrived (transport-wide feedback), as browsers do." default:"true" negatable:""`
	ServerPID    int           `name:"server-pid" help:"The server's process; without it whoever listens on the URL's port here." placeholder:"PID"`
	MaxLoss      float64       `help:"Share of packets that may be missing before the command fails, 0 to 1." default:"0"`
	Verbose      bool          `help:"Log what participants do to standard error."`
	JSON         bool          `name:"json" help:"Print the report as JSON." xor:"format"`
	Row          bool          `help:"Print the report as one row of a Markdown table." xor:"format"`
	RowHeading   bool          `help:"Print the heading of that table and do nothing." xor:"format"`
}

// Run prints the report and fails when media was lost.
func (c *loadCommand) Run(ctx context.Context, out io.Writer, errs logOutput) error {
	if c.RowHeading {
		_, err := io.WriteString(out, load.RowHeading)
		return err
	}
	room := c.Room
	if room == "" {
		room = "load-" + strings.ToLower(rand.Text()[:16])
	}
	options, err := c.options(room, errs)
	if err != nil {
		return err
	}
	report, err := load.Run(ctx, options)
	if err != nil {
		return fmt.Errorf("load %s: %w", c.URL, err)
	}
	write := report.WriteTable
	switch {
	case c.JSON:
		write = report.WriteJSON
	case c.Row:
		write = report.WriteRow
	}
	if err := write(out); err != nil {
		return err
	}
	return report.Verdict(c.MaxLoss)
}

// options are the run's.
func (c *loadCommand) options(room string, errs logOutput) (load.Options, error) {
	options := load.Options{
		URL: c.URL, Room: room, Token: c.Token,
		Publishers: c.Publishers, Subscribers: c.Subscribers, AllToAll: c.AllToAll,
		Duration: c.Duration, Simulcast: c.Simulcast, VideoBitrate: c.VideoBitrate,
		AudioOnly: c.AudioOnly, Layout: protocol.LayoutMode(c.Layout),
		Wait: c.Wait, JoinInterval: c.JoinInterval, Storm: c.Storm, ServerPID: c.ServerPID, MaxLoss: c.MaxLoss,
		Cheap: c.Cheap, OpenEvery: c.OpenEvery, Sample: c.Sample, NoArrivals: !c.Arrivals,
		Logger: c.logger(errs),
	}
	if c.Workload != "" {
		return load.Workload(c.Workload, options)
	}
	return options, nil
}

// logger is silent unless asked, since the report is what people come for.
func (c *loadCommand) logger(to io.Writer) *slog.Logger {
	if !c.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
