package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestManualPage(t *testing.T) {
	cmd := &cobra.Command{
		Use: "talk URL", Short: "Talk - to a server",
		Long:    "Talk to a server.\nIt answers:\n\n  echo   what was said\n\n  .dots  and \\slashes\n\nOr not. 'Quoted'\n'at the start'.",
		Example: "  talk ws://example.com/~me",
		Run:     func(*cobra.Command, []string) {},
	}
	cmd.Flags().String("save", "", "keep it in this `file`")
	cmd.Flags().IntP("number", "n", 3, "how often")
	cmd.Flags().Bool("quiet", false, "say nothing")
	cmd.Flags().String("secret", "", "not for everybody")
	cmd.Flags().MarkHidden("secret")
	root := &cobra.Command{Use: "everwire"}
	root.AddCommand(cmd)

	var got strings.Builder
	if err := writePage(&got, cmd, time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	const want = `.TH EVERWIRE\-TALK 1 2026-01-02 Everwire Everwire
.SH "NAME"
everwire\-talk \- Talk \- to a server
.SH "SYNOPSIS"
\fBeverwire talk\fR URL [flags]
.SH "DESCRIPTION"
Talk to a server.
It answers:
.PP
.RS "2"
.nf
echo   what was said

\&.dots  and \eslashes
.fi
.RE
.PP
Or not. 'Quoted'
\&'at the start'.
.SH "OPTIONS"
.TP
\fB\-n\fR, \fB\-\-number\fR \fIint\fR
how often (default 3)
.TP
\fB\-\-quiet\fR
say nothing
.TP
\fB\-\-save\fR \fIfile\fR
keep it in this file
.SH "EXAMPLES"
.RS "2"
.nf
talk ws://example.com/\(time
.fi
.RE
.SH "SEE ALSO"
.BR everwire (1)
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// manual writes all pages and returns their names.
func manual(t *testing.T) []string {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	dir := filepath.Join(t.TempDir(), "man", "man1")
	var stderr buffer
	if status := Main(t.Context(), []string{"docs", "man", dir}, &stderr, &stderr); status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// Every command that --help lists has a page, and every page has all flags of its command.
func TestEveryCommandHasAPage(t *testing.T) {
	written := map[string]string{}
	for _, page := range manual(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		written[filepath.Base(page)] = string(text)
	}
	n := 0
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		n++
		text := written[pageName(cmd)+".1"]
		if !strings.HasPrefix(text, ".TH "+escape(strings.ToUpper(pageName(cmd)))+" 1 1970-01-02 ") {
			t.Errorf("%s: the page begins with %.60q", cmd.CommandPath(), text)
		}
		for _, line := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
			if _, flag, found := strings.Cut(line, "--"); found {
				flag = strings.FieldsFunc(flag, func(r rune) bool { return r == ' ' || r == '[' })[0]
				if !strings.Contains(text, `\fB\-\-`+escape(flag)+`\fR`) {
					t.Errorf("%s: its page does not have --%s", cmd.CommandPath(), flag)
				}
			}
		}
		for _, sub := range cmd.Commands() {
			if listed(sub) {
				visit(sub)
			}
		}
	}
	root := newRoot()
	root.InitDefaultCompletionCmd()
	visit(root)
	if n != len(written) {
		t.Errorf("%d pages for %d commands", len(written), n)
	}
}

func TestMandocFindsNothingWrongWithThePages(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		missing(t, "mandoc is not installed")
	}
	for _, page := range manual(t) {
		if said, err := exec.Command("mandoc", "-T", "lint", "-W", "warning", page).CombinedOutput(); err != nil {
			t.Errorf("%v:\n%s", err, said)
		}
	}
}

func TestManualThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, epoch string
		args        []string
		status      int
		stderr      string
	}{
		{"no directory", "", []string{"docs", "man", file}, exitFailed, "everwire: cannot write the manual: mkdir "},
		{"nowhere", "", []string{"docs", "man"}, exitUsage, "everwire: accepts 1 arg(s), received 0\n"},
		{"no time", "today", []string{"docs", "man", t.TempDir()}, exitUsage,
			`everwire: the variable SOURCE_DATE_EPOCH="today": must be seconds since 1970`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("SOURCE_DATE_EPOCH", tt.epoch)
			var stdout, stderr buffer
			status := Main(t.Context(), tt.args, &stdout, &stderr)
			if status != tt.status || !strings.HasPrefix(stderr.String(), tt.stderr) {
				t.Errorf("exit status %d, error output %q; want %d, %q", status, stderr.String(), tt.status, tt.stderr)
			}
		})
	}
}

// missing skips a test that lacks a program, or fails it where nothing may be skipped.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(what + `; "make tools" installs it`)
	}
	t.Skip(what + `; "make tools" installs it`)
}
