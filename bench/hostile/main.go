// Hostile is a long run of a server among hostile peers: honest sockets chat, and lose nothing, while thousands of
// attackers do all that a peer should not.
//
//	go run ./bench/hostile
//
// It starts the server as a process of its own, with the library's default limits and what an operator would add,
// and another one for the attackers, at the lowest priority. The honest sockets are in this process. Every message
// carries its sender, a number and the time. What is asked is what hostile peers make the server spend, not who gets more of
// the machine: so the server has one half of the cores for itself, and its peers the other.
//
// There are two faces of the library to attack, one after the other: sockets is a chat with rooms (websocket.Server), conns an echo
// (websocket.Accept in an http.Server, a goroutine for each), whose order the Go scheduler makes and not we. With -face both
// one process serves both, half of the peers, honest or not, each.
//
// After a warm-up, and a quiet phase to compare with, the attackers come all at once, each of one kind (see kinds.go),
// and come again when they are cut; then it is calm again. In the end uploads of a GiB meet the limit of a MiB: each
// sender must see the close code 1009.
//
// It exits with status 1 if an honest message was lost, repeated or out of order, an honest socket was closed, the
// server took more memory than -memory, an upload did not see 1009, an attacker saw an answer that its kind should
// not get, honest messages took more than -slower times as long under attack, or the server's memory, goroutines and
// descriptors did not come back to what they were.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"
)

var (
	role      = flag.String("role", "", "be the server or the attackers (used by the test itself)")
	faces     = flag.String("face", "sockets,conns", "what is attacked: sockets, conns, or both at once")
	honest    = flag.Int("honest", 100, "honest sockets")
	attackers = flag.Int("attackers", 5000, "attackers at once")
	quiet     = flag.Duration("quiet", 20*time.Second, "how long the honest sockets are alone")
	attack    = flag.Duration("attack", time.Minute, "how long the attack takes")
	pause     = flag.Duration("pause", 2*time.Second, "how long an attacker waits, on average, before it comes again")
	uploads   = flag.Int("uploads", 100, "uploads of a GiB, of each way to upload")
	timeline  = flag.Bool("timeline", false, "show how long honest messages took second by second")
	memory    = flag.Int64("memory", 1024, "MiB that the server may take at most")
	slack     = flag.Float64("slack", 0.1, "how far from the start the server may end, as a fraction")
	slower    = flag.Float64("slower", 3, "how many times the 99th percentile before the attack, or after it if that is less, that of the attack may be")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	switch *role {
	case "server":
		runServer()
	case "attackers":
		runAttackers(flag.Args())
	default:
		servers, err := shareCores()
		if err != nil {
			log.Fatal(err)
		}
		well := true
		for _, name := range strings.Split(*faces, ",") {
			f, ok := faceNames[name]
			if !ok {
				log.Fatalf("there is no face %q", name)
			}
			fmt.Printf("== %s: %d honest, %d attackers\n\n", name, *honest, *attackers)
			well = run(f, servers) && well
			fmt.Println()
		}
		if !well {
			os.Exit(1)
		}
	}
}

// run is the whole test of a face, by a server on some cores, and reports whether it went well.
func run(f face, cores []int) bool {
	server := startServer(f, cores)
	defer server.stop()
	v := &verdict{}
	fmt.Printf("fresh server:     %v\n", server.measure())

	startAttack(server.addrs, *attackers, *attack/2).wait() // the runtime keeps what this makes it allocate
	warm := meet(server.addrs, *honest)
	time.Sleep(3 * time.Second)
	warm.leave()
	start := server.settle(figures{})
	fmt.Printf("after a warm-up:  %v\n", start)

	crowd := meet(server.addrs, *honest)
	time.Sleep(*quiet)
	before := crowd.latencies()
	fmt.Printf("quiet:            %v\n", before)

	peak := server.watchMemory()
	siege := startAttack(server.addrs, *attackers, *attack)
	report := siege.wait()
	during := crowd.latencies()
	most := peak()
	fmt.Printf("under attack:     %v\n", during)
	fmt.Printf("server at most:   %.1f MiB resident\n", float64(most)/(1<<20))

	time.Sleep(*quiet / 4)
	after := crowd.latencies()
	fmt.Printf("calm again:       %v\n", after)
	saw := runUploads(server.addrs, *uploads)
	crowd.leave()
	end := server.settle(start)

	fmt.Println()
	report.print()
	fmt.Println()
	saw.print()
	fmt.Println()
	fmt.Printf("honest sockets:   %v\n", crowd)
	fmt.Printf("at the end:       %v\n", end)
	fmt.Printf("against start:    %s\n", end.compare(start))
	ratio := float64(during.p99) / float64(min(before.p99, after.p99)) // the machine may have been busy in one of them
	fmt.Printf("99th percentile:  %.1f times that of quiet\n", ratio)

	v.check(crowd.lost() == 0 && crowd.wrong.Load() == 0 && crowd.failed.Load() == 0, "honest sockets lost nothing")
	v.check(most <= *memory<<20, "the server's memory is bounded")
	v.check(report.unexpected() == 0, "every attacker was answered as its kind should be")
	v.check(saw.all1009(), "every upload saw 1009")
	v.check(end.near(start, *slack), "memory, goroutines and descriptors came back")
	v.check(ratio <= *slower, "honest messages are not much slower under attack")
	return !v.broken
}

// A verdict is what has become of the promises.
type verdict struct{ broken bool }

func (v *verdict) check(kept bool, promise string) {
	word := "kept:  "
	if !kept {
		word, v.broken = "BROKEN:", true
	}
	fmt.Println(word, promise)
}
