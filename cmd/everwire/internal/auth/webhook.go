package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// WebhookOptions are for [Webhook]. The zero value is the defaults.
type WebhookOptions struct {
	// Timeout bounds one question, with waiting for its turn. Default 5 s.
	Timeout time.Duration

	// Concurrent is how many questions there may be at once; further ones wait. Default 64.
	Concurrent int

	// TLS and proxies are those of this transport; redirects are not followed whatever it does. Default: one
	// like http.DefaultTransport.
	Transport http.RoundTripper
}

const maxAnswer = 64 << 10 // octets of a webhook's answer

// question is what a webhook is sent.
type question struct {
	Token   string `json:"token"`
	Address string `json:"address"`
	Path    string `json:"path"`
	Origin  string `json:"origin"`
}

// answer is what it says with status 200.
type answer struct {
	User    string   `json:"user"`
	Name    string   `json:"name"`
	Join    []string `json:"join"`
	Publish []string `json:"publish"`
	Expires when     `json:"expires"`
}

// when is a time in RFC 3339, in seconds since 1970, or null for never.
type when struct{ time.Time }

func (w *when) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &w.Time)
	}
	if string(data) == "null" {
		return nil
	}
	seconds, err := strconv.ParseFloat(string(data), 64)
	if err != nil || seconds < 0 || seconds >= 253402300800 { // the year 10000
		return errors.New("not a time")
	}
	w.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

// Webhook returns an Authenticator that has another program judge tokens: it posts {"token", "address",
// "path", "origin"} in JSON to a URL of http or https. Status 200 with {"user", "name", "join", "publish",
// "expires"} grants, all but user optional: rooms default to none, and expires, in RFC 3339 or seconds since
// 1970, to never. Status 401 and 403 refuse. Anything else, and no answer in time, is [ErrUnavailable]: it is
// not the peer's fault. A user and password in the URL are sent by Basic authentication, so that the other
// program knows who asks.
//
// The error is about the URL, and does not have what may be secret in it.
func Webhook(address string, opts WebhookOptions) (Authenticator, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("webhook: the URL must be http://… or https://… with a host")
	}
	w := &webhook{
		url:     u.String(),
		timeout: cmp.Or(max(opts.Timeout, 0), 5*time.Second),
		turns:   make(chan struct{}, cmp.Or(max(opts.Concurrent, 0), 64)),
		client: &http.Client{
			Transport: opts.Transport,
			// The token is for the host that was named, and a redirected POST would lose its body anyway.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if opts.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxConnsPerHost = cap(w.turns)
		t.MaxIdleConnsPerHost = min(cap(w.turns), 16)
		t.MaxResponseHeaderBytes = maxAnswer
		w.client.Transport = t
	}
	return w, nil
}

type webhook struct {
	url     string
	timeout time.Duration
	turns   chan struct{}
	client  *http.Client
}

func (w *webhook) Authenticate(ctx context.Context, token string, from Visit) (*Grant, error) {
	if err := checkToken(token); err != nil {
		return nil, err
	}
	q := question{Token: token, Path: from.Path, Origin: from.Origin}
	if from.Address.IsValid() {
		q.Address = from.Address.String()
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, refuse(ErrUnauthorized, "the token cannot be passed on") // strings always can
	}
	asking, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	select {
	case w.turns <- struct{}{}:
		defer func() { <-w.turns }()
	case <-asking.Done():
		return nil, unasked(ctx, fmt.Sprintf("the webhook has %d questions to answer already, and none was within %v", cap(w.turns), w.timeout))
	}
	g, err := w.ask(asking, body)
	if err != nil && ctx.Err() != nil {
		err = unasked(ctx, "the webhook did not answer in time")
	}
	return g, err
}

// unasked says why there is no answer: for a reason, unless the peer did not wait for one. That the caller's time
// is up is not the peer's doing.
func unasked(ctx context.Context, reason string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		reason = "the peer has gone before the webhook answered"
	}
	return refuse(ErrUnavailable, reason)
}

// ask puts one question.
func (w *webhook) ask(ctx context.Context, body []byte) (*Grant, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return nil, refuse(ErrUnavailable, "the webhook cannot be asked")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, w.unreachable(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection can be used again
		return nil, refuse(ErrUnauthorized, "the webhook says "+strconv.Itoa(resp.StatusCode))
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, refuse(ErrUnavailable, fmt.Sprintf("the webhook redirects with %d, which is not followed; name its true URL", resp.StatusCode))
	case resp.StatusCode != http.StatusOK:
		return nil, refuse(ErrUnavailable, fmt.Sprintf("the webhook says %d, and not 200, 401 or 403", resp.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, w.unreachable(err)
	}
	if len(data) > maxAnswer {
		return nil, refuse(ErrUnavailable, fmt.Sprintf("the webhook's answer has more than %d octets", maxAnswer))
	}
	return judge(data, time.Now())
}

// judge makes a Grant of an answer with status 200.
func judge(data []byte, now time.Time) (*Grant, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, refuse(ErrUnavailable, "the webhook's answer is not a grant in JSON, such as "+
			`{"user": "u17", "join": ["team.*"], "publish": []}`)
	}
	g := &Grant{User: a.User, Name: a.Name, Join: a.Join, Publish: a.Publish, Expires: a.Expires.Time}
	if err := g.check(); err != nil {
		return nil, refuse(ErrUnavailable, "the webhook's grant cannot be used: "+err.Error())
	}
	if g.Expired(now) {
		return nil, refuse(ErrExpired, "the webhook's grant expired at "+g.Expires.UTC().Format(time.RFC3339))
	}
	return g, nil
}

// unreachable says why there was no answer, without the URL, which may have a secret in it.
func (w *webhook) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(ErrUnavailable, "the webhook did not answer within "+w.timeout.String())
	}
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return refuse(ErrUnavailable, "the webhook cannot be reached: "+err.Error())
}
