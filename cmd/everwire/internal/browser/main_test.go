package browser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// A test that waits for five seconds to pass needs no processor.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	status := m.Run()
	if err := quit(); err != nil {
		fmt.Fprintln(os.Stderr, "cannot end the browser:", err)
		status = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// programs are the browsers looked for in the PATH.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

var errNoBrowser = fmt.Errorf("there is no Chromium or Chrome in the PATH, none of %q; \"make tools\" installs one", programs)

func find() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

// chromium starts the browser, for the first test that asks for it, and returns the context whose children are
// tabs.
var chromium = sync.OnceValues(start)

// quit ends the browser, if one was started, and waits until its process and its files are gone.
var quit = func() error { return nil }

const startTime = 60 * time.Second // on a machine that is busy compiling

func start() (context.Context, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), // and a fresh, temporary --user-data-dir, which is the default
		chromedp.NoSandbox,      // for root in a container; all pages are ours
		chromedp.DisableGPU,
		chromedp.IgnoreCertErrors, // for --tls-self-signed
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser, cancel := chromedp.NewContext(allocator)

	late := time.AfterFunc(startTime, cancel) // its context must not have a deadline, which would end it later
	err = chromedp.Do(browser)
	if !late.Stop() {
		err = fmt.Errorf("it has not started in %v", startTime)
	}
	if err != nil {
		cancel()
		stop()
		return nil, fmt.Errorf("cannot start %s: %w", path, err)
	}
	quit = func() error {
		defer stop()
		defer cancel()
		patient, done := context.WithTimeout(browser, startTime)
		defer done()
		return chromedp.Cancel(patient)
	}
	return browser, nil
}

// needsBrowser returns the browser, or skips the test if there is none to be had.
func needsBrowser(t *testing.T) context.Context {
	t.Helper()
	browser, err := chromium()
	switch {
	case errors.Is(err, errNoBrowser) && os.Getenv("EVERWIRE_TEST_ALL") == "":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return browser
}
