package conformance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestServer asks a server at a ws or wss URL the cases, within a test: each is a subtest, named by its ID
// and its name, such as "1.1.1_a_text_message_of_0_octets". One whose verdicts are not [Verdict.Good] fails
// and logs what was on the wire; what is INFORMATIONAL or UNIMPLEMENTED is logged. The server must echo every
// message. Opts may be nil.
//
// All cases are run by the time that TestServer returns, several at a time as opts.Parallel has it. The
// subtests only report, once the test function has returned too. With go test's -run, as in
//
//	go test -run 'TestEcho/^6\.4'
//
// only the cases that are meant are run. The test must not call TestServer twice without a subtest around
// each.
func TestServer(t *testing.T, url string, opts *Options) {
	t.Helper()
	if opts == nil {
		opts = &Options{}
	}
	cases, err := Select(Cases(Server), opts.Cases)
	if err != nil {
		t.Fatal(err)
	}
	test(t, cases, opts, func(o *Options) ([]*Result, error) { return RunServer(t.Context(), url, o) })
}

// TestClient asks a client the cases, within a test, as [TestServer] does a server. Echo is called once for
// each case, by several goroutines: see [RunClient].
func TestClient(t *testing.T, echo func(ctx context.Context, url string) error, opts *Options) {
	t.Helper()
	if opts == nil {
		opts = &Options{}
	}
	cases, err := Select(Cases(Client), opts.Cases)
	if err != nil {
		t.Fatal(err)
	}
	test(t, cases, opts, func(o *Options) ([]*Result, error) { return RunClient(t.Context(), echo, o) })
}

// test runs those cases whose subtests are meant by -run, and reports in the subtests.
func test(t *testing.T, cases []*Case, opts *Options, run func(*Options) ([]*Result, error)) {
	t.Helper()
	var meant []string
	results := make(map[*Case]*Result, len(cases))
	for _, c := range cases {
		t.Run(c.ID+" "+c.Name, func(t *testing.T) {
			meant = append(meant, c.ID)
			t.Parallel() // goes on when the test function has returned
			report(t, results[c])
		})
	}
	if len(meant) == 0 {
		return
	}
	o := *opts
	o.Cases = strings.Join(meant, ",")
	done, err := run(&o)
	for _, r := range done {
		results[r.Case] = r
	}
	if err != nil {
		t.Error(err)
	}
}

// report tells a subtest its case's result.
func report(t *testing.T, r *Result) {
	switch {
	case r == nil:
		t.Skip("the run ended before this case")
	case !r.Good():
		t.Errorf("%s\n%s", r.Case.Does+" "+r.Case.Expects, r)
	case r.Behavior != OK || r.Close != OK:
		t.Logf("%s: %s", r.Behavior, r.Reason)
	}
}

// String tells a result in several lines: the verdicts, the handshake, and what was on the wire.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "case %s, %s (%s)\n", r.Case.ID, r.Case.Name, r.Case.Section)
	fmt.Fprintf(&b, "behavior: %s\n", said(r.Behavior, r.Reason))
	fmt.Fprintf(&b, "close: %s\n", said(r.Close, r.CloseReason))
	for _, each := range []struct{ name, head string }{{"request", r.Request}, {"response", r.Response}} {
		if each.head != "" {
			text := strings.ReplaceAll(strings.TrimRight(each.head, "\r\n"), "\r\n", "\n")
			fmt.Fprintf(&b, "%s:\n    %s\n", each.name, strings.ReplaceAll(text, "\n", "\n    "))
		}
	}
	if len(r.Log) > 0 {
		b.WriteString("on the wire (> is the suite):\n")
	}
	const ends = 40 // entries that are told of a long log's beginning and of its end
	for i, e := range r.Log {
		switch {
		case i < ends || i >= len(r.Log)-ends:
			fmt.Fprintf(&b, "    %v\n", e)
		case i == ends:
			fmt.Fprintf(&b, "    … and %d more …\n", len(r.Log)-2*ends)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func said(v Verdict, why string) string {
	if why == "" {
		return string(v)
	}
	return string(v) + ": " + why
}

// String tells an entry in one line: when it was, whose, what, and its first octets.
func (e Entry) String() string {
	by := "<"
	if e.Sent {
		by = ">"
	}
	s := fmt.Sprintf("%9.3f ms %s %s", float64(e.At)/float64(time.Millisecond), by, e.Note)
	const most = 32
	if len(e.Octets) > 0 {
		s += fmt.Sprintf(": % x", e.Octets[:min(len(e.Octets), most)])
	}
	if e.Length > min(len(e.Octets), most) {
		s += fmt.Sprintf(" … (%d octets)", e.Length)
	}
	return s
}
