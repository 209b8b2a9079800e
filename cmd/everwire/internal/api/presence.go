package api

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/everwire/everwire/hub"
)

const (
	usualMembers = 1000
	mostMembers  = 10000
)

// memberList is the answer to presence.
type memberList struct {
	Room    string   `json:"room"`
	Total   int      `json:"total"`
	Members []member `json:"members"`
	Next    string   `json:"next,omitempty"` // to be given as after, if there is more
}

type member struct {
	ID    string          `json:"id"`
	Node  string          `json:"node"`
	Value json.RawMessage `json:"value,omitempty"` // what it shows of itself; a string if that is no JSON
}

// presence tells who is in a room, on all nodes, by ID.
func (a *API) presence(c *call) (any, error) {
	query, err := readQuery(c.r.URL.RawQuery, "after", "limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(query, usualMembers, mostMembers)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.patience(c)
	defer cancel()
	present, err := a.hub.Present(ctx, c.room)
	if err != nil {
		return nil, err
	}
	present = slices.SortedFunc(slices.Values(present), func(a, b hub.Member) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Node, b.Node))
	})
	list := memberList{Room: c.room, Total: len(present), Members: []member{}}
	after := query.Get("after")
	first, _ := slices.BinarySearchFunc(present, after, func(m hub.Member, after string) int {
		if m.ID <= after && after != "" {
			return -1
		}
		return 1
	})
	present = present[first:]
	if len(present) > n {
		present, list.Next = present[:n], present[n-1].ID
	}
	for _, m := range present {
		list.Members = append(list.Members, member{m.ID, m.Node, valueOf(m.Value)})
	}
	return list, nil
}

func valueOf(value []byte) json.RawMessage {
	if len(value) == 0 || utf8.Valid(value) && json.Valid(value) {
		return value
	}
	text, _ := json.Marshal(string(value)) // what is not UTF-8 in it becomes U+FFFD
	return text
}
