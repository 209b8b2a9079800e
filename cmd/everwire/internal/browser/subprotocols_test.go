package browser

import (
	"slices"
	"strings"
	"testing"
)

func TestSubprotocolsAreAgreedOn(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/subprotocols")
		p.wantText("#code", "new WebSocket(url)")
		steps := []struct {
			click   []string // the boxes, before Connect
			asked   string
			chosen  string
			verdict string // its beginning
		}{
			{nil, "none", "", "You asked for none, and there is none"},
			{[]string{"soap"}, "soap", "soap", "The server speaks soap, so that is it."},
			{[]string{"soap", "xmpp", "soap", "wamp"}, "xmpp, soap, wamp", "xmpp", "The server chose xmpp: it stands first"},
			{[]string{"xmpp"}, "soap, wamp", "soap", "The server chose soap: it stands first"},
			{[]string{"soap", "wamp", "klingon", "wamp"}, "klingon, wamp", "wamp", "The server does not speak klingon. Of the others"},
		}
		for _, step := range steps {
			for _, name := range step.click {
				p.click(`[value="` + name + `"]`)
			}
			p.click("#connect")
			said := "We speak " + step.chosen + " from here on."
			asking := "Asking for " + step.asked
			if step.chosen == "" {
				said = "We speak no subprotocol."
			}
			p.wantNext("#log", asking, `[open] socket.protocol is "`+step.chosen+`"`, "[message] "+said,
				"[close] code=1000 wasClean=true")
			p.wantText("#state", "CLOSED")
			p.wantText("#asked", step.asked)
			if step.chosen != "" {
				p.wantText("#protocol", step.chosen)
			}
			if got := p.texts("#verdict")[0]; !strings.HasPrefix(got, step.verdict) {
				t.Errorf("the verdict is %q, want %q first", got, step.verdict)
			}
		}
		p.wantText("#code", `new WebSocket(url, ["klingon", "wamp"])`)
		if got, want := p.texts(".rank"), []string{"", "2", "", "1"}; !slices.Equal(got, want) {
			t.Errorf("the order is shown as %q, want %q", got, want)
		}
	})
}

func TestSubprotocolsThatNobodySpeaks(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serveAlone(t, secure, "subprotocols")
		p := open(t, s.http+"/subprotocols")
		p.click(`[value="klingon"]`)
		p.click("#connect")
		p.awaitConsole("Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received")
		p.wantLines("#log", "Asking for klingon", "[error]", "[close] code=1006 wasClean=false")
		p.wantText("#state", "CLOSED")
		p.wantText("#protocol", `"" (none)`)
		p.wantText("#last-close", "1006, not clean")
		p.wantVerdict("bad", "The server does not speak klingon. It agreed to connect all the same, without a subprotocol; .*1006.*")

		// The page is not taken in by a server that is gone.
		s.stop()
		p.click(`[value="soap"]`)
		p.click("#connect")
		p.awaitConsole(refused)
		p.wantNext("#log", "Asking for klingon, soap", "[error]", "[close] code=1006 wasClean=false")
		p.wantVerdict("bad", "There is no connection.*")
	})
}
