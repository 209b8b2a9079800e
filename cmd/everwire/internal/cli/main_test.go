package cli

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

// asProgram makes the test binary the program itself, for what only a process of its own can show.
const asProgram = "TEST_AS_EVERWIRE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	leak.VerifyTestMain(m)
}

// A buffer takes output from several goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
