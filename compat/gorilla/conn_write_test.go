package websocket_test

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	websocket "github.com/everwire/everwire/compat/gorilla"
)

func TestMessagesOfSeveralGoroutinesDoNotMix(t *testing.T) {
	s, c := pair(t)
	const writers, each = 8, 50
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range each {
				s.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, "%d %d", i, j))
				s.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience))
			}
		})
	}
	next := [writers]int{}
	for range writers * each {
		_, data, err := c.ReadMessage()
		var i, j int
		if n, _ := fmt.Sscanf(string(data), "%d %d", &i, &j); err != nil || n != 2 || next[i] != j {
			t.Fatalf("read %q, %v; want message %v", data, err, next)
		}
		next[i]++
	}
	all.Wait()
}

func TestWritersOldOnesAreHarmless(t *testing.T) {
	s, c := pair(t)
	old, err := s.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(old, "1")
	w, err := s.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(old, "x"); err == nil {
		t.Error("the old writer writes")
	}
	if err := old.Close(); err != nil {
		t.Errorf("the old writer's Close: %v", err)
	}
	io.WriteString(w, "2")
	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	reads(t, c, "1")
	reads(t, c, "2")
}
