package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version returns the version of this build: a tag if it was installed by one, else the commit if that is known.
func version() string {
	version, commit, dirty := "(devel)", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = cmp.Or(info.Main.Version, version)
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = ", commit " + s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return fmt.Sprintf("%s (%s %s/%s%s%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit, dirty)
}
