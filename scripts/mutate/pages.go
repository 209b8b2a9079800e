package main

// browser has the tests that open the demos in a real browser. The control opens a page and no WebSocket.
var browser = &testPackage{
	module:  "cmd/everwire",
	path:    "./internal/browser",
	control: "TestIndexShowsThisServersAddresses",
	whole:   true,
	timeout: "180s",
}

const (
	demos = "cmd/everwire/internal/demo/"
	pages = "cmd/everwire/internal/pages/static/"

	echo  = demos + "echo.go"
	hello = demos + "hello.go"
	chat  = "cmd/everwire/internal/chat/raw.go"
)

// pageMutations break the programs behind the demos, and the pages themselves.
var pageMutations = []mutation{
	{
		name: "wrong accept key",
		file: "websocket/handshake/key.go",
		old:  `const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"`,
		new:  `const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B12"`,
		in:   browser,
		test: "TestEchoFromConnectToDisconnect",
		says: `Incorrect 'Sec-WebSocket-Accept' header value`,
	},
	{
		name: "no echo",
		file: echo,
		old:  `s.SendMessage(m)`,
		new:  `_ = m`,
		in:   browser,
		test: "TestEchoFromConnectToDisconnect",
		says: `"CONNECTED!" "Sending \"WebSockets are cool!\""]`,
	},
	{
		name: `missing "Hello?"`,
		file: echo,
		old:  `s.SendText("Hello?")`,
		new:  ``,
		in:   browser,
		test: "TestEchoSaysHello",
		says: `["Opening WebSocket..." "CONNECTED!"]`,
	},
	{
		name: "close code",
		file: hello,
		old:  `s.Close(websocket.CloseNormal, `,
		new:  `s.Close(websocket.CloseGoingAway, `,
		in:   browser,
		test: "TestHelloFromOpenToClose",
		says: `code=1001 reason=Bye, John`,
	},
	{
		name: "no Close frame", // wasClean is false
		file: hello,
		old:  `s.Close(websocket.CloseNormal, cutOctets("Bye, "+name, longestReason))`,
		new:  `s.Terminate()`,
		in:   browser,
		test: "TestHelloFromOpenToClose",
		says: `"[close] Connection died" "wasClean=false"]`,
	},
	{
		name: "bytes for characters",
		file: chat,
		old:  `cutCharacters(m.Bytes(), rawCharacters)`,
		new:  `m.Bytes()[:min(50, len(m.Bytes()))]`,
		in:   browser,
		test: "TestChatCutsToCharacters",
		says: `["ж日😀é!ж日😀é!ж日😀é!ж日😀é!ж"]`,
	},
	{
		name: "chat newest last",
		file: pages + "chat.js",
		old:  `messages.prepend(message);`,
		new:  `messages.append(message);`,
		in:   browser,
		test: "TestChatReachesEveryoneNewestFirst",
		says: `["Hello, is there anybody?" "Only me"]`,
	},
	{
		name: "a byte is missing",
		file: demos + "binary.go",
		old:  `sendBack(s, m)`,
		new:  `s.Send(m.Bytes()[1:])`,
		in:   browser,
		test: "TestBinarySendsAFileThereAndBack",
		says: `Not the same: what came back differs from what was sent.`,
	},
	{
		name: "no pause",
		file: demos + "rate.go",
		old:  `s.Pause()`,
		new:  ``,
		in:   browser,
		test: "TestRateWithTheCheckAndWithout",
		says: `at 128 KiB/s`,
	},
	{
		name: "cookies are shown",
		file: demos + "handshake.go",
		old:  `"cookie", "auth"`,
		new:  `"auth"`,
		in:   browser,
		test: "TestHandshakeHidesCookies",
		says: `the cookie is shown: "session=hush"`,
	},
	{
		name: "worst first",
		file: pages + "subprotocols.js",
		old:  `new WebSocket(endpoint, asked)`,
		new:  `new WebSocket(endpoint, asked.toReversed())`,
		in:   browser,
		test: "TestSubprotocolsAreAgreedOn",
		says: `socket.protocol is \"wamp\"`,
	},
	{
		name: "no check of origins",
		file: "websocket/accept.go",
		old:  `err := handshake.CheckOrigin(req, set.origins); err != nil {`,
		new:  `err := handshake.CheckOrigin(req, set.origins); false && err != nil {`,
		in:   browser,
		test: "TestPagesOfOtherOrigins",
		says: `nobody else is let in: the page saw ["open "`,
	},
}
