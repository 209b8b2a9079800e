package browser

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/everwire/everwire/websocket/handshake"
)

// lines are what a list of lines says, each with its meaning cut off.
func (p *tab) linesOf(list string) []string {
	p.t.Helper()
	return p.texts(list + " dt")
}

// valueOf returns what stands behind a name in a list of lines.
func (p *tab) valueOf(list, name string) string {
	p.t.Helper()
	for _, line := range p.linesOf(list) {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	p.t.Fatalf("%s has no %s: %q", list, name, p.linesOf(list))
	return ""
}

func TestHandshakeIsShownAndExplained(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http+"/handshake")
		const connected = "Connected. Each connection has another key: connect again to see it change."
		p.wantText("#status", connected)
		p.wantText("#state", "OPEN")

		_, host, _ := strings.Cut(s.http, "://")
		if got, want := p.linesOf("#request")[0], "GET /handshake HTTP/1.1"; got != want {
			t.Errorf("the request begins with %q, want %q", got, want)
		}
		if got, want := p.linesOf("#answer")[0], "HTTP/1.1 101 Switching Protocols"; got != want {
			t.Errorf("the answer begins with %q, want %q", got, want)
		}
		key := p.valueOf("#request", "Sec-WebSocket-Key")
		for _, tt := range []struct{ list, name, want string }{
			{"#request", "Host", host},
			{"#request", "Upgrade", "websocket"},
			{"#request", "Connection", "Upgrade"},
			{"#request", "Origin", s.http},
			{"#request", "Sec-WebSocket-Version", "13"},
			{"#request", "User-Agent", evaluate[string](p, "navigator.userAgent")},
			{"#answer", "Upgrade", "websocket"},
			{"#answer", "Connection", "Upgrade"},
			{"#answer", "Sec-WebSocket-Accept", handshake.Accept(key)},
			{"#answer", "Server", "everwire"},
		} {
			if got := p.valueOf(tt.list, tt.name); got != tt.want {
				t.Errorf("%s of %s is %q, want %q", tt.name, tt.list, got, tt.want)
			}
		}

		sum := sha1.Sum([]byte(key + handshake.GUID))
		steps := []string{"key: " + key, "key + GUID: " + key + handshake.GUID, "SHA-1: " + hex.EncodeToString(sum[:]),
			"base64: " + handshake.Accept(key)}
		if got := p.linesOf("#accept"); !slices.Equal(got, steps) {
			t.Errorf("the computation is shown as %q, want %q", got, steps)
		}
		p.wantEveryLineExplained()

		p.click("#again")
		p.seesSoon(fmt.Sprintf(`!document.getElementById("accept").textContent.includes(%s)`, quote(key)))
		p.wantText("#status", connected)
	})
}

// wantEveryLineExplained also wants to know everything that this browser sends: nothing has just a general word.
func (p *tab) wantEveryLineExplained() {
	p.t.Helper()
	lines, words := p.texts(".head dt"), p.texts(".head dd")
	if len(lines) < 15 || len(lines) != len(words) {
		p.t.Fatalf("%d lines and %d explanations", len(lines), len(words))
	}
	for i, text := range words {
		if text == "" || strings.Contains(text, "has added it") || strings.Contains(text, "does not know") {
			p.t.Errorf("%q is explained as %q", lines[i], text)
		}
	}
}

// What is negotiated is said in full, whatever it is.
func TestHandshakeShowsTheExtensionsInUse(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/handshake")
		p.seesSoon(`document.querySelector("#in-use dt")`)
		want := []string{"none"}
		if inUse := evaluate[string](p, "socket.extensions"); inUse != "" {
			want = strings.Split(strings.ReplaceAll(inUse, "; ", "\n; "), "\n")
			if got := p.valueOf("#answer", "Sec-WebSocket-Extensions"); got != inUse {
				t.Errorf("the answer has %q, the browser %q", got, inUse)
			}
		}
		if got := p.linesOf("#in-use"); !slices.Equal(got, want) {
			t.Errorf("in use are %q, want %q", got, want)
		}
		if got, want := p.linesOf("#offered"), []string{"permessage-deflate", "; client_max_window_bits"}; !slices.Equal(got, want) {
			t.Errorf("offered are %q, want %q", got, want)
		}
	})
}

func TestHandshakeExplainsExtensions(t *testing.T) {
	const deflate, all = "permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
		"server_max_window_bits=10; client_max_window_bits=\"15\""
	tests := []struct {
		name, value, side string
		want              []string // how each line's meaning begins
	}{
		{"no offer", "", "offer", []string{"The browser offers no extension"}},
		{"none in use", "", "answer", []string{"No extension is in use"}},
		{"offered alone", deflate, "offer", []string{"The browser can compress"}},
		{"in use alone", deflate, "answer", []string{"Messages are compressed"}},
		{"as browsers offer it", "permessage-deflate; client_max_window_bits", "offer",
			[]string{"The browser can compress", "The server may say how many bytes"}},
		{"offered with everything", all, "offer", []string{
			"The browser can compress",
			"The server is to compress each message by itself",
			"The browser is ready to compress each message by itself",
			"The server is to look for repetitions in the last 1,024 bytes (2 to the power of 10) only",
			"The browser is ready to look for repetitions in the last 32,768 bytes (2 to the power of 15) only",
		}},
		{"in use with everything", all, "answer", []string{
			"Messages are compressed",
			"The server compresses each message by itself",
			"The browser compresses each message by itself",
			"The server looks for repetitions in the last 1,024 bytes (2 to the power of 10) only",
			"The browser looks for repetitions in the last 32,768 bytes (2 to the power of 15) only",
		}},
		{"two offers", "permessage-deflate; server_max_window_bits=9, permessage-deflate", "offer",
			[]string{"The browser can", "The server is to look for repetitions in the last 512 bytes", "The browser can"}},
		{"another extension", "x-webkit-deflate-frame; bits=1", "offer",
			[]string{"An extension that this page does not know", "A parameter that this page does not know"}},
		{"another parameter", "permessage-deflate; toString", "answer",
			[]string{"Messages are compressed", "A parameter that this page does not know"}},
	}
	needsBrowser(t)
	t.Parallel()
	p := open(t, serve(t, false).http+"/handshake")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := call[[]string](p, `(value, side) => explainExtensions(value, side).map(row => row.words)`, tt.value, tt.side)
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("explained as %q, want %q", got, tt.want)
			}
		})
	}
}

// A page's script must not get to see, by way of the server, a cookie that it cannot read.
func TestHandshakeHidesCookies(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/handshake")
		p.wantText("#state", "OPEN")
		name := "session" // cookies know no ports: the other one's is on this page too, for a while
		if secure {
			name = "secure-session"
		}
		call[chromedp.Void](p, `name => { document.cookie = name + "=hush; path=/handshake" }`, name)
		p.click("#again")
		p.seesSoon(`[...document.querySelectorAll("#request b")].some(b => b.textContent === "Cookie")`)
		if got := p.valueOf("#request", "Cookie"); got != "hidden" {
			t.Errorf("the cookie is shown: %q", got)
		}
		if strings.Contains(p.visible(), "hush") {
			t.Error("the cookie's value is on the page")
		}
		call[chromedp.Void](p, `name => { document.cookie = name + "=; path=/handshake; max-age=0" }`, name)
	})
}

func TestHandshakeWhenTheServerStops(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serveAlone(t, secure, "handshake")
		p := open(t, s.http+"/handshake")
		p.wantText("#state", "OPEN")
		s.stop()
		p.wantText("#status", "Closed with code 1001.")
		p.click("#again")
		p.awaitConsole(refused)
		p.wantText("#status", "Closed with code 1006.")
		p.wantText("#state", "CLOSED")
	})
}
