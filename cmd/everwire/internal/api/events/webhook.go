package events

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// WebhookOptions are for [NewWebhook].
type WebhookOptions struct {
	// URL is where events are posted to: http or https. It must be there.
	URL string

	// Secrets sign the requests. There must be one.
	Secrets Secrets

	// Node is what events call this server.
	Node string

	// Timeout is how long the backend may take to answer. Default 5 s.
	Timeout time.Duration

	// Asking is how many connections are asked about at once; more wait for up to Timeout. Default 64.
	Asking int

	// Lanes is how many events, of different connections, are told of at once. Default 16.
	Lanes int

	// Queue is how many events may wait, and QueueOctets how many octets they may have; of what is more,
	// messages are left out, and disconnects only at twice as much. Defaults 10,000 and 64 MiB.
	Queue       int
	QueueOctets int64

	Retries Retries

	// Client makes the requests. Default: one of its own, which follows no redirects.
	Client *http.Client

	// Log is told of events that the backend does not get, at most every ten seconds. Default: nobody is.
	Log *slog.Logger
}

const (
	defaultTimeout     = 5 * time.Second
	defaultAsking      = 64
	defaultLanes       = 16
	defaultQueue       = 10_000
	defaultQueueOctets = 64 << 20
)

// A Webhook tells a backend of events by POST requests, which are signed by the Standard Webhooks
// specification. Messages and disconnects are told at least once, as long as the queue has room for them
// and the backend takes them before the attempts are used up; those of one connection in order. What the
// backend answers with decides: 2xx is taken; 408, 425, 429 and 5xx, and no answer, are tried again;
// anything else is given up.
type Webhook struct {
	url     string
	shown   string // in the log
	secrets Secrets
	timeout time.Duration
	asking  chan struct{}
	client  *http.Client
	own     bool // the client
	log     *slog.Logger
	writer  *writer
	lanes   lanes

	refused, unasked atomic.Int64
	complaint        seldom
}

// NewWebhook returns a Webhook, which has goroutines until Close.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("a webhook's URL is such as https://backend.example/events")
	case len(o.Secrets) == 0:
		return nil, errors.New("a webhook needs a secret to sign with; " + makeSecret)
	}
	shown := *u // neither a password nor a query, which may hold a secret
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	w := &Webhook{
		url: o.URL, shown: shown.String(), secrets: o.Secrets, client: o.Client, own: o.Client == nil, log: o.Log, writer: newWriter(o.Node),
		timeout: cmp.Or(o.Timeout, defaultTimeout),
		asking:  make(chan struct{}, cmp.Or(o.Asking, defaultAsking)),
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	n := cmp.Or(o.Lanes, defaultLanes)
	if w.own {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = n + cap(w.asking)
		w.client = &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	w.lanes = lanes{
		deliver: w.deliver, retries: o.Retries.withDefaults(), log: w.log.With("webhook", w.shown),
		most: int64(cmp.Or(o.Queue, defaultQueue)), octets: cmp.Or(o.QueueOctets, defaultQueueOctets),
	}
	w.lanes.start(n)
	return w, nil
}

// Connect is of [Events].
func (w *Webhook) Connect(ctx context.Context, c *Connection) (Welcome, error) {
	welcome, err := w.ask(ctx, w.writer.write(typeConnect, c, data{}))
	var r *Refusal
	switch {
	case errors.As(err, &r):
		w.refused.Add(1)
	case err != nil:
		n := w.unasked.Add(1)
		w.complaint.log(w.log, "the backend could not be asked who may connect", "webhook", w.shown, "error", err, "in all", n)
	}
	return welcome, err
}

func (w *Webhook) ask(ctx context.Context, e *event) (Welcome, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	select {
	case w.asking <- struct{}{}:
		defer func() { <-w.asking }()
	case <-ctx.Done():
		return Welcome{}, fmt.Errorf("%d connections are being asked about already: %w", cap(w.asking), ctx.Err())
	}
	response, answer, err := w.post(ctx, e)
	if err != nil {
		return Welcome{}, err
	}
	if response.StatusCode/100 == 2 {
		return readWelcome(answer)
	}
	var said struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(answer, &said) != nil {
		said.Text = ""
	}
	if r := refusal(response.StatusCode, said.Text); r != nil {
		return Welcome{}, r
	}
	return Welcome{}, fmt.Errorf("the backend answered with status %d", response.StatusCode)
}

// Message is of [Events].
func (w *Webhook) Message(c *Connection, m *hub.Message) {
	w.writer.tell(&w.lanes, typeMessage, c, data{Message: messageOf(m)})
}

// Disconnect is of [Events].
func (w *Webhook) Disconnect(c *Connection, e websocket.CloseEvent) {
	w.writer.tell(&w.lanes, typeDisconnect, c, data{Close: endingOf(e)})
}

// deliver makes one attempt.
func (w *Webhook) deliver(ctx context.Context, e *event) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	response, _, err := w.post(ctx, e)
	if response == nil { // what the body has does not count here
		return err
	}
	status := response.StatusCode
	if status/100 == 2 {
		return nil
	}
	err = fmt.Errorf("the backend answered with status %d", status)
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		if seconds, bad := strconv.Atoi(response.Header.Get("Retry-After")); bad == nil && seconds > 0 {
			return &later{err, time.Duration(min(seconds, 3600)) * time.Second}
		}
		return err
	}
	return fmt.Errorf("%w: %w", errFinal, err)
}

// post sends a request, and returns the answer and what its body has. Of a body that is too large it returns
// the answer with an error.
func (w *Webhook) post(ctx context.Context, e *event) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(e.body))
	if err != nil {
		return nil, nil, err
	}
	at := time.Now().Unix()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "everwire")
	r.Header["webhook-id"] = []string{e.id}
	r.Header["webhook-timestamp"] = []string{strconv.FormatInt(at, 10)}
	r.Header["webhook-signature"] = []string{w.secrets.sign(e.id, at, e.body)}
	response, err := w.client.Do(r)
	if err != nil {
		var about *url.Error // has the URL, with a password that may be in its query
		if errors.As(err, &about) {
			err = about.Err
		}
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostReply+1))
	switch {
	case err != nil:
		return nil, nil, err
	case len(answer) > mostReply:
		return response, nil, fmt.Errorf("%w: it has more than %d octets", errReply, mostReply)
	}
	return response, answer, nil
}

// Figures counts what has become of events.
func (w *Webhook) Figures() Figures {
	f := w.lanes.figures()
	f.Refused, f.Unasked = w.refused.Load(), w.unasked.Load()
	return f
}

// Close tells of what waits, until ctx ends, and takes nothing new. What waits then is given up, and Close
// returns ctx's error.
func (w *Webhook) Close(ctx context.Context) error {
	err := w.lanes.close(ctx)
	if w.own {
		w.client.CloseIdleConnections()
	}
	return err
}
