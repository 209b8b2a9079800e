package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A mutation is a way to break the program: in file, old becomes new.
type mutation struct {
	name     string
	file     string
	old, new string // old must stand in the file exactly once
	test     string // the test that must fail,
	says     string // and a part of what it must say then
}

const (
	demos = "cmd/everwire/internal/demo/"
	pages = "cmd/everwire/internal/pages/static/"

	echo  = demos + "echo.go"
	hello = demos + "hello.go"
	chat  = demos + "chat.go"
)

var mutations = []mutation{
	{
		name: "wrong accept key",
		file: "websocket/handshake/key.go",
		old:  `const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"`,
		new:  `const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B12"`,
		test: "TestEchoFromConnectToDisconnect",
		says: `Incorrect 'Sec-WebSocket-Accept' header value`,
	},
	{
		name: "no echo",
		file: echo,
		old:  `s.SendMessage(m)`,
		new:  `_ = m`,
		test: "TestEchoFromConnectToDisconnect",
		says: `"CONNECTED!" "Sending \"WebSockets are cool!\""]`,
	},
	{
		name: `missing "Hello?"`,
		file: echo,
		old:  `s.SendText("Hello?")`,
		new:  ``,
		test: "TestEchoSaysHello",
		says: `["Opening WebSocket..." "CONNECTED!"]`,
	},
	{
		name: "close code",
		file: hello,
		old:  `s.Close(websocket.CloseNormal, `,
		new:  `s.Close(websocket.CloseGoingAway, `,
		test: "TestHelloFromOpenToClose",
		says: `code=1001 reason=Bye, John`,
	},
	{
		name: "no Close frame", // wasClean is false
		file: hello,
		old:  `s.Close(websocket.CloseNormal, cutOctets("Bye, "+name, longestReason))`,
		new:  `s.Terminate()`,
		test: "TestHelloFromOpenToClose",
		says: `"[close] Connection died" "wasClean=false"]`,
	},
	{
		name: "bytes for characters",
		file: chat,
		old:  `cutCharacters(m.Bytes(), chatCharacters)`,
		new:  `[]byte(cutOctets(m.Text(), chatCharacters))`,
		test: "TestChatCutsToCharacters",
		says: `["ж日😀é!ж日😀é!ж日😀é!ж日😀é!ж"]`,
	},
	{
		name: "chat newest last",
		file: pages + "chat.js",
		old:  `messages.prepend(message);`,
		new:  `messages.append(message);`,
		test: "TestChatReachesEveryoneNewestFirst",
		says: `["Hello, is there anybody?" "Only me"]`,
	},
	{
		name: "a byte is missing",
		file: demos + "binary.go",
		old:  `sendBack(s, m)`,
		new:  `s.Send(m.Bytes()[1:])`,
		test: "TestBinarySendsAFileThereAndBack",
		says: `Not the same: what came back differs from what was sent.`,
	},
	{
		name: "no pause",
		file: demos + "rate.go",
		old:  `s.Pause()`,
		new:  ``,
		test: "TestRateWithTheCheckAndWithout",
		says: `at 128 KiB/s`,
	},
	{
		name: "cookies are shown",
		file: demos + "handshake.go",
		old:  `"cookie", "auth"`,
		new:  `"auth"`,
		test: "TestHandshakeHidesCookies",
		says: `the cookie is shown: "session=hush"`,
	},
	{
		name: "worst first",
		file: pages + "subprotocols.js",
		old:  `new WebSocket(endpoint, asked)`,
		new:  `new WebSocket(endpoint, asked.toReversed())`,
		test: "TestSubprotocolsAreAgreedOn",
		says: `socket.protocol is \"wamp\"`,
	},
	{
		name: "no check of origins",
		file: "websocket/accept.go",
		old:  `err := handshake.CheckOrigin(req, set.origins); err != nil {`,
		new:  `err := handshake.CheckOrigin(req, set.origins); false && err != nil {`,
		test: "TestPagesOfOtherOrigins",
		says: `nobody else is let in: the page saw ["open "`,
	},
}

// apply returns a file's content with the mutation in it.
func (m *mutation) apply(content []byte) ([]byte, error) {
	if n := bytes.Count(content, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("the mutation %q does not match the code: %s has %q %d times, not once", m.name, m.file, m.old, n)
	}
	return bytes.Replace(content, []byte(m.old), []byte(m.new), 1), nil
}

// applyAll returns the file of each mutation, below root, with the mutation in it. Its error has all that do not
// match.
func applyAll(root string, mutations []mutation) (mutants [][]byte, err error) {
	for _, m := range mutations {
		content, e := os.ReadFile(filepath.Join(root, m.file))
		if e == nil {
			content, e = m.apply(content)
		}
		mutants = append(mutants, content)
		err = errors.Join(err, e)
	}
	return mutants, err
}
