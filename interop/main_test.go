package interop

import (
	"fmt"
	"os"
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(tabled{m}) }

// tabled are the tests, and after them the check of the table that they fill.
type tabled struct{ *testing.M }

func (m tabled) Run() int {
	if code := m.M.Run(); code != 0 {
		return code
	}
	if err := seen.check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
