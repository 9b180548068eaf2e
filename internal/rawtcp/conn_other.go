//go:build !linux || (!amd64 && !arm64)

package rawtcp

import "net"

func wrap(t *net.TCPConn) net.Conn { return t }
