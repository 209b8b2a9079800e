package metrics

import (
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }
