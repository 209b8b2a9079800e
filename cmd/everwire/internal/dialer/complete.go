package dialer

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Complete tells a command to which Register has added the flags what a shell can complete of their values,
// where these are words.
func Complete(cmd *cobra.Command) {
	words := func(list ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	}
	for flag, complete := range map[string]cobra.CompletionFunc{
		"header":           words("Authorization: ", "Cookie: ", "User-Agent: "),
		"origin":           words("http://", "https://"),
		"proxy":            cobra.FixedCompletions([]string{"http://", "https://", "socks5://"}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace),
		"compress":         completeCompression,
		"max-message-size": words("64KiB", "1MiB", "64MiB", "1GiB", "none"),
		"connect-timeout":  words("5s", "10s", "30s", "1m", "0"),
		"max-redirects":    words("1", "5", "10"),
		"ping-interval":    words("10s", "30s", "1m", "0"),
		"ping-timeout":     words("5s", "20s", "0"),
	} {
		// It fails for a flag that is not there, or one that has a completion: mistakes of the program's.
		if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err)
		}
	}
}

// completeCompression completes the last of the words.
func completeCompression(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	var fit []cobra.Completion
	for _, word := range compressionWords {
		if word = before + word; strings.HasPrefix(word, typed) && !slices.Contains(fit, word) {
			fit = append(fit, word)
		}
	}
	return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
