package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/everwire/everwire/websocket/handshake"
)

// isRedirect reports whether a server, not a proxy, answered that it wants to be asked elsewhere.
func isRedirect(answer *http.Response) bool {
	if answer == nil || answer.Request.Method != http.MethodGet {
		return false
	}
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect turns the dialer to where a redirect points, or returns refused, with the reason why it does not.
func (d *dialer) redirect(refused *HandshakeError) error {
	to, err := d.target.redirected(refused.Response.Header.Get("Location"))
	if err != nil {
		refused.Reason = "the server's redirect is not followed: " + strings.TrimPrefix(err.Error(), "websocket: ")
		refused.Err = err
		return refused
	}
	if from := d.target; to.tls == from.tls && strings.EqualFold(to.address, from.address) {
		if to.auth == "" {
			to.auth = from.auth
		}
	} else { // what is for one server's eyes is not for another's
		for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Host"} {
			delete(d.header, name)
		}
	}
	d.target = to
	offer := *d.offer // the other one's answer may still be looked at
	offer.Key = handshake.NewKey()
	d.offer = &offer
	return nil
}

// redirected returns the target that a Location means, seen from t. Its errors repeat nothing of the URL but
// the scheme.
func (t *target) redirected(location string) (*target, error) {
	if t.network == "unix" {
		return nil, errors.New("it comes from a Unix domain socket")
	}
	if location == "" {
		return nil, errors.New("it has no Location")
	}
	base, err := url.Parse(t.url)
	if err != nil {
		return nil, err
	}
	u, err := base.Parse(location)
	if err != nil {
		return nil, errors.New("its Location is malformed")
	}
	u.Fragment, u.RawFragment = "", "" // of use only to who has asked for a document
	to, err := parseTarget(u.String())
	switch {
	case err != nil:
		return nil, err
	case to.network == "unix":
		return nil, fmt.Errorf("it leads to %s", u.Scheme)
	case t.tls && !to.tls:
		return nil, errors.New("it leads from wss to ws")
	}
	return to, nil
}
