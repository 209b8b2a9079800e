//go:build everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd)

package engine

import (
	"io"

	"golang.org/x/sys/unix"
)

// most is how much a call is given: some of these systems refuse 2 GiB.
const most = 1 << 30

// recv reads what is there. Nothing there is no error, and the end of the stream is io.EOF.
func recv(fd int, p []byte) (int, error) {
	p = p[:min(len(p), most)]
	for {
		n, _, err := unix.Recvfrom(fd, p, flags)
		switch {
		case n > 0:
			return n, nil // whatever the sender's address looks like
		case err == nil:
			return 0, io.EOF
		case err == unix.EAGAIN:
			return 0, nil
		case err != unix.EINTR:
			return 0, err
		}
	}
}

func send(fd int, p []byte) (int, error) { return send2(fd, p, nil) }

// send2 sends two pieces, one after the other.
func send2(fd int, p, q []byte) (int, error) {
	p = p[:min(len(p), most)]
	q = q[:min(len(q), most-len(p))]
	if len(p)+len(q) == 0 {
		return 0, nil
	}
	for {
		n, err := unix.SendmsgBuffers(fd, [][]byte{p, q}, nil, nil, flags)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, nil
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}

// shutdownWrite ends this end's half of a stream.
func shutdownWrite(fd int) { unix.Shutdown(fd, unix.SHUT_WR) }

func closeDescriptor(fd int, _ bool) { unix.Close(fd) }
