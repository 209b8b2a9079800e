package websocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// askHTTP has an HTTP proxy connect the stream to the target, by CONNECT (RFC 9110 §9.3.6): also for ws, since a
// proxy that forwards a GET would have to know about Upgrade (RFC 6455 §4.1).
func (d *dialer) askHTTP(ctx context.Context, p *proxy) error {
	to := d.target.authority()
	var request bytes.Buffer
	fmt.Fprintf(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", to, to)
	if p.user != nil {
		password, _ := p.user.Password()
		fmt.Fprintf(&request, "Proxy-Authorization: %s\r\n", basicAuth(p.user.Username(), password))
	}
	request.WriteString("\r\n")
	a, err := d.ask(d.nc, request.Bytes(), &http.Request{Method: http.MethodConnect, Host: to, URL: &url.URL{Host: to}})
	if err != nil {
		return err
	}
	if a.StatusCode < 200 || a.StatusCode > 299 {
		return a.refusal(ctx, fmt.Errorf("the proxy %s answered %d %s to CONNECT %s",
			p.name, a.StatusCode, http.StatusText(a.StatusCode), to))
	}
	if a.br.Buffered() > 0 { // neither a WebSocket nor a TLS server speaks first
		return errors.New("it sent something behind its answer")
	}
	return nil
}
