package websocket

import (
	"maps"
	"net/http"
	"strings"
)

// withCookies returns the program's header fields and the jar's cookies for the target. They go behind those
// that the program gave itself, in the same line: a request has but one (RFC 6265 §5.4).
func (d *dialer) withCookies() http.Header {
	page := d.target.page()
	if d.opts.Jar == nil || page == nil {
		return d.header
	}
	line := &http.Request{Header: http.Header{}} // which knows how a cookie is written
	for _, cookie := range d.opts.Jar.Cookies(page) {
		line.AddCookie(cookie)
	}
	cookies := append(d.header["Cookie"][:len(d.header["Cookie"]):len(d.header["Cookie"])], line.Header["Cookie"]...)
	if len(cookies) == 0 {
		return d.header
	}
	header := maps.Clone(d.header)
	header["Cookie"] = []string{strings.Join(cookies, "; ")}
	return header
}

// keepCookies gives the jar what the server's answer, good or bad, sets.
func (d *dialer) keepCookies(answer *http.Response) {
	if page := d.target.page(); d.opts.Jar != nil && page != nil {
		if cookies := answer.Cookies(); len(cookies) > 0 {
			d.opts.Jar.SetCookies(page, cookies)
		}
	}
}
