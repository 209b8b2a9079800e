package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/everwire/everwire/websocket"
)

// converse opens a WebSocket in the page and returns what its listeners saw, the close event last. If say is not
// empty, the page says it, and it closes when a message comes, with code 3001 and the reason "enough".
func (p *tab) converse(url string, protocols []string, say string) []string {
	p.t.Helper()
	return call[[]string](p, `(url, protocols, say) => new Promise(resolve => {
		const seen = [];
		const socket = new WebSocket(url, protocols);
		socket.onopen = () => {
			seen.push("open " + socket.protocol);
			if (say) {
				socket.send(say);
			}
		};
		socket.onmessage = event => {
			seen.push("message " + event.data);
			socket.close(3001, "enough");
		};
		socket.onerror = () => seen.push("error");
		socket.onclose = event => {
			seen.push("close code=" + event.code + " reason=" + event.reason + " wasClean=" + event.wasClean);
			resolve(seen);
		};
	})`, url, append([]string{}, protocols...), say)
}

// closedByPage is the end of a conversation that the page ended: the server answers with the same code.
const closedByPage = "close code=3001 reason= wasClean=true"

// openBlank serves a WebSocket endpoint at /ws, and opens a page of the same origin.
func openBlank(t *testing.T, secure bool, endpoint *websocket.Server) (*site, *tab) {
	t.Helper()
	t.Cleanup(func() { endpoint.Close() })
	mux := http.NewServeMux()
	mux.Handle("/", blank)
	mux.Handle("/ws", endpoint)
	s := listen(t, secure, mux)
	return s, open(t, s.http)
}

func TestThePageSeesHowTheServerCloses(t *testing.T) {
	longest := strings.Repeat("€", 41) // of three octets each: 123
	tests := []struct {
		name   string
		code   websocket.CloseCode
		reason string
		want   string
	}{
		{"normally", 1000, "", "close code=1000 reason= wasClean=true"},
		{"with a reason", 1000, "work complete", "close code=1000 reason=work complete wasClean=true"},
		{"with the longest reason", 1001, longest, "close code=1001 reason=" + longest + " wasClean=true"},
		{"for an error of its own", 1011, "sorry", "close code=1011 reason=sorry wasClean=true"},
		{"with a registered code", 3000, "unauthorized", "close code=3000 reason=unauthorized wasClean=true"},
		{"with a private code", 4999, "Джон 😀", "close code=4999 reason=Джон 😀 wasClean=true"},
		{"without a code", 0, "", "close code=1005 reason= wasClean=true"},
	}
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		endpoint := &websocket.Server{}
		endpoint.OnConnection(func(s *websocket.Socket, r *http.Request) {
			row, _ := strconv.Atoi(r.URL.Query().Get("row"))
			s.Close(tests[row].code, tests[row].reason)
		})
		s, p := openBlank(t, secure, endpoint)
		for row, tt := range tests {
			got := p.converse(fmt.Sprintf("%s/ws?row=%d", s.ws, row), nil, "")
			if want := []string{"open ", tt.want}; !slices.Equal(got, want) {
				t.Errorf("the server closes %s: the page saw %q, want %q", tt.name, got, want)
			}
		}
	})
}

func TestThePageSeesThatTheServerIsGone(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		endpoint := &websocket.Server{}
		endpoint.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnMessage(func(s *websocket.Socket, _ websocket.Message) { s.Terminate() })
		})
		s, p := openBlank(t, secure, endpoint)
		got := p.converse(s.ws+"/ws", nil, "die")
		if want := []string{"open ", "close code=1006 reason= wasClean=false"}; !slices.Equal(got, want) {
			t.Errorf("the page saw %q, want %q", got, want)
		}
	})
}

func TestTheServerSeesHowThePageCloses(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		closed := make(chan websocket.CloseEvent, 1)
		endpoint := &websocket.Server{}
		endpoint.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e })
		})
		s, p := openBlank(t, secure, endpoint)
		got := p.converse(s.ws+"/ws", nil, "hi")
		if want := []string{"open ", "message hi", closedByPage}; !slices.Equal(got, want) {
			t.Errorf("the page saw %q, want %q", got, want)
		}
		if got, want := receive(t, closed), (websocket.CloseEvent{Code: 3001, Reason: "enough", WasClean: true}); got != want {
			t.Errorf("the server saw %+v, want %+v", got, want)
		}

		// A page that is reloaded says so. One that is left by a link need not: the browser may keep it, with its
		// connection, for when the user comes back.
		evaluate[bool](p, `new Promise(resolve => {
			window.socket = new WebSocket(`+quote(s.ws+"/ws")+`);
			socket.onopen = () => resolve(true);
		})`)
		p.do("reload", chromedp.Reload())
		if got, want := receive(t, closed), (websocket.CloseEvent{Code: 1001, WasClean: true}); got != want {
			t.Errorf("the page was reloaded: the server saw %+v, want %+v", got, want)
		}
	})
}

func TestSubprotocols(t *testing.T) {
	tests := []struct {
		name  string
		offer []string
		want  string
	}{
		{"none", nil, "open "},
		{"one that is spoken", []string{"soap"}, "open soap"},
		{"the page's first choice", []string{"mqtt", "wamp", "soap"}, "open wamp"},
		{"none that is spoken", []string{"mqtt", "stomp"}, "error"}, // RFC 6455 leaves it open, WHATWG fails it
	}
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		endpoint := &websocket.Server{Options: websocket.AcceptOptions{Subprotocols: []string{"soap", "wamp"}}}
		endpoint.OnConnection(func(s *websocket.Socket, _ *http.Request) { s.SendText(s.Subprotocol()) })
		s, p := openBlank(t, secure, endpoint)
		for _, tt := range tests {
			got := p.converse(s.ws+"/ws", tt.offer, "")
			want := []string{tt.want, "close code=1006 reason= wasClean=false"}
			if chosen, ok := strings.CutPrefix(tt.want, "open "); ok {
				want = []string{tt.want, "message " + chosen, closedByPage}
			} else {
				p.awaitConsole("Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received")
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: the page saw %q, want %q", tt.name, got, want)
			}
		}
	})
}
