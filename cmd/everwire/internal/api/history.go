package api

import (
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api/payload"
	"github.com/everwire/everwire/hub"
)

const (
	usualMessages = 100
	mostMessages  = 1000

	// mostHistory is how many octets of messages an answer has, but for its first one.
	mostHistory = 8 << 20
)

// messageList is the answer to history.
type messageList struct {
	Room     string    `json:"room"`
	Messages []message `json:"messages"`
	Next     string    `json:"next"` // to be given as after: the position of the last one, or what was asked for
	More     bool      `json:"more"` // there was no room for all
}

type message struct {
	Position  hub.Position `json:"position"`
	ID        string       `json:"id,omitempty"`
	Publisher string       `json:"publisher,omitempty"`
	Time      time.Time    `json:"time"`
	payload.Payload
}

// history tells what a room keeps, oldest first.
func (a *API) history(c *call) (any, error) {
	query, err := readQuery(c.r.URL.RawQuery, "after", "limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(query, usualMessages, mostMessages)
	if err != nil {
		return nil, err
	}
	after, err := hub.ParsePosition(query.Get("after"))
	if err != nil {
		return nil, badRequest("after is a position as next has it, such as 17@k3f9")
	}
	ctx, cancel := a.patience(c)
	defer cancel()
	kept, err := a.hub.History(ctx, c.room, after, n+1)
	if err != nil {
		return nil, err
	}
	list := messageList{Room: c.room, Messages: []message{}, Next: after.String()}
	octets := 0
	for i, m := range kept {
		if octets += len(m.Data); i == n || i > 0 && octets > mostHistory {
			list.More = true
			break
		}
		list.Next = m.Position.String()
		list.Messages = append(list.Messages, message{
			Position: m.Position, ID: m.ID, Publisher: m.Publisher, Time: m.Time.UTC(), Payload: payload.Of(m.Type, m.Data),
		})
	}
	return list, nil
}
