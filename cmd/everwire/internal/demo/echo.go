package demo

import (
	"net/http"
	"net/url"
	"time"

	"github.com/everwire/everwire/websocket"
)

const (
	echoMessageSize = 64 << 20 // the largest message echoed, in octets

	// A client that sends more than it reads is not listened to while this much waits for it, in octets.
	echoWaiting = 1 << 20

	shortestHello = 100 * time.Millisecond
	longestHello  = time.Hour
)

// Echo sends every message back as it came, text as text and binary as binary, up to 64 MiB. If the URL has a
// query such as hello=1s, the server also says "Hello?" at that interval, from 100ms to 1h, until the connection
// closes; any other value of hello is refused with status 400.
func Echo() *websocket.Server {
	srv := &websocket.Server{}
	takeLargeMessages(srv)
	srv.Options.OnRequest = func(r *http.Request, _ http.Header) error {
		_, err := helloInterval(r)
		return err
	}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(sendBack)
		s.OnDrain((*websocket.Socket).Resume)

		if interval, _ := helloInterval(r); interval > 0 {
			go sayHello(s, interval)
		}
	})
	return srv
}

// takeLargeMessages bounds what a server that sends messages back receives and keeps.
func takeLargeMessages(srv *websocket.Server) {
	srv.Options.Limits.MessageSize = echoMessageSize
	srv.Options.Queue = websocket.Queue{
		Bytes: echoWaiting + echoMessageSize, // what may wait, and one message that is on its way
		Full:  websocket.CloseSlow,           // such as by empty messages without end
	}
}

// sendBack sends a message back, and stops reading while its sender does not. OnDrain has to resume.
func sendBack(s *websocket.Socket, m websocket.Message) {
	s.SendMessage(m)
	if s.BufferedAmount() > echoWaiting {
		s.Pause()
	}
}

// helloInterval returns the query's hello, or 0 if there is none.
func helloInterval(r *http.Request) (time.Duration, error) {
	refused := websocket.Refuse(http.StatusBadRequest,
		"hello must be how often to say it, from 100ms to 1h, such as hello=1s")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, refused
	}
	if !query.Has("hello") {
		return 0, nil
	}
	interval, err := time.ParseDuration(query.Get("hello"))
	if err != nil || interval < shortestHello || interval > longestHello {
		return 0, refused
	}
	return interval, nil
}

// sayHello says "Hello?" until the connection is gone.
func sayHello(s *websocket.Socket, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.SendText("Hello?")
		case <-s.Context().Done():
			return
		}
	}
}
