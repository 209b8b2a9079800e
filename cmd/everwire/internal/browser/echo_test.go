package browser

import (
	"slices"
	"testing"
)

func TestEchoFromConnectToDisconnect(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/echo")
		p.recordPill()

		p.click("#connect")
		p.wantLines("#messages", "Opening WebSocket...", "CONNECTED!")
		p.wantText("#ready-state", "1 OPEN")

		p.click("#send-message") // what the page suggests
		p.wantNext("#messages", `Sending "WebSockets are cool!"`, `Received "WebSockets are cool!"`)

		const text = "Grüße, Джон, 你好, שלום, 👩🏽‍🚀 e\u0301 \"<b>\""
		p.write("#text", text)
		p.enter()
		p.wantNext("#messages", `Sending "`+text+`"`, `Received "`+text+`"`)

		p.write("#text", " ") // spaces count
		p.click("#send-message")
		p.wantNext("#messages", `Sending " "`, `Received " "`)
		p.wantText("#buffered-amount", "0")

		p.click("#connect")
		p.wantNext("#messages", "Socket is already OPEN.")

		p.click("#disconnect")
		p.wantNext("#messages", "Socket closed")
		p.wantText("#last-close", "1005, clean")
		p.wantText("#ready-state", "3 CLOSED")

		p.click("#connect")
		p.wantNext("#messages", "Opening WebSocket...", "CONNECTED!")
		p.wantPill("CLOSED", "CONNECTING", "OPEN", "CLOSING", "CLOSED", "CONNECTING", "OPEN")
	})
}

func TestEchoOfBinary(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/echo")
		p.click("#connect")
		p.wantLines("#messages", "Opening WebSocket...", "CONNECTED!")

		p.click("#binary")
		p.write("#text", "né 日本😀")
		p.enter()
		p.wantNext("#messages", `Sending "né 日本😀" as 14 bytes`, "Received 14 bytes",
			"0000  6e c3 a9 20 e6 97 a5 e6  n.. ....\n"+
				"0008  9c ac f0 9f 98 80        ......")
		p.write("#text", "a")
		p.enter()
		p.wantNext("#messages", `Sending "a" as 1 byte`, "Received 1 byte", "0000  61                       a")

		p.click("#binary")
		p.write("#text", "text again")
		p.enter()
		p.wantNext("#messages", `Sending "text again"`, `Received "text again"`)
	})
}

func TestEchoWithoutAConnection(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/echo")
		p.wantText("#state", "CLOSED")
		p.click("#send-message")
		p.wantLines("#messages", "Socket not open.")
		p.click("#disconnect")
		p.wantLines("#messages", "Socket not open.", "Socket not open.")
		p.wantText("#ready-state", "no socket yet")
	})
}

func TestEchoSaysHello(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/echo")
		p.click("#hello")
		p.click("#connect")
		p.wantFirst("#messages", "Opening WebSocket...", "CONNECTED!", `Received "Hello?"`, `Received "Hello?"`)
	})
}

// The page sends what a form cannot: messages of every kind and size, and many.
func TestEchoReturnsWhatAScriptSends(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http+"/echo")
		got := call[[]string](p, `async url => {
			const bytes = Uint8Array.from({length: 3 << 20}, (_, i) => i * 7 % 251);
			const text = "€uro 😀 ".repeat(200_000);
			const many = Array.from({length: 1000}, (_, i) => String(i));
			const sent = ["", "\u0000", "half a pair: \ud800", text, new ArrayBuffer(0), bytes, new Blob([bytes, "end"]), ...many];

			const socket = new WebSocket(url);
			socket.binaryType = "arraybuffer";
			const received = [];
			await new Promise((resolve, reject) => {
				socket.onopen = () => sent.forEach(message => socket.send(message));
				socket.onmessage = event => {
					received.push(event.data);
					if (received.length === sent.length) {
						resolve();
					}
				};
				socket.onclose = event => reject(new Error("closed with " + event.code));
			});
			socket.onclose = null;
			socket.close();

			const wrong = [];
			for (const [i, message] of sent.entries()) {
				const isText = typeof message === "string";
				const want = isText ? message.toWellFormed() : new Uint8Array(await new Response(message).arrayBuffer());
				const got = isText ? received[i] : new Uint8Array(received[i]);
				if (isText ? got !== want : got.length !== want.length || got.some((b, j) => b !== want[j])) {
					wrong.push("message " + i + " of " + want.length + " came back with " + got.length);
				}
			}
			return wrong;
		}`, s.ws+"/echo")
		if len(got) > 0 {
			t.Errorf("these came back different: %q", got)
		}
	})
}

// recordPill keeps every state that the pill shows from here on.
func (p *tab) recordPill() {
	p.t.Helper()
	evaluate[int](p, `(() => {
		const pill = document.getElementById("state");
		window.pillStates = [pill.textContent];
		new MutationObserver(() => pillStates.push(pill.textContent)).observe(pill, {childList: true});
		return pillStates.length;
	})()`)
}

func (p *tab) wantPill(want ...string) {
	p.t.Helper()
	if got := evaluate[[]string](p, "pillStates"); !slices.Equal(got, want) {
		p.t.Errorf("the states were %q, want %q", got, want)
	}
}
