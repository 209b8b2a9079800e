package websocket_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// Whatever a message came as, Clone and Blob give something that may be kept.
func TestMessagesThatAreKept(t *testing.T) {
	want := bytes.Repeat([]byte("kept "), 100)
	for _, typ := range []websocket.BinaryType{websocket.ArrayBuffer, websocket.BlobType} {
		t.Run(typ.String(), func(t *testing.T) {
			kept := make(chan [2]websocket.Message, 1)
			blobs := make(chan *websocket.Blob, 1)
			s, c := wstest.Sockets(t, nil, nil, func(c *websocket.Socket) {
				c.SetBinaryType(typ)
				c.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
					clone := m.Clone()
					kept <- [2]websocket.Message{clone, clone.Clone()}
					blobs <- m.Blob()
				})
			})
			equal(t, "binary type", c.BinaryType().String(), typ.String())
			must(t, s.Send(want))
			for _, m := range <-kept {
				if m.Type() != websocket.Binary || !bytes.Equal(m.Bytes(), want) || m.Len() != int64(len(want)) {
					t.Errorf("kept: %s of %d octets, %.20q", m.Type(), m.Len(), m.Bytes())
				}
			}
			b := <-blobs
			got, err := io.ReadAll(b.Reader())
			if err != nil || !bytes.Equal(got, want) || b.Size() != int64(len(want)) {
				t.Errorf("the blob of %d octets has %.20q, %v", b.Size(), got, err)
			}
			must(t, b.Close())
		})
	}
}

// A message that came as a blob is sent on as one.
func TestABlobIsSentOn(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 50_000)
	got := make(chan []byte, 1)
	s, _ := wstest.Sockets(t, nil, func(s *websocket.Socket) {
		s.SetBinaryType(websocket.BlobType)
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- bytes.Clone(m.Bytes()) })
	}, func(c *websocket.Socket) {
		c.SetBinaryType(websocket.BlobType)
		c.OnMessage(func(c *websocket.Socket, m websocket.Message) {
			if err := c.SendMessage(m); err != nil {
				t.Error(err)
			}
		})
	})
	must(t, s.Send(want))
	if b := <-got; !bytes.Equal(b, want) {
		t.Errorf("%d octets came back, want %d", len(b), len(want))
	}
}
