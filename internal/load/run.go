package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/internal/load/cheap"
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
	// sampleInterval is how long the next packet of a picture takes at most, on
	// average; only one of so many is seen where the kernel samples.
	sampleInterval = 20 * time.Millisecond
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
	crowd   *cheap.Crowd // nil without cheap subscribers

	mu         sync.Mutex
	publishers []*publisher
	viewers    []*viewer
	sessions   []*client.Session
	cheap      []*cheap.Subscriber
	overflow   uint64         // what the cheap ones' sockets had dropped before the window
	failures   map[string]int // why participants did not get in
}

// Run loads a server and reports what happened. It returns an error only when
// there is nothing to report; [Report.Verdict] judges the rest.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	r := &run{options: o, clock: newClock(), failures: map[string]int{}}
	if err := r.newCrowd(); err != nil {
		return Report{}, err
	}
	sending, silence := context.WithCancel(ctx)
	defer r.disperse()
	defer silence()
	return r.perform(ctx, sending)
}

// perform lets everybody in, measures and reports.
func (r *run) perform(ctx, sending context.Context) (Report, error) {
	o := r.options
	server, self := watch(o), server{proc: procfs{"/proc"}, pid: os.Getpid()}
	empty := server.sample()
	r.enter(ctx, o.Publishers, func(ctx context.Context, i int) error { return r.addPublisher(ctx, sending, i) })
	if len(r.publishers) == 0 {
		return Report{}, fmt.Errorf("no publisher got in: %w", r.joinError())
	}
	if o.Subscribers > 0 {
		empty = server.sample()
	}
	r.enter(ctx, o.Subscribers, func(ctx context.Context, i int) error {
		if i < o.cheap() {
			return r.addCheap(ctx, i)
		}
		return r.addSubscriber(ctx, i)
	})
	settling := r.settle(ctx)
	pause(ctx, o.Wait)
	before, own := server.sample(), self.sample()
	r.measure(ctx)
	after, ownAfter := server.sample(), self.sample()
	pause(ctx, tail)
	report := r.report()
	report.SettleSeconds = settling.Seconds()
	report.Server = server.compare(before, after, report)
	report.Server.perReceiver(empty, after, report)
	report.Generator = self.compare(own, ownAfter, report)
	return report, nil
}

// enter starts n participants, one every JoinInterval, and waits for them all.
func (r *run) enter(ctx context.Context, n int, add func(ctx context.Context, i int) error) {
	interval := r.options.joinInterval(n)
	began := time.Now()
	var joining sync.WaitGroup
	for i := range n {
		if i > 0 {
			pause(ctx, time.Until(began.Add(time.Duration(i)*interval)))
		}
		joining.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, joinTimeout)
			defer cancel()
			if err := add(ctx, i); err != nil {
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
	return r.connected(ctx, session, watching)
}

func (r *run) addSubscriber(ctx context.Context, i int) error {
	watching := newViewer(r.options, r.clock, &r.window, -1)
	config := r.config(fmt.Sprintf("Subscriber %d", i+1))
	config.Receive, config.OnPacket = r.options.receive(), watching.packet
	session, err := r.join(ctx, config, watching)
	if err != nil {
		return err
	}
	return r.connected(ctx, session, watching)
}

// connected waits for the media path of a full client.
func (r *run) connected(ctx context.Context, session *client.Session, watching *viewer) error {
	err := session.WaitMedia(ctx)
	if err == nil && watching != nil {
		watching.wired(r.clock.now())
	}
	return err
}

func (r *run) config(name string) client.Config {
	return client.Config{
		URL: r.options.URL, Room: r.options.Room, Token: r.options.Token, Name: name,
		Client: clientName, Layout: protocol.Layout{Mode: r.options.Layout},
		Codecs: []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8},
		Logger: r.options.logger(),
	}
}

// join enters the room, again when the server says it is busy, and notes the
// times of whoever watches.
func (r *run) join(ctx context.Context, c client.Config, watching *viewer) (session *client.Session, err error) {
	err = r.retrying(ctx, watching, func() error {
		session, err = client.Join(ctx, c)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.sessions = append(r.sessions, session)
		if watching != nil {
			r.viewers = append(r.viewers, watching)
		}
		r.mu.Unlock()
		if watching != nil {
			watching.inside(r.clock.now())
		}
		return nil
	})
	return session, err
}

// retrying enters, again when the server says that it is busy.
func (r *run) retrying(ctx context.Context, watching *viewer, enter func() error) error {
	for try := 1; ; try++ {
		if watching != nil {
			watching.start(r.clock.now())
		}
		err := enter()
		if err == nil {
			return nil
		}
		var refused *client.ServerError
		busy := errors.As(err, &refused) &&
			(refused.Code == protocol.CodeRateLimited || refused.Code == protocol.CodeUnavailable)
		if !busy || try == joinTries || ctx.Err() != nil {
			return err
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
	since := r.clock.now() - int64(movingWithin) - int64(r.options.sample()-1)*int64(sampleInterval)
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
	now := r.clock.now()
	for _, v := range r.viewers {
		v.each(func(_ int, l *line) {
			if l.thin {
				l.before = l.sequence.lostBefore(now)
			}
		})
	}
	r.overflow = r.overflows()
	r.window.begin.Store(r.clock.now())
	pause(ctx, r.options.Duration)
	r.window.end.Store(r.clock.now())
}

// overflows is how many packets found no room in this process's sockets.
func (r *run) overflows() (n uint64) {
	for _, s := range r.cheap {
		n += s.Overflow()
	}
	return n
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
	for _, s := range r.cheap {
		leaving.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
			defer cancel()
			if err := s.Leave(ctx); err != nil {
				r.options.logger().Debug("a subscriber left without goodbye", "error", err)
			}
		})
	}
	leaving.Wait()
	if r.crowd != nil {
		r.crowd.Close()
	}
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
