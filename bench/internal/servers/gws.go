package servers

import (
	"bufio"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

// gwsServer is gws's own server. Its check of UTF-8 is off by default, and stays off.
func gwsServer(ln net.Listener, s Settings) error {
	opts := &gws.ServerOption{PermessageDeflate: gws.PermessageDeflate{
		Enabled: s.Deflate, ServerContextTakeover: s.Takeover, ClientContextTakeover: s.Takeover,
	}}
	srv := gws.NewServer(gwsEcho{}, opts)
	echo, broadcast := srv.GetUpgrader(), gws.NewUpgrader(&gwsBroadcast{}, opts)
	srv.OnRequest = func(conn net.Conn, br *bufio.Reader, r *http.Request) {
		upgrader := echo
		if r.URL.Path == "/broadcast" {
			upgrader = broadcast
		}
		c, err := upgrader.UpgradeFromConn(conn, br, r)
		if err != nil {
			return
		}
		c.ReadLoop()
	}
	return srv.RunListener(ln)
}

type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnPing(c *gws.Conn, payload []byte) { c.WritePong(payload) }

func (gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	c.WriteMessage(m.Opcode, m.Bytes())
}

type gwsBroadcast struct {
	gws.BuiltinEventHandler
	everybody crowd[*gws.Conn]
}

func (h *gwsBroadcast) OnOpen(c *gws.Conn) { h.everybody.join(c) }

func (h *gwsBroadcast) OnClose(c *gws.Conn, _ error) { h.everybody.leave(c) }

func (h *gwsBroadcast) OnPing(c *gws.Conn, payload []byte) { c.WritePong(payload) }

func (h *gwsBroadcast) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	b := gws.NewBroadcaster(m.Opcode, m.Bytes())
	defer b.Close()
	h.everybody.each(func(c *gws.Conn) { b.Broadcast(c) })
}
