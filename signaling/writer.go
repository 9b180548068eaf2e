package signaling

import (
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

// wake has a writer see what there is to write, and begins one where none lives.
// It never waits.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = true
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

// finish has the connection close, and the client told why.
func (c *conn) finish(end *closing) {
	c.mu.Lock()
	c.end = end
	c.mu.Unlock()
	c.wake()
}

// ping has a ping sent.
func (c *conn) ping() {
	c.mu.Lock()
	c.pinging = true
	c.mu.Unlock()
	c.wake()
}

// queue has an answer sent unless so many wait already.
func (c *conn) queue(m protocol.ServerMessage, most int) bool {
	c.mu.Lock()
	room := len(c.replies) < most
	if room {
		c.replies = append(c.replies, &m)
	}
	c.mu.Unlock()
	if room {
		c.wake()
	}
	return room
}

// write sends what waits and ends; where the connection is to end it closes it,
// and no other follows.
func (c *conn) write() {
	for c.again() {
		end, err := c.send()
		if end == nil && err == nil {
			continue
		}
		c.shut(end)
		close(c.closed)
		return
	}
}

// again says that [conn.wake] was called since it was asked last. If not the
// writer ends.
func (c *conn) again() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing, c.woken = c.woken, false
	return c.writing
}

// shut closes the connection, without a word where it is lost, or so slow that
// it counts as lost.
func (c *conn) shut(end *closing) {
	if end == nil {
		if !c.isClosedByPeer() {
			c.countClose(websocket.CloseAbnormalClosure)
		}
		_ = c.ws.Close() // wakes the reader
		return
	}
	_ = c.writeReplies()
	c.sendClose(end)
	select { // closing at once would reset the connection before the client has read why
	case <-c.readerDone:
	case <-time.After(linger):
	}
	_ = c.ws.Close()
}

// send writes what waits. It gives why the connection closes, or an error when it is lost.
func (c *conn) send() (*closing, error) {
	if c.server.ctx.Err() != nil {
		return &closing{code: websocket.CloseGoingAway, text: "the server stops"}, nil
	}
	c.mu.Lock()
	end, pinging := c.end, c.pinging
	c.pinging = false
	c.mu.Unlock()
	if end != nil {
		return end, nil
	}
	select {
	case <-c.readerDone:
		return nil, errLost
	default:
	}
	err := c.writeReplies()
	if err == nil {
		err = c.sendEvents()
	}
	if err == nil && pinging {
		c.told.Store(int64(c.server.now()))
		err = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.timing.Write))
	}
	if end, ok := errors.AsType[*closing](err); ok {
		return end, nil
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.end, err // it may have been to end meanwhile
	}
	return nil, nil
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

// writeReplies writes the answers that wait.
func (c *conn) writeReplies() error {
	c.mu.Lock()
	replies := c.replies
	c.replies = nil
	c.mu.Unlock()
	for _, m := range replies {
		if err := c.writeNow(*m); err != nil {
			return err
		}
	}
	return nil
}

// writeNow puts one message on the wire. Only one goroutine may call it at a
// time: the one that hears hello, then the writer.
func (c *conn) writeNow(m protocol.ServerMessage) error {
	text, err := encode(m)
	if err != nil {
		return err
	}
	c.told.Store(int64(c.server.now()))
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
