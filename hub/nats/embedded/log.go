package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// journal is nats-server's Logger. What it does is debug here: a program that has a server inside is not about that server.
type journal struct {
	log   *slog.Logger
	fatal chan error // the first thing after which nats-server would end its process
}

func (j *journal) Noticef(format string, v ...any) { j.log.Debug(fmt.Sprintf(format, v...)) }
func (j *journal) Debugf(format string, v ...any)  {}
func (j *journal) Tracef(format string, v ...any)  {}

func (j *journal) Warnf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	j.log.Log(context.Background(), level(text, slog.LevelWarn), text)
}

func (j *journal) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	j.log.Log(context.Background(), level(text, slog.LevelError), text)
}

// everyday is what nats-server warns of, or calls an error, that a cluster says in good health, by a part of it.
var everyday = []struct {
	part  string
	level slog.Level
}{
	{"Error trying to connect", slog.LevelDebug}, // another node is not up yet, or gone; it is tried again
	{"JetStream has not established contact", slog.LevelDebug},
	{"Waiting for routing", slog.LevelDebug},
	{"Metalayer blocking snapshot", slog.LevelDebug},  // at each election
	{"Plaintext passwords detected", slog.LevelDebug}, // made at random, or the Secret: there is no file they stand in
	{"The option `default_js_domain`", slog.LevelDebug},
	{"Error flushing", slog.LevelInfo}, // to a node that is gone
}

// level is how much something counts that nats-server says.
func level(text string, otherwise slog.Level) slog.Level {
	for _, e := range everyday {
		if strings.Contains(text, e.part) {
			return e.level
		}
	}
	return otherwise
}

func (j *journal) Fatalf(format string, v ...any) {
	err := &fatalError{text: fmt.Sprintf(format, v...), args: v}
	select {
	case j.fatal <- err:
	default:
	}
	j.log.Error(err.text)
}

// A fatalError is what nats-server would end its process for.
type fatalError struct {
	text string
	args []any
}

func (e *fatalError) Error() string { return "embedded: " + e.text }

// Unwrap returns the errors that the text was made with.
func (e *fatalError) Unwrap() []error {
	var errs []error
	for _, a := range e.args {
		if err, ok := a.(error); ok {
			errs = append(errs, err)
		}
	}
	return errs
}
