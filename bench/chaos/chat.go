//go:build linux

package main

import (
	"bytes"
	"encoding/json"

	"github.com/everwire/everwire/bench/chaos/internal/record"
)

// What is said in everwire.chat.v1.

const subprotocol = "everwire.chat.v1"

type position struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

func (p position) place() record.Place { return record.Place(p) }

// A request is what a member says.
type request struct {
	Type string    `json:"type"`
	Room string    `json:"room"`
	Name string    `json:"name,omitempty"`
	From *position `json:"from,omitempty"`
	ID   string    `json:"id,omitempty"`
	Data *data     `json:"data,omitempty"`
}

// data is what is published.
type data struct {
	Publisher string `json:"publisher"`
	Number    int    `json:"number"`
	Sent      int64  `json:"sent"`
}

// A reply is what a member is told.
type reply struct {
	Type     string   `json:"type"`
	Room     string   `json:"room"`
	Position position `json:"position"`
	Missed   int      `json:"missed"`
	ID       string   `json:"id"`
	Data     data     `json:"data"`
	Request  string   `json:"request"`
	Code     string   `json:"code"`
	Text     string   `json:"text"`
	Retry    bool     `json:"retry"`
	AfterMS  int64    `json:"after_ms"`
}

func encode(q request) []byte {
	text, err := json.Marshal(q)
	if err != nil {
		panic(err) // there is nothing in it that JSON does not have
	}
	return text
}

// aboutOthers begin the replies that say who is there, of which there are many and nobody asks here.
var aboutOthers = []byte(`{"type":"member`)

// decode reads a reply, and reports whether it is one that counts.
func decode(text []byte) (r reply, counts bool, err error) {
	if bytes.HasPrefix(text, aboutOthers) {
		return r, false, nil
	}
	err = json.Unmarshal(text, &r)
	return r, err == nil, err
}
