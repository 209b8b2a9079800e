package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/everwire/everwire/hub"
)

// A fault is an error that is answered. Its text is for people, its code for programs.
type fault struct {
	status int
	code   string
	text   string
	field  string // of the header, "name: value" in two
	value  string
}

func (f *fault) Error() string { return f.text }

func badRequest(format string, args ...any) *fault {
	return &fault{status: http.StatusBadRequest, code: "bad_request", text: fmt.Sprintf(format, args...)}
}

func tooBig(most int64) *fault {
	return &fault{status: http.StatusRequestEntityTooLarge, code: "too_big", text: fmt.Sprintf("that is too much; at most %d octets are taken", most)}
}

func unavailable(text string) *fault {
	// Spread, so that backends that were refused together do not come back together.
	return &fault{
		status: http.StatusServiceUnavailable, code: "unavailable", text: text,
		field: "Retry-After", value: strconv.Itoa(1 + rand.IntN(3)),
	}
}

// faultOf says how an error of the hub's is answered, or nil for one that nobody expects.
func faultOf(err error) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, hub.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, hub.ErrClosed):
		return unavailable("the broker cannot be reached at the moment. Ask again; what you publish, with the same id")
	case errors.Is(err, hub.ErrTooOld):
		return &fault{status: http.StatusGone, code: "too_old", text: "the messages after that position are not kept any more; begin without after"}
	case errors.Is(err, hub.ErrNoHistory):
		return &fault{status: http.StatusNotFound, code: "no_history", text: "the room keeps no history"}
	case errors.Is(err, hub.ErrNoPresence):
		return &fault{status: http.StatusNotFound, code: "no_presence", text: "it is not known who is in the room: it has no presence"}
	case errors.Is(err, hub.ErrRoomName):
		return badRequest("a room's name is 1 to 200 octets of UTF-8")
	}
	return nil
}

// failure is an error's answer.
type failure struct {
	Error failed `json:"error"`
}

type failed struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func answerFault(w http.ResponseWriter, f *fault) {
	if f.field != "" {
		w.Header().Set(f.field, f.value)
	}
	answer(w, f.status, failure{failed{f.code, f.text}})
}

func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.Encode(v) // fails when the client is gone
}
