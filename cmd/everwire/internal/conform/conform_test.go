package conform

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

func TestServer(t *testing.T) {
	for _, row := range []struct {
		name   string
		broken bool
	}{
		{"one that echoes", false},
		{"one that does not", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			files := Outputs{HTML: filepath.Join(dir, "a.html"), Index: filepath.Join(dir, "index.json"),
				JUnit: filepath.Join(dir, "junit.xml"), Full: filepath.Join(dir, "full.json")}
			var out, status bytes.Buffer
			err := Server(context.Background(), echoServer(t, row.broken), patient(conformance.Options{Cases: "1.*", Agent: "mine"}), files, &out, &status)
			if row.broken != errors.Is(err, ErrShort) || !row.broken && err != nil {
				t.Errorf("error %v", err)
			}
			lines := strings.Split(strings.TrimSpace(status.String()), "\n")
			if len(lines) != 16 || !strings.HasPrefix(status.String(), "1.") {
				t.Errorf("the progress has %d lines, want one for each of 16 results:\n%s", len(lines), &status)
			}
			if failed := strings.Count(status.String(), "FAILED"); (failed > 0) != row.broken {
				t.Errorf("%d results are FAILED:\n%s", failed, &status)
			}
			if !strings.Contains(out.String(), "mine") {
				t.Errorf("the table does not name the agent:\n%s", &out)
			}
			for name, has := range map[string]string{files.HTML: "1.2.8", files.Index: `"1.2.8"`, files.JUnit: "1.2.8", files.Full: "1.2.8"} {
				if content, err := os.ReadFile(name); err != nil || !strings.Contains(string(content), has) {
					t.Errorf("%s lacks %s (error %v)", filepath.Base(name), has, err)
				}
			}

			out.Reset()
			merged := filepath.Join(dir, "merged.html")
			if err := Merge([]string{files.Full, files.Full}, Outputs{HTML: merged}, &out); row.broken != errors.Is(err, ErrShort) {
				t.Errorf("merging: error %v", err)
			}
			if _, err := os.Stat(merged); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestServerThatCannotBeJudged(t *testing.T) {
	url := echoServer(t, false)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, row := range []struct {
		name, url, cases, file string
		ctx                    context.Context
		want                   string
	}{
		{"nobody listens", "ws://127.0.0.1:1", "1.*", "", context.Background(), "cannot connect to ws://127.0.0.1:1"},
		{"no URL of WebSocket", "http://127.0.0.1", "1.*", "", context.Background(), "must begin with ws://"},
		{"no such case", url, "1.1.99", "", context.Background(), `no case is meant by "1.1.99"`},
		{"no such folder", url, "1.*", "/none/report.html", context.Background(), "/none/report.html"},
		{"ended", url, "1.*", "", ended, "canceled"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out, status bytes.Buffer
			err := Server(row.ctx, row.url, conformance.Options{Cases: row.cases}, Outputs{HTML: row.file}, &out, &status)
			if err == nil || errors.Is(err, ErrShort) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one with %q", err, row.want)
			}
		})
	}
}

// The client is this test's program, in a process of its own.
func TestClientWithACommand(t *testing.T) {
	t.Setenv("CONFORM_TEST_CLIENT", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	html := filepath.Join(t.TempDir(), "clients.html")
	var out, status bytes.Buffer
	err = Client(context.Background(), ClientConfig{Addr: "127.0.0.1:0", Command: []string{self}},
		patient(conformance.Options{Cases: "1.*,7.3.*"}), Outputs{HTML: html}, &out, &status)
	if err != nil {
		t.Errorf("error %v; status:\n%s", err, &status)
	}
	if !strings.Contains(out.String(), "the test's client") {
		t.Errorf("the table does not name the client:\n%s", &out)
	}
	if _, err := os.Stat(html); err != nil {
		t.Error(err)
	}
}

func TestClientOnce(t *testing.T) {
	status := &waiting{first: make(chan string, 1)}
	done := make(chan error, 1)
	var out bytes.Buffer
	go func() {
		done <- Client(context.Background(), ClientConfig{Addr: "127.0.0.1:0", Once: true},
			patient(conformance.Options{Cases: "2.1"}), Outputs{}, &out, status)
	}()
	line := <-status.first
	_, url, _ := strings.Cut(strings.TrimSpace(line), " at ")
	if code := driver(url); code != 0 {
		t.Errorf("the client ended with %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestClientWithoutAny(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, status bytes.Buffer
	err := Client(ctx, ClientConfig{Addr: "127.0.0.1:0"}, conformance.Options{Cases: "2.1"}, Outputs{}, &out, &status)
	if err == nil || errors.Is(err, ErrShort) || !strings.Contains(err.Error(), "no case was run") {
		t.Errorf("error %v", err)
	}
	err = Client(context.Background(), ClientConfig{Addr: "127.0.0.1:0", Command: []string{"/none/client"}},
		conformance.Options{Cases: "2.1"}, Outputs{}, &out, &status)
	if err == nil || errors.Is(err, ErrShort) || !strings.Contains(err.Error(), "/none/client") {
		t.Errorf("error %v", err)
	}
}

func TestListAndExplain(t *testing.T) {
	var out bytes.Buffer
	if err := List(&out, conformance.Server|conformance.Client, ""); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := len(conformance.Cases(conformance.Server | conformance.Client)); len(lines) != want {
		t.Errorf("%d lines for %d cases", len(lines), want)
	}
	if !strings.HasPrefix(lines[0], "1.1.1 ") {
		t.Errorf("the first line is %q", lines[0])
	}
	out.Reset()
	if err := Explain(&out, "7.9.3"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"7.9.3", "1004", "RFC 6455 §7.4", "Expects", "close-code"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the explanation lacks %q:\n%s", want, &out)
		}
	}
	if err := Explain(&out, "99.1"); err == nil {
		t.Error("there is a case 99.1")
	}
}

func TestProgressOnATerminal(t *testing.T) {
	cases := conformance.Cases(conformance.Server)[:2]
	var out bytes.Buffer
	p := newProgress(&out, 2)
	p.width = func() int { return 40 }
	p.start(cases[0])
	p.drawn = time.Time{} // long ago
	p.start(cases[1])
	p.result(&conformance.Result{Case: cases[0], Behavior: conformance.Failed, Close: conformance.OK, Reason: "it said\nno"})
	p.result(&conformance.Result{Case: cases[1], Behavior: conformance.OK, Close: conformance.OK})
	p.finish()
	got := out.String()
	for _, want := range []string{" 0/2  1.1.1", "1.1.1    FAILED        close OK it said\n", " 2/2  1 short"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("%q does not take the bar away", got)
	}
	for _, line := range strings.Split(strings.ReplaceAll(got, "\r\x1b[K", "\n"), "\n") {
		if n := len([]rune(line)); n > 40 {
			t.Errorf("%q is %d wide", line, n)
		}
	}
}

func TestWrap(t *testing.T) {
	if got, want := wrap("one two three four", 2, 9), "one two\n  three\n  four"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// waiting hands on the first line that is written.
type waiting struct {
	first chan string
	told  bool
}

func (w *waiting) Write(p []byte) (int, error) {
	if !w.told {
		w.told = true
		w.first <- string(p)
	}
	return len(p), nil
}
