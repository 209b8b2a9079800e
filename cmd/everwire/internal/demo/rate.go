package demo

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/everwire/everwire/websocket"
)

const (
	// The largest message, in octets. Read at the slowest rate it takes 16 seconds, in which nothing else of the
	// client is heard, its Pings included.
	rateMessageSize = 256 << 10

	// Rates are in KiB per second.
	usualRate   = 512
	slowestRate = 16
	fastestRate = 64 << 10
)

// Rate reads messages, of up to 256 KiB, at 512 KiB per second, or at as many KiB per second as the query's rate says, from 16 to
// 65536; another rate is refused with status 400. After each message it tells in text how many octets of
// messages it has read so far. Between messages it does not read at all, so what a client sends faster waits in
// TCP's buffers and then with the client, and nothing of it here.
func Rate() *websocket.Server {
	srv := &websocket.Server{}
	srv.Options.Limits.MessageSize = rateMessageSize
	srv.Options.Queue = websocket.Queue{Messages: 16, Full: websocket.ReplaceByKey} // the newest count is enough
	srv.Options.OnRequest = func(r *http.Request, _ http.Header) error {
		_, err := rateAsked(r)
		return err
	}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		rate, _ := rateAsked(r)
		var read int64
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			read += m.Len()
			s.SendWith(websocket.Outgoing{
				Type: websocket.Text, Data: strconv.AppendInt(nil, read, 10), Key: "read",
			})
			s.Pause()
			time.AfterFunc(time.Duration(m.Len())*time.Second/time.Duration(rate<<10), s.Resume)
		})
	})
	return srv
}

// rateAsked returns the query's rate, or the usual one.
func rateAsked(r *http.Request) (int, error) {
	refused := websocket.Refuse(http.StatusBadRequest,
		"rate must be how many KiB to read per second, from 16 to 65536, such as rate=512")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, refused
	}
	if !query.Has("rate") {
		return usualRate, nil
	}
	rate, err := strconv.Atoi(query.Get("rate"))
	if err != nil || rate < slowestRate || rate > fastestRate {
		return 0, refused
	}
	return rate, nil
}
