package websocket

import (
	"runtime"
	"sync"
	"testing"
)

// While who was closed for the budget lets go of what it holds, nobody else is closed for it.
func TestNobodyElseIsClosedWhileTheLargestHolderLetsGo(t *testing.T) {
	b := newBudget(100)
	innocent, doomed := new(Socket), new(Socket)
	b.change(innocent, 60, 60)
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if b.largest() == innocent {
				t.Error("somebody else would have been")
				return
			}
		}
	})
	for range 2000 {
		b.change(doomed, 90, 90)
		for b.over() { // until somebody has found it
			runtime.Gosched()
		}
		b.change(doomed, -90, -90)
	}
	close(stop)
	looking.Wait()
}
