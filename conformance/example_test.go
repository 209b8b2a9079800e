package conformance_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

// A test of a server, in a project of your own: func TestConformance(t *testing.T).
func ExampleTestServer() {
	var t *testing.T // what the test function is given

	srv := httptest.NewServer(echoByConn(nil)) // your server, which echoes
	defer srv.Close()
	conformance.TestServer(t, "ws"+srv.URL[len("http"):], &conformance.Options{
		Cases: "!9,!12,!13", // all but the families that take minutes
	})
}

// A test of a client, in a project of your own: func TestConformance(t *testing.T).
func ExampleTestClient() {
	var t *testing.T // what the test function is given

	conformance.TestClient(t, func(ctx context.Context, url string) error {
		c, err := websocket.Dial(ctx, url, nil) // your client
		if err != nil {
			return err
		}
		defer c.Close(websocket.CloseNormal, "")
		for {
			typ, data, err := c.Read(ctx)
			if err != nil {
				return err
			}
			if err := c.Write(ctx, typ, data); err != nil {
				return err
			}
		}
	}, nil)
}

func ExampleRunServer() {
	srv := httptest.NewServer(echoByConn(nil))
	defer srv.Close()
	results, err := conformance.RunServer(context.Background(), wsURL(srv), &conformance.Options{Cases: "1.1.*"})
	if err != nil {
		fmt.Println(err)
	}
	for _, r := range results {
		fmt.Println(r.Case.ID, r.Behavior, r.Close)
	}
	// Output:
	// 1.1.1 OK OK
	// 1.1.2 OK OK
	// 1.1.3 OK OK
	// 1.1.4 OK OK
	// 1.1.5 OK OK
	// 1.1.6 OK OK
	// 1.1.7 OK OK
	// 1.1.8 OK OK
}

func ExampleRunClient() {
	results, err := conformance.RunClient(context.Background(), func(ctx context.Context, url string) error {
		return echoWithConn(ctx, url, nil)
	}, &conformance.Options{Cases: "1.2.1"})
	if err != nil {
		fmt.Println(err)
	}
	for _, r := range results {
		fmt.Println(r.Case.ID, r.Behavior, r.Close)
	}
	// Output: 1.2.1 OK OK
}

// A client in another language connects to the suite by itself, as it would to the classic one.
func ExampleClientSuite() {
	suite, err := conformance.NewClientSuite(&conformance.Options{Cases: "1.1.1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	reports := make(chan string, 1)
	suite.OnReports = func(agent string) { reports <- agent }
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer suite.Close()
	go suite.Serve(ln)

	go func() { // the client
		base := "ws://" + ln.Addr().String()
		echoWithConn(context.Background(), base+"/runCase?case=1&agent=mine/1.0", nil)
		echoWithConn(context.Background(), base+"/updateReports?agent=mine/1.0", nil)
	}()

	for _, r := range suite.Results(<-reports) {
		fmt.Println(r.Agent, r.Case.ID, r.Behavior)
	}
	// Output: mine/1.0 1.1.1 OK
}
