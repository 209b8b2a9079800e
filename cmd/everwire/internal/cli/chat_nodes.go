package cli

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/websocket/handshake"
)

// chatNodes is a list of where clients reach the chats of nodes, which grows with each Set.
type chatNodes []string

// Set takes several with commas between them.
func (n *chatNodes) Set(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		if err := n.Append(strings.TrimSpace(one)); err != nil {
			return err
		}
	}
	return nil
}

// Append takes one: the URL of a node, or of the chat on it if it has a path.
func (n *chatNodes) Append(s string) error {
	chat, err := chatOf(s)
	if err != nil {
		return fmt.Errorf("%q is not where clients reach a node, such as wss://b.example.com or http://127.0.0.1:8082", s)
	}
	*n = append(*n, chat)
	return nil
}

// chatOf returns the ws or wss URL of the chat at a URL, which may be that of a page as well.
func chatOf(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", err
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/chat"
	}
	if err := handshake.ValidatePattern(u.Host); err != nil { // whose pages are let in
		return "", err
	}
	_, err = pages.Chat([]string{u.String()})
	return u.String(), err
}

func (n *chatNodes) String() string { return strings.Join(*n, ",") }
func (n *chatNodes) Type() string   { return "URLs" }
