package transport

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// interfacesFresh is how long the list of this machine's network interfaces is
// good: reading it takes the kernel's time and 7 KiB, which every ICE agent
// would do and keep for itself.
const interfacesFresh = 10 * time.Second

// interfaces are this machine's network interfaces, as ICE agents see them.
type interfaces struct {
	mu   sync.Mutex
	list transport.Net
	read time.Time
}

func (i *interfaces) now() (transport.Net, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.list != nil && time.Since(i.read) < interfacesFresh {
		return i.list, nil
	}
	list, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("read this machine's network interfaces: %w", err)
	}
	i.list, i.read = list, time.Now()
	return list, nil
}
