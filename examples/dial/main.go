// Command dial sends the lines of its input to the echo server, one by one, and prints what comes back.
//
//	echo hello | dial -url ws://127.0.0.1:8080/
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/everwire/everwire/websocket"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8080/echo", "the server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := talk(ctx, *url); err != nil {
		log.Fatal(err)
	}
}

func talk(ctx context.Context, url string) error {
	c, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.Terminate() // for what returns early; after Close it does nothing

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := c.Write(ctx, websocket.Text, lines.Bytes()); err != nil {
			return err
		}
		_, data, err := c.Read(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", data)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return c.Close(websocket.CloseNormal, "")
}
