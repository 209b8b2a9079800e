package load

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
)

// An ErrorKind says what kind of failure ended a connection.
type ErrorKind string

const (
	ConnectError   ErrorKind = "connect"   // there is no connection: refused, unreachable, no port left
	HandshakeError ErrorKind = "handshake" // TLS failed, or the answer was not the right one; Code is its HTTP status
	CloseError     ErrorKind = "close"     // the server closed; Code is its Close frame's, 1005 if that had none, 1006 if there was no frame
	ResetError     ErrorKind = "reset"     // the connection was reset, or broke
	ContentError   ErrorKind = "content"   // an answer with wrong content, one too many, or what RFC 6455 forbids
	TimeoutError   ErrorKind = "timeout"   // no connection, answer or delivery in time
	SystemError    ErrorKind = "system"    // this system gave no descriptor, memory or the like
)

// An Error is why a connection failed.
type Error struct {
	Kind       ErrorKind
	Code       int // an HTTP status or a close code (RFC 6455 §7.4), see the kinds; else 0
	Connection int // its number, from 0
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("connection %d: %v", e.Connection, e.Err) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// An ErrorCount is how many connections failed in one way.
type ErrorCount struct {
	Kind    ErrorKind
	Code    int // as in Error; of more than 64 kinds and codes the others count as 0
	Count   int64
	Example *Error // the first of them
}

// The close codes that stand for none (RFC 6455 §7.4.1).
const (
	codeNone     = 1005
	codeAbnormal = 1006
)

// because makes an error of a kind; its connection is known to who counts it.
func because(kind ErrorKind, code int, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Err: fmt.Errorf(format, args...)}
}

// ioError sorts what the system, or crypto/tls, says.
func ioError(err error, otherwise ErrorKind) *Error {
	var known *Error
	is := func(any ...error) bool {
		return slices.ContainsFunc(any, func(target error) bool { return errors.Is(err, target) })
	}
	switch {
	case errors.As(err, &known):
		return known
	case isTimeout(err) || is(os.ErrDeadlineExceeded):
		otherwise = TimeoutError
	case is(syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM):
		otherwise = SystemError
	case is(syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE):
		otherwise = ResetError
	}
	return &Error{Kind: otherwise, Err: err}
}

// errClosed is the end of a stream without a Close frame.
var errClosed = because(CloseError, codeAbnormal, "the server closed the connection")

// closedBy is the end by a Close frame.
func closedBy(payload []byte) *Error {
	code := codeNone
	if len(payload) >= 2 {
		code = int(payload[0])<<8 | int(payload[1])
	}
	return because(CloseError, code, "the server sent a Close frame: %s", closeReason(payload))
}

// maxKinds is how many kinds and codes are counted apart: close codes are the server's to choose.
const maxKinds = 64

// failures are errors by kind. Any goroutine may count.
type failures struct {
	mu   sync.Mutex
	list []ErrorCount
}

func (f *failures) add(e *Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = counted(f.list, ErrorCount{e.Kind, e.Code, 1, e})
}

// appendTo adds what was counted to other counts.
func (f *failures) appendTo(list []ErrorCount) []ErrorCount {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.list {
		list = counted(list, n)
	}
	return list
}

func counted(list []ErrorCount, more ErrorCount) []ErrorCount {
	for range 2 {
		for i := range list {
			if list[i].Kind == more.Kind && list[i].Code == more.Code {
				list[i].Count += more.Count
				return list
			}
		}
		if len(list) < maxKinds || more.Code == 0 {
			break
		}
		more.Code = 0
	}
	return append(list, more)
}
