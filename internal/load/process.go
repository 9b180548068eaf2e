package load

import (
	"errors"
	"time"
)

// Process is what a process used while it was measured.
type Process struct {
	PID int `json:"pid,omitempty"`
	// Unknown says why there are no figures.
	Unknown     string  `json:"unknown,omitempty"`
	CPUSeconds  float64 `json:"cpuSeconds"`
	CorePercent float64 `json:"corePercent"`
	// MicrosPerPacket is CPU time per packet that subscribers received.
	MicrosPerPacket   float64 `json:"microsecondsPerPacket"`
	SwitchesPerPacket float64 `json:"contextSwitchesPerPacket"`
	MemoryMiB         float64 `json:"memoryMiB"`
	// KiBPerReceiver is what the memory grew by for everybody who came after
	// the publishers, or for the publishers where nobody else did.
	KiBPerReceiver float64 `json:"kibPerReceiver,omitempty"`
}

// server is what is known of a process.
type server struct {
	proc procfs
	pid  int
	err  error
}

type sample struct {
	cpu      time.Duration
	switches uint64
	memory   uint64
	at       time.Time
	err      error
}

// watch finds the server's process.
func watch(o Options) server {
	s := server{proc: procfs{"/proc"}, pid: o.ServerPID}
	if s.pid == 0 {
		s.pid, s.err = s.proc.listener(o.URL)
	}
	return s
}

func (s server) sample() sample {
	if s.err != nil {
		return sample{err: s.err}
	}
	cpu, err := s.proc.cpuTime(s.pid)
	memory, memoryErr := s.proc.memory(s.pid)
	switches, switchErr := s.proc.switches(s.pid)
	return sample{cpu: cpu, memory: memory, switches: switches, at: time.Now(), err: errors.Join(err, memoryErr, switchErr)}
}

// compare turns two samples into figures.
func (s server) compare(before, after sample, report Report) Process {
	if err := errors.Join(before.err, after.err); err != nil {
		return Process{Unknown: err.Error()}
	}
	used, spent := after.cpu-before.cpu, after.at.Sub(before.at)
	result := Process{PID: s.pid, CPUSeconds: used.Seconds(), MemoryMiB: float64(after.memory) / (1 << 20)}
	if spent > 0 {
		result.CorePercent = 100 * used.Seconds() / spent.Seconds()
	}
	if packets := report.Received.Packets(); packets > 0 {
		result.MicrosPerPacket = float64(used.Microseconds()) / float64(packets)
		// Threads that ended took their count with them.
		result.SwitchesPerPacket = float64(max(int64(after.switches-before.switches), 0)) / float64(packets)
	}
	return result
}

// perReceiver says what each who came between two samples cost in memory.
func (p *Process) perReceiver(empty, full sample, report Report) {
	came := report.Subscribers
	if p.Unknown != "" || empty.err != nil || came == 0 {
		return
	}
	p.KiBPerReceiver = max(float64(full.memory)-float64(empty.memory), 0) / 1024 / float64(came)
}
