// Command everwire is the WebSocket system for Go on the command line.
//
//	everwire connect    talks to a server, by hand or in a script
//	everwire proxy      shows and records what two others say; everwire replay plays it again
//	everwire bench      loads a server and measures it
//	everwire conform    judges a server or client by the standards
//	everwire serve      serves the demos; everwire admin shows who is there
//	everwire --help     lists the commands
package main

import (
	"context"
	"os"

	"github.com/everwire/everwire/cmd/everwire/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
