package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// A campaign is the process of the attackers, as the process that started it sees it.
type campaign struct {
	cmd *exec.Cmd
	out *json.Decoder
}

// startAttack has n attackers attack for a time.
func startAttack(addrs addresses, n int, d time.Duration) *campaign {
	to, _ := json.Marshal(addrs)
	cmd := exec.Command("nice", "-n", "19", executable(), "-role", "attackers", "-attackers", fmt.Sprint(n), "-attack", d.String(),
		"-pause", pause.String(), string(to))
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	return &campaign{cmd, json.NewDecoder(out)}
}

// wait waits until the attack is over, and returns its report.
func (c *campaign) wait() (r report) {
	if err := c.out.Decode(&r); err != nil {
		log.Fatal("the attackers have not reported: ", err)
	}
	c.cmd.Wait()
	return r
}

// runAttackers attacks, and writes the report to standard output.
func runAttackers(args []string) {
	var addrs addresses
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), &addrs) != nil {
		log.Fatal("the attackers need addresses")
	}
	if err := giveWay(); err != nil {
		log.Print(err) // an old kernel
	}
	ctx, cancel := context.WithCancel(context.Background()) // no deadline: dialling would fail of it a moment before
	time.AfterFunc(*attack, cancel)
	r := report{Outcomes: map[string]map[string]int{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range *attackers {
		k := kinds[i%len(kinds)]
		all.Go(func() {
			for ctx.Err() == nil {
				outcome := once(ctx, k, &addrs, i)
				mu.Lock()
				if r.Outcomes[k.name] == nil {
					r.Outcomes[k.name] = map[string]int{}
				}
				r.Outcomes[k.name][outcome]++
				mu.Unlock()
				select {
				case <-time.After(time.Duration(rand.Int64N(int64(2 * *pause)))):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
	json.NewEncoder(os.Stdout).Encode(r)
}

// once connects one attacker, lets it do what it does, and returns what came of it.
func once(ctx context.Context, k kind, addrs *addresses, i int) string {
	address, path := addrs.Echo, "/echo"
	if i/len(kinds)%2 < addrs.Face.sockets(2) {
		address, path = addrs.Rooms, fmt.Sprintf("/attackers/%d", i)
	}
	// A port of ours can be used again only after a minute: so there are many addresses.
	began := time.Now()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%100))}}
	nc, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return outcomeOf(ctx, err)
	}
	a := newAttacker(nc)
	defer a.Close()
	defer context.AfterFunc(ctx, a.reset)()
	if k.handshake {
		if err := a.shakeHands(path, k.extensions); err != nil {
			if time.Since(began) >= handshakeTimeout {
				return late
			}
			return outcomeOf(ctx, err)
		}
	}
	met := time.Now()
	outcome := k.attack(a)
	switch {
	case ctx.Err() != nil:
		return held
	case outcome == cutOff && !k.handshake && !k.expects(cutOff) && time.Since(began) >= handshakeTimeout:
		return late
	case outcome == cutOff && k.handshake && !k.expects(cutOff) && time.Since(met) >= lingerTime:
		return slow
	}
	return outcome
}

// What may come of every kind: the attacker was there when the attack ended, or it had so little of the machine that
// its handshake, or reading up to the Close frame, took longer than the server waits.
const (
	held = "there at the end"
	late = "handshake too slow"
	slow = "read too slowly"

	handshakeTimeout = 9 * time.Second // the server's, give or take a scheduler's delay
	lingerTime       = 2 * time.Second // the server's
)

func outcomeOf(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return held
	}
	return "error: " + lastWords(err)
}

// lastWords is an error without the addresses that make each another.
func lastWords(err error) string {
	words := strings.Split(err.Error(), ": ")
	return words[len(words)-1]
}

// A report is how often each kind came to each outcome.
type report struct {
	Outcomes map[string]map[string]int
}

func (r report) print() {
	fmt.Printf("%-34s %8s  %s\n", "kind", "times", "what came of it")
	total := 0
	for _, k := range kinds {
		var outcomes []string
		times := 0
		for o, n := range r.Outcomes[k.name] {
			mark := ""
			if !k.expects(o) {
				mark = " (!)"
			}
			outcomes = append(outcomes, fmt.Sprintf("%s ×%d%s", o, n, mark))
			times += n
		}
		slices.Sort(outcomes)
		total += times
		fmt.Printf("%-34s %8d  %s\n", k.name, times, strings.Join(outcomes, ", "))
	}
	fmt.Printf("%-34s %8d\n", "all", total)
}

// unexpected returns how many attackers were answered otherwise than their kind should be.
func (r report) unexpected() (n int) {
	for _, k := range kinds {
		for o, times := range r.Outcomes[k.name] {
			if !k.expects(o) {
				n += times
			}
		}
	}
	return n
}

func (k kind) expects(outcome string) bool {
	return outcome == held || outcome == late || outcome == slow || slices.Contains(strings.Split(k.want, "|"), outcome)
}
