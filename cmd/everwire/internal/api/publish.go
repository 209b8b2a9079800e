package api

import (
	"strings"
	"unicode"

	"github.com/everwire/everwire/cmd/everwire/internal/api/payload"
	"github.com/everwire/everwire/hub"
)

// Bounds of what names a message, in octets.
const (
	mostID        = 128
	mostPublisher = 200
)

// mostData is how many octets a message may have: what brokers carry is often a MiB, its envelope included.
const mostData = 960 << 10

// published is the answer to publish.
type published struct {
	Room     string        `json:"room"`
	ID       string        `json:"id,omitempty"`
	Position *hub.Position `json:"position,omitempty"` // of a room with a log
}

// A publication is what a backend asks to publish.
type publication struct {
	room, id, publisher string
	content             payload.Payload
}

func (p *publication) fields() map[string]any {
	return map[string]any{
		"room": &p.room, "id": &p.id, "publisher": &p.publisher,
		"data": &p.content.Data, "text": &p.content.Text, "base64": &p.content.Base64,
	}
}

func (p *publication) check() error {
	switch {
	case p.room == "":
		return badRequest("there is no room")
	case reserved(p.room):
		return errReserved
	case len(p.id) > mostID || strings.ContainsFunc(p.id, odd):
		return badRequest("an id is at most %d characters of ASCII, without spaces", mostID)
	case len(p.publisher) > mostPublisher || strings.ContainsFunc(p.publisher, unicode.IsControl):
		return badRequest("a publisher is at most %d octets of UTF-8, without control characters", mostPublisher)
	}
	return nil
}

// publish gives a message to a room. The same ID has the same answer.
func (a *API) publish(c *call) (any, error) {
	var p publication
	err := a.object(c, p.fields())
	if err != nil {
		return nil, err
	}
	if p.id, err = idempotencyKey(c.r.Header.Values("Idempotency-Key"), p.id); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	t, data, err := p.content.Message()
	if err != nil {
		return nil, badRequest("%s", err)
	}
	if len(data) > mostData {
		return nil, tooBig(mostData)
	}
	ctx, cancel := a.patience(c)
	defer cancel()
	position, err := a.hub.Publish(ctx, p.room, hub.Message{Publisher: p.publisher, ID: p.id, Type: t, Data: data})
	if err != nil {
		return nil, err
	}
	return published{p.room, p.id, known(position)}, nil
}

// known is a position, or nil for none.
func known(p hub.Position) *hub.Position {
	if p.IsZero() {
		return nil
	}
	return &p
}

// idempotencyKey returns the message's ID, which may come in the body, in the header field or in both. The
// field is a string in quotes, by the draft that describes it, but many send it without.
func idempotencyKey(fields []string, id string) (string, error) {
	switch {
	case len(fields) == 0:
		return id, nil
	case len(fields) > 1:
		return "", badRequest("Idempotency-Key is there twice")
	}
	key := strings.TrimSpace(fields[0])
	if inner, ok := strings.CutPrefix(key, `"`); ok {
		if key, ok = strings.CutSuffix(inner, `"`); !ok || strings.ContainsAny(key, `"\`) {
			return "", badRequest("Idempotency-Key begins with a quote and is no string in quotes")
		}
	}
	switch {
	case key == "":
		return "", badRequest("Idempotency-Key is empty")
	case id != "" && id != key:
		return "", badRequest("Idempotency-Key and the body's id differ")
	}
	return key, nil
}

// odd is what an ID must not have, because not every broker can carry it.
func odd(r rune) bool { return r <= ' ' || r > '~' }
