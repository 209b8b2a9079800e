// Package leak has the tests of a package fail that leave goroutines behind.
package leak

import (
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines have to end after the tests. It passes only where some do not.
var patience = 30 * time.Second

// VerifyTestMain is goleak's, which gives goroutines half a second to end: too little for those that want a processor
// on a machine that is busy. The options must not have a goleak.Cleanup.
func VerifyTestMain(m goleak.TestingM, options ...goleak.Option) {
	goleak.VerifyTestMain(patient{m, options}, options...)
}

// patient are tests after which goroutines have time to end.
type patient struct {
	goleak.TestingM
	options []goleak.Option
}

func (m patient) Run() int {
	status := m.TestingM.Run()
	for limit := time.Now().Add(patience); status == 0 && time.Now().Before(limit); {
		if goleak.Find(m.options...) == nil {
			break
		}
	}
	return status
}
