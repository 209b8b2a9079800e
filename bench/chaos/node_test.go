//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// playedVar makes a process of the tests one of a node, which ends with this status when it is told to, or if
// it is negative by itself.
const playedVar = "EVERWIRE_CHAOS_PLAYED"

func playNode() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	fmt.Println("ready")
	status, _ := strconv.Atoi(os.Getenv(playedVar))
	if status < 0 {
		os.Exit(-status)
	}
	<-told
	os.Exit(status)
}

func TestHowANodeEndsIsNoted(t *testing.T) {
	tests := []struct {
		name   string
		status int
		signal syscall.Signal
		want   string // the surprise
	}{
		{"in order", 0, syscall.SIGTERM, ""},
		{"with a status", 3, syscall.SIGTERM, "node 1, told to end, did not do so in order: exit status 3"},
		{"killed", 0, syscall.SIGKILL, ""},
		{"by itself", -4, 0, "node 1 ended by itself: exit status 4"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(playedVar, fmt.Sprint(test.status))
			said, log, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer said.Close()
			defer log.Close()
			n := &node{number: 1, place: &place{work: make(chan func())}, path: os.Args[0], log: log}
			go n.place.serve()
			defer close(n.place.work)
			if err := n.start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(said).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
				t.Errorf("it says %q, %v", line, err)
			}
			if test.signal != 0 {
				n.end(test.signal)
			}
			<-n.ended
			if n.surprise != test.want {
				t.Errorf("noted is %q, want %q", n.surprise, test.want)
			}
		})
	}
}
