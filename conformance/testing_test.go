package conformance_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

// within is set where the tests of other programs, as it were, are run by TestReportToGoTest.
const within = "CONFORMANCE_TEST_WITHIN"

func skipUnlessWithin(t *testing.T) {
	if os.Getenv(within) == "" {
		t.Skip("it is for TestReportToGoTest")
	}
}

func TestWithinServer(t *testing.T) {
	skipUnlessWithin(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.Terminate()
		for {
			_, data, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), websocket.Binary, data) != nil { // text messages too
				return
			}
		}
	}))
	defer srv.Close()
	conformance.TestServer(t, wsURL(srv), &conformance.Options{Cases: "1", Patience: patient,
		OnStart: func(c *conformance.Case) { t.Log("asked " + c.ID) }})
}

func TestWithinClient(t *testing.T) {
	skipUnlessWithin(t)
	conformance.TestClient(t, func(ctx context.Context, url string) error {
		return echoWithConn(ctx, url, nil)
	}, &conformance.Options{Cases: "1", Patience: patient, OnStart: func(c *conformance.Case) { t.Log("asked " + c.ID) }})
}

func TestWithinUnreachable(t *testing.T) {
	skipUnlessWithin(t)
	srv := httptest.NewServer(nil)
	srv.Close()
	conformance.TestServer(t, wsURL(srv), &conformance.Options{Patience: time.Second})
}

func TestWithinNoCase(t *testing.T) {
	skipUnlessWithin(t)
	conformance.TestServer(t, "ws://x", &conformance.Options{Cases: "1.1.1,none"})
}

func TestReportToGoTest(t *testing.T) {
	itself, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		name, run string
		fails     bool
		says, not []string
	}{
		{"one case of a server", "^TestWithinServer$/^1.2.2", false,
			[]string{"asked 1.2.2\n", "--- PASS: TestWithinServer/1.2.2_a_binary_message_of_125_octets"}, []string{"asked 1.2.3", "1.2.1"}},
		{"one that fails", "^TestWithinServer$/^1.1.2", true,
			[]string{"--- FAIL: TestWithinServer/1.1.2_a_text_message", "behavior: FAILED: the binary message ", "GET / HTTP/1.1\n",
				"HTTP/1.1 101 ", " > Text, 125 octets, masked: 81 fd ", " < Binary, 125 octets: 82 7d 2a 2a", "(127 octets)"}, nil},
		{"several, of which some fail", "^TestWithinServer$", true,
			[]string{"asked 1.1.1\n", "asked 1.2.8\n", "--- PASS: TestWithinServer/1.2.8", "--- FAIL: TestWithinServer/1.1.8"}, nil},
		{"none", "^TestWithinServer$/^99", false, nil, []string{"asked"}},
		{"one case of a client", "^TestWithinClient$/1.2.3", false,
			[]string{"asked 1.2.3\n", "--- PASS: TestWithinClient/1.2.3_a_binary_message_of_126_octets"}, []string{"asked 1.2.4"}},
		{"a server that is not there", "^TestWithinUnreachable$/^1.1", true,
			[]string{"cannot connect to ws://127.0.0.1:", "--- SKIP: TestWithinUnreachable/1.1.1", "the run ended before this case"}, nil},
		{"a pattern that means nothing", "^TestWithinNoCase$", true, []string{`no case is meant by "none"`}, nil},
	} {
		t.Run(each.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), itself, "-test.v", "-test.run", each.run)
			cmd.Env = append(os.Environ(), within+"=1", "GORACE=atexit_sleep_ms=0")
			out, err := cmd.CombinedOutput()
			if failed := err != nil; failed != each.fails {
				t.Errorf("it ended with %v", err)
			}
			for _, s := range each.says {
				if !strings.Contains(string(out), s) {
					t.Errorf("it does not say %q", s)
				}
			}
			for _, s := range each.not {
				if strings.Contains(string(out), s) {
					t.Errorf("it says %q", s)
				}
			}
			if t.Failed() {
				t.Logf("%s", out)
			}
		})
	}
}

func TestResultIsToldInLines(t *testing.T) {
	c := conformance.Cases(conformance.Server)[0]
	r := &conformance.Result{Case: c, Behavior: conformance.NonStrict, Reason: "so it was", Close: conformance.OK,
		Request: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"}
	for i := range 100 {
		r.Log = append(r.Log, conformance.Entry{At: time.Duration(i) * time.Millisecond, Sent: i%2 == 0, Note: "a frame",
			Octets: make([]byte, 40), Length: 1000})
	}
	got := r.String()
	for _, want := range []string{
		"case 1.1.1, a text message of 0 octets (RFC 6455 §5.6)\nbehavior: NON-STRICT: so it was\nclose: OK\n",
		"request:\n    GET / HTTP/1.1\n    Host: x\non the wire",
		"\n        0.000 ms > a frame: 00 00",
		"00 … (1000 octets)\n",
		"\n       39.000 ms <",
		"\n    … and 20 more …\n",
		"\n       60.000 ms >",
		"\n       99.000 ms <",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for _, not := range []string{"40.000 ms", "59.000 ms", "response"} {
		if strings.Contains(got, not) {
			t.Errorf("%q is in\n%s", not, got)
		}
	}
}
