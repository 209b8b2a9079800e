package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// newDocs is for who packages everwire, and not listed.
func newDocs() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "docs",
		Short:   "Write documents about everwire",
		Long:    "Write documents about everwire, for packages of it.",
		Example: "  everwire docs man /usr/local/share/man/man1",
		Hidden:  true,
	}
	cmd.AddCommand(newDocsMan())
	return cmd
}

func newDocsMan() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write a manual page for each command",
		Long: `Write a manual page for each command into a directory, which is made if there is
none: everwire.1, everwire-serve.1 and so on.

They are dated by SOURCE_DATE_EPOCH, else by the commit they are of, else today.`,
		Example: "  everwire docs man /usr/local/share/man/man1\n  everwire docs man man && man -l man/everwire-serve.1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			date, err := manualDate()
			if err != nil {
				return err
			}
			if err := writeManual(cmd.Root(), args[0], date); err != nil {
				return failure{fmt.Errorf("cannot write the manual: %w", err)}
			}
			return nil
		},
	}
}

// manualDate is the same for the same source, if that can be.
func manualDate() (time.Time, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("the variable SOURCE_DATE_EPOCH=%q: must be seconds since 1970", epoch)
		}
		return time.Unix(seconds, 0), nil
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if date, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				return date, nil
			}
		}
	}
	return time.Now(), nil
}

// writeManual writes a page for a command and for each below it that is listed.
func writeManual(cmd *cobra.Command, dir string, date time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, sub := range cmd.Commands() {
		if listed(sub) {
			if err := writeManual(sub, dir, date); err != nil {
				return err
			}
		}
	}
	file, err := os.Create(filepath.Join(dir, pageName(cmd)+".1"))
	if err != nil {
		return err
	}
	return cmp.Or(writePage(file, cmd, date), file.Close())
}
