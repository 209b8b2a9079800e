package conformance_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

const fourCases = "1.1.1,1.1.2,1.2.1,1.2.2"

// serveSuite serves a suite for the time of the test, and returns its URL without a path.
func serveSuite(t *testing.T, suite *conformance.ClientSuite) (base string) {
	t.Helper()
	ln := listen(t)
	serveOn(t, suite, ln)
	return "ws://" + ln.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func serveOn(t *testing.T, suite *conformance.ClientSuite, ln net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- suite.Serve(ln) }()
	t.Cleanup(func() {
		suite.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
}

// newSuite returns one that is patient with the clients of the test.
func newSuite(t *testing.T, opts *conformance.Options) *conformance.ClientSuite {
	t.Helper()
	o := *opts
	o.Patience, o.Timeout = patient, atMost
	suite, err := conformance.NewClientSuite(&o)
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

// hear connects, and returns the messages that come up to the end, and how that came.
func hear(t *testing.T, url string, opts *websocket.DialOptions) (messages []string, closed *websocket.CloseError) {
	t.Helper()
	c, err := websocket.Dial(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	for {
		kind, data, err := c.Read(t.Context())
		if err != nil {
			if !errors.As(err, &closed) {
				t.Fatalf("%s ended with %v", url, err)
			}
			return messages, closed
		}
		if kind != websocket.Text {
			t.Errorf("%s sent a message that is no text", url)
		}
		messages = append(messages, string(data))
	}
}

// runCase does what the classic drivers do for a case, as they do it: whatever happens is the suite's to
// judge.
func runCase(ctx context.Context, base string, n int, agent string) {
	echoWithConn(ctx, fmt.Sprintf("%s/runCase?case=%d&agent=%s", base, n, url.QueryEscape(agent)), nil)
}

func TestClassicProtocol(t *testing.T) {
	var order []string
	suite := newSuite(t, &conformance.Options{Cases: fourCases,
		OnStart:  func(c *conformance.Case) { order = append(order, "start "+c.ID) },
		OnResult: func(r *conformance.Result) { order = append(order, "result "+r.Case.ID+" "+r.Agent) },
	})
	suite.OnReports = func(agent string) { order = append(order, "reports "+agent) }
	base := serveSuite(t, suite)

	one := func(path, want string) {
		t.Helper()
		messages, closed := hear(t, base+path, nil)
		if got := strings.Join(messages, "|"); got != want || closed.Code != websocket.CloseNormal {
			t.Errorf("%s: %q and code %d, want %q and 1000", path, got, closed.Code, want)
		}
	}
	one("/getCaseCount", "4")
	messages, _ := hear(t, base+"/getCaseInfo?case=2", nil)
	var info struct{ ID, Description string }
	if err := json.Unmarshal([]byte(strings.Join(messages, "")), &info); err != nil || info.ID != "1.1.2" || info.Description == "" {
		t.Errorf("/getCaseInfo said %q", messages)
	}
	for _, n := range []int{3, 2} {
		runCase(t.Context(), base, n, "a client/1.0")
		one(fmt.Sprintf("/getCaseStatus?case=%d&agent=a+client/1.0", n), `{"behavior":"OK"}`)
	}
	one("/updateReports?agent=a+client/1.0", "")

	want := []string{"start 1.2.1", "result 1.2.1 a client/1.0", "start 1.1.2", "result 1.1.2 a client/1.0", "reports a client/1.0"}
	if !slices.Equal(order, want) {
		t.Errorf("the hooks were called so: %q", order)
	}
	if got := suite.Agents(); !slices.Equal(got, []string{"a client/1.0"}) {
		t.Errorf("the agents are %q", got)
	}
	results := suite.Results("a client/1.0")
	if len(results) != 2 || results[0].Case.ID != "1.1.2" || results[1].Case.ID != "1.2.1" {
		t.Fatalf("the results are %v", results)
	}
	if r := results[0]; !strings.HasPrefix(r.Request, "GET /runCase?case=2&agent=") || !strings.Contains(r.Response, " 101 ") || len(r.Log) == 0 {
		t.Errorf("what was on the wire is missing:\n%v", r)
	}
}

func TestClassicProtocolSaysWhatIsWrong(t *testing.T) {
	base := serveSuite(t, newSuite(t, &conformance.Options{Cases: fourCases}))
	for _, each := range []struct{ path, why string }{
		{"/getCaseInfo", "the parameter case is missing"},
		{"/getCaseInfo?case=0", `case="0" is not a number from 1 to 4`},
		{"/getCaseInfo?case=5", `case="5" is not a number from 1 to 4`},
		{"/getCaseInfo?case=one", `case="one" is not a number from 1 to 4`},
		{"/getCaseInfo?casetuple=1.1.3", `there is no case "1.1.3" here`},
		{"/runCase?agent=x", "the parameter case is missing"},
		{"/runCase?case=-1&agent=x", `case="-1" is not a number from 1 to 4`},
		{"/runCase?case=99999999999999999999&agent=x", `case="99999999999999999999" is not a number from 1 to 4`},
		{"/getCaseStatus?agent=x", "the parameter case is missing"},
		{"/getCaseStatus?case=1&agent=x", `"x" has not run case 1.1.1`},
		{"/getCaseStatus?case=1&agent=" + strings.Repeat("%C3%BC", 300), `"` + strings.Repeat("ü", 61)},
	} {
		messages, closed := hear(t, base+each.path, nil)
		if len(messages) != 0 || closed.Code != 1008 || closed.Reason != each.why {
			t.Errorf("%.40s: %q, code %d, reason %q; want %q", each.path, messages, closed.Code, closed.Reason, each.why)
		}
	}
}

func TestPlainHTTP(t *testing.T) {
	base := serveSuite(t, newSuite(t, &conformance.Options{Cases: fourCases}))
	for _, each := range []struct {
		name, request string
		status        int
		says          string
	}{
		{"the root", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "with 4 cases"},
		{"an unknown resource", "GET /cases HTTP/1.1\r\nHost: x\r\n\r\n", 404, "there is no /cases"},
		{"a resource for WebSocket", "GET /getCaseCount HTTP/1.1\r\nHost: x\r\n\r\n", 426, "/getCaseCount is for WebSocket"},
		{"a case that is none", "GET /runCase?case=0 HTTP/1.1\r\nHost: x\r\n\r\n", 400, `case="0"`},
		{"no HTTP", "hello\r\n\r\n", 400, "no HTTP"},
		{"no URL", "GET %zz HTTP/1.1\r\n\r\n", 400, "no HTTP"},
		{"a wrong field", "GET / HTTP/1.1\r\nHost: x\r\na b\r\n\r\n", 400, "malformed"},
		{"too long a header", "GET / HTTP/1.1\r\nx: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", 431, "65536"},
	} {
		nc, err := net.Dial("tcp", strings.TrimPrefix(base, "ws://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(nc, each.request)
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Errorf("%s: %v", each.name, err)
			nc.Close()
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != each.status || !strings.Contains(string(body), each.says) {
			t.Errorf("%s: %s, %q; want %d, %q", each.name, resp.Status, body, each.status, each.says)
		}
		nc.Close()
	}
}

// TestRequestThatIsNoHTTPIsAResult: a client whose request is wrong has failed the case that it asks for.
func TestRequestThatIsNoHTTPIsAResult(t *testing.T) {
	suite := newSuite(t, &conformance.Options{Cases: fourCases})
	base := serveSuite(t, suite)
	nc, err := net.Dial("tcp", strings.TrimPrefix(base, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "GET /runCase?case=1&agent=odd HTTP/1.1\r\nHost: x\r\na b\r\n\r\n")
	if rest, err := io.ReadAll(nc); err != nil || len(rest) != 0 {
		t.Errorf("the answer is %q, %v", rest, err)
	}
	hear(t, base+"/updateReports?agent=odd", nil)
	results := suite.Results("odd")
	if len(results) != 1 || results[0].Behavior != conformance.Failed || !strings.Contains(results[0].Reason, "no HTTP") {
		t.Errorf("the results are %v", results)
	}
}

func TestSeveralAgentsAtOnce(t *testing.T) {
	suite := newSuite(t, &conformance.Options{Cases: fourCases})
	base := serveSuite(t, suite)
	var all sync.WaitGroup
	for _, agent := range []string{"a", "b", "c"} {
		for _, n := range []int{4, 1, 3, 2, 1} {
			all.Go(func() { runCase(t.Context(), base, n, agent) })
		}
	}
	all.Wait()
	for _, agent := range []string{"a", "b", "c"} {
		hear(t, base+"/updateReports?agent="+agent, nil)
		results := suite.Results(agent)
		if len(results) != 4 {
			t.Errorf("%s has %d results", agent, len(results))
		}
		for _, r := range results {
			if !r.Good() || r.Agent != agent {
				t.Errorf("%v", r)
			}
		}
	}
	if got := suite.Agents(); len(got) != 3 {
		t.Errorf("the agents are %q", got)
	}
}

func TestLatestResultCounts(t *testing.T) {
	suite := newSuite(t, &conformance.Options{Cases: fourCases})
	base := serveSuite(t, suite)
	c, err := websocket.Dial(t.Context(), base+"/runCase?case=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close(websocket.CloseNormal, "") // instead of echoing
	status := func() string {
		messages, _ := hear(t, base+"/getCaseStatus?case=2", nil)
		return strings.Join(messages, "")
	}
	if got := status(); got != `{"behavior":"FAILED"}` {
		t.Errorf("after a client that does not echo: %s", got)
	}
	runCase(t.Context(), base, 2, "")
	if got := status(); got != `{"behavior":"OK"}` {
		t.Errorf("after one that does: %s", got)
	}
	if results := suite.Results("client"); len(results) != 1 {
		t.Errorf("there are %d results", len(results))
	}
}

func TestClientSuiteOverTLS(t *testing.T) {
	pki := httptest.NewUnstartedServer(nil) // for its certificate
	pki.StartTLS()
	defer pki.Close()
	roots := x509.NewCertPool()
	roots.AddCert(pki.Certificate())

	suite := newSuite(t, &conformance.Options{Cases: fourCases})
	ln := listen(t)
	serveOn(t, suite, tls.NewListener(ln, &tls.Config{Certificates: pki.TLS.Certificates}))
	opts := &websocket.DialOptions{TLSConfig: &tls.Config{RootCAs: roots}}
	base := "wss://" + ln.Addr().String()
	if messages, _ := hear(t, base+"/getCaseCount", opts); !slices.Equal(messages, []string{"4"}) {
		t.Errorf("/getCaseCount said %q", messages)
	}
	echoWithConn(t.Context(), base+"/runCase?case=2", opts)
	hear(t, base+"/updateReports", opts)
	if results := suite.Results("client"); len(results) != 1 || !results[0].Good() {
		t.Errorf("the results are %v", results)
	}
}

func TestCloseCutsWhatRuns(t *testing.T) {
	began := make(chan struct{})
	suite := newSuite(t, &conformance.Options{Cases: fourCases,
		OnStart: func(*conformance.Case) { close(began) }})
	ln := listen(t)
	serveOn(t, suite, ln)
	idle, err := net.Dial("tcp", ln.Addr().String()) // sends no request
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	c, err := websocket.Dial(t.Context(), "ws://"+ln.Addr().String()+"/runCase?case=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	<-began
	before := time.Now()
	suite.Close()
	if took := time.Since(before); took > 8*time.Second { // for a request it would be 10 s, and for the case more
		t.Errorf("Close took %v", took)
	}
	if results := suite.Results("client"); len(results) != 0 {
		t.Errorf("what was cut has a result: %v", results)
	}
	if err := suite.Serve(listen(t)); err != nil {
		t.Errorf("Serve after Close returned %v", err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		// The case's message may have come; the end must follow.
		if _, _, err := c.Read(t.Context()); err == nil {
			t.Error("the connection is still there")
		}
	}
}

func TestServeEndsWithItsListener(t *testing.T) {
	ln := listen(t)
	ln.Close()
	if err := newSuite(t, &conformance.Options{}).Serve(ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
}

func TestNewClientSuiteNamesWhatIsNoCase(t *testing.T) {
	if _, err := conformance.NewClientSuite(&conformance.Options{Cases: "99.*"}); err == nil || !strings.Contains(err.Error(), "99.*") {
		t.Errorf("the error is %v", err)
	}
}

// pipes is a listener in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if nc, ok := <-p; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

func TestRequestThatDoesNotArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		suite := newSuite(t, &conformance.Options{})
		p := make(pipes)
		served := make(chan struct{})
		go func() { defer close(served); suite.Serve(once{p, new(sync.Once)}) }()
		theirs, ours := net.Pipe()
		p <- ours
		began := time.Now()
		io.WriteString(theirs, "GET / HTTP/1.1\r\n")
		if _, err := io.ReadAll(theirs); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it was waited for %v", took)
		}
		suite.Close()
		<-served
	})
}

// once is a listener that may be closed again.
type once struct {
	net.Listener
	*sync.Once
}

func (o once) Close() error { o.Do(func() { o.Listener.Close() }); return nil }
