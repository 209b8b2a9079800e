// Rooms is a soak test: many idle sockets and many busy rooms on one server, every delivery counted.
//
//	go run ./bench/rooms
//
// It starts the server as a process of its own, and connects to it from this one: idle sockets that
// only answer Pings, and rooms whose members each send a message a second that goes to all members.
// Every message carries its sender and a number, so that one lost, repeated or out of order shows.
// Afterwards everything is closed, and the server's memory, goroutines and descriptors are compared
// with what they were before.
//
// It exits with status 1 if a delivery was lost or repeated, or something did not come back.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/everwire/everwire/bench/internal/child"
)

var (
	serve    = flag.Bool("serve", false, "be the server (used by the test itself)")
	idle     = flag.Int("idle", 10_000, "idle sockets")
	rooms    = flag.Int("rooms", 50, "rooms")
	members  = flag.Int("members", 20, "members of each room")
	duration = flag.Duration("duration", time.Minute, "how long the rooms talk")
	slack    = flag.Float64("slack", 0.05, "how far from the start the server may end, as a fraction")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *serve {
		runServer()
		return
	}
	if !run() {
		os.Exit(1)
	}
}

// run is the whole test, and reports whether it went well.
func run() bool {
	server, addr := child.Start("-serve")
	defer server.Stop()

	fresh := stats(addr)
	fmt.Printf("fresh server:       %v\n", fresh)
	warm := cycle(addr, 5*time.Second) // the runtime keeps what the first crowd made it allocate for good
	start := stats(addr)
	fmt.Printf("after a warm-up:    %v\n", start)
	main := cycle(addr, *duration)
	end := stats(addr)
	fmt.Printf("at the end:         %v\n", end)
	fmt.Printf("against the start:  %s\n", end.compare(start))
	fmt.Printf("against fresh:      %s\n", end.compare(fresh))
	return warm && main && end.near(start, *slack)
}

// cycle connects everybody, lets them talk, closes, and reports whether every delivery came once.
func cycle(addr string, talk time.Duration) bool {
	began := time.Now()
	crowd := connect(addr, *idle)
	halls := connectRooms(addr, *rooms, *members)
	fmt.Printf("connected:          %d idle, %d rooms of %d in %v\n", *idle, *rooms, *members, time.Since(began).Round(time.Millisecond))
	fmt.Printf("while connected:    %v\n", stats(addr))
	rounds := int(talk / time.Second)
	result := halls.talk(rounds)
	fmt.Println(result)
	crowd.close()
	halls.close()
	return result.lost == 0 && result.wrong == 0
}

// stats asks the server for its figures.
func stats(addr string) (f figures) {
	resp, err := http.Get("http://" + addr + "/stats")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
		log.Fatal(err)
	}
	return f
}
