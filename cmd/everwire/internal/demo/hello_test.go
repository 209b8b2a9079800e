package demo

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
)

const hint = "I did not catch your name. Say: My name is John"

// The whole life of one connection, as a browser's script sees it.
func TestHelloOpenMessageClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := serve(t, Hello())
		began := time.Now()
		var greeting string
		closed := make(chan websocket.CloseEvent)
		_, err := websocket.New("ws://demo/hello", n.options(), func(s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) { s.SendText("My name is John") })
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { greeting = m.Text() })
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e })
		})
		if err != nil {
			t.Fatal(err)
		}
		e := <-closed
		if want := "Hello from server, John!"; greeting != want {
			t.Errorf("greeted with %q, want %q", greeting, want)
		}
		if want := (websocket.CloseEvent{Code: 1000, Reason: "Bye, John", WasClean: true}); e != want {
			t.Errorf("closed with %+v, want %+v", e, want)
		}
		if lasted := time.Since(began); lasted != 5*time.Second {
			t.Errorf("it lasted %s, want 5s", lasted)
		}
	})
}

func TestHelloNames(t *testing.T) {
	long, letters := strings.Repeat("😀", 100), strings.Repeat("a", 200)
	tests := []struct {
		name, text, answer, reason string // no reason: it is not closed
	}{
		{"John", "My name is John", "Hello from server, John!", "Bye, John"},
		{"two words", "My name is Ada Lovelace", "Hello from server, Ada Lovelace!", "Bye, Ada Lovelace"},
		{"Cyrillic", "My name is Джон", "Hello from server, Джон!", "Bye, Джон"},
		{"emoji", "My name is 👩‍🚀", "Hello from server, 👩‍🚀!", "Bye, 👩‍🚀"},
		{"markup", "My name is <b>", "Hello from server, <b>!", "Bye, <b>"},
		{"space around", "  My name is   John \n", "Hello from server, John!", "Bye, John"},
		{"a long one", "My name is " + long, "Hello from server, " + long + "!", "Bye, " + strings.Repeat("😀", 29)},
		{"a long one of ASCII", "My name is " + letters, "Hello from server, " + letters + "!", "Bye, " + letters[:118]},
		{"no name", "My name is ", hint, ""},
		{"only spaces", "My name is \t ", hint, ""},
		{"something else", "Hi", hint, ""},
		{"empty", "", hint, ""},
		{"not at the start", "Hi! My name is John", hint, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := serve(t, Hello()).dial("")
				say(t, c, websocket.Text, tt.text)
				hear(t, c, websocket.Text, tt.answer)
				if tt.reason != "" {
					hearClose(t, c, websocket.CloseNormal, tt.reason)
					return
				}
				time.Sleep(helloStays + time.Second)
				say(t, c, websocket.Text, "still here?")
				hear(t, c, websocket.Text, hint)
			})
		})
	}
}

func TestHelloStays5SecondsFromTheFirstGreeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, Hello()).dial("")
		say(t, c, websocket.Text, "My name is John")
		hear(t, c, websocket.Text, "Hello from server, John!")
		time.Sleep(4 * time.Second)
		say(t, c, websocket.Text, "My name is Ann")
		hear(t, c, websocket.Text, "Hello from server, Ann!")
		greeted := time.Now()
		hearClose(t, c, websocket.CloseNormal, "Bye, John")
		if lasted := time.Since(greeted); lasted != time.Second {
			t.Errorf("closed %s after the second greeting, want 1s", lasted)
		}
	})
}

func TestHelloRefusesBinary(t *testing.T) {
	c := serve(t, Hello()).dial("")
	say(t, c, websocket.Binary, "My name is John")
	hearClose(t, c, websocket.CloseUnsupportedData, "please say your name as text")
}
