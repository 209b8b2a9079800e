package auth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket/wstest"
)

// hook is a webhook on this machine, and what asks it.
func hook(t *testing.T, opts WebhookOptions, answer http.HandlerFunc) Authenticator {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	opts.Timeout = time.Minute
	a, err := Webhook("http://everwire:swordfish@"+srv.Listener.Addr().String()+"/judge?key=swordfish", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.(*webhook).client.CloseIdleConnections)
	return a
}

func TestWhatAWebhookSays(t *testing.T) {
	future := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   *Grant
		kind   error
		reason string
	}{
		{"a whole grant", 200, `{"user":"u17","name":"Ada","join":["a.*"],"publish":["a.b"],"expires":"` + future.Format(time.RFC3339) + `"}`,
			&Grant{User: "u17", Name: "Ada", Join: []string{"a.*"}, Publish: []string{"a.b"}, Expires: future}, nil, ""},
		{"a user alone", 200, `{"user":"u17"}`, &Grant{User: "u17"}, nil, ""},
		{"nulls", 200, `{"user":"u17","name":null,"join":null,"expires":null}`, &Grant{User: "u17"}, nil, ""},
		{"fields that mean nothing", 200, `{"user":"u17","color":"red"}`, &Grant{User: "u17"}, nil, ""},
		{"expired", 200, `{"user":"u17","expires":1}`, nil, ErrExpired, "1970-01-01T00:00:01Z"},
		{"401", 401, "swordfish", nil, ErrUnauthorized, "says 401"},
		{"403", 403, "", nil, ErrUnauthorized, "says 403"},
		{"403 with a huge body", 403, strings.Repeat("x", 1<<20), nil, ErrUnauthorized, "says 403"},
		{"404", 404, "", nil, ErrUnavailable, "says 404"},
		{"500", 500, "", nil, ErrUnavailable, "says 500"},
		{"204", 204, "", nil, ErrUnavailable, "says 204"},
		{"no user", 200, `{}`, nil, ErrUnavailable, "no user is named"},
		{"a bad pattern", 200, `{"user":"u","join":[">.a"]}`, nil, ErrUnavailable, "before its end"},
		{"no JSON", 200, `ok swordfish`, nil, ErrUnavailable, "not a grant in JSON"},
		{"nothing", 200, ``, nil, ErrUnavailable, "not a grant in JSON"},
		{"two values", 200, `{"user":"u"}{}`, nil, ErrUnavailable, "not a grant in JSON"},
		{"a list", 200, `[]`, nil, ErrUnavailable, "not a grant in JSON"},
		{"expires in words", 200, `{"user":"u","expires":"tomorrow"}`, nil, ErrUnavailable, "not a grant in JSON"},
		{"expires before 1970", 200, `{"user":"u","expires":-1}`, nil, ErrUnavailable, "not a grant in JSON"},
		{"expires after 9999", 200, `{"user":"u","expires":1e300}`, nil, ErrUnavailable, "not a grant in JSON"},
		{"huge", 200, `{"user":"u","name":"` + strings.Repeat("x", maxAnswer) + `"}`, nil, ErrUnavailable, "more than 65536 octets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := hook(t, WebhookOptions{}, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			if c.kind != nil {
				refusedWith(t, a, "token-of-a-stranger", c.kind, c.reason)
				if _, err := authenticate(a, "token"); strings.Contains(err.Error(), "swordfish") {
					t.Errorf("the error gives a secret away: %v", err)
				}
				return
			}
			g, err := authenticate(a, "token")
			if err != nil || !reflect.DeepEqual(g, c.want) {
				t.Errorf("%+v, %v, want %+v", g, err, c.want)
			}
		})
	}
}

func TestWhatAWebhookIsSent(t *testing.T) {
	var got struct {
		method, path, contentType, user, password string
		body                                      map[string]any
	}
	a := hook(t, WebhookOptions{}, func(w http.ResponseWriter, r *http.Request) {
		got.method, got.path = r.Method, r.URL.Path
		got.contentType = r.Header.Get("Content-Type")
		got.user, got.password, _ = r.BasicAuth()
		json.NewDecoder(r.Body).Decode(&got.body)
		io.WriteString(w, `{"user":"u"}`)
	})
	_, err := a.Authenticate(context.Background(), `to"ken`, Visit{
		Address: netip.MustParseAddr("192.0.2.7"), Path: "/chat", Origin: "https://app.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.method != "POST" || got.path != "/judge" || got.contentType != "application/json" ||
		got.user != "everwire" || got.password != "swordfish" {
		t.Errorf("the request was %+v", got)
	}
	want := map[string]any{"token": `to"ken`, "address": "192.0.2.7", "path": "/chat", "origin": "https://app.example"}
	if !reflect.DeepEqual(got.body, want) {
		t.Errorf("the body was %v, want %v", got.body, want)
	}
}

func TestAWebhookIsNotAskedAboutNothing(t *testing.T) {
	a := hook(t, WebhookOptions{}, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	refusedWith(t, a, "", ErrUnauthorized, "no token")
	refusedWith(t, a, strings.Repeat("x", MaxToken+1), ErrUnauthorized, "longer than")
}

func TestAWebhooksRedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		a := hook(t, WebhookOptions{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/judge" {
				t.Errorf("%d was followed, with the method %s", status, r.Method)
			}
			http.Redirect(w, r, "/elsewhere", status)
		})
		refusedWith(t, a, "token-of-a-user", ErrUnavailable, "which is not followed")
	}
}

func TestAWebhookThatCannotBeReached(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	a, err := Webhook("http://key:swordfish@"+ln.Addr().String()+"/judge?swordfish", WebhookOptions{})
	if err != nil {
		t.Fatal(err)
	}
	refusedWith(t, a, "token-of-a-user", ErrUnavailable, "cannot be reached")
	if _, err := authenticate(a, "token"); strings.Contains(err.Error(), "swordfish") {
		t.Errorf("the error gives the URL away: %v", err)
	}
}

// wait waits until the client has gone, which an http.Server notices once the body is read.
func wait(r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// slowHook is a webhook in memory that answers when the test says so, on the fake clock.
func slowHook(t *testing.T, opts WebhookOptions, answer http.HandlerFunc) Authenticator {
	ln := wstest.Listen()
	srv := &http.Server{Handler: answer}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Shutdown(context.Background()) })
	transport := &http.Transport{DialContext: ln.Dial}
	opts.Transport = transport
	t.Cleanup(transport.CloseIdleConnections)
	a, err := Webhook("http://hook.example/", opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestASlowWebhookIsUnavailable(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
	}{
		{"that says nothing", func(_ http.ResponseWriter, r *http.Request) { wait(r) }},
		{"that stops within its answer", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"user":`)
			w.(http.Flusher).Flush()
			wait(r)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := slowHook(t, WebhookOptions{Timeout: 3 * time.Second}, c.answer)
				began := time.Now()
				refusedWith(t, a, "token-of-a-user", ErrUnavailable, "within 3s")
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestAPeerThatDoesNotWaitIsNotTheWebhooksFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan struct{})
		a := slowHook(t, WebhookOptions{}, func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			wait(r)
		})
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-asked; cancel() }()
		_, err := a.Authenticate(ctx, "token", Visit{})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "the peer has gone") {
			t.Errorf("the error is %v", err)
		}
	})
}

// The first message of a connection has a time of its own to be judged in.
func TestTheCallersTimeIsNotThePeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := slowHook(t, WebhookOptions{}, func(_ http.ResponseWriter, r *http.Request) { wait(r) })
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := a.Authenticate(ctx, "token", Visit{})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestAWebhookIsAskedOnlySoMuchAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		a := slowHook(t, WebhookOptions{Concurrent: 3, Timeout: 10 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(4 * time.Second) // of the fake clock
			io.WriteString(w, `{"user":"u"}`)
		})
		var in, out atomic.Int32
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() {
				switch _, err := authenticate(a, "token"); {
				case err == nil:
					in.Add(1)
				case strings.Contains(err.Error(), "3 questions") || strings.Contains(err.Error(), "did not answer"):
					out.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// Three turns of 4 s: the last ends 2 s too late.
		if most.Load() != 3 || in.Load() != 6 || out.Load() != 3 {
			t.Errorf("%d at once, %d in, %d out; want 3, 6, 3", most.Load(), in.Load(), out.Load())
		}
	})
}

// Who is blocked is out at once.
func TestEachTokenIsAskedAbout(t *testing.T) {
	var asked atomic.Int32
	a := hook(t, WebhookOptions{}, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.WriteString(w, `{"user":"u"}`)
	})
	for range 2 {
		if _, err := authenticate(a, "token"); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("it was asked %d times", asked.Load())
	}
}

func TestWebhookURLs(t *testing.T) {
	for _, c := range []struct {
		url  string
		good bool
	}{
		{"https://auth.example/judge", true},
		{"http://127.0.0.1:9000", true},
		{"", false},
		{"auth.example/judge", false},
		{"ws://auth.example", false},
		{"file:///etc/passwd", false},
		{"https://", false},
		{"https:///judge", false},
		{"http://a b/?swordfish", false},
	} {
		_, err := Webhook(c.url, WebhookOptions{})
		if (err == nil) != c.good {
			t.Errorf("%q: %v", c.url, err)
		}
		if err != nil && strings.Contains(err.Error(), "swordfish") {
			t.Errorf("the error gives a secret away: %v", err)
		}
	}
}

func TestNegativeWebhookOptionsAreDefaults(t *testing.T) {
	a, err := Webhook("http://127.0.0.1/", WebhookOptions{Timeout: -1, Concurrent: -1})
	if err != nil {
		t.Fatal(err)
	}
	if w := a.(*webhook); w.timeout != 5*time.Second || cap(w.turns) != 64 {
		t.Errorf("%v, %d", w.timeout, cap(w.turns))
	}
}

func FuzzWebhookAnswer(f *testing.F) {
	f.Add([]byte(`{"user":"u17","name":"Ada","join":["a.*"],"publish":["a.b"],"expires":"2030-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"user":"u","expires":253402300799.999}`))
	f.Add([]byte(`{"user":"u","expires":1e-400}`))
	now := time.Now()
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := judge(data, now)
		if err != nil {
			return
		}
		if g.check() != nil || g.Expired(now) || g.Expires.Year() > 9999 {
			t.Fatalf("the grant is %+v", g)
		}
	})
}
