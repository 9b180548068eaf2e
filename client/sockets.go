package client

import (
	"fmt"
	"net"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// receiveBuffer is what the system keeps for a session's socket while the
// program is busy: a second of nine pictures. The usual 208 KiB overflow when
// a few key frames come at once. The system may give less.
const receiveBuffer = 2 << 20

// roomyNet is the system's network with larger receive buffers.
type roomyNet struct{ *stdnet.Net }

func newNet() (transport.Net, error) {
	system, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("looking at this machine's network: %w", err)
	}
	return roomyNet{system}, nil
}

// ListenUDP implements transport.Net.
func (n roomyNet) ListenUDP(network string, at *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, at)
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(receiveBuffer) // with the smaller one it works too
	return conn, nil
}
