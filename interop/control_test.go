package interop

import (
	"strings"
	"testing"
)

// theirPings are answered with their payload, and Pongs that nobody asked for do no harm.
func theirPings(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	for _, payload := range []string{"", "who is there?", "\x00\xFF", strings.Repeat("m", 125)} {
		they.do(t, "pong", args{"data": []byte(payload)})
		they.do(t, "ping", args{"data": []byte(payload)})
		if us.seesControl() {
			us.want(t, pong(payload))
			us.want(t, ping(payload))
		}
		they.want(t, pong(payload))
	}
}

// ourPings are answered with their payload, and measured.
func ourPings(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	s, ok := us.connection.(socketEnd)
	if !ok { // a Conn's Ping returns when it is answered
		if err := us.ping(); err != nil {
			t.Fatalf("%s: Ping: %v", us.whose, err)
		}
		they.wantAny(t, "ping")
		return
	}
	for _, payload := range []string{"", "who is there?", "\x00\xFF", strings.Repeat("m", 125)} {
		if err := s.Ping([]byte(payload)); err != nil {
			t.Fatalf("%s: Ping: %v", us.whose, err)
		}
		they.want(t, ping(payload))
		us.want(t, pong(payload))
	}
	if s.RTT() <= 0 {
		t.Errorf("%s: RTT = %v after a Pong", us.whose, s.RTT())
	}
}
