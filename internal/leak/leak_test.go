package leak

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// ending has the tests leave a goroutine behind that ends after the duration that it holds.
const ending = "EVERWIRE_TEST_LEAK"

func TestMain(m *testing.M) { VerifyTestMain(leaving{m}) }

type leaving struct{ *testing.M }

func (m leaving) Run() int {
	status := m.M.Run()
	if d, err := time.ParseDuration(os.Getenv(ending)); err == nil {
		patience = 10 * time.Second
		if d > patience {
			patience = 0
		}
		go time.Sleep(d)
	}
	return status
}

func TestGoroutinesHaveTimeToEnd(t *testing.T) {
	if os.Getenv(ending) != "" {
		return // this is the process below
	}
	for _, row := range []struct {
		name, ends string
		want       string // the output's, empty if it is a success
	}{
		{"soon", "1s", ""},
		{"never", "1h", "found unexpected goroutines"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			program := exec.CommandContext(t.Context(), os.Args[0])
			program.Env = append(os.Environ(), ending+"="+row.ends)
			out, err := program.CombinedOutput()
			if (err == nil) != (row.want == "") || !strings.Contains(string(out), row.want) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
