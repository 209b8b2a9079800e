package cli

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The page for operators has each flag of serve, its variable and its default, and no other.
func TestEveryFlagOfServeIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if rest, found := strings.CutPrefix(line, "| `--"); found {
			flag, _, _ := strings.Cut(rest, "`")
			rows[flag] = line
		}
	}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	newServeFlags(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		row := rows[f.Name]
		delete(rows, f.Name)
		variable := "`" + envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")) + "`"
		if !strings.Contains(row, variable) {
			t.Errorf("docs/operating.md does not have --%s with %s", f.Name, variable)
		}
		if f.DefValue != "" && f.DefValue != "false" && !strings.Contains(row, "| `"+f.DefValue+"` |") {
			t.Errorf("docs/operating.md does not have the default of --%s, %s", f.Name, f.DefValue)
		}
	})
	for flag := range rows {
		t.Errorf("docs/operating.md has --%s, which there is not", flag)
	}
}

// What stands for a flag's value in --help says what it is, not of which type.
func TestEveryFlagNamesItsValue(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			placeholder, _ := pflag.UnquoteUsage(f)
			if !f.Hidden && slices.Contains([]string{"string", "strings", "int", "uint", "float", "be", "value"}, placeholder) {
				t.Errorf("%s --%s %s says nothing of its value", cmd.CommandPath(), f.Name, placeholder)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}
