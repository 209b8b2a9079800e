package browser

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/everwire/everwire/cmd/everwire/internal/cli"
)

// benchPage loads a server for a moment, and returns where the page about that is served.
func benchPage(t *testing.T, flags ...string) string {
	t.Helper()
	s := serve(t, false)
	file := filepath.Join(t.TempDir(), "report.html")
	args := append([]string{"bench", s.ws + "/echo", "-c", "5", "--warmup", "100ms", "-q", "--html", file}, flags...)
	var stdout, stderr logbook
	if status := cli.Main(t.Context(), args, &stdout, &stderr); status != 1 { // there is a threshold that is crossed
		t.Fatalf("exit status %d: %s%s", status, stdout.String(), stderr.String())
	}
	return listen(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })).http
}

func TestBenchsPageShowsWhatOnePointsAt(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	p := open(t, benchPage(t, "-d", "2s", "--fail", "connections>0"))
	if got := call[[]string](p, `() => [...document.querySelectorAll("figure")].map(f => f.id)`); !slices.Equal(got,
		[]string{"throughput", "latency", "connections", "curve"}) {
		t.Errorf("the charts are %q", got)
	}
	if got := evaluate[int](p, `performance.getEntriesByType("resource").length`); got != 0 {
		t.Errorf("the page fetched %d other things", got)
	}
	// Each line is drawn: it has a length, and is within its chart.
	if got := call[[]string](p, `() => [...document.querySelectorAll("path.line")]
		.filter(l => l.getTotalLength() < 10 || l.getBBox().x < 0 || l.getBBox().width > 1000).map(l => l.outerHTML)`); len(got) > 0 {
		t.Errorf("lines that are not drawn: %q", got)
	}
	p.wantText("#latency .at", "")
	before := p.texts("#latency .legend b")
	const point = `(type, at) => {
		const plot = document.querySelector("#latency .plot"), box = plot.firstElementChild.getBoundingClientRect();
		plot.dispatchEvent(new PointerEvent(type, {clientX: box.left + at * box.width, clientY: box.top + 5}));
	}`
	call[chromedp.Void](p, point, "pointermove", 0.01)
	if got := p.texts("#latency .legend b"); !slices.Equal(got, []string{"–", "–", "–", "–"}) {
		t.Errorf("during the warm-up the legend says %q", got)
	}
	// What was measured is not always at the same place: connecting may have taken a while.
	measured := evaluate[struct {
		At    float64
		Words []string
	}](p, `(() => {
		const {x, words} = data.latency, there = x.map((_, i) => i).filter(i => words[0][i] !== "–"), i = there[there.length >> 1];
		return {at: x[i] / 100, words: words.map(w => w[i])};
	})()`)
	call[chromedp.Void](p, point, "pointermove", measured.At)
	if got := p.texts("#latency .legend b"); slices.Equal(got, before) || !slices.Equal(got, measured.Words) || !strings.HasSuffix(got[3], "s") {
		t.Errorf("the legend says %q, want %q", got, measured.Words)
	}
	if got := p.texts("#latency .at")[0]; !strings.HasSuffix(got, " s") {
		t.Errorf("the time pointed at is %q", got)
	}
	call[chromedp.Void](p, point, "pointerleave", 2)
	if got := p.texts("#latency .legend b"); !slices.Equal(got, before) {
		t.Errorf("afterwards the legend says %q, before it %q", got, before)
	}
}

func TestBenchsPageFitsAPhoneAndTheDark(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	page := benchPage(t, "-d", "300ms", "--rate-per-connection", "100", "--fail", "connections>0", "--fail", "p99.99 > 1min")
	p := open(t, "about:blank")
	p.onPhone(page)
	p.fitsPhone()
	// No two labels of an axis lie upon each other.
	if got := call[[]string](p, `() => [...document.querySelectorAll("figure")].flatMap(f => {
		const boxes = [...f.querySelectorAll(".x text")].map(l => l.getBoundingClientRect()).filter(b => b.width > 0);
		return boxes.filter((b, i) => i > 0 && b.left < boxes[i - 1].right).map(() => f.id);
	})`); len(got) > 0 {
		t.Errorf("labels overlap in %q", got)
	}
	const ground = `getComputedStyle(document.body).backgroundColor`
	colours := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		p.do("be "+scheme, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}))
		colours[evaluate[string](p, ground)] = true
	}
	if len(colours) != 2 {
		t.Errorf("in the dark the page is as it is in the light: %v", colours)
	}
}
