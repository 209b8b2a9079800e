package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// compressing are options for pairs that compress everything, some with a window shared over messages.
func compressing(c websocket.Compression) *wstest.PairOptions {
	c.Threshold = -1
	o := &wstest.PairOptions{Compression: true}
	o.Accept.Compression, o.Dial.Compression = c, c
	return o
}

var compressions = []struct {
	name string
	websocket.Compression
	extensions string
}{
	{"default", websocket.Compression{},
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	{"takeover", websocket.Compression{ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext},
		"permessage-deflate"},
	{"takeover of the client's", websocket.Compression{ClientTakeover: websocket.KeepContext},
		"permessage-deflate; server_no_context_takeover"},
	{"small windows", websocket.Compression{ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext,
		ServerWindowBits: 8, ClientWindowBits: 9},
		"permessage-deflate; server_max_window_bits=8; client_max_window_bits=9"},
	{"another level", websocket.Compression{Level: 5},
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
}

// octetsOf is a message that compresses, and not to nothing.
func octetsOf(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	words := strings.Fields("the socket opens and a message goes to every member of the room until it closes")
	var b []byte
	for len(b) < n {
		b = append(append(b, words[r.IntN(len(words))]...), ' ', byte('a'+r.IntN(26)))
	}
	return b[:n]
}

func TestCompressedMessagesBetweenSockets(t *testing.T) {
	for _, row := range compressions {
		t.Run(row.name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				got := make(chan websocket.Message, 100)
				echo := func(s *websocket.Socket) {
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
				}
				subject, peer := a.connect(t, compressing(row.Compression), func(s *websocket.Socket) {
					s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Clone() })
				}, echo)
				equal(t, "extensions", subject.Extensions(), row.extensions)
				equal(t, "the peer's extensions", peer.Extensions(), row.extensions)
				for _, n := range []int{0, 1, 100, 100, 5000, 20_000, 200_000, 100} {
					want := octetsOf(n)
					must(t, subject.SendText(string(want)))
					if m := <-got; m.Type() != websocket.Text || !bytes.Equal(m.Bytes(), want) {
						t.Fatalf("%d octets came back as %s of %d", n, m.Type(), m.Len())
					}
				}
				blob := octetsOf(300_000)
				must(t, subject.SendBlob(bytes.NewReader(blob), int64(len(blob))))
				if m := <-got; !bytes.Equal(m.Bytes(), blob) {
					t.Fatalf("a blob came back with %d octets", m.Len())
				}
				p, err := websocket.Prepare(websocket.Binary, octetsOf(30_000))
				must(t, err)
				for range 3 {
					must(t, subject.SendPrepared(p))
					must(t, subject.Send(octetsOf(100)))
					if m := <-got; !bytes.Equal(m.Bytes(), octetsOf(30_000)) {
						t.Fatalf("a prepared message came back with %d octets", m.Len())
					}
					if m := <-got; !bytes.Equal(m.Bytes(), octetsOf(100)) {
						t.Fatalf("the message behind it came back with %d octets", m.Len())
					}
				}
				must(t, subject.Flush(context.Background()))
				equal(t, "buffered amount", subject.BufferedAmount(), 0)
			})
		})
	}
}

func TestCompressedMessagesBetweenConns(t *testing.T) {
	for _, row := range compressions {
		t.Run(row.name, func(t *testing.T) {
			overStreams(t, func(t *testing.T, conns connPair) {
				s, c := conns(t, compressing(row.Compression))
				equal(t, "extensions", s.Extensions(), row.extensions)
				equal(t, "the client's extensions", c.Extensions(), row.extensions)
				go func() {
					for {
						typ, r, err := s.Reader(forever)
						if err != nil {
							return
						}
						w, err := s.Writer(forever, typ)
						if err != nil {
							return
						}
						io.Copy(w, r)
						w.Close()
					}
				}()
				for i, n := range []int{0, 1, 100, 100, 5000, 20_000, 200_000, 3_00, 1_000_000} {
					want := octetsOf(n)
					go c.Write(forever, websocket.Binary, want)
					var got []byte
					var err error
					switch i % 3 {
					case 0:
						_, got, err = c.Read(forever)
					case 1:
						var r io.Reader
						_, r, err = c.Reader(forever)
						must(t, err)
						got, err = io.ReadAll(r)
					case 2:
						for m, e := range c.Messages(forever) {
							got, err = bytes.Clone(m.Bytes()), e
							break
						}
					}
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%d octets came back as %d, %v", n, len(got), err)
					}
				}
			})
		})
	}
}

// countingWrites counts what a client writes.
func countingWrites(n *int64) func(net.Conn) net.Conn {
	return func(nc net.Conn) net.Conn { return &countingConn{nc, n} }
}

type countingConn struct {
	net.Conn
	n *int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return c.Conn.Write(p)
}

// What is sent is what was asked for: by size, by message, by connection.
func TestWhichMessagesAreCompressed(t *testing.T) {
	text := strings.Repeat("ab", 300) // 600 octets, some 10 when compressed
	for _, row := range []struct {
		name       string
		opts       websocket.Compression
		message    string
		choice     websocket.Compress
		compressed bool
	}{
		{"large", websocket.Compression{}, text, websocket.CompressLarge, true},
		{"of 511 octets", websocket.Compression{}, text[:511], websocket.CompressLarge, false},
		{"of 512 octets", websocket.Compression{}, text[:512], websocket.CompressLarge, true},
		{"below a threshold", websocket.Compression{Threshold: 601}, text, websocket.CompressLarge, false},
		{"small, no threshold", websocket.Compression{Threshold: -1}, text[:50], websocket.CompressLarge, true},
		{"small, asked for", websocket.Compression{}, text[:50], websocket.CompressAlways, true},
		{"large, not wanted", websocket.Compression{}, text, websocket.CompressNever, false},
		{"does not shrink", websocket.Compression{}, "abcdefghij", websocket.CompressAlways, false},
		{"disabled", websocket.Compression{Disabled: true}, text, websocket.CompressAlways, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			opts := &wstest.PairOptions{Compression: true}
			opts.Accept.Compression, opts.Dial.Compression = row.opts, row.opts
			var n int64
			opts.Client = countingWrites(&n)
			check := func(face string, received string, before int64) {
				equal(t, face+": message", received, row.message)
				if sent := n - before; (sent < int64(len(row.message))) != row.compressed {
					t.Errorf("%s: %d octets were sent as %d", face, len(row.message), sent)
				}
			}
			received := make(chan string, 1)
			_, c := wstest.Sockets(t, opts, func(s *websocket.Socket) {
				s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { received <- m.Text() })
			}, nil)
			before := n
			must(t, c.SendWith(websocket.Outgoing{Data: []byte(row.message), Compress: row.choice}))
			check("Socket", <-received, before)

			p, err := websocket.PrepareWith(websocket.Outgoing{Data: []byte(row.message), Compress: row.choice})
			must(t, err)
			before = n
			must(t, c.SendPrepared(p))
			check("Prepared", <-received, before)

			cs, cc := wstest.Conns(t, opts)
			cc.SetCompression(row.choice)
			before = n
			must(t, cc.Write(forever, websocket.Binary, []byte(row.message)))
			_, data, err := cs.Read(forever)
			must(t, err)
			check("Conn", string(data), before)

			before = n
			must(t, cc.WritePrepared(forever, p))
			_, data, err = cs.Read(forever)
			must(t, err)
			check("Conn, prepared", string(data), before)
		})
	}
}

// A message that grows too large while it is inflated ends with 1009 as soon as it is too large, at either end.
func TestMessagesAreTooBigAlsoWhenCompressed(t *testing.T) {
	t.Run("Socket", func(t *testing.T) {
		promise(t, func(t *testing.T, a arrangement) {
			opts := compressing(websocket.Compression{})
			opts.Accept.Limits.MessageSize, opts.Dial.Limits.MessageSize = 1<<20, 1<<20
			var j, k = newJournal(), newJournal()
			failed := make(chan error, 1)
			_, peer := a.connect(t, opts, func(s *websocket.Socket) {
				j.listen(s)
				s.OnError(func(_ *websocket.Socket, err error) { failed <- err })
			}, k.listen)
			must(t, peer.Send(make([]byte, 1<<20)))
			must(t, peer.Send(make([]byte, 1<<20+1)))
			if err := <-failed; !errors.Is(err, websocket.ErrMessageTooBig) {
				t.Errorf("the error is %v", err)
			}
			equal(t, "messages", count(j.waitClose(t), "message"), 1)
			k.waitFor(t, `close 1009 "a message is larger than the limit of 1048576 bytes"`)
		})
	})
	t.Run("one message is not another's size", func(t *testing.T) {
		opts := compressing(websocket.Compression{})
		opts.Accept.Limits.MessageSize = 20_000
		s, c := wstest.Conns(t, opts)
		large := make([]byte, 20_000) // three quarters of which cannot be compressed
		r := rand.New(rand.NewPCG(1, 1))
		for i := range 15_000 {
			large[i] = byte(r.Uint32())
		}
		for range 5 {
			go c.Write(forever, websocket.Binary, large)
			_, _, err := s.Read(forever)
			must(t, err)
		}
	})
	t.Run("Conn", func(t *testing.T) {
		s, c := wstest.Conns(t, compressing(websocket.Compression{}))
		go c.Write(forever, websocket.Binary, make([]byte, 4<<20))
		if _, _, err := s.Read(forever); !errors.Is(err, websocket.ErrMessageTooBig) {
			t.Errorf("Read: %v", err)
		}
		_, _, err := c.Read(forever)
		equal(t, "code", websocket.CloseCodeOf(err), websocket.CloseMessageTooBig)
	})
}

// What may not be is answered with the code that the RFCs give it.
func TestCompressedFramesThatMayNotBe(t *testing.T) {
	hello := "\xf2\x48\xcd\xc9\xc9\x07\x00"
	for _, row := range []struct {
		name       string
		extensions string
		frames     string
		want       string
	}{
		{"RSV1 without the extension", "", clientFrame(0xC1, hello), "close 1002"},
		{"RSV1", "permessage-deflate", clientFrame(0xC1, hello), "message Hello"},
		{"RSV2", "permessage-deflate", clientFrame(0xA1, hello), "close 1002"},
		{"RSV1 and RSV2", "permessage-deflate", clientFrame(0xE1, hello), "close 1002"},
		{"RSV1 on a Ping", "permessage-deflate", clientFrame(0xC9, ""), "close 1002"},
		{"RSV1 on a Close frame", "permessage-deflate", clientFrame(0xC8, ""), "close 1002"},
		{"RSV1 on a continuation", "permessage-deflate",
			clientFrame(0x41, hello[:3]) + clientFrame(0xC0, hello[3:]), "close 1002"},
		{"fragments", "permessage-deflate",
			clientFrame(0x41, hello[:3]) + clientFrame(0x89, "!") + clientFrame(0x80, hello[3:]), "message Hello"},
		{"fragments, the last is empty", "permessage-deflate",
			clientFrame(0x41, hello) + clientFrame(0x80, ""), "message Hello"},
		{"an empty message", "permessage-deflate", clientFrame(0xC1, "\x00"), "message "},
		{"corrupt", "permessage-deflate", clientFrame(0xC1, "\x06"), "close 1007"},
		{"cut", "permessage-deflate", clientFrame(0xC1, hello[:3]), "close 1007"},
		{"not UTF-8", "permessage-deflate", clientFrame(0xC1, "\xfa\x0f\x00"), "close 1007"},
		{"deflate-frame", "deflate-frame", clientFrame(0xC1, hello), "message Hello"},
		{"deflate-frame, some frames compressed", "x-webkit-deflate-frame",
			clientFrame(0x41, hello) + clientFrame(0x00, ", ") + clientFrame(0xC0, hello), "message Hello, Hello"},
		{"deflate-frame, RSV1 on a Ping", "deflate-frame", clientFrame(0xC9, ""), "close 1002"},
	} {
		t.Run(row.name, func(t *testing.T) {
			nc, j, _ := rawClientOffering(t, row.extensions)
			go io.Copy(io.Discard, nc)
			if _, err := io.WriteString(nc, row.frames); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(row.want, "close") {
				nc.Close()
				if e := j.waitClose(t); !strings.HasPrefix(e[len(e)-1], "close 1006") || count(e, "error") != 1 {
					t.Errorf("got %q, want an error and close 1006", e)
				}
				return
			}
			if e := j.waitFor(t, "message"); e[len(e)-1] != row.want {
				t.Errorf("got %q, want %q", e, row.want)
			}
			nc.Close()
			j.waitClose(t)
		})
	}
}

// clientFrame is a frame with a key of zeros.
func clientFrame(first byte, payload string) string {
	h := frame.Header{Fin: first&0x80 != 0, Rsv: first >> 4 & 7, Opcode: frame.Opcode(first & 15), Masked: true, Length: int64(len(payload))}
	return string(h.Append(nil)) + payload
}

// The handshake that the older documents show: deflate-frame, and nothing added.
func TestDeflateFrame(t *testing.T) {
	for _, name := range []string{"deflate-frame", "x-webkit-deflate-frame"} {
		t.Run(name, func(t *testing.T) {
			nc, _, head := rawClientOffering(t, name)
			defer nc.Close()
			if !strings.Contains(head, "\r\nSec-WebSocket-Extensions: "+name+"\r\n") {
				t.Errorf("the answer is %q", head)
			}
		})
	}
	for _, blob := range []bool{false, true} {
		nc, _, _ := rawClientOffering(t, "deflate-frame", func(s *websocket.Socket) {
			text := strings.Repeat("Everwire ", 20_000)
			if blob {
				s.SendBlob(strings.NewReader(text), int64(len(text)))
			} else {
				s.SendText(text)
			}
		})
		var d deflate.Decompressor
		d.Init(15, true)
		var got []byte
		for fin := false; !fin; {
			h, payload := readFrame(t, nc)
			fin = h.Fin
			if h.Rsv != frame.Rsv1 {
				t.Fatalf("a frame that compresses has the reserved bits %d", h.Rsv)
			}
			for state := deflate.Hungry; state != deflate.Done; payload = nil {
				var piece []byte
				var err error
				piece, state, err = d.Next(payload, true)
				must(t, err)
				got = append(got, piece...)
			}
		}
		equal(t, "octets", len(got), 180_000)
		if !bytes.Equal(got, bytes.Repeat([]byte("Everwire "), 20_000)) {
			t.Error("the content differs")
		}
		nc.Close()
	}
}

// readFrame reads a server's frame.
func readFrame(t *testing.T, r io.Reader) (h frame.Header, payload []byte) {
	t.Helper()
	var b []byte
	for n := 0; n == 0; {
		b = append(b, 0)
		_, err := io.ReadFull(r, b[len(b)-1:])
		must(t, err)
		n, err = h.Parse(b)
		must(t, err)
	}
	payload = make([]byte, h.Length)
	_, err := io.ReadFull(r, payload)
	must(t, err)
	return h, payload
}

// A broadcast is compressed once, whoever gets it and however they keep their context.
func TestABroadcastIsCompressedOnceForAWindow(t *testing.T) {
	text := bytes.Repeat(octetsOf(100), 30)
	p, err := websocket.Prepare(websocket.Text, text)
	must(t, err)
	var g websocket.Group
	got := make(chan string, 100)
	for _, c := range compressions {
		for range 2 {
			s, _ := wstest.Sockets(t, compressing(c.Compression), nil, func(s *websocket.Socket) {
				s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Text() })
			})
			g.Add(s)
		}
	}
	for range 3 {
		equal(t, "sockets reached", g.Publish(p), g.Len())
		for range g.Len() {
			if s := <-got; s != string(text) {
				t.Fatalf("got %d octets", len(s))
			}
		}
	}
	equal(t, "times it was compressed", websocket.CompressedForms(p), 2) // for 8 and 15 bits
}

func TestCompressionThatCannotWork(t *testing.T) {
	for name, c := range map[string]websocket.Compression{
		"level 10":          {Level: 10},
		"level -1":          {Level: -1},
		"a window of 7":     {ServerWindowBits: 7},
		"a window of 16":    {ClientWindowBits: 16},
		"a fallback with 3": {Fallbacks: []deflate.Config{{ClientMaxWindowBits: 3}}},
	} {
		if _, err := websocket.New("ws://x", &websocket.DialOptions{Compression: c}, nil); err == nil {
			t.Errorf("%s: New takes it", name)
		}
		srv := websocket.Server{Options: websocket.AcceptOptions{Compression: c}}
		if err := srv.Serve(wstest.Listen()); err == nil || !strings.Contains(err.Error(), "compression") {
			t.Errorf("%s: Serve says %v", name, err)
		}
	}
}

// What a client offers, in which order, and what comes of it.
func TestFallbacks(t *testing.T) {
	opts := &wstest.PairOptions{Compression: true}
	opts.Dial.Compression = websocket.Compression{ServerWindowBits: 10, ServerTakeover: websocket.DropContext,
		Fallbacks: []deflate.Config{{ClientMaxWindowBits: 9}, {}}}
	var asked []string
	opts.Accept.KeepHeader = []string{"Sec-WebSocket-Extensions"}
	s, c := wstest.Sockets(t, opts, func(s *websocket.Socket) {
		asked = append(asked, s.RequestHeader("Sec-WebSocket-Extensions"))
	}, nil)
	equal(t, "offers", asked[0], "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits, "+
		"permessage-deflate; client_max_window_bits=9, permessage-deflate; client_max_window_bits")
	want := "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10"
	equal(t, "extensions", fmt.Sprint(s.Extensions(), c.Extensions()), want+want)
}

// The request that the documents on WebSocket show, and the answer that they show to it: these fields, with
// these values, and no others.
func TestTheHandshakeThatTheDocumentsShow(t *testing.T) {
	srv := websocket.Server{Options: websocket.AcceptOptions{
		Origins: []string{"https://javascript.info"}, Subprotocols: []string{"soap"},
	}}
	ln := wstest.Listen()
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	nc, err := ln.Dial(t.Context(), "tcp", "javascript.info:80")
	must(t, err)
	io.WriteString(nc, strings.Join([]string{
		"GET /chat HTTP/1.1",
		"Host: javascript.info",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Origin: https://javascript.info",
		"Sec-WebSocket-Key: Iv8io/9s+lYFgZWcXczP8Q==",
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Extensions: deflate-frame",
		"Sec-WebSocket-Protocol: soap, wamp",
		"\r\n",
	}, "\r\n"))
	var head string
	for one := make([]byte, 1); !strings.HasSuffix(head, "\r\n\r\n"); head += string(one) {
		_, err := nc.Read(one)
		must(t, err)
	}
	lines := strings.Split(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n")
	slices.Sort(lines)
	equal(t, "the answer", strings.Join(lines, "\n"), strings.Join([]string{
		"Connection: Upgrade",
		"HTTP/1.1 101 Switching Protocols",
		"Sec-WebSocket-Accept: hsBlbuDTkk24srzEOTBUlZAlC2g=",
		"Sec-WebSocket-Extensions: deflate-frame",
		"Sec-WebSocket-Protocol: soap",
		"Upgrade: websocket",
	}, "\n"))
	nc.Close()
}

// While a compressed message is inflated, its socket may be paused: what is left of its octets is in memory then that others
// read into.
func TestPausingInsideACompressedMessage(t *testing.T) {
	const sockets, messages = 8, 6
	text := octetsOf(300 << 10)
	payload := func(who, i int) []byte {
		b := bytes.Clone(text)
		for j := range b { // about half of it is left when compressed
			b[j] = "0123456789abcdef"[(int(b[j])+who*7+i)&15]
		}
		return b
	}
	compression := websocket.Compression{Threshold: -1}
	var toggling, closed sync.WaitGroup
	srv := &websocket.Server{Options: websocket.AcceptOptions{Compression: compression}}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		who, i := len(r.URL.Path), 0
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if !bytes.Equal(m.Bytes(), payload(who, i)) {
				t.Errorf("message %d of %d is not what was sent", i, who)
			}
			if i++; i == messages {
				s.Close(websocket.CloseNormal, "")
			}
		})
		toggling.Go(func() {
			for s.ReadyState() == websocket.Open {
				s.Pause()
				runtime.Gosched()
				s.Resume()
				runtime.Gosched()
			}
		})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	for who := 1; who <= sockets; who++ {
		closed.Add(1)
		websocket.New("ws://"+ln.Addr().String()+"/"+strings.Repeat("x", who-1), &websocket.DialOptions{Compression: compression},
			func(s *websocket.Socket) {
				s.OnOpen(func(s *websocket.Socket) {
					for i := range messages {
						s.Send(payload(who, i))
					}
				})
				s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
					if e.Code != websocket.CloseNormal {
						t.Errorf("socket %d was closed with %v", who, e)
					}
					closed.Done()
				})
			})
	}
	closed.Wait()
	toggling.Wait()
}

// While others are there, a large message that is compressed is inflated in portions; it comes whole all the same.
func TestALargeCompressedMessageIsInflatedInPortions(t *testing.T) {
	const messages = 10
	small, large := []byte("small"), make([]byte, 4<<20)
	for i := 0; i < len(large); i += 500 { // to a fiftieth: a few KiB are many portions
		copy(large[i:], octetsOf(16+i%97))
	}
	options := websocket.Compression{Threshold: 16}
	srv := &websocket.Server{Options: websocket.AcceptOptions{Compression: options, Limits: websocket.Limits{MessageSize: 8 << 20}}}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			want := large
			if len(m.Bytes()) == len(small) {
				want = small
			}
			if !bytes.Equal(m.Bytes(), want) {
				t.Errorf("a message of %d octets is not what was sent", m.Len())
			}
			s.Send(small)
		})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })

	talk := func(message []byte, stop func(n int) bool) {
		c, err := websocket.Dial(t.Context(), "ws://"+ln.Addr().String(), &websocket.DialOptions{Compression: options})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(websocket.CloseNormal, "")
		for n := 0; !stop(n); n++ {
			if err := c.Write(t.Context(), websocket.Binary, message); err != nil {
				t.Errorf("message %d: %v", n, err)
				return
			}
			if _, answer, err := c.Read(t.Context()); err != nil || string(answer) != "small" {
				t.Errorf("the answer to message %d is %q, %v", n, answer, err)
				return
			}
		}
	}
	var chatting, sending sync.WaitGroup
	done := make(chan struct{})
	for range 2 * runtime.GOMAXPROCS(0) { // on each loop
		chatting.Go(func() {
			talk(small, func(int) bool {
				select {
				case <-done:
					return true
				default:
					return false
				}
			})
		})
	}
	for range 4 {
		sending.Go(func() { talk(large, func(n int) bool { return n == messages }) })
	}
	sending.Wait()
	close(done)
	chatting.Wait()
}
