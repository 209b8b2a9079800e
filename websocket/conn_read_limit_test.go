package websocket_test

import (
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

func TestReadLimitIsChangedOnTheWay(t *testing.T) {
	endAndRaw(t, websocket.Limits{MessageSize: 5}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text("12345"), raw.text("123456"), raw.text("1234567"), raw.text("12"))
		wantMessage(t, c, websocket.Text, "12345")
		c.SetReadLimit(6)
		wantMessage(t, c, websocket.Text, "123456") // though it had arrived before
		c.SetReadLimit(0)
		wantMessage(t, c, websocket.Text, "1234567")
		c.SetReadLimit(1)
		_, _, err := c.Read(forever)
		wantError(t, "past the limit", err, websocket.ErrMessageTooBig)
		raw.wantClose(websocket.CloseMessageTooBig)
	})
}

func TestReadLimitCountsWhatHasCome(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.frame(frame.Text, false, "123"))
		_, r, err := c.Reader(forever)
		wantError(t, "Reader", err, nil)
		var p [3]byte
		r.Read(p[:])
		c.SetReadLimit(4)
		raw.write(raw.frame(frame.Continuation, true, "45"))
		_, err = r.Read(p[:])
		wantError(t, "past the limit", err, websocket.ErrMessageTooBig)
		raw.wantClose(websocket.CloseMessageTooBig)
	})
}

func TestReadLimitIsAConnsOwn(t *testing.T) {
	opts := &websocket.AcceptOptions{}
	first, raw1 := serverAndRaw(t, opts)
	second, raw2 := serverAndRaw(t, opts)
	first.SetReadLimit(1)
	raw2.write(raw2.text("12"))
	wantMessage(t, second, websocket.Text, "12")
	raw1.write(raw1.text("12"))
	_, _, err := first.Read(forever)
	wantError(t, "past the limit", err, websocket.ErrMessageTooBig)
}
