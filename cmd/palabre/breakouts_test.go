package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"palabre/client"
	"palabre/signaling/protocol"
)

// marked is a person every packet of whom says who sent it and in which phase
// of the test. Key frames come only when they are asked for.
type marked struct {
	*person
	mark  byte
	phase *atomic.Int32

	mu sync.Mutex
	// got counts packets by who sent them and in which phase; keys is when the
	// last key frame of somebody came.
	got  map[[3]byte]int
	keys map[byte]time.Time
}

// The parts of a key of marked.got.
const (
	sound   = 's'
	picture = 'p'
)

func enterMarked(t *testing.T, c client.Config, mark byte, phase *atomic.Int32) *marked {
	t.Helper()
	m := &marked{mark: mark, phase: phase, got: map[[3]byte]int{}, keys: map[byte]time.Time{}}
	m.person = &person{t: t, streams: map[string]*stream{}}
	c.OnPacket, c.Receive = m.packet, client.Receive{Seats: 6, Stages: 1, Voices: 1}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	session, err := client.Join(ctx, c)
	if err != nil {
		t.Fatalf("%s joins: %v", c.Name, err)
	}
	m.Session = session
	m.busy.Go(m.listen)
	playing, stop := context.WithCancel(context.Background())
	for _, source := range []protocol.Source{protocol.SourceMicrophone, protocol.SourceCamera} {
		line := m.Line(source)
		m.busy.Go(func() { _ = line.Play(playing, &signed{m, line, true}) })
	}
	t.Cleanup(func() {
		stop()
		goodbye, done := context.WithTimeout(context.Background(), time.Second)
		_ = m.Leave(goodbye)
		done()
		m.busy.Wait()
	})
	return m
}

// packet notes whose packet it is by what is in it, not by what was told.
func (m *marked) packet(_ *client.Receiver, p *rtp.Packet) {
	if len(p.Payload) < 60 {
		return // padding
	}
	end, kind := p.Payload[len(p.Payload)-2:], byte(picture)
	if len(p.Payload) < 100 {
		kind = sound
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got[[3]byte{kind, end[0], end[1]}]++
	// A VP8 frame that is a key begins with an even byte after the descriptor.
	if kind == picture && strings.Contains(string(p.Payload[:20]), "\x9d\x01\x2a") {
		m.keys[end[0]] = time.Now()
	}
}

// count is how many packets came of somebody that they sent in a phase.
func (m *marked) count(kind byte, from *marked, phase int32) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got[[3]byte{kind, from.mark, byte(phase)}]
}

// decodable is when a key frame of somebody came after a moment; zero while none has.
func (m *marked) decodable(from *marked, since time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.keys[from.mark]; at.After(since) {
		return at
	}
	return time.Time{}
}

// signed is sound or picture with a mark at its end.
type signed struct {
	of    *marked
	line  *client.Line
	first bool
}

func (s *signed) Codec() string { return s.line.Codec() }

func (s *signed) ReadFrame() (client.Frame, error) {
	frame := client.Frame{Data: opusFrame(), Duration: 20 * time.Millisecond}
	if strings.HasPrefix(s.Codec(), "video/") {
		key := s.first
		select {
		case <-s.line.Layers()[0].KeyFrames():
			key = true
		default:
		}
		s.first = false
		frame = client.Frame{Data: vp8Frame(key), Duration: 40 * time.Millisecond}
	}
	frame.Data = append(frame.Data, s.of.mark, byte(s.of.phase.Load()))
	return frame, nil
}

// whereabouts is where one client says everybody is, by name.
func (m *marked) whereabouts() map[string]string {
	where := map[string]string{}
	for _, p := range m.Participants() {
		where[p.Name] = p.Group
	}
	return where
}

// breakouts is what a client was last told.
func (m *marked) breakouts() protocol.Breakouts {
	list := happened[client.BreakoutsChanged](m.person)
	if len(list) == 0 {
		return protocol.Breakouts{}
	}
	return list[len(list)-1].Breakouts
}

// six are six people in three breakout rooms of two; the first is the host.
type six struct {
	*server
	people []*marked
	phase  atomic.Int32
}

func enterSix(t *testing.T, s *server) *six {
	t.Helper()
	all := &six{server: s}
	for i, name := range []string{"Ana", "Bob", "Cyd", "Dan", "Eve", "Fay"} {
		config := s.config("garden", name)
		role := "member"
		if i == 0 {
			role = "host"
		}
		config.Token = s.token("--room", "garden", "--role", role, "--name", name)
		all.people = append(all.people, enterMarked(t, config, byte(i+1), &all.phase))
	}
	return all
}

// meet waits until everybody sees those who sit with them, and hears them,
// unless they are more than are forwarded when all talk at once.
func (all *six) meet(together func(i, j int) bool) {
	all.t.Helper()
	phase := all.phase.Load()
	for i, a := range all.people {
		for j, b := range all.people {
			if i == j || !together(i, j) {
				continue
			}
			until(all.t, fmt.Sprintf("person %d to see and hear person %d in phase %d", i, j, phase), func() bool {
				return (a.count(sound, b, phase) > 10 || together(0, 5)) && a.count(picture, b, phase) > 5
			})
		}
	}
}

// apart fails where anything passed between those who do not sit together.
func (all *six) apart(together func(i, j int) bool) {
	all.t.Helper()
	phase := all.phase.Load()
	for i, a := range all.people {
		for j, b := range all.people {
			if n := a.count(sound, b, phase) + a.count(picture, b, phase); i != j && !together(i, j) && n > 0 {
				all.t.Errorf("person %d got %d packets of person %d in phase %d", i, n, j, phase)
			}
		}
	}
}

// messages is how many messages of a type clients have sent.
func (s *server) messages(kind string) string {
	s.t.Helper()
	_, text := s.get("/metrics")
	_, rest, _ := strings.Cut(text, `palabre_signaling_messages_total{type="`+kind+`"} `)
	count, _, _ := strings.Cut(rest, "\n")
	return count
}

// split has the host put two people each into three rooms, and begins a phase
// once everybody knows.
func (all *six) split() {
	all.t.Helper()
	host := all.people[0]
	plan := protocol.BreakoutPlan{Way: protocol.BreakoutByHand, Rooms: []protocol.Breakout{{Name: "Red"}, {Name: "Green"}, {Name: "Blue"}}}
	if err := host.PlanBreakouts(plan); err != nil {
		all.t.Fatal(err)
	}
	until(all.t, "the plan", func() bool { return len(host.breakouts().Rooms) == 3 })
	for i, room := range host.breakouts().Rooms {
		if err := host.AssignBreakout(room.ID, all.people[2*i].ID(), all.people[2*i+1].ID()); err != nil {
			all.t.Fatal(err)
		}
	}
	if err := host.OpenBreakouts(); err != nil {
		all.t.Fatal(err)
	}
	all.told(func(i int) string {
		if rooms := host.breakouts().Rooms; host.breakouts().Open {
			return rooms[i/2].ID
		}
		return "not open"
	})
	all.phase.Store(1)
}

// told waits until everybody knows where everybody is.
func (all *six) told(where func(i int) string) {
	all.t.Helper()
	for reader, m := range all.people {
		until(all.t, fmt.Sprintf("person %d to know where everybody is", reader), func() bool {
			seen := m.whereabouts()
			for i, p := range all.people {
				if group, here := seen[all.name(p)]; !here || group != where(i) {
					return false
				}
			}
			return true
		})
	}
}

func (all *six) name(p *marked) string {
	return []string{"Ana", "Bob", "Cyd", "Dan", "Eve", "Fay"}[slices.Index(all.people, p)]
}

func pairs(i, j int) bool    { return i/2 == j/2 }
func everyone(_, _ int) bool { return true }
func nowhere(int) string     { return "" }

// TestBreakoutRooms takes six people apart and together again over connections
// that stay as they are.
func TestBreakoutRooms(t *testing.T) {
	s := serve(t)
	all := enterSix(t, s)
	host := all.people[0]
	all.meet(everyone)
	offers, paths := s.messages("offer"), len(happened[client.MediaChanged](host.person))
	all.split()
	all.meet(pairs)
	all.apart(pairs)

	// Somebody's program dies; those with them go on, the others see nothing of it.
	last := all.people[5]
	all.phase.Store(2)
	if err := last.Close(); err != nil {
		t.Error(err)
	}
	all.people = all.people[:5]
	until(t, "the others to know", func() bool {
		return slices.ContainsFunc(host.Participants(), func(p protocol.Participant) bool { return p.Name == "Fay" && p.Away })
	})
	all.meet(pairs)
	all.apart(pairs)

	if err := host.CloseBreakouts(protocol.BreakoutClose{Countdown: 1500}); err != nil {
		t.Fatal(err)
	}
	await(all.people[2].person, "the countdown", func(b client.BreakoutsChanged) bool { return b.Closing && b.Left > 0 && b.Left <= 1500 })
	closed := time.Now().Add(1500 * time.Millisecond)
	all.told(nowhere)
	took := time.Since(closed)
	all.phase.Store(3)
	var waited []time.Duration
	for i, a := range all.people {
		for j, b := range all.people {
			if pairs(i, j) {
				continue
			}
			until(t, fmt.Sprintf("a picture of person %d for person %d", j, i), func() bool { return !a.decodable(b, closed).IsZero() })
			waited = append(waited, a.decodable(b, closed).Sub(closed))
		}
	}
	slices.Sort(waited)
	middle := waited[len(waited)/2]
	t.Logf("told after %v; a picture can be shown after %v, the last after %v", took, middle, waited[len(waited)-1])
	if middle > time.Second {
		t.Errorf("a picture could be shown %v after the rooms closed, want 1 s at most", middle)
	}
	all.meet(everyone)
	if now := s.messages("offer"); now != offers {
		t.Errorf("clients sent %s offers before the rooms opened and %s until they closed", offers, now)
	}
	if now := len(happened[client.MediaChanged](host.person)); now != paths {
		t.Errorf("the media path changed %d times", now-paths)
	}
	for _, p := range all.people {
		if failed := happened[client.Failed](p.person); len(failed) > 0 {
			t.Errorf("somebody was refused: %v", failed)
		}
	}
}

// TestBreakoutRoomsSurviveARestart stops the server in the middle.
func TestBreakoutRoomsSurviveARestart(t *testing.T) {
	s := serve(t)
	all := enterSix(t, s)
	all.split()
	all.meet(pairs)
	rooms := all.people[0].breakouts().Rooms
	s.stop()
	all.phase.Store(4)
	all.server = s.again()
	all.told(func(i int) string { return rooms[i/2].ID })
	all.phase.Store(5)
	all.meet(pairs)
	all.apart(pairs)
	if err := all.people[0].CloseBreakouts(protocol.BreakoutClose{Now: true}); err != nil {
		t.Fatal(err)
	}
	all.told(nowhere)
	all.meet(everyone)
}
