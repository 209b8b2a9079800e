package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api"
	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/cmd/everwire/internal/chat"
	"github.com/everwire/everwire/cmd/everwire/internal/cluster"
	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// Rooms says how the chat's rooms are run.
type Rooms struct {
	// History is what each of them keeps, but for the one of who asks for no subprotocol. It must be the same on all nodes. Zero: 1,000
	// messages, for 24 h.
	History hub.History
}

// Auth says who may come to the chat, and how much of it they may take.
type Auth struct {
	Mode       string          // "jwt", "webhook", or "none", which "" is as well: everybody
	JWT        auth.JWTOptions // for jwt
	WebhookURL string          // for webhook
	Grace      time.Duration   // how long a token's owner has for a new one when it has expired
	Limits     auth.Limits
}

// rooms are the chat, and what is behind it.
type rooms struct {
	link  *cluster.Link
	hub   *hub.Hub
	chat  *websocket.Server
	page  http.Handler   // the chat's
	api   *api.API       // does what other nodes' backends ask for, also where there are none
	tells teller         // nil: nobody is told
	talks sync.WaitGroup // of the chat's connections, as tells is to know them
	open  bool           // everybody may come
	log   *slog.Logger
}

// openRooms makes the chat as a Config has it, and joins others. What is wrong with a file is an error in one line.
func openRooms(ctx context.Context, cfg Config, log *slog.Logger) (_ *rooms, err error) {
	r := &rooms{open: cfg.Auth.Mode == "" || cfg.Auth.Mode == "none", log: log}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	judge, err := cfg.Auth.authenticator(log)
	if err != nil {
		return nil, fmt.Errorf("cannot judge tokens: %w", err)
	}
	var keys *api.Keys
	if cfg.APIKeysFile != "" {
		if keys, err = api.ReadKeys(cfg.APIKeysFile); err != nil {
			return nil, err
		}
	}
	if r.page, err = pages.Chat(cfg.ChatNodes); err != nil {
		return nil, err
	}
	node := strings.ToLower(rand.Text()[:12])
	if err = r.openWebhook(cfg, node, log); err != nil {
		return nil, err
	}
	if r.link, err = cluster.Open(ctx, cfg.Cluster, node, log); err != nil {
		return nil, err
	}
	r.hub = hub.New(&hub.Options{Broker: r.link.Broker, Room: cfg.Rooms.options(), Node: node, Log: log})
	if err = r.openSubject(cfg, node, log); err != nil {
		return nil, err
	}
	o := chat.Options{Hub: r.hub, Auth: judge, Grace: cfg.Auth.Grace, Limits: cfg.Auth.Limits, Log: log}
	if r.tells != nil {
		o.Events = r.tells
	}
	if o.Grace == 0 {
		o.Grace = -1 // for a chat, 0 is its default
	}
	people := &api.Directory{}
	o.Talks = &r.talks
	o.Arrived = func(s *websocket.Socket, c *events.Connection) { people.Add(s, c.ID, c.User) }
	r.chat = chat.New(o)
	r.api, err = api.New(api.Options{Hub: r.hub, Keys: keys, Sockets: people, ClientAddr: r.chat.ClientAddr, Log: log})
	return r, err
}

// options say how each room is run.
func (c Rooms) options() func(name string) hub.RoomOptions {
	ofChat := chat.Room
	if c.History.Messages > 0 {
		ofChat = chat.Rooms(c.History)
	}
	return func(name string) hub.RoomOptions {
		if name == api.ControlRoom {
			return hub.RoomOptions{}
		}
		return ofChat(name)
	}
}

// authenticator returns nil if everybody may come.
func (a *Auth) authenticator(log *slog.Logger) (judge auth.Authenticator, err error) {
	switch a.Mode {
	case "jwt":
		o := a.JWT
		o.Log = log
		judge, err = auth.JWT(o)
	case "webhook":
		judge, err = auth.Webhook(a.WebhookURL, auth.WebhookOptions{})
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return auth.Logged(judge, log), nil
}

// lastWords is how long what is behind the chat may take to end: telling the others that this node leaves, and a backend what has happened.
const lastWords = 3 * time.Second

// close ends what openRooms began, as far as it came. The chat's server must be shut down, or have had nobody.
func (r *rooms) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if r.api != nil {
		r.api.Close()
	}
	// Side by side: a broker that is out of reach must not use up a backend's time.
	var left, told error
	var closing sync.WaitGroup
	if r.hub != nil {
		closing.Go(func() { left = r.hub.Close(ctx) })
	}
	if r.tells != nil { // over the link, it may be
		closing.Go(func() {
			ended := make(chan struct{})
			go func() { // which the hub's Close ends, if nothing else does
				r.talks.Wait()
				close(ended)
			}()
			select {
			case <-ended:
			case <-ctx.Done():
			}
			told = r.tells.Close(ctx)
		})
	}
	closing.Wait()
	if r.link != nil {
		r.link.Close()
	}
	if err := errors.Join(left, told); err != nil {
		r.log.Warn("not everything could be told at the end", "error", err)
	}
}

// joined reports whether the others have been found, or were waited for long enough.
func (r *rooms) joined() bool {
	select {
	case <-r.link.Ready():
		return true
	default:
		return false
	}
}

// says are lines for who started the server.
func (r *rooms) says() []string {
	lines := []string{"Rooms are " + r.link.Says + "."}
	if r.open {
		lines = append(lines, "The chat is open to everybody who reaches it; --auth says who may come.")
	}
	return lines
}
