package sidebyside

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// counted counts what is sent and received over a stream.
type counted struct {
	net.Conn
	sent, received atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(int64(n))
	return n, err
}

// Both packages at either end of a connection with gorilla at the other.
func TestCompression(t *testing.T) {
	for _, tt := range []struct {
		name           string
		server, client bool // whether it is enabled
	}{
		{"both", true, true}, {"only the server", true, false}, {"only the client", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
				squeeze(t, p, packages[0], tt.server, tt.client, log)
				squeeze(t, packages[0], p, tt.server, tt.client, log)
			})
		})
	}
}

func squeeze(t *testing.T, server, client *pkg, serverDoes, clientDoes bool, log *transcript) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offer := r.Header.Get("Sec-WebSocket-Extensions")
		log.add("offered %q", strings.TrimSuffix(offer, "; client_max_window_bits")) // which ours knows as well
		c, err := server.upgrade(upgrader{EnableCompression: serverDoes}, w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for {
			typ, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			c.EnableWriteCompression(!bytes.HasPrefix(data, []byte("plain")))
			c.WriteMessage(typ, data)
		}
	}))
	defer srv.Close()
	var wire *counted
	d := dialer{EnableCompression: clientDoes, NetDial: func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		wire = &counted{Conn: nc}
		return wire, err
	}}
	c, resp, err := client.dial(t.Context(), d, "ws"+strings.TrimPrefix(srv.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	log.add("agreed %q", resp.Header.Get("Sec-WebSocket-Extensions"))
	for _, kind := range []string{"plain", "squeezed", "plain", "squeezed"} {
		c.EnableWriteCompression(kind != "plain")
		wire.sent.Store(0)
		wire.received.Store(0)
		message := strings.Repeat(kind+" and long, ", 5000)
		if err := c.WriteMessage(textMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
		_, data, err := c.ReadMessage()
		log.add("%s: %t %s, fewer octets are sent: %t, received: %t", kind, string(data) == message, client.say(err),
			wire.sent.Load() < int64(len(message)/10), wire.received.Load() < int64(len(message)/10))
	}
}
