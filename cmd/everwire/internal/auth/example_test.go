package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/websocket"
)

func ExampleGrant() {
	g := &auth.Grant{User: "u17", Join: []string{"team.*", "news.>"}, Publish: []string{"team.blue"}}
	fmt.Println(g.MayJoin("team.red"), g.MayPublish("team.red"))
	fmt.Println(g.MayJoin("news.eu.paris"), g.MayJoin("news"))

	var open *auth.Grant // nobody was asked for a token
	fmt.Println(open.MayPublish("anything"))
	// Output:
	// true false
	// true false
	// true
}

// passwords is an Authenticator.
type passwords map[string]string

func (p passwords) Authenticate(_ context.Context, token string, _ auth.Visit) (*auth.Grant, error) {
	if user, ok := p[token]; ok {
		return &auth.Grant{User: user, Join: []string{">"}}, nil
	}
	return nil, auth.ErrUnauthorized
}

func ExampleGuard() {
	srv := &websocket.Server{}
	auth.Guard(srv, passwords{"sesame": "ali"}, nil)
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		g, _ := auth.GrantOf(r)
		s.SendText("Hello, " + g.User)
	})
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := context.Background()
	url := "ws" + web.URL[len("http"):]
	c, err := websocket.Dial(ctx, url, &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer sesame"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Terminate()
	_, text, _ := c.Read(ctx)
	fmt.Println(string(text))

	_, err = websocket.Dial(ctx, url, nil)
	var refused *websocket.HandshakeError
	fmt.Println(errors.As(err, &refused) && refused.Status == http.StatusUnauthorized)
	// Output:
	// Hello, ali
	// true
}

func ExampleCounter() {
	counter := auth.NewCounter(auth.Limits{ConnectionsPerUser: 1, RoomsPerConnection: 1})
	seat, _ := counter.Enter("ada")
	fmt.Println(seat.Join("blue"))
	fmt.Println(seat.Join("red"))
	_, err := counter.Enter("ada")
	fmt.Println(err)
	seat.Leave()
	_, err = counter.Enter("ada")
	fmt.Println(err)
	// Output:
	// <nil>
	// too many rooms on one connection: at most 1
	// too many connections of one user: at most 1
	// <nil>
}
