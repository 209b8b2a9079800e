package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/websocket"
)

const helloStays = 5 * time.Second

// Two people at a time, so that the five seconds pass once.
func TestHelloFromOpenToClose(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		john, other := open(t, s.http+"/hello"), open(t, s.http+"/hello")
		other.write("#name", "Ζωή \"<i>\" 😀")
		other.wantText("#greeting", `"My name is Ζωή \"<i>\" 😀"`)
		john.recordPill()

		began := time.Now()
		john.click("#start")
		other.click("#start")
		// A slow machine may look only when the five seconds are over.
		john.wantFirst("#log", "[open] Connection established", "Sending to server",
			"[message] Data received from server: Hello from server, John!")
		other.wantFirst("#log", "[open] Connection established", "Sending to server",
			"[message] Data received from server: Hello from server, Ζωή \"<i>\" 😀!")

		john.wantLinesIn(helloStays+patience, "#log", "[open] Connection established", "Sending to server",
			"[message] Data received from server: Hello from server, John!",
			"[close] Connection closed cleanly, code=1000 reason=Bye, John", "wasClean=true")
		if took := time.Since(began); took < helloStays {
			t.Errorf("the server closed after %v, want %v", took, helloStays)
		}
		john.wantText("#close-code", "1000")
		john.wantText("#close-clean", "true")
		john.wantText("#close-reason", "Bye, John")
		john.wantPill("CLOSED", "CONNECTING", "OPEN", "CLOSED")

		other.wantLines("#log", "[open] Connection established", "Sending to server",
			"[message] Data received from server: Hello from server, Ζωή \"<i>\" 😀!",
			"[close] Connection closed cleanly, code=1000 reason=Bye, Ζωή \"<i>\" 😀", "wasClean=true")
	})
}

// The same page, at a server that dies instead of saying goodbye.
func TestHelloWhenTheServerDies(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		endpoint := &websocket.Server{Handler: pages.Handler("hello")}
		endpoint.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnMessage(func(s *websocket.Socket, _ websocket.Message) { s.Terminate() })
		})
		t.Cleanup(func() { endpoint.Close() })
		mux := http.NewServeMux()
		mux.Handle("/hello", endpoint)
		mux.Handle("/static/", pages.Static())

		p := open(t, listen(t, secure, mux).http+"/hello")
		p.click("#start")
		p.wantLines("#log", "[open] Connection established", "Sending to server", "[close] Connection died", "wasClean=false")
		p.wantText("#close-code", "1006")
		p.wantText("#close-reason", "(empty)")
		p.wantText("#state", "CLOSED")
	})
}
