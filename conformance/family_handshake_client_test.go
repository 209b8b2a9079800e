package conformance

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A naiveClient sends a request, and takes whatever comes.
type naiveClient struct {
	change func(head) head // of the request
	wire   func(string) string
	heeds  func(answer string) bool // whether it takes an answer; nil for all
	key    string
	stays  bool // it does not end the stream
	early  bool // it sends a frame before the answer is there
}

func (n naiveClient) echo(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	key := n.key
	if key == "" {
		key = newKey()
	}
	h := head{"GET " + u.RequestURI() + " HTTP/1.1", []field{{"Host", u.Host}, {"Upgrade", "websocket"}, {"Connection", "Upgrade"},
		{"Sec-WebSocket-Key", key}, {"Sec-WebSocket-Version", "13"}}}
	if n.change != nil {
		h = n.change(h)
	}
	wire := h.String()
	if n.wire != nil {
		wire = n.wire(wire)
	}
	if n.early {
		f := text("early")
		wire = string(f.append([]byte(wire), true))
	}
	io.WriteString(nc, wire)
	in := bufio.NewReaderSize(nc, 64<<10)
	answer, _ := readHead(in)
	if n.heeds == nil || n.heeds(answer) {
		echoFrames(in, nc, true)
		return nil
	}
	if n.stays {
		io.Copy(io.Discard, nc)
	}
	return errors.New("refused")
}

func runWith(t *testing.T, n naiveClient, cases string) []*Result {
	t.Helper()
	patience := 30 * time.Second
	if n.stays {
		patience = 300 * time.Millisecond
	}
	results, err := RunClient(t.Context(), n.echo, &Options{Cases: cases, Patience: patience, Parallel: 16})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestClientsThatAlwaysDoTheSame(t *testing.T) {
	refuses := func(string) bool { return false }
	for _, tt := range []struct {
		name   string
		client naiveClient
		want   map[string]Verdict // by what is expected
	}{
		{"takes all", naiveClient{}, map[string]Verdict{mustReject.expects: Failed, shouldReject.expects: NonStrict,
			mayReject.expects: Informational, mustTake.expects: OK, shouldTake.expects: OK, mayTake.expects: OK}},
		{"refuses all", naiveClient{heeds: refuses}, map[string]Verdict{mustReject.expects: OK, shouldReject.expects: OK,
			mayReject.expects: OK, mustTake.expects: Failed, shouldTake.expects: NonStrict, mayTake.expects: Informational}},
		{"refuses all and stays", naiveClient{heeds: refuses, stays: true}, map[string]Verdict{mustReject.expects: Failed,
			shouldReject.expects: Failed, mustTake.expects: Failed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			judged := 0
			// Not those in which the suite ends its stream, with which each of these ends its own, nor an
			// interim answer.
			for _, r := range runWith(t, tt.client, "15.*,!15.1.*,!15.3.*,!15.7.1,!15.7.2,!15.7.3,!15.8.23") {
				want, found := tt.want[r.Case.Expects]
				if !found {
					continue
				}
				judged++
				if r.Behavior != want {
					t.Errorf("%s %s: %s (%s), not %s", r.Case.ID, r.Case.Name, r.Behavior, r.Reason, want)
				}
			}
			if judged < 30 {
				t.Errorf("only %d cases were judged", judged)
			}
		})
	}
}

func TestClientsThatSpeakBehindARefusalFail(t *testing.T) {
	for _, r := range runWith(t, naiveClient{}, "15.3") {
		if r.Case.Expects == mustReject.expects && r.Behavior != Failed {
			t.Errorf("%s %s: %s (%s)", r.Case.ID, r.Case.Name, r.Behavior, r.Reason)
		}
	}
}

func TestRequestsWithAFault(t *testing.T) {
	for _, tt := range []struct {
		name, id string
		client   naiveClient
		want     Verdict
	}{
		{"no fault", "15.1", naiveClient{}, OK},
		{"a good offer", "15.1", naiveClient{change: func(h head) head {
			return h.and("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits, x-a; b=1").and("Origin", "http://a.example:81").
				and("Sec-WebSocket-Protocol", "a, b")
		}}, OK},
		{"a method", "15.1.1", naiveClient{change: method("POST")}, Failed},
		{"a version", "15.1.1", naiveClient{change: proto("HTTP/1.0")}, Failed},
		{"a fragment", "15.1.1", naiveClient{change: target(func(t string) string { return t + "#x" })}, Failed},
		{"no port", "15.1.2", naiveClient{change: sets("Host", "127.0.0.1")}, Failed},
		{"another port", "15.1.2", naiveClient{change: sets("Host", "127.0.0.1:1")}, Informational},
		{"an empty host", "15.1.2", naiveClient{change: sets("Host", "")}, Failed},
		{"two hosts", "15.1.8", naiveClient{change: adds("Cookie", "a"), wire: withLine("Cookie: b")}, Failed},
		{"no upgrade", "15.1.3", naiveClient{change: lacks("Upgrade")}, Failed},
		{"no connection", "15.1.4", naiveClient{change: sets("Connection", "keep-alive")}, Failed},
		{"a short key", "15.1.5", naiveClient{key: "AQIDBAUGBwg="}, Failed},
		{"two keys", "15.1.5", naiveClient{change: adds("Sec-WebSocket-Key", "a")}, Failed},
		{"the sample key", "15.1.6", naiveClient{key: "dGhlIHNhbXBsZSBub25jZQ=="}, Failed},
		{"another version of the protocol", "15.1.7", naiveClient{change: sets("Sec-WebSocket-Version", "8")}, Failed},
		{"two versions", "15.1.8", naiveClient{change: adds("Sec-WebSocket-Version", "13")}, Failed},
		{"a malformed offer", "15.1.9", naiveClient{change: adds("Sec-WebSocket-Extensions", "a; =")}, Failed},
		{"an empty offer", "15.1.9", naiveClient{change: adds("Sec-WebSocket-Extensions", "")}, Failed},
		{"a window of 7 bits", "15.1.9", naiveClient{change: adds("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=7")}, Failed},
		{"a parameter twice", "15.1.9", naiveClient{change: adds("Sec-WebSocket-Extensions",
			"permessage-deflate; client_max_window_bits; client_max_window_bits")}, Failed},
		{"a malformed subprotocol", "15.1.10", naiveClient{change: adds("Sec-WebSocket-Protocol", "a b")}, Failed},
		{"a subprotocol twice", "15.1.10", naiveClient{change: adds("Sec-WebSocket-Protocol", "a, b, a")}, Failed},
		{"an origin with a path", "15.1.11", naiveClient{change: adds("Origin", "http://a.example/b")}, Failed},
		{"a body", "15.1.12", naiveClient{change: adds("Content-Length", "3"), wire: func(w string) string { return w + "abc" }}, Failed},
		{"a frame too early", "15.1.12", naiveClient{early: true}, Failed},
		{"LF alone", "15.1.13", naiveClient{wire: func(w string) string { return strings.Replace(w, "\r\n", "\n", 2) }}, Failed},
		{"octets that are not ASCII", "15.1.13", naiveClient{change: adds("X-Octets", "\xc3\xa4")}, NonStrict},
		{"a folded field", "15.1.13", naiveClient{wire: withLine("X-Folded: a\r\n b")}, Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range runWith(t, tt.client, tt.id) {
				if r.Behavior != tt.want {
					t.Errorf("%v\nnot %s", r, tt.want)
				}
			}
		})
	}
}

func TestAKeyThatIsNotNewFails(t *testing.T) {
	client := naiveClient{key: newKey()}
	if r := runWith(t, client, "15.8.1")[0]; r.Behavior != OK {
		t.Errorf("the first time: %v", r)
	}
	if r := runWith(t, client, "15.8.2")[0]; r.Behavior != Failed {
		t.Errorf("the second time: %v", r)
	}
}

func TestAClientThatFollowsARedirectIsTold(t *testing.T) {
	follow := func(ctx context.Context, address string) error {
		var nc net.Conn
		var err error
		naiveClient{heeds: func(answer string) bool {
			_, rest, _ := strings.Cut(answer, "Location: http://")
			host, _, _ := strings.Cut(rest, "/")
			nc, err = net.Dial("tcp", host) // before it leaves, as it is not looked for for long after that
			return false
		}}.echo(ctx, address)
		if nc == nil {
			return err
		}
		defer nc.Close()
		io.WriteString(nc, "GET / HTTP/1.1\r\n\r\n")
		io.Copy(io.Discard, nc)
		return nil
	}
	results, err := RunClient(t.Context(), follow, &Options{Cases: "15.3.10", Patience: 30 * time.Second})
	if err != nil || results[0].Behavior != Informational {
		t.Error(err, results)
	}
}
