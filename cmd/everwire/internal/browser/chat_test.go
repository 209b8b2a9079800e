package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// talk opens the chat in two tabs and waits until both are connected.
func talk(t *testing.T, s *site) (alice, bob *tab) {
	t.Helper()
	alice, bob = open(t, s.http+"/chat"), open(t, s.http+"/chat")
	for _, p := range []*tab{alice, bob} {
		p.wantText("#status", "Connected.")
		p.wantText("#state", "OPEN")
	}
	return alice, bob
}

// say writes a message and sends it with the button, which empties the field.
func (p *tab) say(text string) {
	p.t.Helper()
	p.write("#message", text)
	p.click(`[type="submit"]`)
	p.wantText("#counter", "0 / 50")
}

func TestChatReachesEveryoneNewestFirst(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		alice, bob := talk(t, serve(t, secure))
		alice.say("Hello, is there anybody?")
		alice.wantLines("#messages", "Hello, is there anybody?")
		bob.wantLines("#messages", "Hello, is there anybody?")
		bob.say("Only me")
		bob.wantLines("#messages", "Only me", "Hello, is there anybody?")
		alice.wantLines("#messages", "Only me", "Hello, is there anybody?")
		alice.say("Good")
		alice.wantLines("#messages", "Good", "Only me", "Hello, is there anybody?")
		bob.wantLines("#messages", "Good", "Only me", "Hello, is there anybody?")
	})
}

func TestChatCutsToCharacters(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		alice, bob := talk(t, serve(t, secure))
		// 5 characters of 15 octets and 6 UTF-16 code units; ten of them are 50.
		const five = "ж日😀é!"
		long := strings.Repeat(five, 12)

		alice.write("#message", long)
		alice.wantText("#counter", "60 / 50, 10 will be cut")
		alice.click(`[type="submit"]`)
		alice.wantLines("#messages", strings.Repeat(five, 10))
		bob.wantLines("#messages", strings.Repeat(five, 10))
		alice.wantText("#counter", "0 / 50")

		bob.say(strings.Repeat(five, 10)) // as long as may be
		alice.wantLines("#messages", strings.Repeat(five, 10), strings.Repeat(five, 10))
	})
}

func TestChatShowsMarkupAsText(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		alice, bob := talk(t, serve(t, secure))
		const markup = `<img src=x onerror=alert(1)><b>bold</b>&amp;`
		alice.say(markup)
		alice.wantLines("#messages", markup)
		bob.wantLines("#messages", markup)
		if got := bob.texts("#messages *"); len(got) != 1 {
			t.Errorf("the message became %d elements", len(got))
		}
	})
}

func TestChatWhenTheServerStops(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		alice, bob := talk(t, s)
		s.stop()
		for _, p := range []*tab{alice, bob} {
			p.wantText("#status", "Closed with code 1001: server is shutting down")
			p.wantText("#state", "CLOSED")
			p.wantText("#reconnect:not([hidden])", "Reconnect")
		}
		alice.write("#message", "anybody?")
		alice.click(`[type="submit"]`)
		alice.wantText("#status", "Not sent: the socket is not open.")

		alice.click("#reconnect")
		alice.awaitConsole("ERR_CONNECTION_REFUSED")
		alice.wantText("#status", "Connection lost, code 1006.")
	})
}

func TestChatReconnects(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		alice, bob := talk(t, serve(t, secure))
		evaluate[chromedp.Void](alice, "socket.close()")
		alice.wantText("#status", "Closed with code 1005.")
		alice.click("#reconnect")
		alice.wantText("#status", "Connected.")
		bob.say("Welcome back")
		alice.wantLines("#messages", "Welcome back")
	})
}
