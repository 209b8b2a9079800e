package browser

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// awaitConsole reads the tab's console up to a message that says text, and keeps the complaints on the way.
func (p *tab) awaitConsole(text string) {
	p.t.Helper()
	late := time.AfterFunc(patience, p.close)
	defer late.Stop()
	for {
		m, err, ok := p.console()
		switch {
		case err != nil || !ok:
			p.t.Fatalf("the console ends (%v) without %q; its complaints: %q", err, text, p.complaints)
		case strings.Contains(m.Text, text):
			return
		case m.Type == chromedp.ConsoleError, m.Type == chromedp.ConsoleWarning, m.IsException():
			p.complaints = append(p.complaints, m.String())
		}
	}
}

// drain reads all that the console has said so far.
func (p *tab) drain() {
	p.t.Helper()
	const last = "so far"
	evaluate[chromedp.Void](p, "console.debug("+quote(last)+")")
	p.awaitConsole(last)
}

// checkConsole fails the test for every error, warning, uncaught exception and violation of the page's policy that
// the test did not await.
func (p *tab) checkConsole() {
	p.t.Helper()
	if p.ctx.Err() != nil {
		return // the test has closed this tab, or given up on it
	}
	p.drain()
	for _, complaint := range p.complaints {
		p.t.Errorf("the browser complains: %s", complaint)
	}
}

// The other tests pass only if there are no complaints: here is what is one, in the order of the page.
func TestComplaintsAreHeard(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	policy := "default-src 'none'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
	site := listen(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", policy)
		io.WriteString(w, mistakes)
	}))
	p := open(t, site.http)
	evaluate[chromedp.Void](p, `new Promise(resolve => new WebSocket("ws://other.example/").onerror = resolve)`)
	p.drain()
	for _, want := range []string{
		"said aloud",
		"said softly",
		"nobody is not defined",
		"Error: in vain",
		"Applying inline style violates",
		"Loading the script 'https://other.example/script.js' violates",
		"404",
		"Connecting to 'ws://other.example/' violates",
	} {
		heard := func(c string) bool { return strings.Contains(c, want) }
		if !slices.ContainsFunc(p.complaints, heard) {
			t.Errorf("nobody complains: %s", want)
		}
		p.complaints = slices.DeleteFunc(p.complaints, heard)
	}
}

const mistakes = `<!doctype html><html lang="en"><title>Mistakes</title><link rel="icon" href="data:,">
<script>console.error("said aloud")</script>
<script>console.warn("said softly")</script>
<script>nobody.knows</script>
<script>Promise.reject(new Error("in vain"))</script>
<p style="color: red">red</p>
<script src="https://other.example/script.js"></script>
<img src="missing.svg" alt="">`
