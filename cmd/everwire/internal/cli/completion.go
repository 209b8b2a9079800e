package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete has shells complete the values of all flags, and the arguments of all commands: words where there are a few,
// names of files where a file or a directory is wanted, and else nothing.
func complete(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !namesFile(cmd.Use) {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, there := cmd.GetFlagCompletionFunc(f.Name); there {
			return
		}
		if words, ok := f.Value.(*choice); ok {
			cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words.words, cobra.ShellCompDirectiveNoFileComp))
		} else if value, _ := pflag.UnquoteUsage(f); !namesFile(value) {
			cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
		}
	})
}

// namesFile reports whether a placeholder, or one of a command's, stands for something of the file system.
func namesFile(placeholder string) bool {
	for _, word := range strings.FieldsFunc(strings.ToLower(placeholder), func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch word {
		case "file", "dir", "directory", "path", "socket":
			return true
		}
	}
	return false
}
