package proxyproto

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	proxyAddr  = &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1000}
	listenAddr = &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 80}
)

// memory is a listener of pipes that claim to come from an address.
type memory struct {
	net.Listener
	conns chan net.Conn
}

func (m *memory) Accept() (net.Conn, error) {
	nc, ok := <-m.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return nc, nil
}

type pipe struct {
	net.Conn
	remote net.Addr
}

func (p *pipe) RemoteAddr() net.Addr { return p.remote }
func (p *pipe) LocalAddr() net.Addr  { return listenAddr }

// A call is a connection that was accepted, and its other end.
type call struct {
	net.Conn
	peer    net.Conn
	refused chan error
}

// accept has a connection accepted that comes from an address.
func accept(t *testing.T, remote net.Addr, timeout time.Duration) *call {
	t.Helper()
	c := &call{refused: make(chan error, 1)}
	m := &memory{conns: make(chan net.Conn, 1)}
	var end net.Conn
	end, c.peer = net.Pipe()
	m.conns <- &pipe{end, remote}
	l := &Listener{
		Listener: m,
		Trusted:  func(a netip.Addr) bool { return a == proxyAddr.AddrPort().Addr().Unmap() },
		Timeout:  timeout,
		Refused: func(peer net.Addr, err error) {
			if peer != remote {
				t.Errorf("the refused peer is %v, not %v", peer, remote)
			}
			c.refused <- err
		},
	}
	var err error
	if c.Conn, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		c.peer.Close()
	})
	return c
}

// says writes on the connection's other end.
func (c *call) says(pieces ...string) {
	go func() {
		for _, s := range pieces {
			if _, err := io.WriteString(c.peer, s); err != nil {
				return
			}
		}
	}()
}

func (c *call) wantAddresses(t *testing.T, remote, local string) {
	t.Helper()
	if r, l := c.RemoteAddr().String(), c.LocalAddr().String(); r != remote || l != local {
		t.Errorf("from %s to %s, want from %s to %s", r, l, remote, local)
	}
}

func (c *call) wantRead(t *testing.T, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("read %q, %v; want %q", b, err, want)
	}
}

func TestConnectionsHaveTheClientsAddress(t *testing.T) {
	for _, row := range goodHeaders {
		t.Run(row.name, func(t *testing.T) {
			remote, local := proxyAddr.String(), listenAddr.String()
			if row.want != (Header{}) {
				remote, local = row.want.Source.String(), row.want.Destination.String()
			}
			t.Run("at once", func(t *testing.T) {
				c := accept(t, proxyAddr, 0)
				c.says(row.text+"GET ", "/")
				c.wantAddresses(t, remote, local)
				c.wantRead(t, "G")
				c.wantRead(t, "ET /")
			})
			t.Run("octet by octet, and Read first", func(t *testing.T) {
				c := accept(t, proxyAddr, 0)
				c.says(strings.Split(row.text+"GET /", "")...)
				c.wantRead(t, "GET /")
				c.wantAddresses(t, remote, local)
			})
		})
	}
}

func TestOthersAreHandedOnAsTheyAre(t *testing.T) {
	for _, row := range []struct {
		name   string
		remote net.Addr
	}{
		{"another address", &net.TCPAddr{IP: net.IPv4(10, 0, 0, 3), Port: 1000}},
		{"no IP address", &net.UnixAddr{Name: "@", Net: "unix"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := accept(t, row.remote, time.Second)
			if _, ok := c.Conn.(*pipe); !ok {
				t.Errorf("it is a %T", c.Conn)
			}
			c.says(goodHeaders[0].text)
			c.wantAddresses(t, row.remote.String(), listenAddr.String())
			c.wantRead(t, goodHeaders[0].text)
		})
	}
}

func TestPeersAreComparedUnmappedAndWithoutAZone(t *testing.T) {
	for in, want := range map[string]string{"::ffff:10.0.0.1": "10.0.0.1", "fe80::1%eth0": "fe80::1", "2001:db8::1": "2001:db8::1"} {
		a := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(in), 1))
		if got := addrOf(a).String(); got != want {
			t.Errorf("%s is compared as %s, want %s", in, got, want)
		}
	}
}

func TestAWrongHeaderEndsTheConnection(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       error
	}{
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", ErrSignature},
		{"an endless line", "PROXY UNKNOWN" + strings.Repeat(" ", 1<<20), ErrTooLong},
		{"too long", binaryHeader(1, 0x11, strings.Repeat("x", 65535)), ErrTooLong},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := accept(t, proxyAddr, 0)
			c.says(row.text)
			c.wantAddresses(t, proxyAddr.String(), listenAddr.String())
			for range 2 {
				if n, err := c.Read(make([]byte, 10)); n != 0 || !errors.Is(err, row.want) {
					t.Errorf("Read = %d, %v", n, err)
				}
			}
			if err := <-c.refused; err != row.want {
				t.Errorf("refused with %v", err)
			}
			if _, err := io.Copy(io.Discard, c.peer); err != nil {
				t.Errorf("the peer's end says %v, not EOF", err)
			}
		})
	}
}

func TestAPeerThatGoesIsNotReported(t *testing.T) {
	for _, row := range []struct{ name, text string }{{"at once", ""}, {"in the middle", "PROXY TC"}} {
		t.Run(row.name, func(t *testing.T) {
			c := accept(t, proxyAddr, 0)
			go func() {
				io.WriteString(c.peer, row.text)
				c.peer.Close()
			}()
			if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
				t.Errorf("Read = %d, %v", n, err)
			}
			if len(c.refused) > 0 {
				t.Error("it was reported")
			}
		})
	}
}

func TestTheHeaderHasATimeLimit(t *testing.T) {
	for _, row := range []struct {
		name                string
		timeout, after, set time.Duration // set: the deadline of the connection's user, after that long
		want                time.Duration
	}{
		{"the limit", 3 * time.Second, 0, 0, 3 * time.Second},
		{"counts from Accept on", 3 * time.Second, time.Second, 0, 2 * time.Second},
		{"an earlier deadline", 3 * time.Second, 0, time.Second, time.Second},
		{"a later deadline", 3 * time.Second, 0, time.Minute, 3 * time.Second},
		{"a deadline and no limit", 0, 0, time.Minute, time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := accept(t, proxyAddr, row.timeout)
				c.says("PROXY TCP4")
				time.Sleep(row.after)
				if row.set > 0 {
					c.SetDeadline(time.Now().Add(row.set))
				}
				began := time.Now()
				c.wantAddresses(t, proxyAddr.String(), listenAddr.String())
				if took := time.Since(began); took != row.want {
					t.Errorf("it took %v, want %v", took, row.want)
				}
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrTimeout) {
					t.Errorf("Read said %v", err)
				}
				if err := <-c.refused; err != ErrTimeout {
					t.Errorf("refused with %v", err)
				}
			})
		})
	}
	t.Run("and what follows has none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := accept(t, proxyAddr, time.Second)
			c.says("PROXY UNKNOWN\r\n")
			c.wantAddresses(t, proxyAddr.String(), listenAddr.String())
			time.Sleep(time.Hour)
			c.says("GET")
			c.wantRead(t, "GET")
		})
	})
	t.Run("and what follows has the user's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := accept(t, proxyAddr, time.Second)
			c.SetReadDeadline(time.Now().Add(time.Minute))
			c.says("PROXY UNKNOWN\r\n")
			began := time.Now()
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || time.Since(began) != time.Minute {
				t.Errorf("after %v Read = %d, %v", time.Since(began), n, err)
			}
		})
	})
}

func TestCloseEndsTheWaitForTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := accept(t, proxyAddr, 0)
		read := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		synctest.Wait()
		c.Close()
		if err := <-read; err == nil || len(c.refused) > 0 {
			t.Errorf("Read said %v, and %d were reported", err, len(c.refused))
		}
	})
}

// TestOverTCP is about what only TCP has.
func TestOverTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Listener{Listener: ln, Trusted: netip.Addr.IsLoopback}
	defer l.Close()
	silent, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	first, err := l.Accept() // does not wait for a header
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(client, goodHeaders[0].text+"hello")
	if got := c.RemoteAddr().String(); got != client4.String() {
		t.Errorf("from %s", got)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, client); err != nil {
		t.Errorf("after CloseWrite the client reads %v, not EOF", err)
	}
	(&call{Conn: c}).wantRead(t, "hello") // the other half is open
	if err := c.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
		t.Error(err)
	}
}

func TestStreamsWithoutHalves(t *testing.T) {
	c := accept(t, proxyAddr, 0).Conn.(*conn)
	if err := c.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := c.SetLinger(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestWhatCameWithTheHeaderIsForgottenOnceRead(t *testing.T) {
	c := accept(t, proxyAddr, 0)
	c.says("PROXY UNKNOWN\r\nGET")
	c.wantRead(t, "GET")
	if rest := c.Conn.(*conn).rest; rest != nil {
		t.Errorf("%d octets are kept", cap(rest))
	}
}
