package signaling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

// write sends what waits until the connection ends, then closes it.
func (c *conn) write(ctx context.Context) {
	end := c.send(ctx)
	if end == nil { // the connection is lost, or so slow that it counts as lost
		if !c.isClosedByPeer() {
			c.countClose(websocket.CloseAbnormalClosure)
		}
		_ = c.ws.Close() // wakes the reader
		return
	}
	c.flushReplies()
	c.sendClose(end)
	select { // closing at once would reset the connection before the client has read why
	case <-c.readerDone:
	case <-time.After(linger):
	}
	_ = c.ws.Close()
}

// send writes until something ends the connection; nil when it is lost.
func (c *conn) send(ctx context.Context) *closing {
	ping := time.NewTicker(c.timing.Ping)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return &closing{code: websocket.CloseGoingAway, text: "the server stops"}
		case end := <-c.stop:
			return end
		case <-c.readerDone:
			return nil
		case m := <-c.replies:
			err = c.writeNow(*m)
		case <-c.session.Ready():
			err = c.sendEvents()
		case <-ping.C:
			err = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.timing.Write))
		}
		if end, ok := errors.AsType[*closing](err); ok {
			return end
		}
		if err != nil {
			select {
			case end := <-c.stop:
				return end
			default:
				return nil
			}
		}
	}
}

func (c *conn) isClosedByPeer() bool {
	select {
	case <-c.readerDone:
		return c.closedByPeer
	default:
		return false
	}
}

// sendEvents empties the session's outbox onto the wire.
func (c *conn) sendEvents() error {
	for {
		events, err := c.session.Take(batch)
		for _, event := range events {
			m := message(event)
			if err := c.writeNow(m); err != nil {
				return err
			}
			if m.Type == protocol.TypeJoined && c.charged.CompareAndSwap(true, false) {
				c.server.gate.Forgive(c.addr)
			}
		}
		if err != nil {
			return endOf(err)
		}
		if len(events) == 0 {
			return nil
		}
	}
}

// endOf says how a connection closes when its session gives no more events.
func endOf(err error) error {
	switch {
	case errors.Is(err, rooms.ErrSlow):
		return &closing{code: websocket.CloseTryAgainLater, text: "events are not read"}
	case errors.Is(err, rooms.ErrTaken):
		return &closing{code: protocol.CloseTaken, text: "resumed over another connection"}
	case errors.Is(err, rooms.ErrDetached):
		return errLost // the reader let it go, and says why where there is a why
	default:
		return &closing{code: websocket.CloseNormalClosure, text: "the session has ended"}
	}
}

func (c *conn) flushReplies() {
	for {
		select {
		case m := <-c.replies:
			if c.writeNow(*m) != nil {
				return
			}
		default:
			return
		}
	}
}

// writeNow puts one message on the wire. Only one goroutine may call it at a
// time: the reader before the writer runs, then the writer.
func (c *conn) writeNow(m protocol.ServerMessage) error {
	text, err := encode(m)
	if err != nil {
		return err
	}
	if err := c.ws.SetWriteDeadline(time.Now().Add(c.timing.Write)); err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	if err := c.ws.WriteMessage(websocket.TextMessage, text); err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

func (c *conn) sendClose(end *closing) {
	c.countClose(end.code)
	// Whether it arrives or not, the connection ends.
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(end.code, end.text), time.Now().Add(linger))
}
