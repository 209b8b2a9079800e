package demo

import (
	"github.com/everwire/everwire/cmd/everwire/internal/chat"
	"github.com/everwire/everwire/websocket"
)

// Chat is the chat of a server that is alone: see package chat. One that is to be one chat with others has
// [chat.New] make it of a Hub that they share.
func Chat() *websocket.Server { return chat.New(chat.Options{}) }
