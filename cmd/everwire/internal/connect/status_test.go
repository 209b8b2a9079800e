package connect

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// failing is an output that cannot be written.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestStatus(t *testing.T) {
	closing := func(code websocket.CloseCode, reason string) func(t *testing.T) string {
		return func(t *testing.T) string {
			return serve(t, func(c *websocket.Conn) {
				c.Write(context.Background(), websocket.Text, []byte("hello"))
				c.Close(code, reason)
			})
		}
	}
	closed := net.JoinHostPort("127.0.0.1", "1")
	refusing := func(t *testing.T) string {
		srv := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(srv.Close)
		return "ws" + strings.TrimPrefix(srv.URL, "http") + "/x"
	}
	silent := func(t *testing.T) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		return "ws://" + ln.Addr().String()
	}
	frames := func(octets string) func(t *testing.T) string {
		return func(t *testing.T) string {
			return serve(t, func(c *websocket.Conn) {
				io.WriteString(c.Stream(), octets)
				io.Copy(io.Discard, c.Stream())
			})
		}
	}
	listener := func(t *testing.T) string { return echo(t) }
	tests := []struct {
		name   string
		url    func(t *testing.T) string
		change func(c *Config)
		status int
		text   string // a part of the line
	}{
		{"closed with 1000", closing(1000, ""), nil, 0, ""},
		{"closed with 1001", closing(1001, "bye"), nil, 0, ""},
		{"closed without a code", closing(0, ""), nil, 0, ""},
		{"closed with 1008", closing(1008, "no way"), nil, Abnormal, `the peer closed the connection: 1008 policy violation "no way"`},
		{"closed with 1011", closing(1011, ""), nil, Abnormal, "1011"},
		{"closed with 4000", closing(4000, ""), nil, Abnormal, "4000"},
		{"closed with 1011, although what was expected had come", closing(1011, ""),
			func(c *Config) { c.Expect = regexp.MustCompile("hello") }, 0, ""},
		{"cut", func(t *testing.T) string { return serve(t, (*websocket.Conn).Terminate) }, nil, Abnormal, "broke"},
		{"ended without a Close frame", func(t *testing.T) string {
			return serve(t, func(c *websocket.Conn) { c.Stream().Close() })
		}, nil, Abnormal, "the connection broke off: the peer ended it without a Close frame (1006)"},
		{"no answer to the Close frame", func(t *testing.T) string {
			return serve(t, func(c *websocket.Conn) { io.Copy(io.Discard, c.Stream()) })
		}, func(c *Config) { c.CloseAfterInput, c.CloseTimeout = true, 20*time.Millisecond }, Abnormal,
			"the peer did not answer the Close frame in time, and the connection was cut"},
		{"a bad frame", frames("\xf1\x00"), nil, Abnormal, "the peer broke the protocol: "},
		{"a message too big", frames("\x82\x7e\x10\x00"), func(c *Config) { c.Dial.Limits.MessageSize = 1000 }, Abnormal,
			"the peer sent a message larger than is accepted: raise --max-message-size"},
		{"closed before all was sent", closing(1000, ""), func(c *Config) { c.In = endless{} }, Abnormal,
			"the peer closed the connection before all of the input was sent: 1000"},
		{"nobody there", func(*testing.T) string { return "ws://" + closed }, nil, Refused, closed + " refused the connection"},
		{"refused", refusing, nil, Refused, "there is nothing at /x (404 Not Found): check the URL's path"},
		{"no answer", silent, func(c *Config) { c.Dial.HandshakeTimeout = 20 * time.Millisecond }, Refused, "did not answer in time"},
		{"timed out while connecting", silent, func(c *Config) { c.Timeout = 20 * time.Millisecond }, TimedOut, "--timeout passed"},
		{"timed out", listener, func(c *Config) { c.Timeout = 20 * time.Millisecond }, TimedOut, "--timeout passed"},
		{"timed out before enough came", listener, func(c *Config) { c.Timeout, c.Wait.Messages = 20*time.Millisecond, 3 }, TimedOut,
			" of 3 messages came"},
		{"not matched in time", listener, func(c *Config) { c.Timeout, c.Expect = 20*time.Millisecond, regexp.MustCompile("x") }, Unmet,
			" by --timeout"},
		{"not matched at the end", closing(1000, ""), func(c *Config) { c.Expect = regexp.MustCompile("x") }, Unmet,
			`no message matched "x" (of 1) before the connection was closed: 1000 normal closure`},
		{"not matched after the input", listener, func(c *Config) { c.CloseAfterInput, c.Expect = true, regexp.MustCompile("x") }, Unmet,
			`no message matched "x" (of 1) before the connection was closed: 1000 normal closure`},
		{"fewer than are waited for", closing(1000, ""), func(c *Config) { c.Wait.Messages = 2 }, Unmet,
			"1 of 2 messages came before the connection was closed: 1000 normal closure"},
		{"output failed", closing(1000, ""), func(c *Config) { c.Out = failing{} }, Failed, "cannot write the output: the disk is full"},
		{"input failed", listener, func(c *Config) { c.In = iotest.ErrReader(errors.New("no disk")) }, Failed,
			"cannot read the input: no disk"},
		{"input no text", listener, func(c *Config) { c.In = strings.NewReader("\xff\n") }, Failed, "not UTF-8"},
		{"input cut off", listener, func(c *Config) { c.In, c.Format = strings.NewReader("\x00"), Prefixed }, Failed,
			"cannot read the input: it ends inside a length"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := to(tt.url(t), "")
			c.Messages = []string{"hello"}
			if strings.HasPrefix(tt.name, "closed") || strings.HasPrefix(tt.name, "ended") || strings.HasPrefix(tt.name, "fewer") || strings.HasPrefix(tt.name, "input") ||
				tt.name == "output failed" || tt.name == "not matched at the end" {
				c.Messages = nil
			}
			if tt.change != nil {
				tt.change(&c)
			}
			got := run(t.Context(), c)
			if got.status != tt.status || !strings.Contains(got.text, tt.text) || strings.Contains(got.text, "\n") {
				t.Errorf("status %d %q, want %d and %q", got.status, got.text, tt.status, tt.text)
			}
		})
	}
}

func TestTimedOutTellsHowManyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := wstest.Listen()
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			defer c.Terminate()
			c.Write(context.Background(), websocket.Text, []byte("hello"))
			c.Read(context.Background())
		})}
		defer srv.Close()
		go srv.Serve(ln)
		c := to("ws://example.com", "")
		c.Dial.DialContext, c.Timeout, c.Wait.Messages = ln.Dial, time.Second, 2
		if got := run(t.Context(), c); got.out != "hello\n" || got.status != TimedOut || got.text != "--timeout passed: 1 of 2 messages came" {
			t.Errorf("%+v", got)
		}
	})
}

// What connects has a timer of its own for --timeout, which may be sooner.
func TestTimedOutWhileConnectingIsSoWhicheverTimerIsFirst(t *testing.T) {
	for range 20 {
		c := to("ws://example.com", "")
		c.Timeout = time.Millisecond
		c.Dial.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			for at, _ := ctx.Deadline(); time.Now().Before(at); {
			}
			return nil, os.ErrDeadlineExceeded
		}
		if got := run(t.Context(), c); got.status != TimedOut {
			t.Fatalf("%+v, want status %d", got, TimedOut)
		}
	}
}

// endless is an input that always has another line.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, "line\n"), nil }
