package browser

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The buffers of TCP, which have to fill before there is anything to see, take 128 KiB every 100 ms.
const patienceWithTCP = 2 * patience

// choose chooses an option by its value, as a person does.
func (p *tab) choose(selector, value string) {
	p.t.Helper()
	call[chromedp.Void](p, `(selector, value) => {
		const select = document.querySelector(selector);
		select.value = value;
		select.dispatchEvent(new Event("change", {bubbles: true}));
	}`, selector, value)
}

// seesSoon fails the test if a condition does not come to hold.
func (p *tab) seesSoon(condition string) {
	p.t.Helper()
	if !p.sees(condition, patienceWithTCP) {
		p.t.Fatalf("not seen: %s\nThe page:\n%s", condition, p.visible())
	}
}

// kib is a JavaScript expression for what the page says in KiB.
func kib(selector string) string {
	return `Number(document.querySelector(` + quote(selector) + `).textContent.replace(/ KiB|,/g, ""))`
}

// One connection: with the check, without, and again with it.
func TestRateWithTheCheckAndWithout(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		p := open(t, s.http+"/rate")
		p.choose("#reads", "128")
		p.wantText("#query", "?rate=128")
		began := time.Now()
		p.click("#start")
		p.wantText("#state", "OPEN")
		p.wantText("#start", "Stop")

		// The second piece is read a second after the first.
		p.seesSoon(kib("#read") + " >= 256")
		if took := time.Since(began); took < time.Second {
			t.Fatalf("the server has read %s in %v, at 128 KiB/s", p.texts("#read")[0], took)
		}

		// The page sends until TCP's buffers are full, and waits then: no more than one piece is in the browser.
		p.seesSoon(kib("#skipped") + " >= 3")
		if most := evaluate[float64](p, "Math.max(...samples.map(s => s.buffered))"); most > 128<<10 || most == 0 {
			t.Errorf("with the check %v bytes waited in the browser, want some and at most one piece", most)
		}

		// The page ticks the box again by itself: a test that is slow to do so would find it stopped at 16 MiB.
		condition := evaluate[string](p, `new Promise(resolve => {
			look.click();
			const condition = document.getElementById("condition").textContent;
			const waiting = setInterval(() => {
				if (socket.bufferedAmount >= 1 << 20) {
					clearInterval(waiting);
					look.click();
					resolve(condition);
				}
			}, 10);
		})`)
		if want := "if (true)"; condition != want {
			t.Errorf("without the check the condition is %q, want %q", condition, want)
		}
		// The picture shows it.
		rise := evaluate[float64](p, `(() => {
			const heights = [...document.querySelector("#chart .buffered").points].map(point => point.y);
			return Math.max(...heights) - Math.min(...heights);
		})()`)
		if rise < 20 {
			t.Errorf("the curve rises by %v: %s", rise, evaluate[string](p, `document.querySelector("#chart .buffered").outerHTML`))
		}

		p.wantText("#condition", "if (socket.bufferedAmount === 0)")
		waited := evaluate[float64](p, kib("#skipped"))
		p.seesSoon(kib("#skipped") + " >= 3 + " + quote(waited))

		p.click("#start")
		p.wantText("#status", "It sends no more. What waits still goes out.")
		p.wantText("#start", "Start")

		// A server that stops does not take the time that reading all would take. Whether the browser calls it clean
		// depends on whether anything still waits in it, which is lost.
		s.stop()
		p.seesSoon(`document.getElementById("last-close").textContent !== "none yet"`)
		if got := p.texts("#last-close")[0]; !regexp.MustCompile("^1001, (not )?clean, server is shutting down$").MatchString(got) {
			t.Errorf("closed with %q, want code 1001", got)
		}
		p.wantText("#state", "CLOSED")
	})
}

func TestRateOfAServerThatIsFastEnough(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/rate")
		p.choose("#reads", "8192")
		p.click("#start")
		p.seesSoon(kib("#read") + " >= 512")
		p.click("#start")
		p.wantText("#status", "It sends no more. What waits still goes out.")
		p.seesSoon(kib("#read") + " === " + kib("#sent"))
		p.wantText("#buffered-amount", "0 KiB")
		p.wantText("#under-way", "0 KiB")
		p.click("#disconnect")
		p.wantText("#last-close", "1005, clean")
		p.wantText("#state", "CLOSED")

		// Again, and everything is counted from the start.
		if got := evaluate[[]float64](p, "connect(), [sent, read, skipped]"); !slices.Equal(got, []float64{0, 0, 0}) {
			t.Errorf("the next connection begins with %v", got)
		}
		p.wantText("#state", "OPEN")
		p.click("#start")
		p.seesSoon(kib("#read") + " > 0")
	})
}

func TestRateStopsBeforeTheTabDies(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		p := open(t, serve(t, secure).http+"/rate")
		p.choose("#reads", "128")
		p.click("#look")
		p.click("#start")
		p.wantText("#state", "OPEN")
		// By hand, since by itself it would take a while.
		evaluate[chromedp.Void](p, `while (socket.bufferedAmount <= 16 << 20) socket.send(piece)`)
		p.seesSoon(`document.getElementById("status").textContent.startsWith("Stopped at 16 MiB")`)
		p.wantText("#start", "Start")
		p.seesSoon(`document.querySelector("#chart .limit")`)
		if got := strings.Join(p.texts("#chart text"), " "); !strings.Contains(got, "16 MiB") {
			t.Errorf("the picture is labelled %q", got)
		}
	})
}
