package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// TestWhoDoesNotReadStopsTheSender: the proxy passes it on, and keeps next to nothing itself. What is on the way is
// in the buffers of the system's two TCP connections.
func TestWhoDoesNotReadStopsTheSender(t *testing.T) {
	const kept = 8 << 20 // octets, by the program, in memory
	onTheWay := 2 * (mostBuffered(t, "tcp_wmem") + mostBuffered(t, "tcp_rmem"))
	plain := websocket.Compression{Disabled: true}
	b := behavior{mute: true, options: websocket.AcceptOptions{Heartbeat: silent, Compression: plain}}
	anyway(t, b, func(t *testing.T, s *site, p *proxy, url string) {
		for _, from := range []string{"server", "client"} {
			t.Run("from the "+from, func(t *testing.T) {
				v := p.visit(t, url, websocket.DialOptions{Heartbeat: silent, Compression: plain}, nil)
				g := s.next(t)
				sender, receiver := g.Socket, v.Socket
				if from == "client" {
					sender, receiver = receiver, sender
				}
				receiver.Pause()
				arrived := make(chan int64, 1000)
				receiver.OnMessage(func(_ *websocket.Socket, m websocket.Message) { arrived <- m.Len() })

				before := residentOctets(t, p.cmd.Process.Pid)
				sent := sendUntilNothingMoves(t, sender)
				waiting := sender.BufferedAmount()
				grown := residentOctets(t, p.cmd.Process.Pid) - before
				t.Logf("%d KiB were sent, %d KiB wait at the sender; the proxy grew by %d KiB",
					sent>>10, waiting>>10, grown>>10)
				if sent-waiting > onTheWay {
					t.Errorf("%d octets are on the way, want at most %d", sent-waiting, onTheWay)
				}
				if grown > kept {
					t.Errorf("the proxy grew by %d octets, want at most %d", grown, kept)
				}
				if waiting == 0 {
					t.Error("nothing waits at the sender")
				}

				receiver.Resume()
				for rest := sent; rest > 0; {
					rest -= await(t, "the next message", arrived)
				}
			})
		}
	})
}

// mostBuffered returns how many octets Linux lets a connection have in one of its two buffers.
func mostBuffered(t *testing.T, which string) (octets int64) {
	t.Helper()
	limits, err := os.ReadFile("/proc/sys/net/ipv4/" + which)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(limits), new(int64), new(int64), &octets); err != nil {
		t.Fatalf("%s: %v", which, err)
	}
	return octets
}

// sendUntilNothingMoves sends until the queue is full and stays so for half a second, and returns how much was queued.
func sendUntilNothingMoves(t *testing.T, s *websocket.Socket) (sent int64) {
	t.Helper()
	message := make([]byte, 64<<10)
	moved := make(chan struct{}, 1)
	done := func(error) {
		select {
		case moved <- struct{}{}:
		default:
		}
	}
	for sent < 1<<30 {
		err := s.SendFunc(message, done)
		if err == nil {
			sent += int64(len(message))
			continue
		}
		if !errors.Is(err, websocket.ErrQueueFull) {
			t.Fatal(err)
		}
		select {
		case <-moved:
		case <-time.After(time.Second / 2):
			return sent
		}
	}
	t.Fatal("a gigabyte went to somebody who does not read")
	return 0
}

// residentOctets returns how much memory a process and its children have.
func residentOctets(t *testing.T, pid int) (octets int64) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(processes) == 0 {
		t.Fatal("there is no /proc: ", err)
	}
	for _, file := range processes {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, fields, _ := strings.Cut(string(stat), ") ") // behind the name: state, parent, …
		parent := strings.Fields(fields)[1]
		itself := filepath.Base(filepath.Dir(file))
		if parent != strconv.Itoa(pid) && itself != strconv.Itoa(pid) {
			continue
		}
		var size, resident int64
		statm, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "statm"))
		fmt.Sscan(string(statm), &size, &resident)
		octets += resident * int64(os.Getpagesize())
	}
	return octets
}
