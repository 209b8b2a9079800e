package deploy

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// A balancer is a program that passes TCP on to an address, telling by the PROXY protocol whose it is.
type balancer struct {
	*software
	start func(t *testing.T, dir, at, to string, changes []change) (*process, error)
}

var balancers = []balancer{
	{nginx, func(t *testing.T, dir, at, to string, changes []change) (*process, error) {
		changes = append(changes, nginxPlace(t, dir)...)
		changes = append(changes, change{"listen 443", "listen " + at}, change{"127.0.0.1:8443", to})
		config := writeFile(t, dir, "stream.conf", adapt(t, "nginx/stream.conf", changes...))
		return run(t, nil, "start worker process", "nginx", "-e", "stderr", "-g", "daemon off;", "-c", config)
	}},
	{haproxy, func(t *testing.T, dir, at, to string, changes []change) (*process, error) {
		changes = append(changes, haproxyPlace()...)
		changes = append(changes, change{"bind :443", "bind " + at}, change{"127.0.0.1:8443", to})
		config := writeFile(t, dir, "tcp.cfg", adapt(t, "haproxy/tcp.cfg", changes...))
		return runHAProxy(t, dir, config)
	}},
}

// front starts the balancer, and returns where it takes wss.
func (b balancer) front(t *testing.T, to string, changes ...change) ports {
	t.Helper()
	for range 5 {
		at := freePorts(t, 1)[0]
		_, err := b.start(t, t.TempDir(), at, to, changes)
		if err == nil {
			return ports{https: at}
		}
		if strings.Contains(err.Error(), "ngx_stream_module.so") {
			missing(t, "nginx's module stream is not installed")
		}
		if !errors.Is(err, errInUse) {
			t.Fatal(err)
		}
	}
	t.Fatal("every time the port was in use")
	return ports{}
}

// TestBalancersOfTCPTellTheAddress: through one of them and a proxy behind, the server still knows the client.
func TestBalancersOfTCPTellTheAddress(t *testing.T) {
	for _, b := range balancers {
		for _, behind := range []*software{nginx, haproxy} {
			t.Run(b.name+" before "+behind.name, func(t *testing.T) {
				b.find(t)
				behind.find(t)
				s := newSite(t, behavior{})
				p := b.front(t, behind.front(t, s.addresses()).proxied)
				c := p.dial(t, "wss://ws.example.com/", websocket.DialOptions{})
				g := s.next(t)
				header := g.request.Header
				if got := header["X-Forwarded-For"]; len(got) != 1 || got[0] != home {
					t.Errorf("X-Forwarded-For: %q, want %s", got, home)
				}
				if got := header.Get("X-Forwarded-Proto"); got != "https" {
					t.Errorf("X-Forwarded-Proto: %q", got)
				}
				wantEcho(t, c, websocket.Binary, strings.Repeat("1234", 1<<18))
				g.Close(4002, "far away")
				wantEnd(t, c, 4002, "far away")
			})
		}
	}
}

// TestBalancersOfTCPBeforeEverwire, which ends TLS itself and reads the PROXY protocol, of either version.
func TestBalancersOfTCPBeforeEverwire(t *testing.T) {
	for _, b := range balancers {
		t.Run(b.name, func(t *testing.T) {
			b.find(t)
			dir := t.TempDir()
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			srv := &websocket.Server{TrustedProxies: []netip.Prefix{thisMachine}, ProxyProtocol: true}
			joined := make(chan *websocket.Socket, 1)
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
				joined <- s
			})
			served := make(chan error, 1)
			cert, key := writeFile(t, dir, "cert.pem", self.PEM), writeFile(t, dir, "key.pem", self.Key)
			go func() { served <- srv.ServeTLS(ln, cert, key) }()
			t.Cleanup(func() {
				srv.Close()
				<-served
			})
			p := b.front(t, ln.Addr().String())
			c := p.dial(t, "wss://ws.example.com/", websocket.DialOptions{})
			wantEcho(t, c, websocket.Text, "hello")
			s := await(t, "the server's end", joined)
			if got := s.ClientAddr().String(); got != home {
				t.Errorf("to our server the client is %s, want %s", got, home)
			}
		})
	}
}

func TestBalancersOfTCPCutIdleConnections(t *testing.T) {
	shorten := func(timeout string) change {
		return change{timeout + " 90s", timeout + " " + shortened.String()}
	}
	for _, b := range balancers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel() // it is waiting that takes the time
			b.find(t)
			s := newSite(t, behavior{options: websocket.AcceptOptions{Heartbeat: silent}})
			shorter := map[*software][]change{
				nginx:   {shorten("proxy_timeout")},
				haproxy: {shorten("timeout client"), shorten("timeout server")},
			}[b.software]
			p := b.front(t, haproxy.front(t, s.addresses()).proxied, shorter...)
			c := p.dial(t, "wss://ws.example.com/", websocket.DialOptions{Heartbeat: silent})
			g := s.next(t)
			wantEnd(t, c, websocket.CloseAbnormal, "")
			g.wantClosed(t, lost)
		})
	}
}
