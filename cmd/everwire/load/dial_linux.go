package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// A sockaddr is an address in the system's form.
type sockaddr struct {
	unix.Sockaddr
	family int
}

func newSockaddr(a netip.AddrPort) sockaddr {
	addr := a.Addr().Unmap()
	if addr.Is4() {
		return sockaddr{&unix.SockaddrInet4{Port: int(a.Port()), Addr: addr.As4()}, unix.AF_INET}
	}
	sa := &unix.SockaddrInet6{Port: int(a.Port()), Addr: addr.As16()}
	if zone := addr.Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			sa.ZoneId = uint32(i.Index)
		}
	}
	return sockaddr{sa, unix.AF_INET6}
}

// resolve finds the server's address. Where a name has several, it is the first one that takes a connection.
func (d *loops) resolve(ctx context.Context) error {
	port, err := strconv.ParseUint(d.target.port, 10, 16)
	if err != nil {
		return fmt.Errorf("%q is not a port's number", d.target.port)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", d.target.hostname)
	if err != nil {
		return err
	}
	if len(addrs) > 1 {
		dialer := net.Dialer{Timeout: d.plan.Timeout}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(d.target.hostname, d.target.port))
		if err != nil {
			return err
		}
		addrs[0] = conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
		_ = conn.Close()
	}
	d.peer = netip.AddrPortFrom(addrs[0].Unmap(), uint16(port))
	for _, a := range d.plan.Sources {
		if a.Unmap().Is4() != d.peer.Addr().Is4() {
			return fmt.Errorf("cannot connect from %v to %v", a, addrs[0])
		}
	}
	return nil
}

// dial starts a connection; what goes wrong then is the connection's failure.
func (l *loop) dial(i int) {
	c := &l.conns[i]
	*c = conn{sent: c.sent, owed: c.owed, received: c.received, since: l.now}
	if err := l.connect(i, c); err != nil {
		l.fail(i, ioError(err, ConnectError))
	}
}

func (l *loop) connect(i int, c *conn) error {
	fd, err := unix.Socket(l.peer.family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	c.fd, c.state = int32(fd), connecting
	l.opening.Add(1)
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if l.loops.peer.Addr().IsLoopback() {
		// Within one machine nothing is congested. Reno is always there and costs least, and whether it was taken
		// does not matter.
		_ = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, "reno")
	}
	if len(l.sources) > 0 {
		if err := bind(fd, l.sources[l.number(i)%len(l.sources)]); err != nil {
			return err
		}
	}
	if err := unix.Connect(fd, l.peer.Sockaddr); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return os.NewSyscallError("connect", err)
	}
	c.wanted = unix.EPOLLIN | unix.EPOLLOUT
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: c.wanted | edges, Fd: int32(i)}); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

// bind chooses the address to connect from. Its port is chosen at connect, when the kernel knows the whole
// connection, so that each address has all its ports for each server.
func bind(fd int, source sockaddr) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", unix.Bind(fd, source.Sockaddr))
}

// connected sends the request, when the connection is there.
func (l *loop) connected(i int, c *conn) {
	code, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	if err != nil {
		l.fail(i, ioError(os.NewSyscallError("connect", err), ConnectError))
		return
	}
	u := &l.upgrades[l.number(i)%len(l.upgrades)]
	n, e := rawSend(c.fd, u.request)
	if e == 0 && n < len(u.request) { // a new connection takes far more
		e = unix.ENOBUFS
	}
	if e != 0 {
		l.fail(i, ioError(os.NewSyscallError("sending the handshake", e), HandshakeError))
		return
	}
	l.out += int64(n)
	c.state = upgrading
	l.want(i, c, unix.EPOLLIN)
}

// upgraded takes a piece of the answer. It returns what lies behind it.
func (l *loop) upgraded(i int, c *conn, in []byte) []byte {
	if c.rare != nil && len(c.rare.gathered) > 0 {
		c.rare.gathered = append(c.rare.gathered, in...)
		in = c.rare.gathered
	}
	a, err := l.upgrades[l.number(i)%len(l.upgrades)].judge(in, l.plan.Deflate)
	if err != nil {
		l.fail(i, err)
		return nil
	}
	if a.length == 0 {
		if c.more(); len(c.rare.gathered) == 0 {
			c.rare.gathered = append(c.rare.gathered, in...)
		}
		return nil
	}
	c.rare = nil
	if l.plan.Deflate {
		c.more().inflater = &inflater{takeover: a.takeover}
	}
	c.state = open
	l.opening.Add(-1)
	l.tally.open.Add(1)
	return in[a.length:]
}

// dialMore keeps some handshakes under way.
func (l *loop) dialMore() {
	for l.next < l.upTo && l.task != nil && l.room() {
		l.next++
		l.busy++
		l.dial(l.next - 1)
	}
	if l.task != nil && l.next == l.upTo && l.busy == 0 {
		l.finish(nil)
	}
}
