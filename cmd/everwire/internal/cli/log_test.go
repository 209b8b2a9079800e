package cli

import (
	"context"
	"log/slog"
	"strings"
	"testing"
)

func TestLogFormats(t *testing.T) {
	tests := []struct{ format, want string }{
		{"text", `level=INFO msg=hello conn=7`},
		{"json", `"level":"INFO","msg":"hello","conn":7}`},
	}
	if len(tests) != len(logFormats) {
		t.Errorf("%d formats, want those of the table", len(logFormats))
	}
	for _, tt := range tests {
		t.Run(tt.format, func(t *testing.T) {
			var out strings.Builder
			newLog(&out, tt.format, "info").Info("hello", "conn", 7)
			if !strings.Contains(out.String(), tt.want) {
				t.Errorf("logged %s, want %s in it", out.String(), tt.want)
			}
		})
	}
}

func TestLogLevels(t *testing.T) {
	levels := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	for i, word := range logLevels {
		t.Run(word, func(t *testing.T) {
			log := newLog(&strings.Builder{}, "text", word)
			for j, level := range levels {
				if got, want := log.Enabled(context.Background(), level), j >= i; got != want {
					t.Errorf("%s is logged: %t, want %t", level, got, want)
				}
			}
		})
	}
}
