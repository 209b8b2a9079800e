package cli

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestDrainClosesHalf(t *testing.T) {
	file := tokenFile(t)
	server, _ := serveWith(t, "--admin-token-file", file)
	const clients = 20
	closed := make(chan websocket.CloseCode, clients)
	known := make(chan struct{}, clients) // an echo: then the server has taken the connection in, which an answer does not say
	for range clients {
		s, err := websocket.New("ws://"+server+"/echo", nil, func(s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) { s.SendText("here") })
			s.OnMessage(func(*websocket.Socket, websocket.Message) { known <- struct{}{} })
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e.Code })
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Terminate()
	}
	for range clients {
		<-known
	}
	var out, errs buffer
	args := strings.Fields("drain --fraction 0.5 --over 50ms --server " + server + " --token-file " + file)
	if got := Main(t.Context(), args, &out, &errs); got != exitOK {
		t.Fatalf("status %d: %s", got, errs.String())
	}
	if want := "closing 10 of 20 connections with code 1012, over 50ms\nclosed 10; 0 had left by themselves\n"; out.String() != want {
		t.Errorf("it says\n%swant\n%s", out.String(), want)
	}
	for range clients / 2 {
		if code := <-closed; code != websocket.CloseServiceRestart {
			t.Errorf("closed with %d, want 1012", code)
		}
	}
	out = buffer{}
	if got := Main(t.Context(), strings.Fields("admin list --limit 0 --json --server "+server+" --token-file "+file), &out, &errs); got != exitOK {
		t.Fatalf("status %d: %s", got, errs.String())
	}
	if n := strings.Count(out.String(), `"state":"OPEN"`); n != clients/2 {
		t.Errorf("%d connections are open, want %d", n, clients/2)
	}
}

func TestDrainUsage(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"no fraction", "drain", "say with --fraction how large a part"},
		{"nobody", "drain --fraction 0", "fraction must be more than 0 and at most 1"},
		{"more than all", "drain --fraction 1.5", "fraction must be more than 0 and at most 1"},
		{"no number", "drain --fraction NaN", "fraction must be more than 0 and at most 1"},
		{"in words", "drain --fraction half", `invalid argument "half" for "--fraction"`},
		{"too slow", "drain --fraction 0.5 --over 61m", "over must be an hour at most"},
		{"backwards", "drain --fraction 0.5 --over -1s", "must be a duration such as 10s"},
		{"an argument", "drain 0.5", "unknown command"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs buffer
			got := Main(t.Context(), strings.Fields(tt.args), &out, &errs)
			if line, _, _ := strings.Cut(errs.String(), "\n"); got != exitUsage || !strings.Contains(line, tt.want) || out.String() != "" {
				t.Errorf("status %d, %q, want 2 and %q", got, errs.String(), tt.want)
			}
		})
	}
}
