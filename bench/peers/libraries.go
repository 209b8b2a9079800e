package main

import (
	"compress/flate"
	"context"
	"io"
	"net/http"
	"runtime/debug"
	"time"
	"unicode/utf8"

	coder "github.com/coder/websocket"
	fasthttpws "github.com/fasthttp/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	everwire "github.com/everwire/everwire/websocket"
)

// peers are those that are judged. All have compression on, as far as they know it, and take messages of 16 MiB.
var peers = []peer{
	{"everwire Conn", library("", conn)},
	{"everwire Socket", library("", socket)},
	{"gorilla/websocket", library("github.com/gorilla/websocket", gorillaEcho)},
	{"coder/websocket", library("github.com/coder/websocket", coderEcho)},
	{"gobwas/ws", library("github.com/gobwas/ws", gobwasEcho)},
	{"lxzan/gws", library("github.com/lxzan/gws", gwsEcho())},
	{"fasthttp/websocket", library("github.com/fasthttp/websocket", fasthttpEcho)},
	{"ws (Node)", func() (string, string, func(), error) { return foreign("node", "bench/peers/ws.mjs") }},
	{"websockets (Python)", func() (string, string, func(), error) {
		return foreign("/usr/bin/python3", "bench/peers/websockets_echo.py")
	}},
}

// library serves a handler, and finds its module's version.
func library(module string, h http.HandlerFunc) func() (string, string, func(), error) {
	return func() (string, string, func(), error) {
		version := ""
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, dep := range info.Deps {
				if dep.Path == module {
					version = dep.Version
				}
			}
		}
		url, stop, err := handle(h)
		return url, version, stop, err
	}
}

const most = 32 << 20 // octets in a message

var ours = everwire.AcceptOptions{Limits: everwire.Limits{MessageSize: most}}

func conn(w http.ResponseWriter, r *http.Request) {
	c, err := everwire.Accept(w, r, &ours)
	if err != nil {
		return
	}
	for m, err := range c.Messages(r.Context()) {
		if err != nil || c.Write(r.Context(), m.Type(), m.Bytes()) != nil {
			break
		}
	}
	c.Close(everwire.CloseNormal, "")
}

func socket(w http.ResponseWriter, r *http.Request) {
	everwire.Upgrade(w, r, &ours, func(s *everwire.Socket) {
		s.OnMessage(func(s *everwire.Socket, m everwire.Message) {
			if m.Type() == everwire.Text {
				s.SendText(string(m.Bytes()))
			} else {
				s.Send(m.Bytes())
			}
		})
	})
}

func gorillaEcho(w http.ResponseWriter, r *http.Request) {
	u := gorilla.Upgrader{ReadBufferSize: 4096, WriteBufferSize: 4096, EnableCompression: true,
		CheckOrigin: func(*http.Request) bool { return true }}
	if c, err := u.Upgrade(w, r, nil); err == nil {
		echoWhole(c)
	}
}

func fasthttpEcho(w http.ResponseWriter, r *http.Request) {
	u := fasthttpws.Upgrader{ReadBufferSize: 4096, WriteBufferSize: 4096, EnableCompression: true,
		CheckOrigin: func(*http.Request) bool { return true }}
	if c, err := u.Upgrade(w, r, nil); err == nil {
		echoWhole(c)
	}
}

// gorillaConn is a connection of gorilla/websocket, and of fasthttp/websocket, which began as a copy of it.
type gorillaConn interface {
	ReadMessage() (messageType int, p []byte, err error)
	WriteMessage(messageType int, data []byte) error
	WriteControl(messageType int, data []byte, deadline time.Time) error
	Close() error
}

// echoWhole checks UTF-8 itself, as these libraries leave that to programs.
func echoWhole(c gorillaConn) {
	defer c.Close()
	for {
		typ, p, err := c.ReadMessage()
		if err != nil {
			return
		}
		if typ == gorilla.TextMessage && !utf8.Valid(p) {
			c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(gorilla.CloseInvalidFramePayloadData, ""), noDeadline)
			return
		}
		if c.WriteMessage(typ, p) != nil {
			return
		}
	}
}

// coderEcho checks UTF-8 itself, too.
func coderEcho(w http.ResponseWriter, r *http.Request) {
	c, err := coder.Accept(w, r, &coder.AcceptOptions{InsecureSkipVerify: true, CompressionMode: coder.CompressionContextTakeover})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(most)
	ctx := context.Background()
	for {
		typ, p, err := c.Read(ctx)
		if err != nil {
			return
		}
		if typ == coder.MessageText && !utf8.Valid(p) {
			c.Close(coder.StatusInvalidFramePayloadData, "")
			return
		}
		if c.Write(ctx, typ, p) != nil {
			return
		}
	}
}

func gobwasEcho(w http.ResponseWriter, r *http.Request) {
	e := wsflate.Extension{Parameters: wsflate.DefaultParameters}
	u := ws.HTTPUpgrader{Negotiate: e.Negotiate}
	nc, _, _, err := u.Upgrade(r, w)
	if err != nil {
		return
	}
	defer nc.Close()
	control := wsutil.ControlFrameHandler(nc, ws.StateServerSide)
	state := ws.StateServerSide
	_, deflating := e.Accepted()
	if deflating {
		state |= ws.StateExtended
	}
	var msg wsflate.MessageState
	in := wsutil.Reader{Source: nc, State: state, CheckUTF8: !deflating, OnIntermediate: control}
	out := wsutil.NewWriter(nc, state, 0)
	if deflating {
		in.Extensions = []wsutil.RecvExtension{&msg}
		out.SetExtensions(&msg)
	}
	inflate := wsflate.NewReader(nil, func(r io.Reader) wsflate.Decompressor { return flate.NewReader(r) })
	compress := wsflate.NewWriter(nil, func(w io.Writer) wsflate.Compressor {
		f, _ := flate.NewWriter(w, flate.BestSpeed)
		return f
	})
	for {
		h, err := in.NextFrame()
		if err != nil {
			gobwasFail(nc, err)
			return
		}
		if h.OpCode.IsControl() {
			if control(h, &in) != nil {
				return
			}
			continue
		}
		out.ResetOp(h.OpCode)
		var from io.Reader = &in
		var to io.Writer = out
		if msg.IsCompressed() {
			inflate.Reset(from)
			compress.Reset(to)
			from, to = inflate, compress
		}
		if deflating && h.OpCode == ws.OpText {
			from = wsutil.NewUTF8Reader(from)
		}
		if _, err := io.Copy(to, from); err != nil {
			gobwasFail(nc, err)
			return
		}
		if u, ok := from.(*wsutil.UTF8Reader); ok && !u.Valid() {
			gobwasFail(nc, wsutil.ErrInvalidUTF8)
			return
		}
		if msg.IsCompressed() && compress.Close() != nil || out.Flush() != nil {
			return
		}
	}
}

// gobwasFail tells the peer why, as the library leaves to programs.
func gobwasFail(w io.Writer, err error) {
	code := ws.StatusProtocolError
	if err == wsutil.ErrInvalidUTF8 {
		code = ws.StatusInvalidFramePayloadData
	} else if _, ok := err.(ws.ProtocolError); !ok {
		return
	}
	ws.WriteFrame(w, ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
}

type gwsHandler struct{ gws.BuiltinEventHandler }

func (gwsHandler) OnPing(c *gws.Conn, payload []byte) { c.WritePong(payload) }

func (gwsHandler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	c.WriteMessage(m.Opcode, m.Bytes())
}

func gwsEcho() http.HandlerFunc {
	u := gws.NewUpgrader(gwsHandler{}, &gws.ServerOption{
		CheckUtf8Enabled: true, Recovery: gws.Recovery, ReadMaxPayloadSize: most, WriteMaxPayloadSize: most,
		PermessageDeflate: gws.PermessageDeflate{Enabled: true, ServerContextTakeover: true, ClientContextTakeover: true},
	})
	return func(w http.ResponseWriter, r *http.Request) {
		if c, err := u.Upgrade(w, r); err == nil {
			c.ReadLoop()
		}
	}
}
