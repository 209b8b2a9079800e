package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completions returns what a shell is offered for the last of args, and whether it is to offer files.
func completions(t *testing.T, args ...string) (words []string, files bool) {
	t.Helper()
	var stdout, stderr buffer
	if status := Main(t.Context(), append([]string{"__complete"}, args...), &stdout, &stderr); status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	for _, l := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(l, "\t")
		words = append(words, word)
	}
	return words, lines[len(lines)-1] == ":0" // ShellCompDirectiveDefault
}

func TestCompletion(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		words string // all, or some if it ends in …
		files bool
	}{
		{"commands", []string{""}, "conform serve …", false},
		{"a command", []string{"ser"}, "serve", false},
		{"flags", []string{"serve", "--log"}, "--log-format --log-level", false},
		{"one of a few words", []string{"serve", "--log-format", ""}, "text json", false},
		{"one of a few words, with =", []string{"serve", "--log-level="}, "debug info warn error", false},
		{"a file", []string{"serve", "--tls-cert", ""}, "", true},
		{"an address", []string{"serve", "--addr", ""}, "", false},
		{"a duration", []string{"serve", "--shutdown-timeout", ""}, "", false},
		{"no argument", []string{"serve", ""}, "", false},
		{"a directory", []string{"docs", "man", ""}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			words, files := completions(t, tt.args...)
			want, some := strings.CutSuffix(tt.words, " …")
			if some {
				for _, w := range strings.Fields(want) {
					if !strings.Contains(" "+strings.Join(words, " ")+" ", " "+w+" ") {
						t.Errorf("%q is not among %q", w, words)
					}
				}
			} else if got := strings.Join(words, " "); got != want {
				t.Errorf("offered %q, want %q", got, want)
			}
			if files != tt.files {
				t.Errorf("files are offered: %t, want %t", files, tt.files)
			}
		})
	}
}

// A flag whose value is one of a few words completes to each of them, whichever command it is of.
func TestEveryChoiceCompletes(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if c, ok := f.Value.(*choice); ok && !f.Hidden {
				path := strings.Fields(cmd.CommandPath())[1:]
				if words, _ := completions(t, append(path, "--"+f.Name+"=")...); strings.Join(words, "|") != f.Value.Type() {
					t.Errorf("%s --%s: offered %q, want %q", cmd.CommandPath(), f.Name, words, c.words)
				}
			}
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot())
}

// The scripts are taken by their shells, and where a shell can be asked without a terminal it offers what it should.
func TestCompletionScripts(t *testing.T) {
	dir := t.TempDir()
	everwire := filepath.Join(dir, "everwire")
	if err := os.WriteFile(everwire, []byte("#!/bin/sh\nexec '"+os.Args[0]+"' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		shell   string
		command []string // SCRIPT stands for the script
		want    string
	}{
		{"bash", []string{"-c", `source SCRIPT && complete -p everwire`}, "complete -o default -F __start_everwire everwire"},
		{"zsh", []string{"-f", "-c", `autoload -U compinit && compinit -D -u -d ` + dir + `/dump && source SCRIPT && echo ${_comps[everwire]}`}, "_everwire"},
		{"fish", []string{"--no-config", "-c", `source SCRIPT; complete -C "everwire serve --log-format "`}, "json\ntext"},
	}
	for _, tt := range tests {
		t.Run(tt.shell, func(t *testing.T) {
			if _, err := exec.LookPath(tt.shell); err != nil {
				missing(t, tt.shell+" is not installed")
			}
			var script, stderr buffer
			if status := Main(t.Context(), []string{"completion", tt.shell}, &script, &stderr); status != exitOK {
				t.Fatalf("exit status %d: %s", status, stderr.String())
			}
			file := filepath.Join(dir, "everwire."+tt.shell)
			if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			last := len(tt.command) - 1
			tt.command[last] = strings.ReplaceAll(tt.command[last], "SCRIPT", file)
			shell := exec.CommandContext(t.Context(), tt.shell, tt.command...)
			shell.Env = append(os.Environ(), asProgram+"=1", "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir,
				"PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			said, err := shell.CombinedOutput()
			if got := strings.TrimSpace(string(said)); err != nil || got != tt.want {
				t.Errorf("%v; it says %q, want %q", err, got, tt.want)
			}
		})
	}
	t.Run("powershell", func(t *testing.T) {
		var script, stderr buffer
		status := Main(t.Context(), []string{"completion", "powershell"}, &script, &stderr)
		if status != exitOK || !strings.Contains(script.String(), "Register-ArgumentCompleter -CommandName 'everwire'") {
			t.Errorf("exit status %d, script\n%s", status, script.String())
		}
	})
}
