package engine

import (
	"cmp"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Listener accepts connections on a loop, and they never were in Go's netpoller.
//
// While the process has no descriptors left, those who wait are accepted by one that is held in reserve and closed,
// and between two tries the Listener waits: a full queue does not keep it busy.
type Listener struct {
	Conn   // of the socket that listens, whose descriptor is package net's
	raw    syscall.RawConn
	close  func() error
	accept func(fd int) (Accepted, error)
	closed chan struct{}

	mu      sync.Mutex // guards what follows
	over    bool
	err     error // why it is over
	greet   func(Accepted)
	options streamOptions
	lingers bool          // who closes a connection may have to wait
	reserve int           // a descriptor to spend; -1 if it is gone
	pause   time.Duration // to the next try; 0 if this one worked
	failed  error         // of acceptAll
	all     func(fd uintptr)
}

// An Accepted connection is for [Conn.Place]; who does not want it calls Close.
type Accepted struct {
	Local, Remote net.Addr
	fd            int
	prompt        bool     // see Conn
	lane          interest // in which it begins
}

// Close closes the connection.
func (a Accepted) Close() { syscall.Close(a.fd) }

const (
	firstPause    = 5 * time.Millisecond // with no descriptors left, doubling up to
	longPause     = time.Second
	acceptsAtOnce = 8           // before others get their turn
	closedLook    = time.Second // package net does not tell when somebody else closes the listener
)

// Listen makes a Listener of one of package net's, for streams: *net.TCPListener or *net.UnixListener, which stays package
// net's to close. If it fails ln is as it was.
func Listen(ln net.Listener) (*Listener, error) {
	l := &Listener{close: ln.Close, closed: make(chan struct{}), reserve: -1}
	var err error
	switch ln := ln.(type) {
	case *net.TCPListener:
		local := ln.Addr().(*net.TCPAddr)
		l.accept = func(fd int) (Accepted, error) { return acceptTCP(fd, local) }
		l.options.tcp = true
		l.raw, err = ln.SyscallConn()
	case *net.UnixListener:
		local := ln.Addr()
		l.accept = func(fd int) (Accepted, error) { return acceptUnix(fd, local) }
		l.raw, err = ln.SyscallConn()
	default:
		return nil, errNotSocket
	}
	if err != nil {
		return nil, err
	}
	l.all = l.acceptAll
	control := l.raw.Control(func(fd uintptr) { err = l.Place(Accepted{fd: int(fd)}, l) })
	return l, cmp.Or(control, err)
}

// Run has connections accepted, and greet called with each, which must not block, until that fails or the listener is closed; it
// closes it then and returns why. Call it once.
func (l *Listener) Run(greet func(Accepted)) error {
	if l.begin(greet) {
		l.SetTimer(closedLook)
	}
	<-l.closed
	return l.err
}

// begin begins to accept, and reports false if it is over.
func (l *Listener) begin(greet func(Accepted)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.greet = greet
	l.spare()
	var err error
	l.raw.Control(func(fd uintptr) {
		l.options.set(int(fd))
		l.lingers = lingers(int(fd))
		err = l.Watch(true, false)
	})
	if err != nil {
		l.end(err)
	}
	return !l.over
}

// Close ends Run, and closes what it listens on.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end(net.ErrClosed)
}

// end closes the listener, unless it is over. Call with mu held.
func (l *Listener) end(err error) error {
	if l.over {
		return net.ErrClosed
	}
	l.over, l.err = true, err
	if l.raw.Control(func(uintptr) { l.Disown() }) != nil {
		l.interest = 0 // its descriptor is closed, and may be another's by now
		l.Disown()
	}
	if l.reserve >= 0 {
		syscall.Close(l.reserve)
	}
	close(l.closed)
	return l.close()
}

func (l *Listener) Lock()   { l.mu.Lock() }
func (l *Listener) Unlock() { l.mu.Unlock() }

// Prepare accepts who waits.
func (l *Listener) Prepare(*Worker) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.try()
	return nil
}

// Timeout tries again, or sees whether the listener was closed by somebody else.
func (l *Listener) Timeout(*Worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.try(); !l.over {
		l.SetTimer(cmp.Or(l.pause, closedLook))
	}
}

func (l *Listener) Received(*Worker, []byte, error) {}
func (l *Listener) Writable(*Worker)                {}
func (l *Listener) Attend(*Worker)                  {}
func (l *Listener) Stolen()                         {}
func (l *Listener) Closed(*Worker)                  {}

// try accepts who waits. Call with mu held.
func (l *Listener) try() {
	if l.over {
		return
	}
	l.failed = nil
	paused := l.pause
	switch err := l.raw.Control(l.all); {
	case err != nil:
		l.end(err)
	case l.failed == nil:
		l.pause = 0
	case exhausted(l.failed):
		l.pause = min(max(2*l.pause, firstPause), longPause)
		l.SetTimer(l.pause)
	default:
		l.end(os.NewSyscallError("accept4", l.failed))
	}
	if !l.over && (paused > 0) != (l.pause > 0) {
		l.raw.Control(func(uintptr) { l.Watch(l.pause == 0, false) })
	}
}

// acceptAll accepts those who wait, or many of them.
func (l *Listener) acceptAll(listening uintptr) {
	for range acceptsAtOnce {
		a, err := l.accept(int(listening))
		switch {
		case err == nil:
			l.options.ensure(a.fd)
			a.prompt, a.lane = !l.lingers, heavy
			l.greet(a)
		case err == syscall.EAGAIN:
			return
		case err == syscall.EMFILE || err == syscall.ENFILE:
			l.refuse(int(listening))
			l.failed = err
			return
		case !gone(err):
			l.failed = err
			return
		}
	}
}

// gone reports whether an error of accept4 is that of the connection, which it took out of the queue: Linux passes
// on what the network had to say of it.
func gone(err error) bool {
	switch err {
	case syscall.ECONNABORTED, syscall.EINTR, syscall.EPERM, syscall.EPROTO, syscall.ENETDOWN, syscall.ENOPROTOOPT,
		syscall.EHOSTDOWN, syscall.ENONET, syscall.EHOSTUNREACH, syscall.EOPNOTSUPP, syscall.ENETUNREACH:
		return true
	}
	return false
}

// exhausted reports whether an error goes away when the process, or the system, has more to give.
func exhausted(err error) bool {
	return err == syscall.EMFILE || err == syscall.ENFILE || err == syscall.ENOBUFS || err == syscall.ENOMEM
}

// refuse lets one who waits know that there is no room, by the descriptor in reserve.
func (l *Listener) refuse(listening int) {
	if l.reserve < 0 {
		l.spare()
		return
	}
	syscall.Close(l.reserve)
	l.reserve = -1
	if fd, _, err := syscall.Accept4(listening, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC); err == nil {
		syscall.Close(fd)
	}
	l.spare()
}

// spare puts a descriptor in reserve, if there is one.
func (l *Listener) spare() {
	if fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
		l.reserve = fd
	}
}

// streamOptions sets what package net sets for a TCP connection: no delay, and keepalive after 15 s, 9 times every 15 s.
// A connection inherits it from the socket that listens, where it costs nothing; not, if it was in the queue before.
type streamOptions struct {
	tcp       bool
	inherited bool // an accepted connection had them
}

var keepAlive = [...]struct{ level, name, value int }{
	{syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
	{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 15},
	{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 15},
	{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 9},
	{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
}

// set sets the options, of what listens or of a connection.
func (o *streamOptions) set(fd int) {
	if o.tcp {
		for _, opt := range keepAlive {
			syscall.SetsockoptInt(fd, opt.level, opt.name, opt.value)
		}
	}
}

// ensure sees to it that a new connection has them. Once one has inherited them, those after it have, too.
func (o *streamOptions) ensure(fd int) {
	if !o.tcp || o.inherited {
		return
	}
	for _, opt := range keepAlive {
		if v, err := syscall.GetsockoptInt(fd, opt.level, opt.name); err != nil || v != opt.value {
			o.set(fd)
			return
		}
	}
	o.inherited = true
}

// lingers reports whether SO_LINGER is set, which connections inherit.
func lingers(fd int) bool {
	var v struct{ on, seconds int32 }
	size := uint32(unsafe.Sizeof(v))
	syscall.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, syscall.SO_LINGER,
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&size)), 0)
	return v.on != 0
}

// acceptTCP accepts a connection. Who listens on all addresses has to ask for the one that the peer came to.
func acceptTCP(listening int, local *net.TCPAddr) (Accepted, error) {
	var raw syscall.RawSockaddrAny
	size := uint32(syscall.SizeofSockaddrAny)
	fd, _, e := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listening), uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)),
		syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
	if e != 0 {
		return Accepted{}, e
	}
	a := Accepted{fd: int(fd), Remote: tcpAddr(&raw), Local: local}
	if local.IP.IsUnspecified() {
		size = syscall.SizeofSockaddrAny
		if _, _, e := syscall.RawSyscall(unix.SYS_GETSOCKNAME, fd, uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size))); e == 0 {
			a.Local = tcpAddr(&raw)
		}
	}
	return a, nil
}

// tcpAddr makes the address that package net would make.
func tcpAddr(raw *syscall.RawSockaddrAny) *net.TCPAddr {
	switch raw.Addr.Family {
	case syscall.AF_INET:
		in := (*syscall.RawSockaddrInet4)(unsafe.Pointer(raw))
		a := &struct {
			net.TCPAddr
			ip [4]byte
		}{ip: in.Addr}
		a.IP, a.Port = a.ip[:], port(in.Port)
		return &a.TCPAddr
	case syscall.AF_INET6:
		in := (*syscall.RawSockaddrInet6)(unsafe.Pointer(raw))
		a := &struct {
			net.TCPAddr
			ip [16]byte
		}{ip: in.Addr}
		a.IP, a.Port, a.Zone = a.ip[:], port(in.Port), zone(in.Scope_id)
		return &a.TCPAddr
	}
	return &net.TCPAddr{}
}

// port reads a port, which is in the network's order.
func port(p uint16) int {
	b := (*[2]byte)(unsafe.Pointer(&p))
	return int(b[0])<<8 | int(b[1])
}

func zone(scope uint32) string {
	if scope == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(int(scope)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(scope))
}

func acceptUnix(listening int, local net.Addr) (Accepted, error) {
	fd, peer, err := syscall.Accept4(listening, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
	if err != nil {
		return Accepted{}, err
	}
	remote := &net.UnixAddr{Net: "unix"}
	if peer, ok := peer.(*syscall.SockaddrUnix); ok {
		remote.Name = peer.Name
	}
	return Accepted{Local: local, Remote: remote, fd: fd}, nil
}

// AddrString is what a's String returns, with less ado.
func AddrString(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok {
		if ip, ok := netip.AddrFromSlice(tcp.IP); ok {
			return netip.AddrPortFrom(ip.Unmap().WithZone(tcp.Zone), uint16(tcp.Port)).String()
		}
	}
	return a.String()
}

// Place puts an accepted connection on the loop with the fewest, as Adopt does with a stream.
func (c *Conn) Place(a Accepted, h Handler) error {
	e, err := acquire()
	if err != nil {
		return err
	}
	c.handler, c.fd, c.prompt = h, int32(a.fd), a.prompt
	c.place(a.lane)
	e.fewest().add(c)
	return nil
}

// HandOver gives the descriptor to another Conn, which takes this one's place on its loop, watched for what it is watched for; its
// timer is not set. This Conn is as one that is closed, but that Closed is not called. Call with the handler's lock held, and not
// after Finish.
func (c *Conn) HandOver(to *Conn, h Handler) {
	to.handler, to.loop, to.fd, to.slot, to.gen, to.interest, to.prompt = h, c.loop, c.fd, c.slot, c.gen, c.interest, c.prompt
	to.place(c.interest)
	c.due.Store(0)
	w := &c.loop.wheel
	w.mu.Lock()
	to.wheeled = c.wheeled // its entry finds to from now on
	c.loop.slots.replace(c, to)
	w.mu.Unlock()
	c.fd, c.interest = -1, 0
}

// Disown takes the connection off its loop and returns the descriptor, which is the caller's to close; or -1 if there is none. This
// Conn is as after HandOver. Call with the handler's lock held, and not after Finish.
func (c *Conn) Disown() (fd int) {
	if c.fd < 0 {
		return -1
	}
	fd = int(c.fd)
	c.loop.forget(c)
	c.loop.engine.release()
	return fd
}
