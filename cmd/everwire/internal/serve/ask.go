package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Ask asks the server that was started with a Config, on the same machine, whether it is ready for clients, and
// returns nil if so. Any other answer within timeout, and none, is an error that says so in one line.
func Ask(ctx context.Context, cfg Config, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	scheme := "http"
	if cfg.TLSSelfSigned || cfg.TLSCert != "" {
		scheme = "https"
	}
	url := scheme + "://" + nearest(cfg.Addr) + "/readyz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", url, err)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		// Who answers on this machine's own address needs no proof of who it is.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	answer, err := transport.RoundTrip(request)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer within %v", url, timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s; is everwire serve running, with this --addr?", url)
	case err != nil:
		return fmt.Errorf("cannot ask %s: %w", url, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 100))
		text, _, _ := strings.Cut(string(said), "\n")
		return fmt.Errorf("%s answers %s: %q", url, answer.Status, text)
	}
	return nil
}

// nearest is the address by which this machine reaches who listens on addr.
func nearest(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	switch ip := net.ParseIP(host); {
	case host == "", ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		return net.JoinHostPort("127.0.0.1", port)
	case ip != nil && ip.IsUnspecified():
		return net.JoinHostPort("::1", port)
	}
	return addr
}
