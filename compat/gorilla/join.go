package websocket

import (
	"io"
	"strings"
)

// JoinMessages returns a reader of all the messages that come on c, one after the other, each with term behind it. It
// is for one goroutine at a time. Its errors are those of [Conn.NextReader].
func JoinMessages(c *Conn, term string) io.Reader { return &joined{c: c, term: term} }

type joined struct {
	c       *Conn
	term    string
	message io.Reader // nil between messages
}

func (j *joined) Read(p []byte) (int, error) {
	for {
		if j.message == nil {
			_, r, err := j.c.NextReader()
			if err != nil {
				return 0, err
			}
			j.message = io.MultiReader(r, strings.NewReader(j.term))
		}
		n, err := j.message.Read(p)
		if err == io.EOF {
			j.message, err = nil, nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}
