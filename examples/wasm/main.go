// Command wasm serves a chat whose page is written in Go as well: it compiles the program in the folder page for the
// browser, and serves that, the script that starts it, and the chat's WebSocket. Run it where go build finds this
// module.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

//go:embed index.html
var index []byte

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	program, err := compile()
	if err != nil {
		log.Fatal(err)
	}
	script, err := startScript()
	if err != nil {
		log.Fatal(err)
	}

	chat := &websocket.Server{}
	chat.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			chat.Broadcast(m.Type(), m.Bytes())
		})
	})
	mux := http.NewServeMux()
	mux.Handle("/chat", chat)
	mux.HandleFunc("/{$}", serve("text/html; charset=utf-8", index))
	mux.HandleFunc("/wasm_exec.js", serve("text/javascript", script))
	mux.HandleFunc("/page.wasm", serve("application/wasm", program))

	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/\n", ln.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(ln))
}

func serve(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(body)
	}
}

// compile returns the page's program.
func compile() ([]byte, error) {
	dir, err := os.MkdirTemp("", "everwire-wasm-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "page.wasm")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "github.com/everwire/everwire/examples/wasm/page")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", build, err, out)
	}
	return os.ReadFile(file)
}

// startScript returns the script that comes with Go and starts its programs in a browser.
func startScript() ([]byte, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
}
