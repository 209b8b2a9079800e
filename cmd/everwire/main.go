// Command everwire is the WebSocket system for Go on the command line.
//
//	everwire serve      serves the demos: echo, hello and chat
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
