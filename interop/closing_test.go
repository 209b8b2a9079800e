package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// goodbyes are Close frames of every code that may be sent, and one without.
var goodbyes = func() []event {
	all := []event{
		closed(websocket.CloseNoStatus, "", true),
		closed(4999, "", true),
		closed(1000, strings.Repeat("ä", 61)+".", true), // the longest there may be
	}
	for _, code := range []websocket.CloseCode{
		1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
	} {
		all = append(all, closed(code, fmt.Sprintf("goodbye with %d 👋", code), true))
	}
	return all
}()

// theyClose with each code.
func theyClose(t *testing.T, p pairing) {
	for _, bye := range goodbyes {
		us, they := p.connect(t, terms{})
		details := args{"code": bye.Code, "reason": bye.Reason}
		if bye.Code == websocket.CloseNoStatus {
			details = nil
		}
		they.do(t, "close", details)
		us.want(t, bye)
		they.want(t, closed(bye.Code, "", true)) // we answer with the code alone
		if err := us.write(websocket.Text, "late"); err != websocket.ErrClosed {
			t.Errorf("%s, closed by the peer: sending: %v; want ErrClosed", us.whose, err)
		}
	}
}

// weClose with each code.
func weClose(t *testing.T, p pairing) {
	for _, bye := range goodbyes {
		us, they := p.connect(t, terms{})
		code := bye.Code
		if code == websocket.CloseNoStatus {
			code = 0
		}
		if err := us.Close(code, bye.Reason); err != nil {
			t.Fatalf("%s: Close(%d, %q): %v", us.whose, code, bye.Reason, err)
		}
		they.want(t, bye)
		us.want(t, bye) // they answer with the same
	}
}

// bothClose at once. Which of the two Close frames comes first is for the network to say, but it ends cleanly.
func bothClose(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	they.do(t, "close", args{"code": 4001})
	if err := us.Close(4002, ""); err != nil {
		t.Fatalf("%s: Close: %v", us.whose, err)
	}
	for _, m := range []*mailbox{us.mailbox, they.mailbox} {
		if e := m.wantAny(t, "close"); !e.Clean || e.Code != 4001 && e.Code != 4002 {
			t.Errorf("%s: %v; want it clean, with code 4001 or 4002", m.whose, e)
		}
	}
}

// lastWords are what an end sends right before its Close frame: none is lost.
func lastWords(t *testing.T, p pairing) {
	const count = 100
	word := strings.Repeat("farewell", 1000)
	want := message(websocket.Text, word)
	t.Run("theirs", func(t *testing.T) {
		us, they := p.connect(t, terms{})
		for range count {
			they.do(t, "send", args{"text": true, "data": []byte(word)})
		}
		they.do(t, "close", args{"code": 1000})
		for range count {
			us.want(t, want)
		}
		us.want(t, closed(1000, "", true))
		they.want(t, closed(1000, "", true))
	})
	t.Run("ours", func(t *testing.T) {
		us, they := p.connect(t, terms{})
		for range count {
			us.send(t, websocket.Text, word)
		}
		if err := us.Close(1000, ""); err != nil {
			t.Fatalf("%s: Close: %v", us.whose, err)
		}
		for range count {
			they.want(t, want)
		}
		they.want(t, closed(1000, "", true))
		us.want(t, closed(1000, "", true))
	})
}

func theyTerminate(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	they.do(t, "terminate", nil)
	us.wantLost(t)
	they.want(t, lost())
}

func weTerminate(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	us.Terminate()
	us.want(t, lost())
	they.wantLost(t)
}
