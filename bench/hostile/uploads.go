package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"github.com/everwire/everwire/websocket"
)

// uploadSize is what an upload announces, and sends if it is let.
const uploadSize = 1 << 30

// A way is one way to upload; it returns the close code that is seen.
type way struct {
	name   string
	upload func(addr string, secure bool) websocket.CloseCode
}

var ways = []way{
	{"a raw sender that reads meanwhile", func(addr string, secure bool) websocket.CloseCode {
		return rawUpload(addr, secure, func(a *attacker) string {
			return a.floods("\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00", zeros)
		})
	}},
	{"a raw sender that reads afterwards", func(addr string, secure bool) websocket.CloseCode {
		return rawUpload(addr, secure, func(a *attacker) string { return a.uploads(uploadSize) })
	}},
	{"Conn.Write, then Conn.Read", func(addr string, secure bool) websocket.CloseCode {
		c, err := websocket.Dial(context.Background(), urlOf(addr, secure), uploader)
		if err != nil {
			return 0
		}
		defer c.Terminate()
		w, err := c.Writer(context.Background(), websocket.Binary)
		for piece := make([]byte, 64<<10); err == nil; {
			_, err = w.Write(piece)
		}
		_, _, err = c.Read(context.Background())
		return websocket.CloseCodeOf(err)
	}},
	{"Socket.SendBlob", func(addr string, secure bool) websocket.CloseCode {
		code := make(chan websocket.CloseCode, 1)
		websocket.New(urlOf(addr, secure), uploader, func(s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) { s.SendBlob(nothing{}, uploadSize) })
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { code <- e.Code })
		})
		return <-code
	}},
}

var uploader = &websocket.DialOptions{
	TLSConfig:   &tls.Config{InsecureSkipVerify: true},
	Compression: websocket.Compression{Disabled: true},
}

// nothing is a blob of zeros.
type nothing struct{}

func (nothing) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

func urlOf(addr string, secure bool) string {
	scheme := "ws"
	if secure {
		scheme = "wss"
	}
	return scheme + "://" + addr + "/echo"
}

func rawUpload(addr string, secure bool, upload func(*attacker) string) (code websocket.CloseCode) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return 0
	}
	if secure {
		nc = tls.Client(nc, uploader.TLSConfig)
	}
	a := newAttacker(nc)
	defer a.Close()
	if a.shakeHands("/echo", "") == nil {
		fmt.Sscan(upload(a), &code)
	}
	return code
}

// sightings are the codes that uploads saw, by name.
type sightings struct {
	names []string
	codes []map[websocket.CloseCode]int
}

// A door is where an upload goes.
type door struct {
	name, addr string
	secure     bool
}

func (a *addresses) doors() (doors []door) {
	if a.Face != conns {
		doors = append(doors, door{"a Socket", a.Rooms, false}, door{"a Socket over TLS", a.Secure, true})
	}
	if a.Face != sockets {
		doors = append(doors, door{"a Conn", a.Echo, false})
	}
	return doors
}

// runUploads uploads n times in each way to each of the server's doors, some at once.
func runUploads(addrs addresses, n int) (s sightings) {
	for _, w := range ways {
		for _, d := range addrs.doors() {
			codes := map[websocket.CloseCode]int{}
			var mu sync.Mutex
			var all sync.WaitGroup
			slots := make(chan struct{}, 50)
			for range n {
				slots <- struct{}{}
				all.Go(func() {
					code := w.upload(d.addr, d.secure)
					<-slots
					mu.Lock()
					defer mu.Unlock()
					codes[code]++
				})
			}
			all.Wait()
			s.names = append(s.names, w.name+", to "+d.name)
			s.codes = append(s.codes, codes)
		}
	}
	return s
}

func (s sightings) print() {
	fmt.Printf("%-56s %s\n", "uploads of a GiB", "codes seen")
	for i, name := range s.names {
		line := ""
		for code, n := range s.codes[i] {
			line += fmt.Sprintf(" %d ×%d", code, n)
		}
		fmt.Printf("%-55s %s\n", name, line)
	}
}

func (s sightings) all1009() bool {
	for _, codes := range s.codes {
		if len(codes) != 1 || codes[websocket.CloseMessageTooBig] == 0 {
			return false
		}
	}
	return true
}
