package websocket

import (
	"runtime"
	"strings"
)

// inCallback reports whether the caller was called by a listener of a Socket's, or by the function that sets one up, on the
// same goroutine. It looks through the stack, which is slow, and right also when the program's functions are in between.
func inCallback() bool {
	callers := make([]uintptr, 256)
	callers = callers[:runtime.Callers(2, callers)]
	for frames := runtime.CallersFrames(callers); ; {
		f, more := frames.Next()
		switch method, _ := strings.CutPrefix(f.Function, callbackPrefix); method {
		case "dispatch", "deliverMessage", "deliverControl", "setUp",
			"tellOpened", "tellSent", "tellControl", "tellRTT", "tellThrottled":
			return true
		}
		if !more {
			return false
		}
	}
}

const callbackPrefix = "github.com/everwire/everwire/websocket.(*Socket)."
