package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/everwire/everwire/bench/internal/child"
	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// A face is what is attacked of the library.
type face int

const (
	sockets face = iota
	conns
	both
)

var faceNames = map[string]face{"sockets": sockets, "conns": conns, "both": both}

// sockets returns how many of n peers a websocket.Server serves.
func (f face) sockets(n int) int { return [...]int{sockets: n, conns: 0, both: n / 2}[f] }

// addresses are where the server listens.
type addresses struct {
	Face   face
	Rooms  string // a websocket.Server
	Secure string // the same, over TLS
	Echo   string // an http.Server: /echo, by websocket.Accept, and /stats
}

// operators are the options that an operator would set besides the defaults.
var operators = websocket.AcceptOptions{
	Rates: websocket.Rates{Messages: 100, Bytes: 4 << 20},
	Queue: websocket.Queue{Bytes: 1 << 20, Full: websocket.CloseSlow},
}

// runServer serves until its standard input ends.
func runServer() {
	var a addresses
	listen := func(addr *string) net.Listener {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		*addr = ln.Addr().String()
		return ln
	}
	silent := log.New(io.Discard, "", 0)
	srv := &websocket.Server{Options: operators, MaxConnections: 15_000, Budget: 256 << 20, ErrorLog: silent,
		TLSConfig: testcert.New().Server()}
	var rooms sync.Map // of path to *websocket.Group
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		v, _ := rooms.LoadOrStore(r.URL.Path, new(websocket.Group))
		room := v.(*websocket.Group)
		room.Add(s)
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if p, err := websocket.Prepare(m.Type(), m.Bytes()); err == nil {
				room.Publish(p)
			}
		})
	})
	go srv.Serve(listen(&a.Rooms))
	go srv.ServeTLS(listen(&a.Secure), "", "")
	http.HandleFunc("/echo", echo)
	http.HandleFunc("/stats", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(measure()) })
	page := &http.Server{ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: silent}
	go page.Serve(listen(&a.Echo))
	json.NewEncoder(os.Stdout).Encode(a)
	io.Copy(io.Discard, os.Stdin)
}

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &operators)
	if err != nil {
		return
	}
	for m, err := range c.Messages(r.Context()) {
		if err != nil {
			break
		}
		if c.Write(r.Context(), m.Type(), m.Bytes()) != nil {
			break
		}
	}
	c.Close(websocket.CloseNormal, "")
}

// A process is the server, as this process sees it.
type process struct {
	child *child.Process
	addrs addresses
}

func startServer(f face, cores []int) *process {
	server, line, err := child.Program{Args: []string{"-role", "server"}, Cores: cores}.Start(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	p := &process{child: server}
	if err := json.Unmarshal([]byte(line), &p.addrs); err != nil {
		log.Fatal(err)
	}
	p.addrs.Face = f
	return p
}

func executable() string {
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	return self
}

func (p *process) stop() { p.child.Stop() }

// measure asks the server for its figures.
func (p *process) measure() (f figures) {
	resp, err := http.Get("http://" + p.addrs.Echo + "/stats")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
		log.Fatal(err)
	}
	return f
}

// settle measures until the figures are near those given, or, for none, change no more; for a minute at most.
func (p *process) settle(want figures) figures {
	last := p.measure()
	for range 30 {
		time.Sleep(2 * time.Second)
		now := p.measure()
		if want == (figures{}) && now.Goroutines == last.Goroutines && now.Descriptors == last.Descriptors || now.near(want, *slack) {
			return now
		}
		last = now
	}
	return last
}

// watchMemory watches the server's resident memory; the function returned ends that and returns the most.
func (p *process) watchMemory() func() int64 {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		for {
			select {
			case <-time.After(100 * time.Millisecond):
				peak = max(peak, resident(fmt.Sprint(p.child.ID())))
			case <-done:
				most <- peak
				return
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-most
	}
}
