package events

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// safeBuffer is a log that goroutines share.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// quick retries at once, and seldom gives up.
var quick = Retries{Attempts: 1000, First: time.Nanosecond, Most: time.Nanosecond}

// secret is one of octets 0 to 31.
func secret() Secrets {
	s := make([]byte, 32)
	for i := range s {
		s[i] = byte(i)
	}
	return Secrets{s}
}
