package report

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/everwire/everwire/conformance"
)

var began = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// sampleCases makes cases of several families, n in each.
func sampleCases(families []int, n int) []*conformance.Case {
	var cases []*conformance.Case
	for _, f := range families {
		for i := range n {
			cases = append(cases, &conformance.Case{
				ID:      fmt.Sprintf("%d.%d.%d", f, i/8+1, i%8+1),
				Name:    fmt.Sprintf("a Ping of %d octets between two fragments of a text", i*25),
				Does:    "Sends a text in two frames, and a Ping between them. It is written 997 octets at a time.",
				Expects: "A Pong with the Ping's payload comes first, and then the text.",
				Section: "RFC 6455 §5.4, §5.5.2",
				Tags:    []conformance.Tag{conformance.Fragmentation, conformance.Interleaved},
				Peers:   conformance.Server | conformance.Client,
			})
		}
	}
	return cases
}

// sampleResults makes an agent's results, of which about one in `every` is not OK; 0 means none.
func sampleResults(agent string, cases []*conformance.Case, every int) []*conformance.Result {
	rng := rand.New(rand.NewPCG(uint64(len(agent)), uint64(every)))
	var results []*conformance.Result
	for i, c := range cases {
		r := &conformance.Result{Case: c, Agent: agent, Behavior: conformance.OK, Close: conformance.OK, RemoteCode: 1000,
			Began: began.Add(time.Duration(i) * time.Millisecond), Took: time.Duration(rng.IntN(4_000_000)),
			Request: "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
			Response: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
			Log: []conformance.Entry{
				{At: 412 * time.Microsecond, Sent: true, Note: "Text, 8 octets, not final, masked", Octets: []byte("\x01\x88\x37\xfa\x21\x3dfragment"), Length: 14},
				{At: 430 * time.Microsecond, Sent: true, Note: "Ping, 200 octets, masked", Octets: make([]byte, 206), Length: 206},
				{At: 980 * time.Microsecond, Note: "Text, 700 octets", Octets: make([]byte, 256), Length: 704},
				{At: 1212 * time.Microsecond, Note: "Close, 2 octets", Octets: []byte{0x88, 2, 3, 0xe8}, Length: 4},
				{At: 1301 * time.Microsecond, Note: "end of the stream"},
			}}
		if every > 0 && rng.IntN(every) == 0 {
			switch rng.IntN(8) {
			case 0:
				r.Behavior, r.Reason = conformance.Informational, "the peer closed with 1009, which it may"
			case 1:
				r.Behavior, r.Reason = conformance.Unimplemented, "permessage-deflate was not agreed on"
			case 2, 3:
				r.Behavior, r.Reason = conformance.NonStrict, "the connection was failed, but before the first message was echoed"
			case 4:
				r.Close, r.CloseReason, r.RemoteCode = conformance.WrongCode, "the Close frame has code 1002 instead of 1007", 1002
			case 5:
				r.Close, r.CloseReason, r.RemoteCode = conformance.Unclean, "the stream ended without a Close frame", 0
			default:
				r.Behavior, r.Reason = conformance.Failed, `wanted a Pong "fragment", got the text "fragment1fragment2"`
			}
		}
		results = append(results, r)
	}
	return results
}

var allFamilies = []int{1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14, 16, 17, 18, 19, 20, 21}

// sample is a report of several agents.
func sample(agents, perFamily int) *Report {
	names := []string{"everwire/1.0", "gorilla 1.5.3", "localhost:8080", "gobwas 1.5.0", "gws 1.8.9", "ws 8.18", "µWebSockets 20",
		"tungstenite 0.24", "websockets 14.1", "Jetty 12", "libwebsockets 4.3", "Boost.Beast"}
	cases := sampleCases(allFamilies, perFamily)
	r := New()
	for i, name := range names[:agents] {
		every := 40 / (i + 1)
		if i == 0 {
			every = 0
		}
		r.Add(sampleResults(name, cases, every)...)
	}
	return r
}
