package websocket

import "time"

// A Reconnect tells what follows the loss of a connection.
type Reconnect struct {
	// Cause is why the connection was lost, or could not be made: see [Retryable].
	Cause error

	// Final is true if there is no further attempt: the end event follows.
	Final bool

	// Delay is how long it is until the next attempt, unless RetryNow shortens it.
	Delay time.Duration

	// Attempt is the number of the next attempt: 1 after a connection that was stable, and else one more than that
	// of the connection, or the attempt, before. The first of all is 1.
	Attempt int
}

// OnOpen adds a listener for the open event of each connection, which is s. It comes before the queue: what the
// listeners send on s, a subscription for example, the server gets first, on every connection anew. What they send on
// rs goes behind all that waits.
func (rs *ReconnectingSocket) OnOpen(f func(rs *ReconnectingSocket, s *Socket)) Listener {
	return rs.onOpen.add(f)
}

// OnMessage adds a listener for messages, as [Socket.OnMessage] does.
func (rs *ReconnectingSocket) OnMessage(f func(rs *ReconnectingSocket, m Message)) Listener {
	return rs.onMessage.add(f)
}

// OnError adds a listener for the error event of each connection and of each attempt that fails: that of
// [Socket.OnError], or an error that [ReconnectOptions].Prepare returned.
func (rs *ReconnectingSocket) OnError(f func(rs *ReconnectingSocket, err error)) Listener {
	return rs.onError.add(f)
}

// OnClose adds a listener for the close event of each connection that was open: how it ended, and what
// happens next.
func (rs *ReconnectingSocket) OnClose(f func(rs *ReconnectingSocket, e CloseEvent, next Reconnect)) Listener {
	return rs.onClose.add(f)
}

// OnReconnecting adds a listener for the wait that begins before each attempt but the first of all. Next.Final is
// false.
func (rs *ReconnectingSocket) OnReconnecting(f func(rs *ReconnectingSocket, next Reconnect)) Listener {
	return rs.onReconnecting.add(f)
}

// OnDrop adds a listener for messages that were taken and will not be sent: because a full queue gave them up, as
// [Queue.Full] says, with the reason [ErrQueueFull] or [ErrReplaced]; or because the end came, with [ErrClosed].
func (rs *ReconnectingSocket) OnDrop(f func(rs *ReconnectingSocket, d Drop)) Listener {
	return rs.onDrop.add(f)
}

// OnEnd adds a listener for the end event, which comes exactly once and is the last: there is no connection, and
// there will be none. Reason is nil after Close, [ErrClosed] after Terminate, a [*PanicError] after a panic, and else
// why there is no further attempt: it has the last cause in its chain (see [Retryable]).
func (rs *ReconnectingSocket) OnEnd(f func(rs *ReconnectingSocket, reason error)) Listener {
	return rs.onEnd.add(f)
}
