package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestDirectoryForgetsSocketsThatEnd(t *testing.T) {
	var d Directory
	var srv websocket.Server
	ended := make(chan *websocket.Socket, 3)
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		d.Add(s, r.URL.Query().Get("id"), r.URL.Query().Get("user"))
		s.OnClose(func(s *websocket.Socket, _ websocket.CloseEvent) { ended <- s })
		s.SendText("ready")
	})
	server := httptest.NewServer(&srv)
	defer server.Close()
	defer srv.Close()
	var conns []*websocket.Conn
	for _, query := range []string{"id=1&user=ada", "id=2&user=ada", "id=3"} {
		c, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+"?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Terminate()
		expect(t, c, "ready")
		conns = append(conns, c)
	}
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"ada", len(d.OfUser("ada")), 2}, {"nobody", len(d.OfUser("")), 0}, {"bob", len(d.OfUser("bob")), 0},
		{"1", len(d.OfConnection("1")), 1}, {"3", len(d.OfConnection("3")), 1}, {"4", len(d.OfConnection("4")), 0},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d sockets, want %d", tt.name, tt.got, tt.want)
		}
	}
	conns[0].Terminate()
	<-ended
	if len(d.OfUser("ada")) != 1 || len(d.OfConnection("1")) != 0 {
		t.Error("the first is still there")
	}
	conns[1].Close(1000, "")
	conns[2].Close(1000, "")
	<-ended
	d.Add(<-ended, "late", "ada")
	if len(d.users)+len(d.connections) != 0 {
		t.Errorf("it remembers %d users, %d connections", len(d.users), len(d.connections))
	}
}
