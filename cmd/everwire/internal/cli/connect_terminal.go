package cli

import (
	"context"
	"os"
	"strings"
	"sync"

	"github.com/everwire/everwire/cmd/everwire/internal/connect"
	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/terminal"
	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket"
)

// terminalRun talks on a terminal.
func terminalRun(ctx context.Context, v *connectFlags, c connect.Config, in, out *os.File) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heads := &handshakeHeads{verbose: v.verbose}
	notes := &noteWriter{lines: make(chan string), ctx: ctx}
	show := connect.Printer(notes, v.verbose)
	opts := wire.Options(c.Dial, func(e wire.Event) {
		heads.see(e)
		if v.verbose > 0 {
			show(e)
		}
	})
	return terminal.Run(ctx, terminal.Config{
		Name: c.URL,
		Open: func(_ context.Context, setup func(*websocket.Socket)) error {
			_, err := websocket.New(c.URL, opts, setup)
			return err
		},
		In: in, Out: out,
		Color:      v.colored(),
		Timestamps: v.timestamps,
		JSON:       !v.noJSON,
		History:    v.historyFile(),
		Headers:    heads.text,
		Notes:      notes.lines,
		Explain:    dialer.Explain,
		Reconnect:  c.Reconnect,
	})
}

// handshakeHeads keeps the last opening handshake, for /headers.
type handshakeHeads struct {
	verbose int

	mu     sync.Mutex
	shown  strings.Builder
	answer bool // it has its answer
}

func (h *handshakeHeads) see(e wire.Event) {
	if e.Head == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.From == wire.FromClient && h.answer {
		h.shown.Reset()
	}
	h.answer = e.From == wire.FromServer
	connect.Printer(&h.shown, h.verbose)(e)
}

func (h *handshakeHeads) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.shown.String()
}

// A noteWriter makes lines of what is written, and gives up when ctx ends.
type noteWriter struct {
	lines chan string
	ctx   context.Context
}

func (n *noteWriter) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		select {
		case n.lines <- strings.TrimRight(line, "\n"):
		case <-n.ctx.Done():
			return 0, n.ctx.Err()
		}
	}
	return len(b), nil
}
