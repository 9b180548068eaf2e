package load

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// WriteTable writes the report for people.
func (r Report) WriteTable(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	shape := r.Layout
	if r.Simulcast {
		shape += ", simulcast"
	}
	if r.AllToAll {
		shape += ", all to all"
	}
	if r.AudioOnly {
		shape += ", audio only"
	}
	row("room\t%s at %s", r.Room, r.URL)
	if r.Cheap > 0 {
		shape += fmt.Sprintf(", %d cheap", r.Cheap)
	}
	if r.Sample > 1 {
		shape += fmt.Sprintf(", one packet in %d", r.Sample)
	}
	row("participants\t%d publishers, %d receivers\t%s\t%.1f s after %.1f s to settle",
		r.Publishers, r.Subscribers, shape, r.Seconds, r.SettleSeconds)
	row("sent\t%d packets\t%.0f a second\t%d audio, %d video", r.Sent.Packets(), r.Sent.PacketsSecond, r.Sent.Audio, r.Sent.Video)
	row("received\t%d packets\t%.0f a second\t%d audio, %d video", r.Received.Packets(), r.Received.PacketsSecond, r.Received.Audio, r.Received.Video)
	row("loss\t%.4f %%\t%d lost (%d sound), %d withheld\t%d recovered, %d repeated", 100*r.Loss.Share,
		r.Loss.Lost, r.Loss.LostAudio, r.Loss.Withheld, r.Loss.Recovered, r.Loss.Repeated)
	row("pictures\t%d of %d\t%d stalled\t%d without sound", r.Streams.Expected-r.Streams.Missing, r.Streams.Expected,
		r.Streams.Stalled, r.Streams.Deaf)
	if r.Sent.Late > 0 {
		row("generator\t%d packets late\tthis machine was too busy to send them", r.Sent.Late)
	}
	if r.Loss.Overflow > 0 {
		row("generator\t%d packets overflowed\tthis machine was too busy to read them", r.Loss.Overflow)
	}
	row("")
	row("milliseconds\tp50\tp90\tp99\tp99.9\tmax\tcount")
	for _, line := range []struct {
		name string
		p    Percentiles
	}{
		{"audio latency", r.AudioLatency}, {"video latency", r.VideoLatency},
		{"joined", r.Join.Joined}, {"connected", r.Join.Connected}, {"first packet", r.Join.FirstPacket},
		{"first key frame", r.Join.FirstKeyFrame}, {"all pictures", r.Join.AllPictures},
	} {
		if line.p.Count > 0 {
			row("%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d", line.name,
				line.p.P50, line.p.P90, line.p.P99, line.p.P999, line.p.Max, line.p.Count)
		}
	}
	row("")
	r.Server.row(row, "server")
	r.Generator.row(row, "generator")
	for message, n := range r.Failures {
		row("failed\t%d × %s", n, message)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// row writes one process's line.
func (p Process) row(row func(format string, args ...any), name string) {
	if p.Unknown != "" {
		row("%s\tnot measured: %s", name, p.Unknown)
		return
	}
	memory := fmt.Sprintf("%.0f MiB", p.MemoryMiB)
	if p.KiBPerReceiver > 0 {
		memory += fmt.Sprintf(", %.0f KiB a receiver", p.KiBPerReceiver)
	}
	row("%s\t%.2f µs CPU per forwarded packet\t%.1f %% of a core\t%.3f context switches per packet\t%s\tprocess %d",
		name, p.MicrosPerPacket, p.CorePercent, p.SwitchesPerPacket, memory, p.PID)
}

// RowHeading are the columns of [Report.WriteRow], in Markdown.
const RowHeading = "| workload | CPU µs/packet | core % | kpps | lost % | switches/packet | audio p50/p99/p99.9 ms | video p50/p99/p99.9 ms | connected p50/p99 ms | first key frame p50/p99 ms | KiB/receiver | generator core % |\n" +
	"|---|---|---|---|---|---|---|---|---|---|---|---|\n"

// WriteRow writes the report as one row of a Markdown table, to compare runs.
func (r Report) WriteRow(to io.Writer) error {
	latency := func(p Percentiles) string { return fmt.Sprintf("%.2f/%.2f/%.2f", p.P50, p.P99, p.P999) }
	join := func(p Percentiles) string { return fmt.Sprintf("%.0f/%.0f", p.P50, p.P99) }
	_, err := fmt.Fprintf(to, "| %s | %.2f | %.1f | %.1f | %.4f | %.3f | %s | %s | %s | %s | %.0f | %.0f |\n", r.Workload,
		r.Server.MicrosPerPacket, r.Server.CorePercent, r.Received.PacketsSecond/1000, 100*r.Loss.Share, r.Server.SwitchesPerPacket,
		latency(r.AudioLatency), latency(r.VideoLatency), join(r.Join.Connected), join(r.Join.FirstKeyFrame),
		r.Server.KiBPerReceiver, r.Generator.CorePercent)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
