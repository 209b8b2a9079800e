package cli

import (
	"io"
	"log/slog"
)

// logFormats and logLevels are the words that --log-format and --log-level take.
var (
	logFormats = []string{"text", "json"}
	logLevels  = []string{"debug", "info", "warn", "error"}
)

// newLog returns a logger that writes to w in one of logFormats what has at least one of logLevels.
func newLog(w io.Writer, format, level string) *slog.Logger {
	var options slog.HandlerOptions
	switch level {
	case "debug":
		options.Level = slog.LevelDebug
	case "info":
		options.Level = slog.LevelInfo
	case "warn":
		options.Level = slog.LevelWarn
	case "error":
		options.Level = slog.LevelError
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, &options))
	}
	return slog.New(slog.NewTextHandler(w, &options))
}
