package inspect

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/handshake"
)

// Serve plays the server of a recording to whoever connects, until ctx ends: to each client the next of the
// recording's connections, from the first again after the last. The error is ErrDiffers, ErrFailed, or one of the
// recording or the listener, which is closed in any case.
func (r *Replay) Serve(ctx context.Context, recording io.Reader, ln net.Listener) error {
	defer ln.Close()
	scripts, err := r.load(recording)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	var results tally
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	for next := 0; ; next++ {
		nc, err := accept(ctx, ln)
		if err != nil {
			all.Wait()
			if ctx.Err() == nil {
				return err
			}
			return r.sum(&results)
		}
		s := scripts[next%len(scripts)]
		all.Go(func() { results.add(r.client(ctx, s, nc)) })
	}
}

// client plays a server to one client, and writes how it went.
func (r *Replay) client(ctx context.Context, s *script, nc net.Conn) (o outcome) {
	p, done := r.player(s, wire.FromServer, nc)
	defer done()
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	nc.SetDeadline(time.Now().Add(headTimeout))
	asked, err := shake(nc, wire.FromClient, p.sees)
	if err == nil {
		var answer []byte
		answer, err = r.answer(s, asked)
		p.sees.Write(wire.FromServer, answer)
		if _, failed := nc.Write(answer); err == nil {
			err = failed
		}
	}
	if !stop() {
		return o
	}
	nc.SetDeadline(time.Time{})
	if err != nil || s.open.Response.Status() != http.StatusSwitchingProtocols {
		endWrites(nc)
		nc.SetReadDeadline(time.Now().Add(patience))
		io.CopyN(io.Discard, nc, 1<<20) // for the client to read the answer
		return r.report(s, p, outcome{err: err})
	}
	o.err = p.play(ctx)
	if ctx.Err() != nil {
		return outcome{} // the end of it all says nothing of the client
	}
	return r.report(s, p, r.compared(p, o))
}

// answer returns what answers a handshake as it was recorded. An error goes with an answer that refuses it.
func (r *Replay) answer(s *script, asked *wire.Head) ([]byte, error) {
	method, target, version := asked.Request()
	header := asked.Header()
	request := handshake.Request{Method: method, Target: target, Major: 1, Minor: 1, Host: header.Get("Host"), Header: header}
	if version == "HTTP/1.0" {
		request.Minor = 0
	}
	if err := request.Check(); err != nil {
		return []byte(refusal(err.Status, err.Reason)), err
	}
	recorded := s.open.Response
	if status := recorded.Status(); status != http.StatusSwitchingProtocols {
		return []byte(refusal(status, "as recorded")), nil
	}
	response := handshake.Response{Key: header.Get("Sec-WebSocket-Key"), Header: http.Header{}}
	for _, f := range recorded.Fields {
		if !isHidden(f) && !strings.EqualFold(f.Name, "Date") {
			response.Header[f.Name] = append(response.Header[f.Name], f.Value)
		}
	}
	offered, _ := handshake.Subprotocols(header)
	chosen := recorded.Get("Sec-WebSocket-Protocol")
	switch {
	case slices.Contains(offered, chosen):
		response.Subprotocol = chosen
	case chosen == wire.Hidden && len(offered) > 0:
		response.Subprotocol = offered[0]
	}
	if r.Raw {
		response.Extensions, _ = handshake.ParseExtensions(recorded.Header())
		offers, _ := handshake.ParseExtensions(header)
		for _, x := range response.Extensions {
			if !slices.ContainsFunc(offers, func(o handshake.Extension) bool { return o.Name == x.Name }) {
				err := errors.New("the client does not offer " + x.Name + ", which was recorded: leave --raw out")
				return []byte(refusal(http.StatusBadRequest, err.Error())), err
			}
		}
	}
	return response.Append(nil), nil
}
