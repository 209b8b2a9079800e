package terminal_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/everwire/everwire/cmd/everwire/internal/terminal"
	"github.com/everwire/everwire/websocket"
)

func ExampleRun() {
	const url = "ws://localhost:8080/echo"
	history, _ := terminal.HistoryFile()
	err := terminal.Run(context.Background(), terminal.Config{
		Name: url,
		Open: func(_ context.Context, setup func(*websocket.Socket)) error {
			_, err := websocket.New(url, nil, setup)
			return err
		},
		In: os.Stdin, Out: os.Stdout,
		Color:   os.Getenv("NO_COLOR") == "",
		JSON:    true,
		History: history,
	})
	var exit *terminal.ExitError
	switch {
	case errors.Is(err, terminal.ErrNoTerminal):
		fmt.Println("be a filter instead")
	case errors.As(err, &exit):
		fmt.Fprintln(os.Stderr, exit)
		os.Exit(exit.Status)
	}
}
