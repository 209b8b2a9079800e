package wire

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

var (
	hello    = squeezed("Hello, hello, hello", "Hello, hello, hello")
	headOnly = "client GET /chat?token=x HTTP/1.1"
)

// dialogues are what passes, and what is told of it besides the first two heads and the two ends.
var dialogues = []struct {
	name  string
	feeds []feed
	want  []string
}{
	{"text both ways", opened(client(masked(frame.Text, "Hello")), server(plain(frame.Text, "Hällo"))), []string{
		`client text 5 "Hello"`, `client message text 5 of 5 in 1 "Hello"`,
		`server text 6 "Hällo"`, `server message text 6 of 6 in 1 "Hällo"`,
	}},
	{"control frames inside a message", opened(client(
		masked(frame.Binary, "ab", "more"), masked(frame.Ping, "?"), masked(frame.Continuation, "cd"), masked(frame.Close, closing(1000, "bye")),
	), server(plain(frame.Close, ""))), []string{
		`client binary 2 "ab" more`, `client ping 1 "?"`, `client continuation 2 "cd"`, `client message binary 4 of 4 in 2 "abcd"`,
		`client close 5 "\x03\xe8bye"`, `server close 0 ""`,
	}},
	{"an empty message", opened(client(masked(frame.Text, ""))), []string{
		`client text 0 ""`, `client message text 0 of 0 in 1 ""`,
	}},
	{"frames before the answer", []feed{
		client(request, "\r\n", masked(frame.Text, "early")), server(response, "\r\n", plain(frame.Pong, "")),
	}, []string{
		`client text 5 "early"`, `client message text 5 of 5 in 1 "early"`, `server pong 0 ""`,
	}},
	{"a context taken over", openedCompressing(client(
		masked(frame.Text, hello[0], "rsv1"), masked(frame.Text, "plain"), masked(frame.Text, hello[1], "rsv1"),
	)), []string{
		fmt.Sprintf(`client text %d %q rsv=4`, len(hello[0]), hello[0]),
		fmt.Sprintf(`client message text 19 of %d in 1 "Hello, hello, hello" compressed`, len(hello[0])),
		`client text 5 "plain"`, `client message text 5 of 5 in 1 "plain"`,
		fmt.Sprintf(`client text %d %q rsv=4`, len(hello[1]), hello[1]),
		fmt.Sprintf(`client message text 19 of %d in 1 "Hello, hello, hello" compressed`, len(hello[1])),
	}},
	{"a compressed message in fragments", openedCompressing(server(
		plain(frame.Text, hello[0][:4], "rsv1", "more"), plain(frame.Continuation, "", "more"), plain(frame.Continuation, hello[0][4:]),
	)), []string{
		fmt.Sprintf(`server text 4 %q more rsv=4`, hello[0][:4]), `server continuation 0 "" more`,
		fmt.Sprintf(`server continuation %d %q`, len(hello[0])-4, hello[0][4:]),
		fmt.Sprintf(`server message text 19 of %d in 3 "Hello, hello, hello" compressed`, len(hello[0])),
	}},
	{"corrupt data", openedCompressing(client(masked(frame.Text, "\xff\xff", "rsv1"), masked(frame.Text, hello[0], "rsv1"))), []string{
		`client text 2 "\xff\xff" rsv=4`,
		`client broke: compressed data that is corrupt (RFC 7692 §7.2.2, close code 1007)`,
		`client message text 0 of 2 in 1 "" compressed but deflate: the compressed data is corrupt`,
		fmt.Sprintf(`client text %d %q rsv=4`, len(hello[0]), hello[0]),
		fmt.Sprintf(`client message text 0 of %d in 1 "" compressed but an earlier message could not be inflated, and this one may refer to it`, len(hello[0])),
	}},
	{"a message inside another", openedCompressing(client(masked(frame.Text, hello[0][:3], "rsv1", "more"), masked(frame.Text, "b"))), []string{
		fmt.Sprintf(`client text 3 %q more rsv=4`, hello[0][:3]), `client text 1 "b"`,
		`client broke: a message begins inside another (RFC 6455 §5.4, close code 1002)`,
		`client message text 1 of 1 in 1 "b"`,
	}},
	{"masks the wrong way round", opened(client(plain(frame.Text, "a")), server(masked(frame.Text, "b"))), []string{
		`client text 1 "a" wrongly masked`, `client broke: a client's frame is not masked (RFC 6455 §5.1, close code 1002)`,
		`client message text 1 of 1 in 1 "a"`,
		`server text 1 "b" wrongly masked`, `server broke: a server's frame is masked (RFC 6455 §5.1, close code 1002)`,
		`server message text 1 of 1 in 1 "b"`,
	}},
	{"reserved bits and opcodes", opened(client(masked(frame.Text, "a", "rsv1"), masked(3, "x"), masked(0xB, "y", "rsv2"))), []string{
		`client text 1 "a" rsv=4`, `client broke: a reserved bit is set that nothing agreed on gives a meaning (RFC 6455 §5.2, close code 1002)`,
		`client message text 1 of 1 in 1 "a"`,
		`client reserved 0x3 1 "x"`, `client broke: the opcode is reserved 0x3 (RFC 6455 §5.2, close code 1002)`,
		`client reserved 0xB 1 "y" rsv=2`, `client broke: the opcode is reserved 0xB (RFC 6455 §5.2, close code 1002)`,
		`client broke: a reserved bit is set that nothing agreed on gives a meaning (RFC 6455 §5.2, close code 1002)`,
	}},
	{"control frames that break rules", opened(server(plain(frame.Ping, "a", "more"), plain(frame.Close, "\x03"), plain(frame.Text, "late"))), []string{
		`server ping 1 "a" more`, `server broke: a control frame is fragmented (RFC 6455 §5.5, close code 1002)`,
		`server close 1 "\x03"`, `server broke: a Close frame has a payload of one octet (RFC 6455 §5.5.1, close code 1002)`,
		`server text 4 "late"`, `server broke: a frame after the Close frame (RFC 6455 §5.5.1, close code 1002)`,
		`server message text 4 of 4 in 1 "late"`,
	}},
	{"a continuation of nothing", opened(client(masked(frame.Continuation, "a"))), []string{
		`client continuation 1 "a"`, `client broke: a continuation frame where no message has begun (RFC 6455 §5.4, close code 1002)`,
	}},
	{"text that is not UTF-8, in parts", opened(client(masked(frame.Text, "a\xf0", "more"), masked(frame.Continuation, "b"))), []string{
		`client text 2 "a\xf0" more`, `client continuation 1 "b"`, `client broke: text that is not UTF-8 (RFC 6455 §8.1, close code 1007)`,
		`client message text 3 of 3 in 2 "a\xf0b"`,
	}},
	{"text that ends inside a character", opened(client(masked(frame.Text, "\xc3"))), []string{
		`client text 1 "\xc3"`, `client broke: text that is not UTF-8 (RFC 6455 §8.1, close code 1007)`,
		`client message text 1 of 1 in 1 "\xc3"`,
	}},
	{"a length that is not the shortest", opened(client("\x82\xfe\x00\x05xxxxyyyyy"), server(plain(frame.Text, "still here"))), []string{
		`client broke: a payload length is not in its shortest form (RFC 6455 §5.2, close code 1002)`,
		`server text 10 "still here"`, `server message text 10 of 10 in 1 "still here"`,
	}},
	{"the end inside a frame", opened(client(masked(frame.Text, "Hello")[:8])), []string{`client text 5 "He" truncated cut after 2`}},
	{"the end inside a header", opened(client("\x82")), nil},
	{"interim answers", []feed{
		client(request, "\r\n"), server("HTTP/1.1 103 Early Hints\r\n\r\n", response, "\r\n"),
	}, []string{`server HTTP/1.1 101 Switching Protocols`}},
	{"a refusal", []feed{client(request, "\r\n"), server("HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno!")}, nil},
	{"an answer that agrees on something else", []feed{
		client(request, "\r\n"), server("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", plain(frame.Ping, "")),
	}, []string{
		`server broke: handshake: the server sent no Sec-WebSocket-Accept (RFC 6455 §4.1)`, `server ping 0 ""`,
	}},
	{"an extension nobody knows", []feed{
		client(request, "Sec-WebSocket-Extensions: x\r\n\r\n"), server(response, "Sec-WebSocket-Extensions: x\r\n\r\n"),
		client(masked(frame.Text, "\xff", "rsv2")),
	}, []string{`client text 1 "\xff" rsv=2`, `client message text 1 of 1 in 1 "\xff"`}},
}

func TestDialogues(t *testing.T) {
	for _, row := range dialogues {
		for way, split := range map[string]func() int{"at once": atOnce, "octet by octet": singly} {
			t.Run(row.name+"/"+way, func(t *testing.T) {
				got := run(Config{Messages: true}, row.feeds, split)
				if len(got) < 4 || got[0] != headOnly || !strings.HasPrefix(got[1], "server HTTP/1.1 ") ||
					!strings.HasPrefix(got[len(got)-2], "client end ") || !strings.HasPrefix(got[len(got)-1], "server end ") {
					t.Fatalf("it has not heads and ends where they belong: %q", got)
				}
				if got := got[2 : len(got)-2]; !slices.Equal(got, row.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
				}
			})
		}
	}
}

func TestWhatIsNoHandshake(t *testing.T) {
	for _, row := range []struct {
		name  string
		feeds []feed
		want  []string
	}{
		{"not HTTP", []feed{client("SSH-2.0-OpenSSH\r\n\r\nmore")}, []string{
			`client broke: handshake: what the client sends is not HTTP/1.1 (RFC 6455 §4)`, `client end 23 undecoded 23`, `server end 0`,
		}},
		{"a head without end", []feed{client(strings.Repeat("x", maxHead+1))}, []string{
			`client broke: handshake: the client's head is larger than 64 KiB (RFC 6455 §4)`, `client end 65537 undecoded 65537`, `server end 0`,
		}},
		{"half a head", []feed{client("GET / HT")}, []string{`client end 8 undecoded 8`, `server end 0`}},
		{"an answer to nothing", []feed{server(response, "\r\n")}, []string{
			`server HTTP/1.1 101 Switching Protocols`, `server broke: handshake: the server answers before it was asked (RFC 6455 §4.2.2)`,
			`client end 0`, fmt.Sprintf(`server end %d`, len(response)+2),
		}},
		{"much before the answer", []feed{client(request, "\r\n", strings.Repeat("x", maxHead+1)), server(response, "\r\n")}, []string{
			headOnly, `client broke: handshake: the client sends more than 64 KiB before the server has answered (RFC 6455 §4.1)`,
			`server HTTP/1.1 101 Switching Protocols`,
			fmt.Sprintf(`client end %d undecoded %d`, len(request)+2+maxHead+1, maxHead+1), fmt.Sprintf(`server end %d`, len(response)+2),
		}},
		{"a request that is no handshake", []feed{client("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n"), server("HTTP/1.1 405 No\r\n\r\n")}, []string{
			`client POST / HTTP/1.1`, `client broke: handshake: the method is "POST"; a WebSocket handshake is a GET (RFC 6455 §4.2.1)`,
			`server HTTP/1.1 405 No`, `client end 40`, `server end 19`,
		}},
		{"an ordinary request", []feed{client("POST / HTTP/1.1\r\nHost: a\r\n\r\nbody"), server("HTTP/1.1 200 OK\r\n\r\nbody")}, []string{
			`client POST / HTTP/1.1`, `server HTTP/1.1 200 OK`, `client end 32 undecoded 4`, `server end 23 undecoded 4`,
		}},
		{"a proxy's answer first", append([]feed{
			client("CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n"), server("HTTP/1.1 200 OK\r\n\r\n"),
		}, opened(client(masked(frame.Ping, "")))...), []string{
			`client CONNECT example.com:80 HTTP/1.1`, `server HTTP/1.1 200 OK`, headOnly, `server HTTP/1.1 101 Switching Protocols`,
			`client ping 0 ""`, fmt.Sprintf(`client end %d`, 57+len(request)+2+6), fmt.Sprintf(`server end %d`, 19+len(response)+2),
		}},
	} {
		for way, split := range map[string]func() int{"at once": atOnce, "octet by octet": singly} {
			t.Run(row.name+"/"+way, func(t *testing.T) {
				got := run(Config{}, row.feeds, split)
				if !slices.Equal(got, row.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
				}
			})
		}
	}
}

func TestPayloadsAreCutOffButCounted(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	packed := squeezed(big)[0]
	got := run(Config{Payload: 3, Messages: true}, openedCompressing(
		client(masked(frame.Binary, big), masked(frame.Binary, packed, "rsv1"), masked(frame.Ping, "12345"))), atOnce)
	want := []string{
		`client binary 100000 "xxx" truncated`, `client message binary 100000 of 100000 in 1 "xxx" truncated`,
		fmt.Sprintf(`client binary %d %q rsv=4 truncated`, len(packed), packed[:3]),
		fmt.Sprintf(`client message binary 100000 of %d in 1 "xxx" compressed truncated`, len(packed)),
		`client ping 5 "12345"`,
	}
	if got := got[2 : len(got)-2]; !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestABombIsNotInflatedToItsEnd(t *testing.T) {
	packed := squeezed(strings.Repeat("x", 1<<20), "after")
	got := run(Config{Messages: true, Inflate: 100_000}, openedCompressing(
		client(masked(frame.Binary, packed[0], "rsv1"), masked(frame.Binary, packed[1], "rsv1"))), atOnce)
	if !strings.HasSuffix(got[3], "compressed truncated but "+errTooLarge.Error()) || !strings.HasSuffix(got[5], "but "+errLost.Error()) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestAnEndIsToldOnceWithItsReasonAndTime(t *testing.T) {
	now := time.Unix(1, 0)
	var got []Event
	d := NewDecoder(Config{Now: func() time.Time { return now }}, func(e Event) { got = append(got, e) })
	d.End(FromServer, io.ErrUnexpectedEOF)
	d.End(FromServer, nil)
	d.Write(FromServer, []byte("after"))
	d.Close()
	d.Close()
	if len(got) != 2 || got[0].End.Err != io.ErrUnexpectedEOF || got[0].From != FromServer || got[0].Time != now || got[1].From != FromClient {
		t.Errorf("got %+v", got)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, row := range dialogues {
		var c, s string
		for _, part := range row.feeds {
			if part.from == FromClient {
				c += part.octets
			} else {
				s += part.octets
			}
		}
		f.Add([]byte(c), []byte(s), []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, c, s, splits []byte) {
		feeds := []feed{{FromClient, string(c)}, {FromServer, string(s)}}
		config := Config{Messages: true, Payload: 64, Inflate: 1 << 20}
		whole := run(config, feeds, atOnce)
		i := 0
		split := run(config, feeds, func() int {
			if i++; len(splits) == 0 {
				return 1
			}
			return int(splits[i%len(splits)])
		})
		if !slices.Equal(whole, split) {
			t.Errorf("at once\n%s\nsplit\n%s", strings.Join(whole, "\n"), strings.Join(split, "\n"))
		}
	})
}
