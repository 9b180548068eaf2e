//go:build !linux

package cheap

import (
	"errors"
	"net"
)

// attachFilter says that this system has no socket filters we know.
func attachFilter(*net.UDPConn, int) error {
	return errors.New("sampling: only Linux can throw packets away before they are received; use --sample 1")
}
