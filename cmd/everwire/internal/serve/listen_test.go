package serve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestPortInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	addr := other.Addr().String()
	err = Run(t.Context(), Config{Addr: addr}, io.Discard, newLogbook().logger())
	want := "cannot listen on " + addr + ": another program uses this port; stop that one, or choose another port " +
		"with --addr (--addr 127.0.0.1:0 takes any that is free)"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestAdvice(t *testing.T) {
	system := func(err error) error {
		return &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", err)}
	}
	tests := []struct {
		name, addr string
		err        error
		want       string
	}{
		{"in use", "[::1]:80", system(syscall.EADDRINUSE), "--addr [::1]:0 takes any"},
		{"in use, every address", ":80", system(syscall.EADDRINUSE), "--addr :0 takes any"},
		{"not permitted", "127.0.0.1:80", system(syscall.EACCES), "ports below 1024"},
		{"not permitted, by another name", "127.0.0.1:80", fs.ErrPermission, "ports below 1024"},
		{"not ours", "192.0.2.1:80", system(syscall.EADDRNOTAVAIL), "does not have that address"},
		{"no such name", "nowhere.invalid:80", &net.OpError{Err: &net.DNSError{}}, `"nowhere.invalid" has no address`},
		{"anything else", ":80", errors.New("the cable is cut"), "the cable is cut"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := advice("--addr", tt.addr, fmt.Errorf("wrapped: %w", tt.err))
			if !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("advice %q, want one line with %q", got, tt.want)
			}
		})
	}
}
