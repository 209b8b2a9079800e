package dialer

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

func TestOptions(t *testing.T) {
	cert := testcert.New("localhost")
	token := file(t, " abc \n")
	fields := file(t, "A: 1\r\n\nB: 2\n")
	tests := []struct {
		name string
		args []string
		got  func(o *websocket.DialOptions) any
		want any
	}{
		{"a field", []string{"-H", "X-A: b: c "}, header("X-A"), []string{"b: c"}},
		{"a field twice", []string{"-H", "X-A:1", "--header", "x-a:2"}, header("X-A"), []string{"1", "2"}},
		{"a field without a value", []string{"-H", "X-A:"}, header("X-A"), []string{""}},
		{"fields of a file", []string{"-H", "@" + fields}, header("B"), []string{"2"}},
		{"cookies", []string{"--cookie", "a=1", "--cookie", "b=2"}, header("Cookie"), []string{"a=1; b=2"}},
		{"cookies and a field of them", []string{"-H", "Cookie: x=y", "--cookie", "a=1"}, header("Cookie"), []string{"x=y; a=1"}},
		{"origin", []string{"--origin", "https://a"}, header("Origin"), []string{"https://a"}},
		{"user", []string{"--user", "me:a:b"}, header("Authorization"),
			[]string{"Basic " + base64.StdEncoding.EncodeToString([]byte("me:a:b"))}},
		{"bearer", []string{"--bearer", "abc"}, header("Authorization"), []string{"Bearer abc"}},
		{"bearer of a file", []string{"--bearer", "@" + token}, header("Authorization"), []string{"Bearer abc"}},
		{"subprotocols", []string{"--subprotocol", "a", "--subprotocol", "b"},
			func(o *websocket.DialOptions) any { return o.Subprotocols }, []string{"a", "b"}},
		{"message size", []string{"--max-message-size", "2KiB"},
			func(o *websocket.DialOptions) any { return o.Limits.MessageSize }, int64(2048)},
		{"any message size", []string{"--max-message-size", "none"},
			func(o *websocket.DialOptions) any { return o.Limits.MessageSize }, int64(-1)},
		{"message size by default", nil,
			func(o *websocket.DialOptions) any { return o.Limits.MessageSize }, int64(defaultMessageSize)},
		{"connect timeout", []string{"--connect-timeout", "1.5"},
			func(o *websocket.DialOptions) any { return o.HandshakeTimeout }, 1500 * time.Millisecond},
		{"no connect timeout", []string{"--connect-timeout", "0"},
			func(o *websocket.DialOptions) any { return o.HandshakeTimeout < 0 }, true},
		{"redirects", []string{"--max-redirects", "3"}, func(o *websocket.DialOptions) any { return o.Redirects }, 3},
		{"no pings", []string{"--ping-interval", "0"}, func(o *websocket.DialOptions) any { return o.Heartbeat.Interval < 0 }, true},
		{"ping interval", []string{"--ping-interval", "5s"},
			func(o *websocket.DialOptions) any { return o.Heartbeat }, websocket.Heartbeat{Interval: 5 * time.Second, Timeout: 20 * time.Second}},
		{"server name", []string{"--servername", "a"}, func(o *websocket.DialOptions) any { return o.TLSConfig.ServerName }, "a"},
		{"insecure", []string{"-k"}, func(o *websocket.DialOptions) any { return o.TLSConfig.InsecureSkipVerify }, true},
		{"secure", nil, func(o *websocket.DialOptions) any { return o.TLSConfig.InsecureSkipVerify }, false},
		{"certificate and key in one file", []string{"--cert", file(t, cert.PEM+cert.Key)},
			func(o *websocket.DialOptions) any { return len(o.TLSConfig.Certificates) }, 1},
		{"certificate and key", []string{"--cert", file(t, cert.PEM), "--key", file(t, cert.Key)},
			func(o *websocket.DialOptions) any { return len(o.TLSConfig.Certificates) }, 1},
		{"roots", []string{"--cacert", file(t, cert.PEM)}, func(o *websocket.DialOptions) any { return o.TLSConfig.RootCAs != nil }, true},
		{"proxy", []string{"--proxy", "localhost:3128"}, proxyOf, "http://localhost:3128"},
		{"proxy by SOCKS", []string{"--proxy", "socks5://u:p@localhost:1080"}, proxyOf, "socks5://u:p@localhost:1080"},
		{"no proxy", []string{"--no-proxy"}, proxyOf, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := parse(t, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			o, err := f.Options()
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.got(o); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func header(name string) func(*websocket.DialOptions) any {
	return func(o *websocket.DialOptions) any { return o.Header[name] }
}

func proxyOf(o *websocket.DialOptions) any {
	u, err := o.Proxy(&http.Request{})
	if err != nil {
		return err
	}
	if u == nil {
		return ""
	}
	return u.String()
}

func TestBadFlags(t *testing.T) {
	missing := t.TempDir() + "/none"
	tests := []struct {
		name string
		args []string
		want string // in the error
	}{
		{"a field without a colon", []string{"-H", "A"}, "must be written as 'Name: value'"},
		{"a bad name", []string{"-H", "A B: c"}, `"A B" is not the name of a header field`},
		{"a field of the handshake", []string{"-H", "upgrade: x"}, "the field Upgrade belongs to the handshake"},
		{"subprotocols as a field", []string{"-H", "Sec-WebSocket-Protocol: a"}, "use --subprotocol"},
		{"a control character", []string{"-H", "A: secret\x01"}, "the value of the field A has a control character"},
		{"fields of no file", []string{"-H", "@" + missing}, "-H: cannot read the fields: open " + missing},
		{"a cookie without a value", []string{"--cookie", "file.txt"}, "--cookie-jar"},
		{"user without a password", []string{"--user", "me"}, "--user must be name:password"},
		{"two logins", []string{"--user", "me:x", "--bearer", "y"}, "two ways to log in"},
		{"a login and its field", []string{"--user", "me:x", "-H", "Authorization: y"}, "say the same thing"},
		{"an empty token", []string{"--bearer", "@" + file(t, "\n")}, "is empty"},
		{"a list of subprotocols", []string{"--subprotocol", "a,b"}, "give the flag once for each"},
		{"a subprotocol twice", []string{"--subprotocol", "a", "--subprotocol", "a"}, "is given twice"},
		{"a bad subprotocol", []string{"--subprotocol", "a b"}, "has a character"},
		{"a proxy of no kind", []string{"--proxy", "ftp://u:secret@x"}, "not ftp"},
		{"a malformed proxy", []string{"--proxy", "http://u:secret@%zz"}, "--proxy must be a URL such as"},
		{"a proxy and none", []string{"--proxy", "x", "--no-proxy"}, "contradict each other"},
		{"a proxy to a Unix domain socket", []string{"--proxy", "x", "--unix-socket", "y"}, "without a proxy"},
		{"no roots", []string{"--cacert", missing}, "--cacert: open " + missing},
		{"roots that are none", []string{"--cacert", file(t, "x")}, "there is no PEM certificate in"},
		{"a key alone", []string{"--key", missing}, "give --cert as well"},
		{"a certificate alone", []string{"--cert", file(t, testcert.New("a").PEM)}, "give --key"},
		{"a bad time", []string{"--connect-timeout", "soon"}, "must be a time such as 10s"},
		{"a bad size", []string{"--max-message-size", "big"}, "must be a size such as"},
		{"a size of 0", []string{"--max-message-size", "0"}, "must be a size such as"},
		{"a size beyond all", []string{"--max-message-size", "9999999999G"}, "must be a size such as"},
		{"a bad word of compression", []string{"--compress", "on,fast"}, `does not know "fast"`},
		{"a bad number of compression", []string{"--compress", "level=10"}, "level must be a number from 1 to 9"},
		{"a bad window", []string{"--compress", "client-window=7"}, "client-window must be a number from 8 to 15"},
		{"off and more", []string{"--compress", "off,level=1"}, "off stands alone"},
		{"a jar that is none", []string{"--cookie-jar", file(t, "x\n")}, "line 1 is no cookie in Netscape's format"},
		{"a jar that cannot be read", []string{"--cookie-jar", t.TempDir()}, "--cookie-jar: read "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := parse(t, tt.args...)
			if err == nil {
				_, err = f.Options()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q tells a secret, or is not one line", err)
			}
		})
	}
}
