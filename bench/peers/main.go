// Peers runs the conformance suite against other libraries' echo servers, each as its documentation would have it
// written, and ours.
//
//	go run ./bench/peers                                  # prints the table
//	go run ./bench/peers -doc docs/conformance.md         # and puts it into the document
//	go run ./bench/peers -html peers.html -only ws,gobwas # a page with everything, of two of them
//
// Node's ws and Python's websockets are run where they are installed (make tools installs them).
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/everwire/everwire/bench/internal/document"
	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/report"
)

var (
	doc      = flag.String("doc", "", "put the table into this document, between the marks that it has for it")
	page     = flag.String("html", "", "write a page with everything to this file")
	full     = flag.String("report", "", "write everything to this file, for everwire conform merge")
	only     = flag.String("only", "", "the peers to run, by their names' first words, with commas; default: all")
	cases    = flag.String("cases", "", "the cases to run; default: all")
	classic  = flag.String("classic", "", "hold the classic cases' verdicts against those recorded in this file (classic-cases.json)")
	patience = flag.Duration("patience", 2*time.Second, "how long something that must come is waited for")
)

// A peer is an echo server to be judged.
type peer struct {
	name  string
	serve func() (url, version string, stop func(), err error)
}

func main() {
	log.SetFlags(0)
	flag.Parse()
	all := report.New()
	all.Title = "WebSocket servers, judged"
	for _, p := range peers {
		first, _, _ := strings.Cut(p.name, " ")
		if *only != "" && !slices.Contains(strings.Split(*only, ","), first) {
			continue
		}
		url, version, stop, err := p.serve()
		if err != nil {
			log.Printf("%s is not judged: %v", p.name, err)
			continue
		}
		began := time.Now()
		results, err := conformance.RunServer(context.Background(), url, &conformance.Options{
			Agent: strings.TrimSpace(p.name + " " + version), Cases: *cases, Patience: *patience,
		})
		stop()
		if err != nil {
			log.Fatalf("%s: %v", p.name, err)
		}
		log.Printf("%s: %d cases in %v", p.name, len(results), time.Since(began).Round(time.Second))
		all.Add(results...)
		if *classic != "" {
			compare(*classic, first, results)
		}
	}
	if err := all.WriteMarkdown(os.Stdout); err != nil {
		log.Fatal(err)
	}
	write(*page, func(f *os.File) error { return all.WriteHTML(f, nil) })
	write(*full, func(f *os.File) error { return all.WriteJSON(f) })
	if *doc != "" {
		var table strings.Builder
		if err := all.WriteMarkdown(&table); err != nil {
			log.Fatal(err)
		}
		if err := marks.Insert(*doc, table.String()); err != nil {
			log.Fatal(err)
		}
	}
}

func write(name string, form func(*os.File) error) {
	if name == "" {
		return
	}
	f, err := os.Create(name)
	if err == nil {
		err = form(f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
}

// marks are the lines between which a document has the table.
var marks = document.Marks{
	Begin: "<!-- peers: written by go run ./bench/peers -doc docs/conformance.md -->",
	End:   "<!-- end of peers -->",
}

// handle serves an http.Handler.
func handle(h http.HandlerFunc) (url string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(discard{}, "", 0)}
	go srv.Serve(ln)
	return "ws://" + ln.Addr().String() + "/", func() { srv.Close() }, nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// foreign starts a program that prints its address and its version, and ends when its standard input does.
func foreign(words ...string) (url, version string, stop func(), err error) {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", "", nil, err
	}
	stop = func() {
		in.Close()
		cmd.Wait()
	}
	if _, err := fmt.Fscan(out, &url, &version); err != nil {
		stop()
		return "", "", nil, fmt.Errorf("%s did not start: %w", words[0], err)
	}
	return url, version, stop, nil
}
