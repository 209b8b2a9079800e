package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTokenOf(t *testing.T) {
	const authorization, subprotocol = "Authorization", "Sec-Websocket-Protocol"
	for _, c := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"nothing", nil, ""},
		{"Authorization", http.Header{authorization: {"Bearer a.b-c_d"}}, "a.b-c_d"},
		{"the scheme in another case", http.Header{authorization: {"bEaReR abc"}}, "abc"},
		{"several spaces", http.Header{authorization: {"  Bearer   abc "}}, "abc"},
		{"another scheme", http.Header{authorization: {"Basic abc"}}, ""},
		{"a scheme that begins alike", http.Header{authorization: {"BearerX abc"}}, ""},
		{"no token behind it", http.Header{authorization: {"Bearer "}}, ""},
		{"two words", http.Header{authorization: {"Bearer a b"}}, ""},
		{"two in a list", http.Header{authorization: {"Bearer a,Bearer b"}}, ""},
		{"two fields", http.Header{authorization: {"Bearer a", "Bearer b"}}, ""},
		{"a subprotocol", http.Header{subprotocol: {"everwire.chat.v1, everwire.bearer.a.b.c"}}, "a.b.c"},
		{"a subprotocol alone", http.Header{subprotocol: {"everwire.bearer.abc"}}, "abc"},
		{"on the second line", http.Header{subprotocol: {"everwire.chat.v1", "everwire.bearer.abc"}}, "abc"},
		{"the first of two", http.Header{subprotocol: {"everwire.bearer.a, everwire.bearer.b"}}, "a"},
		{"an empty one", http.Header{subprotocol: {"everwire.bearer."}}, ""},
		{"another prefix", http.Header{subprotocol: {"bearer.abc"}}, ""},
		{"the prefix in another case", http.Header{subprotocol: {"Everwire.Bearer.abc"}}, ""},
		{"a malformed list", http.Header{subprotocol: {"everwire.bearer.abc, not a token"}}, ""},
		{"both", http.Header{authorization: {"Bearer a"}, subprotocol: {"everwire.bearer.b"}}, "a"},
		{"another scheme, and a subprotocol", http.Header{authorization: {"Basic a"}, subprotocol: {"everwire.bearer.b"}}, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/chat?token=q&access_token=q&everwire.bearer.q", nil)
			for name, values := range c.header {
				r.Header[name] = values
			}
			if got := TokenOf(r); got != c.want {
				t.Errorf("the token is %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzTokenOf(f *testing.F) {
	f.Add("Bearer abc", "everwire.chat.v1, everwire.bearer.abc")
	f.Add("", "everwire.bearer.")
	f.Add("bearer\tabc", ",,,everwire.bearer.a,")
	f.Fuzz(func(t *testing.T, authorization, subprotocol string) {
		r := &http.Request{Header: http.Header{"Authorization": {authorization}, "Sec-Websocket-Protocol": {subprotocol}}}
		token := TokenOf(r)
		if token == "" {
			return
		}
		if strings.ContainsAny(token, " \t,\"") {
			t.Fatalf("the token is %q", token)
		}
		if !strings.Contains(authorization, token) && !strings.Contains(subprotocol, SubprotocolPrefix+token) {
			t.Fatalf("the token %q is not in the request", token)
		}
	})
}
