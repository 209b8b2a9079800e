package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

// Config says whom to ask, and how.
type Config struct {
	// Server is the server's URL, with or without the path /status.
	Server string

	// Token is the operator's. Without it only statistics can be had, and only from a server on the same machine.
	Token string

	// Timeout is how long connecting, and each answer, may take.
	Timeout time.Duration

	// Dial says how to connect. Header and Limits are set.
	Dial websocket.DialOptions
}

// A Client is connected to a server. It is for one goroutine.
type Client struct {
	conn     *websocket.Conn
	config   Config
	hello    *status.Hello
	last     int64 // the number of the newest command
	deferred []status.Event
}

// mostAnswer is how large an Event may be: a listing of 500 connections whose fields are as long as they can be.
const mostAnswer = 4 << 20

// Connect connects to the server. Its errors are one line.
func Connect(ctx context.Context, config Config) (*Client, error) {
	address, err := endpoint(config.Server)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	opts := config.Dial
	opts.Header = http.Header{"User-Agent": {"everwire admin"}}
	if config.Token != "" {
		opts.Header.Set("Authorization", "Bearer "+config.Token)
	}
	opts.Limits.MessageSize = mostAnswer
	conn, err := websocket.Dial(ctx, address, &opts)
	if err != nil {
		return nil, refused(address, err)
	}
	c := &Client{conn: conn, config: config}
	e, err := c.next(ctx)
	if err == nil && (e.Is != status.IsHello || e.Hello == nil) {
		err = fmt.Errorf("what is at %s is not the status of everwire serve", address)
	}
	if err != nil {
		conn.Terminate()
		return nil, err
	}
	c.hello = e.Hello
	return c, nil
}

// endpoint is the URL of a server's WebSocket for operators.
func endpoint(server string) (string, error) {
	text, err := dialer.URL(server)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	u.RawQuery, u.Fragment = "", ""
	if path := strings.TrimSuffix(u.Path, "/"); !strings.HasSuffix(path, status.Path) {
		u.Path = path + status.Path
	}
	return u.String(), nil
}

// InTheClear reports whether a token for the server would pass a network without TLS.
func InTheClear(server string) bool {
	text, err := endpoint(server)
	if err != nil {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "ws" && !isLoopback(u.Hostname())
}

// noOperator says why the user is not the operator.
func (c *Client) noOperator() error {
	if !c.hello.SignIn {
		return ErrNoOperator
	}
	return ErrNoToken
}

// Close ends the connection in order.
func (c *Client) Close() {
	c.conn.Close(websocket.CloseNormal, "")
}

// next waits for one event.
func (c *Client) next(ctx context.Context) (status.Event, error) {
	_, data, err := c.conn.Read(ctx)
	if err != nil {
		return status.Event{}, ended(err)
	}
	var e status.Event
	if err := json.Unmarshal(data, &e); err != nil {
		return status.Event{}, errors.New("the server says what is no event; is it another version of everwire?")
	}
	return e, nil
}

// ask sends a command and waits for its answer. What comes meanwhile is for nobody.
func (c *Client) ask(ctx context.Context, command status.Command) (status.Event, error) {
	if !c.hello.Operator {
		return status.Event{}, c.noOperator()
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	c.last++
	command.ID = c.last
	text, err := json.Marshal(command)
	if err != nil {
		return status.Event{}, err
	}
	if err := c.conn.Write(ctx, websocket.Text, text); err != nil {
		return status.Event{}, ended(err)
	}
	for {
		e, err := c.next(ctx)
		switch {
		case err != nil:
			return status.Event{}, err
		case e.Is == status.IsAnswer && e.ID == c.last:
			if e.Error != "" {
				return status.Event{}, errors.New(e.Error)
			}
			return e, nil
		case e.Is == status.IsFrames || e.Is == status.IsGone: // the answer to a tap comes among them
			c.deferred = append(c.deferred, e)
		}
	}
}
