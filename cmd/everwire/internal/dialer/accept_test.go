package dialer

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/testcert"
)

func TestAcceptOptions(t *testing.T) {
	cert := testcert.New("localhost")
	f, err := parse(t, "--subprotocol", "a", "--origin", "*.example.com", "--cert", file(t, cert.PEM+cert.Key),
		"--max-message-size", "1k", "--compress", "off", "--ping-interval", "0")
	if err != nil {
		t.Fatal(err)
	}
	o, tls, err := f.AcceptOptions()
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Subprotocols) != 1 || o.Origins[0] != "*.example.com" || o.Limits.MessageSize != 1024 || !o.Compression.Disabled ||
		o.Heartbeat.Interval >= 0 || tls == nil || len(tls.Certificates) != 1 {
		t.Errorf("%+v, %+v", o, tls)
	}
	f, _ = parse(t)
	if o, tls, err := f.AcceptOptions(); err != nil || tls != nil || o.Origins != nil {
		t.Errorf("without flags: %+v, %+v, %v", o, tls, err)
	}
}

func TestFlagsThatAreNotForListening(t *testing.T) {
	for _, args := range [][]string{
		{"-H", "A: b"}, {"--cookie", "a=b"}, {"--cookie-jar", "x"}, {"--user", "a:b"}, {"--bearer", "x"}, {"--proxy", "x"}, {"--no-proxy"},
		{"--proxy-cacert", "x"}, {"--unix-socket", "x"}, {"--cacert", "x"}, {"-k"}, {"--servername", "x"}, {"--max-redirects", "1"},
	} {
		f, err := parse(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.AcceptOptions(); err == nil || !strings.Contains(err.Error(), "not for --listen") {
			t.Errorf("%s: %v", args[0], err)
		}
	}
}
