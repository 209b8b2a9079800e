package status

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
	"github.com/everwire/everwire/websocket"
)

// Config says what a Board shows to whom.
type Config struct {
	// Token makes the operator of who has it. Default: there is no operator.
	Token string

	// Log is told who signed in, who tried to, and what the operator did.
	Log *slog.Logger
}

// A Board shows what a Collector knows, over WebSocket, and does what the operator says.
type Board struct {
	collector *Collector
	token     *access.Secret
	attempts  access.Attempts
	log       *slog.Logger
	server    websocket.Server
	watchers  websocket.Group // get the numbers each second
	patience  time.Duration   // signInTime, but for tests
	draining  atomic.Bool
}

const (
	mostVisitors  = 256
	signInTime    = 10 * time.Second // for who may see nothing else
	wrongTokens   = 3                // on one connection
	samplingPause = time.Second

	// waiting is how much may wait for a visitor, in octets, before frames are left out; past sixteen times as much it
	// is closed.
	waiting = 256 << 10
)

// The codes that a Board closes with, besides those of the websocket package.
const (
	CodeSignIn = 4001 // sign in, and come again
	CodeNobody = 4003 // there is no token to sign in with, and from there nothing is to be seen without
)

// NewBoard returns a Board, which takes samples once Start was called.
func NewBoard(c *Collector, cfg Config) *Board {
	b := &Board{collector: c, token: access.NewSecret(cfg.Token), log: cfg.Log, patience: signInTime}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	// Origins stays empty: of the pages in the world only the server's own may speak for an operator.
	b.server.MaxConnections = mostVisitors
	b.server.Options.OnRequest = b.judge
	b.server.Options.Limits.MessageSize = commandSize
	b.server.Options.Rates.Messages = 50
	b.server.Options.Queue = websocket.Queue{Bytes: 16 * waiting, Full: websocket.CloseSlow}
	b.server.OnConnection(b.visit)
	return b
}

// Server is the WebSocket endpoint. Its Handler, the page, is the caller's to set.
func (b *Board) Server() *websocket.Server { return &b.server }

// Start has a sample taken each second until stop is called, which waits for that.
func (b *Board) Start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var sampling sync.WaitGroup
	sampling.Go(func() {
		ticker := time.NewTicker(samplingPause)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				b.step()
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		sampling.Wait()
	}
}

// step takes one sample and shows it.
func (b *Board) step() {
	n := b.collector.step()
	if b.watchers.Len() == 0 {
		return
	}
	p, err := websocket.Prepare(websocket.Text, encode(Event{Is: IsNumbers, Numbers: &n}))
	if err == nil {
		b.watchers.Publish(p)
	}
}

// judge refuses a request with a token that is wrong. One without a token is let in, and sees what everybody sees.
func (b *Board) judge(r *http.Request, answer http.Header) error {
	token, ok := access.Bearer(r.Header)
	if !ok {
		return nil
	}
	if err := b.signIn(b.address(r), token); err != nil {
		if err == access.ErrTooMany {
			answer.Set("Retry-After", "60")
			return websocket.Refuse(http.StatusTooManyRequests, err.Error())
		}
		answer.Set("WWW-Authenticate", "Bearer")
		return websocket.Refuse(http.StatusUnauthorized, err.Error())
	}
	return nil
}

// address is where a request comes from.
func (b *Board) address(r *http.Request) netip.Addr { return b.server.ClientAddr(r) }
