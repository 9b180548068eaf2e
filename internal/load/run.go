package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

// Patience of a run with a server.
const (
	joinTimeout = 30 * time.Second
	// joinTries is how often a participant knocks at a server that is busy.
	joinTries = 5
	// settleTimeout bounds the wait, before measuring, until every picture has
	// been moving for steadyFor: a server feels its way up to what a viewer's
	// line carries, and pauses pictures meanwhile.
	settleTimeout = 20 * time.Second
	steadyFor     = 1500 * time.Millisecond
	// movingWithin is how long ago a moving picture's last packet came at most.
	movingWithin = 300 * time.Millisecond
	// tail is how long is still sent and received after the measurement, so
	// that what is under repair can arrive.
	tail = 700 * time.Millisecond
	// stalled is how long a picture may show nothing before it counts as missing.
	stalled      = 2 * time.Second
	leaveTimeout = 3 * time.Second
	settlePoll   = 20 * time.Millisecond
)

// run is one load run in progress.
type run struct {
	options Options
	clock   clock
	window  window
	proc    procfs

	mu         sync.Mutex
	publishers []*publisher
	viewers    []*viewer
	sessions   []*client.Session
	failures   map[string]int // why participants did not get in
}

// Run loads a server and reports what happened. It returns an error only when
// there is nothing to report; [Report.Verdict] judges the rest.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	r := &run{options: o, clock: newClock(), proc: procfs{"/proc"}, failures: map[string]int{}}
	sending, silence := context.WithCancel(ctx)
	defer r.disperse()
	defer silence()
	r.enter(ctx, sending, o.Publishers, r.addPublisher)
	if len(r.publishers) == 0 {
		return Report{}, fmt.Errorf("no publisher got in: %w", r.joinError())
	}
	r.enter(ctx, sending, o.Subscribers, r.addSubscriber)
	settling := r.settle(ctx)
	server := r.watch()
	before := server.sample()
	r.measure(ctx)
	after := server.sample()
	pause(ctx, tail)
	report := r.report()
	report.SettleSeconds = settling.Seconds()
	report.Server = server.compare(before, after, report)
	return report, nil
}

// enter starts n participants, one every JoinInterval, and waits for them all.
func (r *run) enter(ctx, sending context.Context, n int, add func(ctx, sending context.Context, i int) error) {
	var joining sync.WaitGroup
	for i := range n {
		if i > 0 {
			pause(ctx, r.options.JoinInterval)
		}
		joining.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, joinTimeout)
			defer cancel()
			if err := add(ctx, sending, i); err != nil {
				r.failed(err)
			}
		})
	}
	joining.Wait()
}

func (r *run) failed(err error) {
	r.options.logger().Info("a participant did not get in", "error", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures[err.Error()]++
}

func (r *run) joinError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []error
	for message, n := range r.failures {
		all = append(all, fmt.Errorf("%d times: %s", n, message))
	}
	return errors.Join(all...)
}

func (r *run) addPublisher(ctx, sending context.Context, i int) error {
	config := r.config(fmt.Sprintf("Publisher %d", i+1))
	config.Send = r.options.declared()
	var watching *viewer
	if r.options.AllToAll {
		watching = newViewer(r.options, r.clock, &r.window, i)
		config.Receive, config.OnPacket = r.options.receive(), watching.packet
	}
	session, err := r.join(ctx, config, watching)
	if err != nil {
		return err
	}
	p := &publisher{index: i, options: r.options, clock: r.clock, session: session}
	r.mu.Lock()
	r.publishers = append(r.publishers, p)
	r.mu.Unlock()
	p.start(sending)
	return session.WaitMedia(ctx)
}

func (r *run) addSubscriber(ctx, _ context.Context, i int) error {
	watching := newViewer(r.options, r.clock, &r.window, -1)
	config := r.config(fmt.Sprintf("Subscriber %d", i+1))
	config.Receive, config.OnPacket = r.options.receive(), watching.packet
	session, err := r.join(ctx, config, watching)
	if err != nil {
		return err
	}
	return session.WaitMedia(ctx)
}

func (r *run) config(name string) client.Config {
	return client.Config{
		URL: r.options.URL, Room: r.options.Room, Token: r.options.Token, Name: name,
		Client: "palabre-load", Layout: protocol.Layout{Mode: r.options.Layout},
		Codecs: []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8},
		Logger: r.options.logger(),
	}
}

// join enters the room, again when the server says it is busy, and notes the
// times of whoever watches.
func (r *run) join(ctx context.Context, c client.Config, watching *viewer) (*client.Session, error) {
	for try := 1; ; try++ {
		began := r.clock.now()
		if watching != nil {
			watching.start(began)
		}
		session, err := client.Join(ctx, c)
		if err == nil {
			r.mu.Lock()
			r.sessions = append(r.sessions, session)
			if watching != nil {
				r.viewers = append(r.viewers, watching)
			}
			r.mu.Unlock()
			if watching != nil {
				watching.inside(r.clock.now())
			}
			return session, nil
		}
		var refused *client.ServerError
		busy := errors.As(err, &refused) &&
			(refused.Code == protocol.CodeRateLimited || refused.Code == protocol.CodeUnavailable)
		if !busy || try == joinTries || ctx.Err() != nil {
			return nil, err
		}
		pause(ctx, max(refused.RetryAfter, 100*time.Millisecond))
	}
}

// settle waits until everybody steadily sees whom they are to see, and gives
// how long that took.
func (r *run) settle(ctx context.Context) time.Duration {
	began := r.clock.now()
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	steady := began
	for ctx.Err() == nil && r.clock.now()-steady < int64(steadyFor) {
		pause(ctx, settlePoll)
		if !r.settled() {
			steady = r.clock.now()
		}
	}
	return time.Duration(r.clock.now() - began)
}

func (r *run) settled() bool {
	since := r.clock.now() - int64(movingWithin)
	for _, v := range r.viewers {
		expected := r.expectedPictures(v)
		if v.pictures() < expected || v.moving(since) < expected || (r.expectsVoice(v) && !v.hears()) {
			return false
		}
	}
	return true
}

// expectedPictures is how many publishers a viewer must see.
func (r *run) expectedPictures(v *viewer) int {
	if r.options.AudioOnly {
		return 0
	}
	others := len(r.publishers)
	if v.self >= 0 {
		others--
	}
	if r.options.Layout == protocol.LayoutSpeaker {
		return min(others, 1)
	}
	return min(others, r.options.receive().Seats)
}

func (r *run) expectsVoice(v *viewer) bool {
	return len(r.publishers) > 1 || v.self < 0
}

// measure keeps the window open for the duration of the run.
func (r *run) measure(ctx context.Context) {
	r.window.begin.Store(r.clock.now())
	pause(ctx, r.options.Duration)
	r.window.end.Store(r.clock.now())
}

// disperse stops the senders and ends every session.
func (r *run) disperse() {
	for _, p := range r.publishers {
		p.running.Wait()
	}
	var leaving sync.WaitGroup
	for _, s := range r.sessions {
		leaving.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
			defer cancel()
			if err := s.Leave(ctx); err != nil {
				r.options.logger().Debug("a participant left without goodbye", "error", err)
			}
		})
	}
	leaving.Wait()
}

// pause waits, but not longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// server is what is known of the server's process.
type server struct {
	proc procfs
	pid  int
	err  error
}

type sample struct {
	cpu    time.Duration
	memory uint64
	at     time.Time
	err    error
}

func (r *run) watch() server {
	s := server{proc: r.proc, pid: r.options.ServerPID}
	if s.pid == 0 {
		s.pid, s.err = r.proc.listener(r.options.URL)
	}
	return s
}

func (s server) sample() sample {
	if s.err != nil {
		return sample{err: s.err}
	}
	cpu, err := s.proc.cpuTime(s.pid)
	memory, memoryErr := s.proc.memory(s.pid)
	return sample{cpu: cpu, memory: memory, at: time.Now(), err: errors.Join(err, memoryErr)}
}
