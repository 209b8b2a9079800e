package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

var (
	_ Events = (*Webhook)(nil)
	_ Events = (*Subject)(nil)
)

// received is a request that came to a backend.
type received struct {
	header http.Header
	body   []byte
}

func (r received) parse(t *testing.T) body {
	t.Helper()
	var b body
	if err := json.Unmarshal(r.body, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// backend starts one, and a Webhook for it.
func backend(t *testing.T, answer http.HandlerFunc, change ...func(*WebhookOptions)) (*Webhook, *safeBuffer) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	log := &safeBuffer{}
	o := WebhookOptions{
		URL: strings.Replace(server.URL, "://", "://op:secret@", 1) + "/events?key=secret", Secrets: secret(), Node: "n1",
		Retries: quick, Timeout: time.Minute, Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	for _, f := range change {
		f(&o)
	}
	w, err := NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(context.Background()) })
	return w, log
}

func TestNewWebhookRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		secrets   Secrets
		fail      string
	}{
		{"no URL", "", secret(), "such as https://"},
		{"another scheme", "ws://a.example", secret(), "such as https://"},
		{"no host", "http:///events", secret(), "such as https://"},
		{"no URL at all", "http://[", secret(), "such as https://"},
		{"no secret", "http://a.example", nil, "needs a secret"},
	} {
		if _, err := NewWebhook(WebhookOptions{URL: tt.url, Secrets: tt.secrets}); err == nil || !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// endless answers as long as anybody listens.
func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		w.Write(make([]byte, 4096))
	}
}

func TestConnectIsAnswered(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answer  http.HandlerFunc
		want    Welcome
		refused int    // the status
		text    string // of the refusal, or in the error
	}{
		{"yes", func(w http.ResponseWriter, r *http.Request) {}, Welcome{}, 0, ""},
		{"yes, without a body", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, Welcome{}, 0, ""},
		{"yes, and who it is", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"user":"ada","name":"Ada"}`) }, Welcome{"ada", "Ada"}, 0, ""},
		{"no", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			io.WriteString(w, `{"text":"not today"}`)
		}, Welcome{}, 403, "not today"},
		{"no, without a word", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "<html>", http.StatusUnauthorized) }, Welcome{}, 401, "sign in first"},
		{"too many", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) }, Welcome{}, 429, "too many; try again later"},
		{"out of order", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }, Welcome{}, 0, "status 500"},
		{"not there", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }, Welcome{}, 0, "status 404"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, Welcome{}, 0, "status 307"},
		{"nonsense", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }, Welcome{}, 0, "makes no sense"},
		{"too much", endless, Welcome{}, 0, "more than 65536 octets"},
		{"cut off", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, Welcome{}, 0, "EOF"},
		{"silent", func(w http.ResponseWriter, r *http.Request) { io.ReadAll(r.Body); <-r.Context().Done() }, Welcome{}, 0, "deadline"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, log := backend(t, tt.answer, func(o *WebhookOptions) {
				if tt.name == "silent" {
					o.Timeout = 20 * time.Millisecond
				}
			})
			got, err := w.Connect(t.Context(), &Connection{ID: "c1"})
			var r *Refusal
			f := w.Figures()
			switch {
			case tt.refused != 0:
				if !errors.As(err, &r) || *r != (Refusal{tt.refused, tt.text}) || f != (Figures{Refused: 1}) {
					t.Errorf("%v, %+v", err, f)
				}
			case tt.text != "":
				if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), tt.text) || f != (Figures{Unasked: 1}) {
					t.Errorf("%v, %+v", err, f)
				}
				if said := log.String(); !strings.Contains(said, tt.text) || strings.Contains(said+err.Error(), "secret") {
					t.Errorf("the log says %s", said)
				}
			case err != nil || got != tt.want || f != (Figures{}):
				t.Errorf("%+v, %v, %+v", got, err, f)
			}
		})
	}
}

// A handshake is refused with the backend's status and word, and with 503 where the backend does not answer.
func TestRefuse(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int
		text   string
	}{
		{"by the backend", fmt.Errorf("over: %w", &Refusal{403, "not today"}), 403, "not today"},
		{"without it", errors.New("connection refused by 10.0.0.1"), 503, "try again later"},
	} {
		srv := &websocket.Server{}
		srv.Options.OnRequest = func(*http.Request, http.Header) error { return Refuse(tt.err) }
		server := httptest.NewServer(srv)
		_, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
		var refused *websocket.HandshakeError
		if !errors.As(err, &refused) || refused.Response == nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		said, _ := io.ReadAll(refused.Response.Body)
		if refused.Response.StatusCode != tt.status || !strings.Contains(string(said), tt.text) || strings.Contains(string(said), "10.0.0.1") {
			t.Errorf("%s: %v: %s", tt.name, err, said)
		}
		server.Close()
	}
}

func TestRequestsAreSigned(t *testing.T) {
	got := make(chan received, 3)
	w, _ := backend(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.Header, body}
	})
	c := &Connection{ID: "c1"}
	if _, err := w.Connect(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w.Message(c, &hub.Message{Room: "blue", Data: []byte("1")})
	w.Disconnect(c, websocket.CloseEvent{Code: 1000, WasClean: true})
	for i, kind := range []string{typeConnect, typeMessage, typeDisconnect} {
		r := <-got
		b := r.parse(t)
		if b.Type != kind || b.Data.Number != int64(i+1) || b.Data.Connection.ID != "c1" || b.Data.Node != "n1" || b.ID != r.header.Get("webhook-id") {
			t.Errorf("%s: %s", kind, r.body)
		}
		at, err := strconv.ParseInt(r.header.Get("webhook-timestamp"), 10, 64)
		if age := time.Since(time.Unix(at, 0)); err != nil || age < -time.Second || age > time.Minute {
			t.Errorf("%s: the timestamp is %s", kind, r.header.Get("webhook-timestamp"))
		}
		if want := secret().sign(b.ID, at, r.body); r.header.Get("webhook-signature") != want {
			t.Errorf("%s: the signature is %s, want %s", kind, r.header.Get("webhook-signature"), want)
		}
		if r.header.Get("Content-Type") != "application/json" || r.header.Get("Authorization") != "Basic b3A6c2VjcmV0" {
			t.Errorf("%s: %v", kind, r.header)
		}
	}
}

// What the backend does not take is offered again as it was, with its id, and what comes after it waits.
func TestMessagesAreOfferedAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		again bool
		fail  http.HandlerFunc
	}{
		{"500", true, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
		{"503", true, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }},
		{"429", true, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "0"); w.WriteHeader(429) }},
		{"425", true, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(425) }},
		{"408", true, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(408) }},
		{"cut off", true, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }},
		{"400", false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }},
		{"410", false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }},
		{"302", false, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan received, 10)
			var failures atomic.Int64
			failures.Store(2)
			w, _ := backend(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got <- received{r.Header, body}
				if failures.Add(-1) >= 0 {
					tt.fail(w, r)
				}
			})
			c := &Connection{ID: "c1"}
			for i := range 3 {
				w.Message(c, &hub.Message{Room: "blue", Data: []byte(strconv.Itoa(i))})
			}
			if err := w.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			close(got)
			var order string
			ids := map[string]bool{}
			for r := range got {
				b := r.parse(t)
				order += string(b.Data.Message.Data)
				ids[b.ID] = true
			}
			want, figures := "00012", Figures{Delivered: 3, Retried: 2}
			if !tt.again {
				want, figures = "012", Figures{Delivered: 1, GivenUp: 2}
			}
			if order != want || w.Figures() != figures || len(ids) != 3 {
				t.Errorf("they came as %s, want %s; %+v; %d ids", order, want, w.Figures(), len(ids))
			}
		})
	}
}

// Of who has taken a message the status counts, and not what else he says.
func TestAHugeAnswerToAMessage(t *testing.T) {
	for _, tt := range []struct {
		status int
		want   Figures
	}{
		{200, Figures{Delivered: 1}},
		{400, Figures{GivenUp: 1}},
	} {
		w, _ := backend(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // else it is not noticed when the server has heard enough
			w.WriteHeader(tt.status)
			endless(w, r)
		})
		w.Message(&Connection{ID: "c1"}, &hub.Message{Room: "blue", Data: []byte("1")})
		if err := w.Close(t.Context()); err != nil || w.Figures() != tt.want {
			t.Errorf("status %d: %+v, %v; want %+v", tt.status, w.Figures(), err, tt.want)
		}
	}
}

// A backend that answers nothing holds up neither who tells of messages nor other connections' events.
func TestASilentBackendHoldsNobodyUp(t *testing.T) {
	others := make(chan string, 100)
	release := make(chan struct{})
	w, _ := backend(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b := received{nil, body}.parse(t)
		if b.Data.Connection.ID == "slow" {
			<-release
			return
		}
		others <- b.Data.Connection.ID
	}, func(o *WebhookOptions) { o.Queue = 5000 })
	defer close(release)
	slow := &Connection{ID: "slow"}
	for range 2000 {
		w.Message(slow, &hub.Message{Room: "blue", Data: []byte("1")})
	}
	for i := range 100 { // most are in other lanes
		w.Message(&Connection{ID: strconv.Itoa(i)}, &hub.Message{Room: "blue", Data: []byte("1")})
	}
	for range 50 {
		<-others
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Close(ctx); err != context.Canceled {
		t.Errorf("Close: %v", err)
	}
}

func TestHowManyAreAskedAboutAtOnce(t *testing.T) {
	asked, release := make(chan struct{}, 10), make(chan struct{})
	w, _ := backend(t, func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-release }, func(o *WebhookOptions) { o.Asking = 1 })
	first := make(chan error)
	go func() {
		_, err := w.Connect(t.Context(), &Connection{ID: "1"})
		first <- err
	}()
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := w.Connect(ctx, &Connection{ID: "2"}); err == nil || !strings.Contains(err.Error(), "1 connections are being asked about") {
		t.Errorf("the second: %v", err)
	}
	close(release)
	if err := <-first; err != nil || len(asked) != 0 {
		t.Errorf("the first: %v; %d more were asked about", err, len(asked))
	}
	if _, err := w.Connect(t.Context(), &Connection{ID: "3"}); err != nil {
		t.Errorf("when nobody is asked about: %v", err)
	}
}
