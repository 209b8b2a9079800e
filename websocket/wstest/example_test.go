package wstest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/everwire/everwire/websocket/wstest"
)

func ExamplePipe() {
	a, b := wstest.Pipe()
	defer b.Close()
	fmt.Fprint(a, "all that was written ") // nobody reads yet, and nobody has to
	fmt.Fprint(a, "arrives")
	a.Close()
	got, err := io.ReadAll(b)
	fmt.Printf("%s, %v\n", got, err)
	// Output: all that was written arrives, <nil>
}

// Ending one direction, as `Connection: close` and the closing handshake of WebSocket do.
func ExamplePipeConn_CloseWrite() {
	client, server := wstest.Pipe()
	defer client.Close()
	fmt.Fprint(client, "question")
	client.(*wstest.PipeConn).CloseWrite()

	question, _ := io.ReadAll(server) // ends, though the client is still there
	fmt.Fprintf(server, "%s answered", question)
	server.Close()

	answer, _ := io.ReadAll(client)
	fmt.Printf("%s\n", answer)
	// Output: question answered
}

// A connection that is closed with input unread is reset, and its peer loses what was on the way to it.
func ExamplePipeConn_Close() {
	a, b := wstest.Pipe()
	defer b.Close()
	fmt.Fprint(b, "never read")
	fmt.Fprint(a, "never received")
	a.Close()
	_, err := b.Read(make([]byte, 100))
	fmt.Println(errors.Is(err, syscall.ECONNRESET))
	// Output: true
}

func ExampleListener() {
	l := wstest.Listen()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "you asked for ", r.URL.Path)
	})}
	go srv.Serve(l)
	defer srv.Close()

	client := &http.Client{Transport: &http.Transport{DialContext: l.Dial}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://example.com/chat")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s\n", body)
	// Output: you asked for /chat
}

func ExampleFaulty() {
	a, b := wstest.Pipe()
	defer b.Close()
	f := wstest.Faulty(a)
	defer f.Close()
	f.Reads().Split(4).Corrupt(6, 'o'^'i') // ping pong becomes ping ping
	f.Writes().CutAfter(3, wstest.CutEOF)

	fmt.Fprint(b, "ping pong")
	buf := make([]byte, 100)
	for f.Reads().Bytes() < 9 {
		n, _ := f.Read(buf)
		fmt.Printf("%q\n", buf[:n])
	}

	n, err := f.Write([]byte("answer"))
	fmt.Println(n, errors.Is(err, syscall.EPIPE))
	got, err := io.ReadAll(b)
	fmt.Printf("%q, %v\n", got, err)
	// Output:
	// "ping"
	// " pin"
	// "g"
	// 3 true
	// "ans", <nil>
}

// A peer that vanishes without a word: neither what it writes nor its Close arrives.
func ExampleDirection_CutAfter() {
	a, b := wstest.Pipe()
	defer b.Close()
	defer a.Close()
	f := wstest.Faulty(a)
	f.Writes().CutAfter(5, wstest.CutSilent)
	fmt.Fprint(f, "hello, is anybody there?")
	f.Close()

	got := make([]byte, 5)
	io.ReadFull(b, got)
	b.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err := b.Read(make([]byte, 1))
	fmt.Printf("%q, timeout: %v\n", got, errors.Is(err, os.ErrDeadlineExceeded))
	// Output: "hello", timeout: true
}
