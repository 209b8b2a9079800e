package websocket_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestKeys(t *testing.T) {
	s, other := wstest.Sockets(t, nil, nil, nil)
	name, room, failure := websocket.NewKey[string](), websocket.NewKey[string](), websocket.NewKey[error]()

	if v, ok := name.Get(s); ok || v != "" {
		t.Errorf("before Set: %q, %v", v, ok)
	}
	name.Set(s, "Ada")
	name.Set(other, "Bob")
	room.Set(s, "lobby")
	for _, row := range []struct {
		what string
		key  *websocket.Key[string]
		s    *websocket.Socket
		want string
		ok   bool
	}{
		{"a value", name, s, "Ada", true},
		{"of another socket", name, other, "Bob", true},
		{"of another key of the type", room, s, "lobby", true},
		{"not set", room, other, "", false},
	} {
		v, ok := row.key.Get(row.s)
		equal(t, row.what, fmt.Sprint(v, ok), fmt.Sprint(row.want, row.ok))
	}
	name.Set(s, "Eve")
	name.Set(other, "")
	v, _ := name.Get(s)
	equal(t, "in place of another", v, "Eve")
	v, ok := name.Get(other)
	equal(t, "the zero value", fmt.Sprint(v, ok), fmt.Sprint("", true))

	failure.Set(s, nil)
	err, ok := failure.Get(s)
	equal(t, "nil of an interface", fmt.Sprint(err, ok), fmt.Sprint(nil, true))
	failure.Set(s, errors.ErrUnsupported)
	err, _ = failure.Get(s)
	wantError(t, "an interface", err, errors.ErrUnsupported)
}

func TestValuesOutliveTheConnection(t *testing.T) {
	key := websocket.NewKey[int]()
	got := make(chan int, 1)
	s, _ := wstest.Sockets(t, nil, func(s *websocket.Socket) {
		s.OnClose(func(s *websocket.Socket, _ websocket.CloseEvent) {
			v, _ := key.Get(s)
			got <- v
		})
	}, nil)
	key.Set(s, 7)
	s.Terminate()
	equal(t, "in the close event", <-got, 7)
}

func TestKeysAreSafeForConcurrentUse(t *testing.T) {
	s, _ := wstest.Sockets(t, nil, nil, nil)
	var keys [3]*websocket.Key[int]
	for i := range keys {
		keys[i] = websocket.NewKey[int]()
	}
	var using sync.WaitGroup
	for range 4 {
		using.Go(func() {
			for i := range 300 {
				key := keys[i%len(keys)]
				key.Set(s, i)
				if v, ok := key.Get(s); !ok || v%len(keys) != i%len(keys) {
					t.Errorf("Get: %d, %v", v, ok)
				}
			}
		})
	}
	using.Wait()
}
