package readme

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

const listensItself = `http.ListenAndServe("` + shown + `", nil)`

// serveProgram runs the only program of a document, on a free port, and returns its address.
func serveProgram(t *testing.T, path string) string {
	t.Helper()
	p := programs(t, path, 1)
	_, addr := serve(t, build(t, replace(t, p[0], listensItself, "listenAndServe(nil)"), map[string]string{"listen.go": listen}))
	return addr
}

func dialPath(t *testing.T, addr, path string) (*websocket.Conn, error) {
	t.Helper()
	c, err := websocket.Dial(t.Context(), "ws://"+addr+path, nil)
	if err == nil {
		t.Cleanup(c.Terminate)
	}
	return c, err
}

func TestBroadcastingsRooms(t *testing.T) { haveRooms(t, serveProgram(t, "docs/broadcasting.md")) }

func TestRoomsOfAHub(t *testing.T) { haveRooms(t, serveProgram(t, "docs/rooms.md")) }

// haveRooms judges a server whose rooms are in the path, and in which one hears oneself.
func haveRooms(t *testing.T, addr string) {
	t.Helper()
	in := func(room string) *websocket.Conn {
		c, err := dialPath(t, addr, "/rooms/"+room)
		if err != nil {
			t.Fatal(err)
		}
		says(t, c, "here") // once it hears itself, it is in the room
		hears(t, c, "here")
		return c
	}
	first := in("red")
	second := in("red")
	hears(t, first, "here")
	elsewhere := in("blue")
	says(t, first, "hi")
	hears(t, first, "hi")
	hears(t, second, "hi")
	says(t, elsewhere, "nobody else") // and nothing of the red room came before it
	hears(t, elsewhere, "nobody else")
	for _, c := range []*websocket.Conn{first, second} { // an empty room ends, and begins anew
		if err := c.Close(websocket.CloseNormal, ""); err != nil {
			t.Error(err)
		}
	}
	in("red")
}

func wantRefused(t *testing.T, addr, path string, status int) {
	t.Helper()
	_, err := dialPath(t, addr, path)
	if refused, ok := err.(*websocket.HandshakeError); !ok || refused.Status != status {
		t.Errorf("%s: %v, want status %d", path, err, status)
	}
}

func TestAuthenticationsTickets(t *testing.T) {
	addr := serveProgram(t, "docs/authentication.md")
	ask := func(password string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/ticket", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("Somebody", password)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, strings.TrimSpace(string(body))
	}
	if status, body := ask("guess"); status != http.StatusUnauthorized {
		t.Fatalf("a wrong password gets %d, %q", status, body)
	}
	status, ticket := ask("open sesame")
	if status != http.StatusOK || len(ticket) < 20 {
		t.Fatalf("the ticket is %q, with status %d", ticket, status)
	}
	wantRefused(t, addr, "/ws", http.StatusUnauthorized)
	c, err := dialPath(t, addr, "/ws?ticket="+ticket)
	if err != nil {
		t.Fatal(err)
	}
	hears(t, c, "Hello, Somebody")
	wantRefused(t, addr, "/ws?ticket="+ticket, http.StatusUnauthorized) // it is used up
}

// Every program in the documents is run by one of these tests.
func TestEveryProgramIsRun(t *testing.T) {
	run := map[string]int{
		"README.md": 2, "docs/getting-started.md": 3, "docs/migrating.md": 2, "docs/broadcasting.md": 1, "docs/rooms.md": 1, "docs/authentication.md": 1,
	}
	for _, d := range documents(t) {
		n := 0
		for _, b := range d.blocks {
			if b.program() {
				n++
			}
		}
		if n != run[d.path] {
			t.Errorf("%s has %d programs, of which %d are run", d.path, n, run[d.path])
		}
	}
}
