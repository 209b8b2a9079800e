package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/everwire/everwire/websocket"
)

// runServer serves until its standard input ends: /idle, /room?name=…, and /stats.
func runServer() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ln.Addr())
	var idle, talking websocket.Server
	var rooms sync.Map // of name to *websocket.Group
	talking.OnConnection(func(s *websocket.Socket, r *http.Request) {
		v, _ := rooms.LoadOrStore(r.URL.Query().Get("name"), new(websocket.Group))
		room := v.(*websocket.Group)
		room.Add(s)
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			p, err := websocket.Prepare(m.Type(), m.Bytes())
			if err != nil {
				log.Fatal(err)
			}
			room.Publish(p)
		})
	})
	http.Handle("/idle", &idle)
	http.Handle("/room", &talking)
	http.HandleFunc("/stats", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(measure())
	})
	go http.Serve(ln, nil)
	io.Copy(io.Discard, os.Stdin)
}

// figures are what a process holds.
type figures struct {
	RSS         int64 // octets
	Goroutines  int
	Descriptors int
}

func measure() figures {
	for range 3 { // pools let go of what they hold at the second collection
		debug.FreeOSMemory()
	}
	var f figures
	f.Goroutines = runtime.NumGoroutine()
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.Descriptors = len(fds) - 1 // but for the one that reads the directory
	}
	var total, resident int64
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(statm), &total, &resident)
	}
	f.RSS = resident * int64(os.Getpagesize())
	return f
}

func (f figures) String() string {
	return fmt.Sprintf("%.1f MiB resident, %d goroutines, %d descriptors", float64(f.RSS)/(1<<20), f.Goroutines, f.Descriptors)
}

func (f figures) compare(start figures) string {
	return fmt.Sprintf("%+.1f %% resident, %+d goroutines, %+d descriptors",
		100*(float64(f.RSS)/float64(start.RSS)-1), f.Goroutines-start.Goroutines, f.Descriptors-start.Descriptors)
}

// near reports whether all figures are within a fraction of the start's; memory may also be less.
func (f figures) near(start figures, slack float64) bool {
	within := func(a, b int) bool { return float64(max(a-b, b-a)) <= slack*float64(b) }
	return float64(f.RSS) <= (1+slack)*float64(start.RSS) &&
		within(f.Goroutines, start.Goroutines) && within(f.Descriptors, start.Descriptors)
}
