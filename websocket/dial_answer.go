package websocket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/everwire/everwire/websocket/handshake"
)

// An answer is what came back for a request: of the server to the handshake, or of a proxy to CONNECT. Of what
// follows its header, some may be in br already.
type answer struct {
	*http.Response
	nc    net.Conn
	br    *bufio.Reader
	limit *io.LimitedReader // below br
}

// ask sends a request and reads the header of its answer. What r says becomes the answer's Request.
func (d *dialer) ask(nc net.Conn, request []byte, r *http.Request) (*answer, error) {
	if _, err := nc.Write(request); err != nil {
		return nil, err
	}
	limit := &io.LimitedReader{R: nc, N: int64(orDefault(d.opts.HeaderBytes, 64<<10))}
	if limit.N < 0 {
		limit.N = math.MaxInt64
	}
	br := bufio.NewReader(limit)
	resp, err := readResponse(br, r)
	if err != nil {
		if limit.N <= 0 {
			err = errors.New("the header of the answer is larger than HeaderBytes allow")
		}
		return nil, err
	}
	return &answer{resp, nc, br, limit}, nil
}

// readResponse reads the final answer, after any interim ones (RFC 9110 §15.2).
func readResponse(br *bufio.Reader, r *http.Request) (*http.Response, error) {
	for range 8 {
		resp, err := http.ReadResponse(br, r)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	return nil, errors.New("too many interim answers")
}

// How much of a refusal's body is kept for who asks why, how much is read for it in whatever encoding, and
// how long that may take.
const (
	maxErrorBody    = 1 << 10
	errorBodyOctets = 8 << 10
	errorBodyTime   = time.Second
)

// refusal makes the error of an answer that is no good, with the start of its body.
func (a *answer) refusal(ctx context.Context, why error) error {
	a.limit.N = errorBodyOctets
	a.nc.SetReadDeadline(time.Now().Add(errorBodyTime))
	if ctx.Err() != nil {
		a.nc.SetReadDeadline(longAgo) // which may have been set before
	}
	// What came of it is what there is. It is not closed: that would read all of it.
	body, _ := io.ReadAll(io.LimitReader(a.Body, maxErrorBody))
	a.Body = io.NopCloser(bytes.NewReader(body))
	reason := why.Error()
	var e *handshake.Error
	if errors.As(why, &e) {
		reason = e.Reason
	}
	return &HandshakeError{Response: a.Response, Status: a.StatusCode, Reason: reason, Err: why}
}
