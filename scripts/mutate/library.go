package main

// The packages whose tests guard the library. Each control checks something that is far from all mutations.
var (
	inFrame     = libraryTests("./websocket/frame", "TestNewKeyVaries")
	inHandshake = libraryTests("./websocket/handshake", "TestFieldNamesAreCanonical")
	inDeflate   = libraryTests("./websocket/deflate", "TestConfigValidate")
	inProtocol  = libraryTests("./internal/protocol", "TestRoleString")
	inWebsocket = libraryTests("./websocket", "TestBackoffBounds")
)

func libraryTests(path, control string) *testPackage {
	return &testPackage{module: ".", path: path, control: control, timeout: "60s"}
}

// libraryMutations are faults that a careful programmer can make: each leaves the ordinary message as it is.
var libraryMutations = []mutation{
	// Frames and the state between them.
	{
		name: "the masking key starts anew in each piece",
		file: "internal/protocol/receiver.go",
		old:  `r.key = frame.Mask(piece, r.key)`,
		new:  `frame.Mask(piece, r.key)`,
		in:   inProtocol,
		test: "TestEverySplitGivesTheSameEvents",
		says: `[failure 1007 RFC 6455 §8.1]`,
	},
	{
		name: "UTF-8 is judged fragment by fragment",
		file: "internal/protocol/receiver.go",
		old:  `r.inFrame, r.fin = true, h.Fin`,
		new:  `r.inFrame, r.fin, r.utf8 = true, h.Fin, frame.UTF8{}`,
		in:   inProtocol,
		test: "TestReceiverRules",
		says: `gives`,
	},
	{
		name: "a Ping ends the fragmented message around it",
		file: "internal/protocol/receiver.go",
		old:  `return Event{Kind: Ping, Payload: payload}`,
		new:  "r.opcode = frame.Continuation\n\t\treturn Event{Kind: Ping, Payload: payload}",
		in:   inProtocol,
		test: "TestReceiverRules",
		says: `gives`,
	},
	{
		name: "RSV1 is taken on a continuation frame",
		file: "internal/protocol/inflate.go",
		old:  `(h.Opcode != frame.Continuation || r.inflater.perFrame)`,
		new:  `true`,
		in:   inWebsocket,
		test: "TestCompressedFramesThatMayNotBe",
		says: `want an error and close 1006`,
	},
	{
		name: "1015 may be sent",
		file: "websocket/frame/close.go",
		old:  `c >= 1007 && c <= 1014`,
		new:  `c >= 1007 && c <= 1015`,
		in:   inFrame,
		test: "TestEveryCloseCode",
		says: `1015 (`,
	},

	// Limits and memory.
	{
		name: "a message may have one octet too many",
		file: "internal/protocol/receiver.go",
		old:  `r.size > max-h.Length`,
		new:  `r.size > max-h.Length+1`,
		in:   inWebsocket,
		test: "TestMessageWithinTheLimitIsReadAndOneOctetMoreIs1009",
		says: `want websocket: message too big`,
	},
	{
		name: "the limit is applied when all is inflated",
		file: "internal/protocol/inflate.go",
		old:  `max > 0 && r.size > max {`,
		new:  `max > 0 && r.size > max && r.fin && !r.inFrame {`,
		in:   inProtocol,
		test: "TestTheLimitHoldsWhileAMessageIsInflated",
		says: `octets, want 1009 at the limit of 100000`,
	},
	{
		name: "a message in part stays in the budget",
		file: "websocket/socket_close.go",
		old:  "\ts.holdInput()\n",
		new:  "",
		in:   inWebsocket,
		test: "TestNothingIsLeftInTheBudget",
		says: `octets left: got `,
	},

	// Compression.
	{
		name: "small messages refer back beyond the window",
		file: "websocket/deflate/compressor.go",
		old:  `last(context, 1<<bits-n)`,
		new:  `context`,
		in:   inDeflate,
		test: "TestASmallMessageRefersToNothingThatLeavesTheWindowMeanwhile",
		says: `distance 257, <nil>; the window has 256`,
	},
	{
		name: "the context is kept though none is agreed on",
		file: "websocket/compressor.go",
		old:  `!p.ServerNoContextTakeover && set.keepsContext(role)`,
		new:  `set.keepsContext(role)`,
		in:   inWebsocket,
		test: "TestBothEndsDoTheSameWithTheContext",
		says: `corrupt`,
	},
	{
		name: "only a message's last piece is remembered",
		file: "websocket/deflate/decompressor.go",
		old:  `err == nil && d.takeover`,
		new:  `err == nil && d.takeover && state == Done`,
		in:   inDeflate,
		test: "TestTheContextHasAllPiecesOfALargeMessage",
		says: `message 1: got 0 octets, deflate: the compressed data is corrupt`,
	},
	{
		name: "the server bounds a client that did not offer it",
		file: "websocket/deflate/answer.go",
		old:  `bits = min(asked.clientMaxWindowBits, c.clientMaxWindowBits())`,
		new:  `bits = min(orMax(asked.clientMaxWindowBits), c.clientMaxWindowBits())`,
		in:   inDeflate,
		test: "TestSelect",
		says: `client_max_window_bits=11`,
	},
	{
		name: "the client takes an answer beyond its offer",
		file: "websocket/deflate/answer.go",
		old:  `case granted.serverMaxWindowBits > orMax(asked.serverMaxWindowBits):`,
		new:  `case false:`,
		in:   inDeflate,
		test: "TestAcceptRefuses",
		says: `error is <nil>, want a *handshake.Error about "is 11, and the offer's 10"`,
	},

	// The opening handshake.
	{
		name: "Sec-WebSocket-Accept is compared by its length",
		file: "websocket/handshake/offer.go",
		old:  `trim(accepts[0]) != Accept(o.Key)`,
		new:  `len(trim(accepts[0])) != len(Accept(o.Key))`,
		in:   inHandshake,
		test: "TestJudgeRefuses",
		says: `error is <nil>, want an *Error about "does not answer"`,
	},
	{
		name: "an origin's port does not matter",
		file: "websocket/handshake/origin.go",
		old:  ` && port == o.effectivePort()`,
		new:  ``,
		in:   inHandshake,
		test: "TestOriginIsRefused",
		says: `let in`,
	},
	{
		name: "the server's order of subprotocols counts",
		file: "websocket/handshake/subprotocol.go",
		old:  "for _, name := range offered {\n\t\tif slices.Contains(supported, name) {",
		new:  "for _, name := range supported {\n\t\tif slices.Contains(offered, name) {",
		in:   inHandshake,
		test: "TestSelectSubprotocol",
		says: `SelectSubprotocol(`,
	},

	// Closing.
	{
		name: "the Close frame goes before what was sent",
		file: "websocket/socket_output.go",
		old:  `s.closeWant.wanted && (s.queue.n == 0 || s.closeWant.urgent)`,
		new:  `s.closeWant.wanted && (s.queue.n < 2 || s.closeWant.urgent)`,
		in:   inWebsocket,
		test: "TestWhateverWasSentLastLeavesBeforeTheCloseFrame",
		says: `messages: got 5, want 6`,
	},
	{
		name: "a Socket does not linger",
		file: "websocket/socket_close.go",
		old:  `case after < 0:`,
		new:  `case after < 0 || s.closing.Failed():`,
		in:   inWebsocket,
		test: "TestAPeerThatIsStillSendingReadsTheSocketsCloseFrame",
		says: `connection reset by peer`,
	},
	{
		name: "a Conn does not linger",
		file: "websocket/conn_close.go",
		old:  `if limits.LingerTime < 0 || c.closesFirst() {`,
		new:  `if limits.LingerTime < 0 || c.closing.Failed() || c.closesFirst() {`,
		in:   inWebsocket,
		test: "TestPeerThatIsStillSendingReadsTheCloseFrame",
		says: `connection reset by peer`,
	},

	// A Socket's events and its queue.
	{
		name: "a message is delivered after Close",
		file: "websocket/socket_receive.go",
		old:  "func (s *Socket) data(ev *protocol.Event) {\n\tif s.ReadyState() != Open {",
		new:  "func (s *Socket) data(ev *protocol.Event) {\n\tif s.ReadyState() == Closed {",
		in:   inWebsocket,
		test: "TestMessagesAreNotDeliveredOnceNotOpen",
		says: `events: got [open message 0 message 1 `,
	},
	{
		name: "BufferedAmount falls when a message is taken",
		file: "websocket/socket.go",
		old:  "\tbuffered := s.buffered\n",
		new:  "\tbuffered := s.buffered - s.inFlight\n",
		in:   inWebsocket,
		test: "TestBufferedAmountHoldsAMessageUntilItsLastOctetIsTaken",
		says: `buffered in the middle: got 6, want 4194310`,
	},
	{
		name: "BufferedAmount counts what was dropped",
		file: "websocket/socket_send.go",
		old:  "\ts.holdQueue()\n\ts.buffered -= o.size()\n",
		new:  "\ts.holdQueue()\n",
		in:   inWebsocket,
		test: "TestBufferedAmountFallsByWhatIsDropped",
		says: `buffered after c: got 1006, want 1003`,
	},
	{
		name: "DropOldest drops a blob that was begun",
		file: "websocket/socket_send.go",
		old:  "x.topic() != o.topic() || x.begun() {",
		new:  "x.topic() != o.topic() || x.begun() && s.queue.n == 1 {",
		in:   inWebsocket,
		test: "TestABlobThatWasBegunIsNotDropped",
		says: `first dropped: got , want ka`,
	},
	{
		name: "a broken batch counts as sent",
		file: "websocket/socket_output.go",
		old:  "\t\tif b.ends[i] > b.sent {\n\t\t\tcontinue",
		new:  "\t\tif b.ends[i] > b.sent && b.sent == 0 {\n\t\t\tcontinue",
		in:   inWebsocket,
		test: "TestMessagesOfABrokenBatchAreSettledOnce",
		says: `calls: got [1 2 2], want [1 1 1]`,
	},
	{
		name: "the heartbeat runs on while paused",
		file: "websocket/socket_heartbeat.go",
		old:  `if s.delivering || s.held() {`,
		new:  `if s.delivering {`,
		in:   inWebsocket,
		test: "TestHeartbeatIsSuspendedWhileAListenerRunsOrReadingIsPaused",
		says: `state after a long pause: got CLOSED, want OPEN`,
	},
	{
		name: "a broadcast is masked where all share it",
		file: "websocket/socket_output.go",
		old:  `f.unshare()`,
		new:  ``,
		in:   inWebsocket,
		test: "TestAPreparedMessageArrivesAtEverySocketOfEitherRole",
		says: `want "binary abcdefgabcdef`,
	},
	{
		name: "a Group publishes without its lock",
		file: "websocket/group.go",
		old:  "\tdefer g.mu.Unlock()\n\tn := 0\nmembers:\n\tfor _, s := range g.members {",
		new:  "\tall := append([]*Socket(nil), g.members...)\n\tg.mu.Unlock()\n\tn := 0\nmembers:\n\tfor _, s := range all {",
		in:   inWebsocket,
		test: "TestMembersOfAGroupGetTheSameOrderWhoeverPublishes",
		says: `member 0 `,
	},

	// A Conn's contexts.
	{
		name: "a Read that is interrupted loses what it had",
		file: "websocket/conn_read.go",
		old:  "\t\t\tm.piece, m.own = data, true\n",
		new:  "",
		in:   inWebsocket,
		test: "TestReadContextExpiryLosesNoByte",
		says: `cut at `,
	},
	{
		name: "a frame that was cut off leaves the Conn usable",
		file: "websocket/conn_write.go",
		old:  `cause != nil && sent == 0 && errors.Is`,
		new:  `cause != nil && errors.Is`,
		in:   inWebsocket,
		test: "TestWriteContextExpiryInsideFrameFailsConn",
		says: `want why the connection ended`,
	},
	{
		name: "an answer to Ping is dropped when many wait",
		file: "websocket/socket_heartbeat.go",
		old:  `s.control = s.control[:0] // whole frames, none of them begun`,
		new:  `return`,
		in:   inWebsocket,
		test: "TestASocketAnswersTheLastPingOfAPeerThatDidNotRead",
		says: `opcode: got ping, want pong`,
	},
	{
		name: "who reads slowly is taken for dead",
		file: "websocket/socket_output.go",
		old:  `if s.awaiting && len(s.control) > 0 {`,
		new:  `if s.awaiting && len(s.control) == 0 {`,
		in:   inWebsocket,
		test: "TestASocketsPeerThatReadsSlowlyIsAlive",
		says: `connection reset by peer`,
	},
	{
		name: "a message stands still during a pause",
		file: "websocket/socket_heartbeat.go",
		old:  `s.standsSince.Store(int64(engine.Since()))`,
		new:  `_ = engine.Since`,
		in:   inWebsocket,
		test: "TestAMessageThatAPauseHoldsUpMayGoOnAfterwards",
		says: `connection reset by peer`,
	},
}
