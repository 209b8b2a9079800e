package interop

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// overTLS, with a certificate that signs itself and that the client was told to trust.
func overTLS(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{over: secure})
	if state := us.TLS(); state == nil || !state.HandshakeComplete {
		t.Errorf("%s: TLS() = %v", us.whose, state)
	}
	if !strings.HasPrefix(us.URL(), "wss://") {
		t.Errorf("%s: URL() = %q; want wss", us.whose, us.URL())
	}
	conversation(t, us, they)
}

// theyDistrust our certificate, because nobody told them of it.
func theyDistrust(t *testing.T, p pairing) {
	tm := terms{over: secure, theirs: args{"ca": nil}}
	ours := p.listen(t, tm)
	they := ours.connect(t, tm)
	if e := they.wantAny(t, "error"); !strings.Contains(e.Error, "self-signed certificate") {
		t.Errorf("%s: %v; want an error about the certificate", they.whose, e)
	}
	they.want(t, lost())
}

// weDistrust their certificate.
func weDistrust(t *testing.T, p pairing) {
	tm := terms{over: secure}
	tm.dial.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	_, url := p.theirServer(t, tm)
	_, err := p.reach(t, url, tm)
	wantHandshakeError(t, err, 0)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("connecting: %v; want an x509.UnknownAuthorityError within", err)
	}
}

// overUnix domain sockets.
func overUnix(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{over: unix, path: "/chat?room=1"})
	if p.dial != nil && they.open.Path != "/chat?room=1" {
		t.Errorf("%s: the path is %q", they.whose, they.open.Path)
	}
	if !strings.HasSuffix(us.URL(), "/chat?room=1") {
		t.Errorf("%s: URL() = %q", us.whose, us.URL())
	}
	conversation(t, us, they)
}

// conversation is a little of all, for a stream of another kind.
func conversation(t *testing.T, us *end, they *peer) {
	t.Helper()
	data := strings.Repeat("0123456789abcdef", 1<<20/16)
	us.send(t, websocket.Text, data)
	they.want(t, message(websocket.Text, data))
	they.do(t, "send", args{"data": []byte("0123456789abcdef"), "times": 1 << 20 / 16})
	us.want(t, message(websocket.Binary, data))
	they.do(t, "ping", args{"data": []byte("still there?")})
	they.want(t, pong("still there?"))
	if us.seesControl() {
		us.want(t, ping("still there?"))
	}
	if err := us.Close(1001, "that is all"); err != nil {
		t.Fatalf("%s: Close: %v", us.whose, err)
	}
	they.want(t, closed(1001, "that is all", true))
	us.want(t, closed(1001, "that is all", true))
}

// theyHangUp over TLS: also without a closing handshake, that is the end.
func theyHangUp(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{over: secure})
	they.do(t, "terminate", nil)
	us.wantLost(t)
	they.want(t, lost())
}
