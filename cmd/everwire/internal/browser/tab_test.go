package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a step may take before the test gives up, beyond what the page itself takes its time for.
const patience = 2 * time.Minute

// A tab is one page in a window of its own. Its methods fail the test if they cannot do what they say. At the end
// of the test it is closed, and the browser must not have complained about anything but what the test expected.
type tab struct {
	t          *testing.T
	ctx        context.Context
	close      func()
	console    func() (chromedp.ConsoleMessage, error, bool) // the next message
	complaints []string
	lines      []string // that were wanted last
}

// open opens a tab and loads the page at url.
func open(t *testing.T, url string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(needsBrowser(t))
	t.Cleanup(closeTab)
	console, endConsole := iter.Pull2(chromedp.Console(ctx))
	t.Cleanup(endConsole)
	p := &tab{t: t, ctx: ctx, close: closeTab, console: console}
	t.Cleanup(p.checkConsole)
	// Several windows are in use at a time, and a person looks at one.
	p.do("give it the focus", command(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	p.do("open "+url, chromedp.Navigate(url))
	return p
}

// do takes a step, whose name is for the message if it fails.
func (p *tab) do(name string, step chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, name, step)
}

// run takes a step and returns its result.
func run[T any](p *tab, name string, step chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, step)
	if err != nil {
		p.t.Fatalf("cannot %s: %v\nThe page:\n%s", name, err, p.visible())
	}
	return value
}

// visible is what the page shows, for messages.
func (p *tab) visible() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return fmt.Sprintf("(cannot be read: %v)", err)
	}
	return text
}

// click clicks with the mouse on what a CSS selector selects, once it is visible.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// follow clicks on a link and waits until the page it leads to is loaded.
func (p *tab) follow(selector string) {
	p.t.Helper()
	status := run(p, "follow "+selector, func(ctx context.Context, _ *chromedp.Target) (int64, error) {
		r, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
		if err != nil {
			return 0, err
		}
		return r.Status, nil
	})
	if status != 200 {
		p.t.Fatalf("%s leads to a page with status %d", selector, status)
	}
}

// write replaces what is in a text field: key by key, or at once, as an input method does, if the text has
// characters that keyboards do not have.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	p.click(selector)
	call[chromedp.Void](p, `selector => document.querySelector(selector).select()`, selector)
	typed := chromedp.KeyEvent(text)
	if strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
		typed = command(input.InsertText, input.InsertTextParams{Text: text})
	}
	p.do("write into "+selector, typed)
}

// enter presses the Enter key.
func (p *tab) enter() {
	p.t.Helper()
	p.do("press Enter", chromedp.KeyEvent(kb.Enter))
}

// command makes an action of a command of the browser's protocol.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// evaluate returns the value of a JavaScript expression or, if that is a promise, what it resolves to.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	return run(p, "evaluate "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// call calls a JavaScript function, which may be async, with arguments that go by JSON, and returns its value.
func call[T any](p *tab, function string, args ...any) T {
	p.t.Helper()
	list := make([]string, len(args))
	for i, arg := range args {
		list[i] = quote(arg)
	}
	return evaluate[T](p, "("+function+")("+strings.Join(list, ", ")+")")
}

// quote writes a value in JavaScript.
func quote(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// sees waits until a JavaScript condition about the page holds, and reports whether it came to that within patience.
// The page is looked at whenever it changes.
func (p *tab) sees(condition string, patience time.Duration) bool {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	step := chromedp.Evaluate[chromedp.Void](fmt.Sprintf(untilItHolds, condition), chromedp.EvalAwaitPromise)
	_, err := chromedp.Run(ctx, step)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		p.t.Fatalf("cannot see %s: %v\nThe page:\n%s", condition, err, p.visible())
	}
	return err == nil
}

const untilItHolds = `new Promise(resolve => {
	const holds = () => (%s);
	if (holds()) {
		resolve();
		return;
	}
	const observer = new MutationObserver(() => {
		if (holds()) {
			observer.disconnect();
			resolve();
		}
	});
	observer.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
})`

// texts returns the texts of all elements that are selected.
func (p *tab) texts(selector string) []string {
	p.t.Helper()
	return call[[]string](p, `selector => [...document.querySelectorAll(selector)].map(e => e.textContent)`, selector)
}

// wantText waits until the first element that is selected has the text, or fails the test.
func (p *tab) wantText(selector, want string) {
	p.t.Helper()
	element := "document.querySelector(" + quote(selector) + ")"
	if !p.sees(element+"?.textContent === "+quote(want), patience) {
		p.t.Fatalf("%s says %q, want %q", selector, p.texts(selector), want)
	}
}

// wantLines waits until the selected element has as many children as lines are wanted, and compares all of them.
func (p *tab) wantLines(selector string, want ...string) {
	p.t.Helper()
	p.wantLinesIn(patience, selector, want...)
}

// wantNext is wantLines for the lines that are to follow on those wanted last.
func (p *tab) wantNext(selector string, want ...string) {
	p.t.Helper()
	p.wantLines(selector, slices.Concat(p.lines, want)...)
}

// wantFirst is wantLines where more may have followed by now.
func (p *tab) wantFirst(selector string, want ...string) {
	p.t.Helper()
	children := selector + " > *"
	p.sees(fmt.Sprintf("document.querySelectorAll(%s).length >= %d", quote(children), len(want)), patience)
	if got := p.texts(children); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		p.t.Fatalf("the lines of %s are\n\t%q\nwant first\n\t%q", selector, got, want)
	}
}

func (p *tab) wantLinesIn(patience time.Duration, selector string, want ...string) {
	p.t.Helper()
	children := selector + " > *"
	p.sees(fmt.Sprintf("document.querySelectorAll(%s).length >= %d", quote(children), len(want)), patience)
	if got := p.texts(children); !slices.Equal(got, want) {
		p.t.Fatalf("the lines of %s are\n\t%q\nwant\n\t%q", selector, got, want)
	}
	p.lines = want
}
