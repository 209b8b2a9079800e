package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// onPhone opens a page on a narrow screen.
func (p *tab) onPhone(url string) {
	p.t.Helper()
	p.do("shrink", command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true,
	}))
	p.do("open the page", chromedp.Navigate(url))
}

// fitsPhone judges that the page is as wide as the screen.
func (p *tab) fitsPhone() {
	p.t.Helper()
	widths := evaluate[[]int](p, `[document.documentElement.scrollWidth, innerWidth]`)
	if widths[0] > 390 || widths[1] != 390 {
		p.t.Errorf("the page is %d wide, on a screen of %d", widths[0], widths[1])
	}
}

// Nobody scrolls sideways on a phone: each page, in use and with everything unfolded, is as wide as the screen.
func TestPagesFitAPhone(t *testing.T) {
	tests := []struct {
		page string
		use  func(p *tab) // until there is as much on the page as there will be
	}{
		{"", func(*tab) {}},
		{"echo", func(p *tab) {
			p.click("#binary")
			p.click("#connect")
			p.wantText("#state", "OPEN")
			p.click("#send-message")
			p.seesSoon(`document.querySelector("#messages pre")`)
		}},
		{"hello", func(p *tab) {
			p.click("#start")
			p.seesSoon(`document.querySelectorAll("#log p").length >= 3`)
		}},
		{"chat", func(p *tab) {
			p.wantText("#status", "Connected.")
			p.say("Thequickbrownfoxjumpsoverthelazydogandalsoonthephone")
			p.seesSoon(`document.querySelector("#messages div")`)
		}},
		{"binary", func(p *tab) {
			p.upload("a-name-that-is-as-long-as-those-which-cameras-give-IMG_20260102_030405678.png", picture(p.t))
			p.click("#send")
			p.wantVerdict("good", "The same.*")
		}},
		{"rate", func(p *tab) {
			p.click("#start")
			p.seesSoon(kib("#read") + " >= 1024")
		}},
		{"handshake", func(p *tab) { p.seesSoon(`document.querySelector("#in-use dt")`) }},
		{"subprotocols", func(p *tab) {
			for _, name := range []string{"klingon", "soap", "wamp", "xmpp"} {
				p.click(`[value="` + name + `"]`)
			}
			p.click("#connect")
			p.wantText("#last-close", "1000, clean")
		}},
	}
	needsBrowser(t)
	t.Parallel()
	s := serve(t, false)
	for _, tt := range tests {
		t.Run("/"+tt.page, func(t *testing.T) {
			t.Parallel()
			p := open(t, "about:blank")
			p.onPhone(s.http + "/" + tt.page)
			tt.use(p)
			evaluate[chromedp.Void](p, `document.querySelectorAll("details").forEach(d => d.open = true)`)
			p.fitsPhone()
		})
	}
}
