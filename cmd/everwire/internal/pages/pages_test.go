package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func do(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestResponses(t *testing.T) {
	const html, plain = "text/html; charset=utf-8", "text/plain; charset=utf-8"
	tests := []struct {
		name        string
		handler     http.Handler
		method      string
		path        string
		status      int
		contentType string
	}{
		{"index", Handler("index"), "GET", "/", 200, html},
		{"echo", Handler("echo"), "GET", "/echo", 200, html},
		{"hello", Handler("hello"), "GET", "/hello", 200, html},
		{"chat", Handler("chat"), "GET", "/chat", 200, html},
		{"binary", Handler("binary"), "GET", "/binary", 200, html},
		{"rate", Handler("rate"), "GET", "/rate", 200, html},
		{"handshake", Handler("handshake"), "GET", "/handshake", 200, html},
		{"subprotocols", Handler("subprotocols"), "GET", "/subprotocols", 200, html},
		{"status", Handler("status"), "GET", "/status", 200, html},
		{"page with a query", Handler("echo"), "GET", "/echo?hello=1s", 200, html},
		{"page at another path", Handler("echo"), "GET", "/try/echo", 200, html},
		{"HEAD of a page", Handler("chat"), "HEAD", "/chat", 200, html},
		{"POST to a page", Handler("chat"), "POST", "/chat", 405, plain},
		{"OPTIONS of a page", Handler("index"), "OPTIONS", "/", 405, plain},

		{"style sheet", Static(), "GET", "/static/style.css", 200, "text/css; charset=utf-8"},
		{"script", Static(), "GET", "/static/echo.js", 200, "text/javascript; charset=utf-8"},
		{"picture", Static(), "GET", "/static/favicon.svg", 200, "image/svg+xml"},
		{"HEAD of an asset", Static(), "HEAD", "/static/logo.svg", 200, "image/svg+xml"},
		{"unknown asset", Static(), "GET", "/static/none.js", 404, plain},
		{"the folder itself", Static(), "GET", "/static/", 404, plain},
		{"a template", Static(), "GET", "/static/../html/echo.html", 404, plain},
		{"POST to an asset", Static(), "POST", "/static/style.css", 405, plain},
		{"DELETE of an unknown asset", Static(), "DELETE", "/static/none.js", 405, plain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := do(tt.handler, tt.method, tt.path)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get("Content-Type"); got != tt.contentType {
				t.Errorf("Content-Type %q, want %q", got, tt.contentType)
			}
			if got := w.Body.Len() > 0; got != (tt.method != "HEAD") {
				t.Errorf("body of %d bytes in answer to %s", w.Body.Len(), tt.method)
			}
			if got := w.Header().Get("Allow") == "GET, HEAD"; got != (tt.status == 405) {
				t.Errorf("Allow %q with status %d", w.Header().Get("Allow"), w.Code)
			}

			for header, want := range map[string]string{
				"Content-Security-Policy": contentSecurityPolicy,
				"X-Content-Type-Options":  "nosniff",
				"Referrer-Policy":         "no-referrer",
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestHeadAnswersTheLengthOfTheBody(t *testing.T) {
	get, head := do(Handler("echo"), "GET", "/echo"), do(Handler("echo"), "HEAD", "/echo")
	if got, want := head.Header().Get("Content-Length"), get.Header().Get("Content-Length"); got != want || got == "" {
		t.Errorf("Content-Length %q for HEAD, %q for GET", got, want)
	}
}

// The policy is worth what its weakest source is worth.
func TestPolicyIsStrict(t *testing.T) {
	got := make(map[string]string)
	for directive := range strings.SplitSeq(contentSecurityPolicy, "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		got[name] = sources
	}
	want := map[string]string{
		"default-src":     "'none'",
		"script-src":      "'self'",
		"style-src":       "'self'",
		"img-src":         "'self'",
		"connect-src":     "'self'",
		"base-uri":        "'none'",
		"form-action":     "'none'",
		"frame-ancestors": "'none'",
	}
	for name, sources := range want {
		if got[name] != sources {
			t.Errorf("%s %s, want %s", name, got[name], sources)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d directives, want %d: %s", len(got), len(want), contentSecurityPolicy)
	}
}

func TestRevalidation(t *testing.T) {
	tests := []struct {
		name    string
		handler http.Handler
		path    string
	}{
		{"page", Handler("index"), "/"},
		{"asset", Static(), "/static/style.css"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := do(tt.handler, "GET", tt.path)
			etag := first.Header().Get("ETag")
			if len(etag) < 3 || etag[0] != '"' {
				t.Fatalf("ETag %q is not a strong entity tag", etag)
			}
			if got := first.Header().Get("Cache-Control"); got != "no-cache" {
				t.Errorf("Cache-Control %q, want no-cache", got)
			}

			same := do(tt.handler, "GET", tt.path, "If-None-Match", etag)
			if same.Code != 304 || same.Body.Len() != 0 {
				t.Errorf("status %d and %d bytes for the current ETag, want 304 and none", same.Code, same.Body.Len())
			}
			other := do(tt.handler, "GET", tt.path, "If-None-Match", `"older"`)
			if other.Code != 200 || other.Body.String() != first.Body.String() {
				t.Errorf("status %d and %d bytes for an older ETag", other.Code, other.Body.Len())
			}
		})
	}
}

func TestHandlerPanicsForAnUnknownPage(t *testing.T) {
	for _, name := range []string{"", "layout", "Echo", "../static/style.css"} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("Handler(%q) did not panic", name)
				}
			}()
			Handler(name)
		})
	}
}
