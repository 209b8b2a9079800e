// Package conformance judges WebSocket servers and clients, of any library and in any language, by RFC 6455
// and RFC 7692.
//
// It asks the 517 cases of the classic Autobahn suite under their own numbers, stricter where that is known
// to be lax, and 809 of its own for what that leaves out: the opening handshake, the closing handshake,
// masking, lengths, floods, and how compression is agreed on and used. [Cases] lists them; everwire conform
// is the same on the command line.
//
// A peer that is judged must echo every message. In a test of yours:
//
//	func TestServer(t *testing.T) { conformance.TestServer(t, "ws://localhost:9001", nil) }
//
//	func TestClient(t *testing.T) { conformance.TestClient(t, func(ctx context.Context, url string) error { … }, nil) }
//
// For anything else [RunServer] and [RunClient] return the results, and [ClientSuite] waits for clients that
// speak the classic suite's protocol. Package report makes pages and files of results.
//
// # How it is built
//
// The suite shares nothing with the library beside it, so that it judges that like any other: it writes
// frames of its own, which may break any rule, and reads with a parser that reports what a peer does wrong
// and goes on. Whatever a case is about, a frame that breaks a rule fails it.
//
//	case.go, tags.go, families.go     what a case is, and the rules that it is about
//	family_*.go                       the cases
//	script.go, classic.go, repeated.go, compressed.go, bulk.go
//	                                  how cases of the same kind are put together
//	session.go, ending.go, findings.go
//	                                  one run of a case: speaking to the peer, closing, what was found
//	frame.go, reader.go, event.go     frames out, events in
//	opening.go, agreement.go          the opening handshake; compression, as it is agreed on
//	run.go, client.go, client_run.go, testing.go
//	                                  running many, against a server or a client
//
// That it can fail is shown by peers that are right but for one fault each: see the tests TestBroken.
package conformance
