package pages

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// contentSecurityPolicy allows a page its own scripts, styles and images and a connection back to its own origin,
// and nothing else. 'self' in connect-src covers ws: and wss: to the page's own host and port (CSP Level 3,
// "does url match expression in origin"), so no wider source is named.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var (
	pages  = renderPages()
	assets = loadAssets()
)

// Handler returns the handler of one page: "index", "status", or the name of a demo, such as "echo". It answers at any
// path; the page's links and its script are relative to the path it is served at, so the page of a demo belongs at that
// demo's WebSocket endpoint, beside the index and the static folder.
//
// It answers GET and HEAD, and 405 to any other method. Responses carry an ETag of the content and ask to be
// revalidated, so a browser never shows a page together with a script of another version.
//
// Handler panics if there is no page of that name.
func Handler(name string) http.Handler {
	page, ok := pages[name]
	if !ok {
		panic(fmt.Sprintf("pages: no page named %q", name))
	}
	return readOnly(page.serve)
}

// Static returns the handler of the scripts, the style sheet and the pictures, to be mounted at /static/. It reads
// the whole request path, /static/ included, and answers 404 for what does not exist, directories among it, and
// 405 to any method but GET and HEAD.
func Static() http.Handler {
	return readOnly(func(w http.ResponseWriter, r *http.Request) {
		name, _ := strings.CutPrefix(r.URL.Path, "/static/")
		asset, ok := assets[name]
		if !ok {
			http.Error(w, "404 page not found", http.StatusNotFound)
			return
		}
		asset.serve(w, r)
	})
}

// readOnly puts the security headers on every response, errors included, and lets only GET and HEAD pass.
func readOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	})
}

// serve answers with the file, or with 304 if the browser has it.
func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache") // may be stored, must be revalidated
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
