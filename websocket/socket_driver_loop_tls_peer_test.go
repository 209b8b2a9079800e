//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// A tlsPeer is a client that makes its records itself (RFC 8446 §5), with the keys that crypto/tls has agreed on.
type tlsPeer struct {
	*net.TCPConn
	t       *testing.T
	out, in recordKeys
}

// recordKeys protect one direction.
type recordKeys struct {
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// Types of records (RFC 8446 §5.1).
const (
	alertRecord       = 21
	handshakeRecord   = 22
	applicationRecord = 23
)

// dialTLS connects, and does TLS's handshake.
func dialTLS(t *testing.T, address string) *tlsPeer {
	nc, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute)) // so that a test that goes wrong says so
	var keys bytes.Buffer
	conn := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, KeyLogWriter: &keys})
	must(t, conn.Handshake())
	if conn.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("without AES in hardware crypto/tls prefers another cipher than this test has")
	}
	p := &tlsPeer{TCPConn: nc.(*net.TCPConn), t: t}
	for line := range strings.Lines(keys.String()) {
		f := strings.Fields(line)
		secret, err := hex.DecodeString(f[2])
		must(t, err)
		switch f[0] {
		case "CLIENT_TRAFFIC_SECRET_0":
			p.out.use(secret)
		case "SERVER_TRAFFIC_SECRET_0":
			p.in.use(secret)
		}
	}
	return p
}

// use begins with a secret (RFC 8446 §7.3).
func (k *recordKeys) use(secret []byte) {
	block, _ := aes.NewCipher(expandLabel(secret, "key", 16))
	aead, _ := cipher.NewGCM(block)
	*k = recordKeys{secret: secret, aead: aead, iv: expandLabel(secret, "iv", 12)}
}

// update goes on with the next keys (RFC 8446 §7.2).
func (k *recordKeys) update() { k.use(expandLabel(k.secret, "traffic upd", sha256.Size)) }

func expandLabel(secret []byte, label string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label...)
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	if err != nil {
		panic(err)
	}
	return out
}

func (k *recordKeys) nonce() []byte {
	nonce := bytes.Clone(k.iv)
	for i := range 8 {
		nonce[len(nonce)-1-i] ^= byte(k.seq >> (8 * i))
	}
	k.seq++
	return nonce
}

// record makes one record.
func (p *tlsPeer) record(typ byte, data string) string {
	plain := append([]byte(data), typ)
	head := []byte{applicationRecord, 3, 3}
	head = binary.BigEndian.AppendUint16(head, uint16(len(plain)+p.out.aead.Overhead()))
	return string(p.out.aead.Seal(head, p.out.nonce(), plain, head))
}

// send sends octets as they are.
func (p *tlsPeer) send(octets string) {
	p.t.Helper()
	_, err := io.WriteString(p.TCPConn, octets)
	must(p.t, err)
}

// receive reads one record that is none of a session ticket.
func (p *tlsPeer) receive() (typ byte, data string, err error) {
	for {
		var head [5]byte
		if _, err := io.ReadFull(p.TCPConn, head[:]); err != nil {
			return 0, "", err
		}
		body := make([]byte, binary.BigEndian.Uint16(head[3:]))
		if _, err := io.ReadFull(p.TCPConn, body); err != nil {
			return 0, "", err
		}
		plain, err := p.in.aead.Open(nil, p.in.nonce(), body, head[:])
		if err != nil {
			return 0, "", err
		}
		plain = bytes.TrimRight(plain, "\x00")
		typ, data = plain[len(plain)-1], string(plain[:len(plain)-1])
		const newSessionTicket = 4
		if typ != handshakeRecord || data[0] != newSessionTicket {
			return typ, data, nil
		}
	}
}

// want reads a record that is as given.
func (p *tlsPeer) want(typ byte, data string) {
	p.t.Helper()
	gotType, got, err := p.receive()
	if gotType != typ || got != data || err != nil {
		p.t.Fatalf("received a record of type %d, %q, %v; want %d, %q", gotType, got, err, typ, data)
	}
}

// wantText reads records that together carry what is given.
func (p *tlsPeer) wantText(want string) {
	p.t.Helper()
	got := strings.Builder{}
	for got.Len() < len(want) {
		typ, data, err := p.receive()
		if typ != applicationRecord || err != nil {
			p.t.Fatalf("a record of type %d, %v, behind %d octets", typ, err, got.Len())
		}
		got.WriteString(data)
	}
	if got.String() != want {
		p.t.Fatalf("received %.200q; want %.200q", got.String(), want)
	}
}

// upgrade does the opening handshake, with frames right behind it in the same record.
func (p *tlsPeer) upgrade(frames ...string) {
	p.t.Helper()
	p.send(p.record(applicationRecord, exampleRequest+"\r\n"+strings.Join(frames, "")))
	p.upgraded()
}

// upgraded reads the answer to the opening handshake, to which nothing may be added yet.
func (p *tlsPeer) upgraded() {
	p.t.Helper()
	_, head, err := p.receive()
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.HasSuffix(head, "\r\n\r\n") {
		p.t.Fatalf("the handshake was answered %q, %v", head, err)
	}
}

// masked is a text frame of a client's, whose masking key is zero; plain is a server's.
func masked(payload string) string { return (&attacker{masks: true}).frame(0x81, payload) }
func plain(payload string) string  { return (&attacker{}).frame(0x81, payload) }

// secureServer starts a server for TLS whose sockets are on loops, and returns its address.
func secureServer(t *testing.T, setup func(*websocket.Socket)) (address string) {
	return secureServerOn(t, websocket.EventLoops, setup)
}

func secureServerOn(t *testing.T, driver websocket.Driver, setup func(*websocket.Socket)) (address string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	srv := &websocket.Server{TLSConfig: testcert.New().Server(), ErrorLog: log.New(io.Discard, "", 0)}
	srv.Options.Origins, srv.Options.Driver = []string{"*"}, driver
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		if on := websocket.OnLoop(s); on != (driver == websocket.EventLoops) {
			t.Errorf("on a loop: %v", on)
		}
		setup(s)
	})
	served := inBackground(func() error { return srv.ServeTLS(ln, "", "") })
	t.Cleanup(func() {
		srv.Close()
		<-served
	})
	return ln.Addr().String()
}
