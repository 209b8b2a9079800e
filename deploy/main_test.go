package deploy

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

var binaries string // a folder that is there while the tests run

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "everwire"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(binaries)
		os.Exit(status)
	}))
}
