package browser

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/everwire/everwire/websocket"
)

const operatorToken = "0123456789abcdef"

// anyCertificate is for a client of a server that has made its certificate just now.
var anyCertificate = &tls.Config{InsecureSkipVerify: true}

// serveOperator runs "everwire serve" with an operator.
func serveOperator(t *testing.T, secure bool) *site {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(operatorToken), 0o600); err != nil {
		t.Fatal(err)
	}
	return serve(t, secure, "--admin-token-file", file)
}

// client connects to an endpoint, as a program.
func (s *site) client(t *testing.T, path, agent string) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(t.Context(), s.ws+path, &websocket.DialOptions{
		Header: http.Header{"User-Agent": {agent}}, TLSConfig: anyCertificate,
		Compression: websocket.Compression{Disabled: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	return c
}

// echoed sends a message and waits until it is back.
func echoed(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.Text, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (p *tab) signIn() {
	p.t.Helper()
	p.write("#token", operatorToken)
	p.enter()
	p.wantText("#status", "Signed in.")
}

// number is a JavaScript expression for the number that an element's text begins with.
func number(selector string) string {
	return `parseFloat(document.querySelector(` + quote(selector) + `).textContent.replace(/,/g, ""))`
}

func TestStatusSaysThatLoadIsShed(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http+"/status")
		p.seesSoon(number("#connections") + " === 0")
		if !evaluate[bool](p, `document.getElementById("trouble").hidden`) {
			t.Error("without trouble there is something of it")
		}
		s = serve(t, secure, "--shed-memory", "1MiB")
		p = open(t, s.http+"/status")
		p.wantText("#trouble", "New connections are answered with 503 (too busy: memory).")
	})
}

func TestStatusShowsNumbersThatMove(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http+"/status")
		p.wantText("#state", "OPEN")
		p.seesSoon(number("#connections") + " === 0")
		p.seesSoon(`!document.getElementById("no-token").hidden`)
		if !evaluate[bool](p, `document.getElementById("desk").hidden && document.getElementById("sign-in").hidden`) {
			t.Error("without an operator there is something for one")
		}
		c := s.client(t, "/echo", "tester")
		for range 20 {
			echoed(t, c, strings.Repeat("x", 1000))
		}
		p.seesSoon(number("#connections") + " === 1")
		p.seesSoon(`document.getElementById("handshakes").textContent.includes("1 accepted")`)
		p.seesSoon(`samples.at(-1).received.messages === 20 && samples.at(-1).sent.octets === 20000`)
		p.seesSoon(`samples.some(n => n.received.messages_per_s > 0)`)
		// The curve has risen.
		p.seesSoon(`new Set([...document.querySelector('[data-chart="connections"] .curve').points].map(p => p.y)).size === 2`)
		c.Close(websocket.CloseNormal, "")
		p.seesSoon(number("#connections") + " === 0")
	})
}

func TestStatusOperatorFindsAndClosesASocket(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serveOperator(t, secure)
		for i := range 30 {
			s.client(t, []string{"/echo", "/chat"}[i%2], fmt.Sprintf("robot/%d", i))
		}
		needle := s.client(t, "/echo", "needle <b>in</b> a haystack")
		p := open(t, s.http+"/status")
		p.write("#token", "fedcba9876543210")
		p.enter()
		p.wantText("#status", "Not signed in: that is not the operator's token.")
		if evaluate[bool](p, `document.getElementById("numbers").hidden || document.getElementById("sign-in").hidden`) {
			t.Error("after a wrong token the numbers are gone, or there is no way to try again")
		}
		p.signIn()
		p.seesSoon(`document.getElementById("found").textContent === "1 to 25 of 31"`)
		p.click("#next")
		p.seesSoon(`document.querySelectorAll("#sockets tr").length === 6`)
		p.wantText("#found", "26 to 31 of 31")

		p.write("#search", "NEEDLE")
		p.seesSoon(`document.querySelectorAll("#sockets tr").length === 1`)
		p.wantText("#found", "1 found, 31 in all")
		p.wantText(`#sockets td[data-label="Address"] small`, "needle <b>in</b> a haystack")

		p.click("#sockets .actions button:nth-of-type(2)")
		p.seesSoon(`document.getElementById("close-dialog").open`)
		p.write("#code", "1006")
		p.write("#reason", "moving house")
		p.enter()
		p.seesSoon(`document.getElementById("close-error").textContent.includes("code is one")`)
		p.write("#code", "4001")
		p.enter()
		if _, _, err := needle.Read(t.Context()); websocket.CloseCodeOf(err) != 4001 || !strings.Contains(err.Error(), "moving house") {
			t.Errorf("the socket ended with %v", err)
		}
		p.wantText("#found", "Nothing found among 30.")
		p.seesSoon(`!document.getElementById("close-dialog").open`)

		p.write("#search", "/chat robot/2")
		p.wantText("#found", "5 found, 30 in all") // 21, 23, 25, 27 and 29
	})
}

func TestStatusTapShowsFramesAsTheyAre(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serveOperator(t, secure)
		c := s.client(t, "/echo", "tester")
		p := open(t, s.http+"/status")
		p.signIn()
		p.click("#sockets .actions button:nth-of-type(1)")
		p.wantText("#tap-status", "Frames appear here as they come and go.")
		const hostile = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>\x1b[31m\u202ereversed\x00"
		echoed(t, c, hostile)
		p.seesSoon(`document.querySelectorAll("#frames p").length === 2`)
		const shown = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>\\u001b[31m\\u202ereversed\\u0000"
		for i, kind := range []string{"received", "sent"} {
			got := p.texts(`#frames [data-kind="` + kind + `"]`)
			begin := fmt.Sprintf([]string{"← text FIN masked %d B ", "→ text FIN %d B "}[i], len(hostile))
			if len(got) != 1 || got[0] != begin+shown {
				t.Errorf("%s: %q, want %q", kind, got, begin+shown)
			}
		}
		if title := evaluate[string](p, "document.title"); title != "Status · Everwire" {
			t.Errorf("the title is %q", title)
		}
		if n := evaluate[int](p, `document.querySelectorAll("#frames img, #frames script").length`); n != 0 {
			t.Errorf("%d elements came with the payload", n)
		}

		p.click("#hold")
		echoed(t, c, "unseen")
		p.seesSoon(`document.getElementById("tap-status").textContent === "2 frames, 2 more are not shown."`)
		if n := len(p.texts("#frames p")); n != 2 {
			t.Errorf("on hold there are %d frames", n)
		}
		p.click("#hold")
		c.Close(4002, "bye")
		p.wantText("#tap-status", "Closed with code 4002: bye.")
		p.seesSoon(`[...document.querySelectorAll("#frames p")].some(p => p.textContent.includes("close FIN masked 5 B 4002 bye"))`)
		p.click("#untap")
		p.seesSoon(`document.getElementById("tap").hidden`)
	})
}

// The list is renewed each second, and who is at one of its buttons stays there.
func TestStatusKeepsTheFocus(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serveOperator(t, false)
	s.client(t, "/echo", "first")
	p := open(t, s.http+"/status")
	p.signIn()
	p.seesSoon(`document.querySelectorAll("#sockets tr").length === 1`)
	evaluate[chromedp.Void](p, `document.querySelector("#sockets button").focus()`)
	s.client(t, "/chat", "second")
	p.seesSoon(`document.querySelectorAll("#sockets tr").length === 2`)
	if got := evaluate[string](p, `document.activeElement.closest("tr")?.querySelector("small").textContent ?? "nowhere"`); got != "first" {
		t.Errorf("the focus is at %q", got)
	}
	p.choose("#sort", "id")
	p.seesSoon(`document.querySelector("#sockets tr small").textContent === "first"`)
	if got := evaluate[string](p, `document.activeElement.closest("tr")?.querySelector("small").textContent ?? "nowhere"`); got != "first" {
		t.Errorf("after sorting the focus is at %q", got)
	}
}

// A connection that was lost is made again, and the operator is the operator again.
func TestStatusComesBack(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serveOperator(t, false)
	s.client(t, "/echo", "tester")
	p := open(t, s.http+"/status")
	p.signIn()
	evaluate[chromedp.Void](p, `socket.close()`)
	p.seesSoon(`document.getElementById("status").textContent.startsWith("Connection lost. Trying again in")`)
	p.seesSoon(`document.getElementById("state").textContent === "OPEN" && document.getElementById("status").textContent === "Signed in."`)
	if !evaluate[bool](p, `retry === 0`) {
		t.Error("it has not forgotten its failures")
	}
	evaluate[chromedp.Void](p, `listing = true`) // a list was asked for, and its answer will not come any more
	p.click("#sign-out")
	p.wantText("#state", "OPEN")
	p.seesSoon(`!document.getElementById("sign-in").hidden && document.getElementById("desk").hidden`)
	if got := evaluate[string](p, `token + document.getElementById("token").value`); got != "" {
		t.Errorf("after signing out it still knows %q", got)
	}
	evaluate[chromedp.Void](p, `document.querySelectorAll("#sockets tr").forEach(row => row.remove()); rows.clear()`)
	p.signIn()
	p.seesSoon(`document.querySelectorAll("#sockets tr").length === 1`)
}

func TestStatusFitsAPhone(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serveOperator(t, false)
	c := s.client(t, "/echo", "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36")
	p := open(t, "about:blank")
	p.onPhone(s.http + "/status")
	p.signIn()
	p.click("#sockets .actions button")
	p.wantText("#tap-status", "Frames appear here as they come and go.")
	echoed(t, c, strings.Repeat("averylongwordwithoutaspace", 20))
	p.seesSoon(`document.querySelectorAll("#frames p").length === 2`)
	evaluate[chromedp.Void](p, `document.querySelectorAll("details").forEach(d => d.open = true)`)
	p.fitsPhone()
}
