package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// layer is a part of a packet's way, known by functions of it (prefixes of names).
type layer struct {
	name      string
	functions []string
}

func (l layer) has(function string) bool {
	return slices.ContainsFunc(l.functions, func(f string) bool { return strings.HasPrefix(function, f) })
}

// others is what a benchmark does besides: it plays the clients, and they shake hands.
func others() layer {
	return layer{functions: []string{"palabre/sfu_test.", "palabre/internal/bench", "testing.", "github.com/pion/dtls", "crypto/x509", "palabre/sfu.(*room)"}}
}

// layers are what a sample can belong to: the layer of its innermost frame that
// is of one. Of two that fit one frame it is the first.
func layers() []layer {
	return []layer{
		{"kernel: sending", []string{"palabre/sfu/udp.sendMessages", "net.(*UDPConn).Write"}},
		{"outbox: runs of one size, messages", []string{"palabre/sfu/udp.(*Outbox)"}},
		{"kernel: receiving", []string{"palabre/sfu/udp.receiveMessages", "palabre/sfu/udp.(*Socket)", "net.(*UDPConn).Read"}},
		{"AES-GCM", []string{"crypto/internal/fips140/aes", "crypto/cipher"}},
		{"SRTP: index, nonce, where it goes", []string{"palabre/sfu/seal", "palabre/sfu/transport.(*Conn).WriteRTP", "palabre/sfu/transport.(*keys).sealRTP", "github.com/pion/srtp"}},
		{"connectivity checks, on Pion's path all of its ICE", []string{"github.com/pion/ice", "github.com/pion/stun", "palabre/sfu/transport.(*checks)", "palabre/sfu/transport.(*vigil)", "palabre/sfu/transport.(*lane)", "palabre/sfu/transport.(*mux)", "github.com/pion/transport"}},
		{"numbers of the viewer's stream", []string{"palabre/sfu/rewrite"}},
		{"header and payload descriptor", []string{"palabre/sfu/rtp", "palabre/sfu/codec", "palabre/sfu/descriptor", "palabre/sfu/shard.(*Line).write"}},
		{"bandwidth estimator", []string{"palabre/sfu/bwe", "palabre/sfu/shard.(*Line).left"}},
		{"shard: who gets it, counts, reports", []string{"palabre/sfu/shard", "palabre/sfu/cache"}},
		{"reception: decrypt, parse, order", []string{"palabre/sfu/transport", "palabre/sfu."}},
		{"runtime: waking, sleeping, collecting", nil}, // what no other layer has called
	}
}

// layerOf finds the layer of a stack, innermost frame first; -1 for what is not the server's.
func layerOf(all []layer, stack []string) int {
	if slices.ContainsFunc(stack, others().has) {
		return -1
	}
	for _, function := range stack {
		if i := slices.IndexFunc(all, func(l layer) bool { return l.has(function) }); i >= 0 {
			return i
		}
	}
	return len(all) - 1
}

// Layers reads the output of "go tool pprof -traces" and prints which layer the
// samples of a benchmark belong to, by share of each and of nanoseconds a packet.
// What belongs to the test and to handshakes is left out.
func Layers(w io.Writer, traces io.Reader, nanoseconds float64) error {
	all := layers()
	times := make([]time.Duration, len(all))
	var stack []string
	var value time.Duration
	end := func() {
		if i := layerOf(all, stack); i >= 0 {
			times[i] += value
		}
		stack, value = stack[:0], 0
	}
	lines := bufio.NewScanner(traces)
	lines.Buffer(nil, 1<<20)
	began := false
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case strings.HasPrefix(lines.Text(), "-----------+"):
			end()
			began = true
		case !began || len(fields) == 0: // the head of the file
		case value == 0 && len(fields) > 1:
			var err error
			if value, err = time.ParseDuration(fields[0]); err != nil {
				return fmt.Errorf("read the profile's traces: %w", err)
			}
			stack = append(stack, fields[1])
		default:
			stack = append(stack, fields[0])
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the profile's traces: %w", err)
	}
	end()
	return writeLayers(w, all, times, nanoseconds)
}

func writeLayers(w io.Writer, all []layer, times []time.Duration, nanoseconds float64) error {
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	if sum == 0 {
		return errors.New("the profile has no sample of the server")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tshare\tns/packet\t")
	for i, spent := range times {
		if share := float64(spent) / float64(sum); share > 0 {
			fmt.Fprintf(t, "%s\t%.0f %%\t%.0f\t\n", all[i].name, share*100, share*nanoseconds)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the layers: %w", err)
	}
	return nil
}
