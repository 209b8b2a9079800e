package browser

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestIndexLeadsToTheDemos(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http)
		demos := []string{"Echo", "Hello", "Chat", "Binary", "Rate", "Handshake", "Subprotocols"}
		if got := p.texts("main .card strong"); !slices.Equal(got, demos) {
			t.Fatalf("the index shows %q, want %q", got, demos)
		}
		for _, step := range []struct{ link, name, title string }{
			{`main a.card[href="echo"]`, "echo", "Echo"},
			{`nav a[href="hello"]`, "hello", "Hello"},
			{`nav a[href="chat"]`, "chat", "Chat"},
			{`a.brand`, "", "WebSocket, both ends of the wire"},
			{`main a.card[href="hello"]`, "hello", "Hello"},
			{`a.brand`, "", "WebSocket, both ends of the wire"},
			{`main a.card[href="chat"]`, "chat", "Chat"},
			{`nav a[href="echo"]`, "echo", "Echo"},
			{`nav a[href="binary"]`, "binary", "Binary"},
			{`a.brand`, "", "WebSocket, both ends of the wire"},
			{`main a.card[href="rate"]`, "rate", "Rate"},
			{`nav a[href="handshake"]`, "handshake", "Handshake"},
			{`a.brand`, "", "WebSocket, both ends of the wire"},
			{`main a.card[href="subprotocols"]`, "subprotocols", "Subprotocols"},
		} {
			p.follow(step.link)
			p.wantText("h1", step.title)
			if got, want := evaluate[string](p, "location.href"), s.http+"/"+step.name; got != want {
				t.Errorf("%s leads to %s, want %s", step.link, got, want)
			}
			if step.name != "" {
				p.wantText(`nav a[aria-current="page"]`, step.title)
				p.wantText("[data-endpoint]", s.ws+"/"+step.name)
			}
		}
	})
}

func TestIndexShowsThisServersAddresses(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http)
		want := []string{
			s.ws + "/echo", s.ws + "/echo?hello=1s", s.ws + "/hello", s.ws + "/chat",
			s.ws + "/binary", s.ws + "/rate?rate=128", s.ws + "/handshake", s.ws + "/subprotocols",
		}
		if got := p.texts("dl code[data-endpoint]"); !slices.Equal(got, want) {
			t.Errorf("the addresses are %q, want %q", got, want)
		}
	})
}

// What the index says to paste into the console does there what it says.
func TestTheCodeOnTheIndexWorks(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http)
		run(p, "paste the code", chromedp.EvaluateAsDevTools[chromedp.Void](p.texts("pre.code")[0]))
		p.awaitConsole("WebSockets are cool!")
		run(p, "say it again", chromedp.EvaluateAsDevTools[chromedp.Void](`socket.send("again")`))
		p.awaitConsole("again")
		run(p, "close", chromedp.EvaluateAsDevTools[chromedp.Void](`socket.close()`))
		p.awaitConsole("closed 1005")
	})
}
