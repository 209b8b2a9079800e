package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogged(t *testing.T) {
	for _, c := range []struct {
		name  string
		token string
		want  []string // in the line; none: no line
	}{
		{"a good token", "good", nil},
		{"a bad one", "badbadbad", []string{"level=INFO", "token refused", `reason="unauthorized: the secret reason"`, "client=192.0.2.7", "path=/chat"}},
		{"nobody can tell", "later", []string{"level=WARN", "token not judged", "reason=\"unavailable: "}},
		{"an error of another kind", "broken", []string{"level=WARN", "the secret reason"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := &logLines{}
			a := Logged(judges, slog.New(slog.NewTextHandler(log, nil)))
			g, err := a.Authenticate(context.Background(), c.token, Visit{Address: netip.MustParseAddr("192.0.2.7"), Path: "/chat"})
			wantG, wantErr := judges(c.token, Visit{})
			if (g == nil) != (wantG == nil) || !errors.Is(err, wantErr) && err.Error() != wantErr.Error() {
				t.Errorf("%v, %v, want %v, %v", g, err, wantG, wantErr)
			}
			lines := log.lines()
			if len(lines) != min(1, len(c.want)) {
				t.Fatalf("the log is %q", lines)
			}
			for _, part := range c.want {
				if !strings.Contains(lines[0], part) {
					t.Errorf("the line %q has no %q", lines[0], part)
				}
			}
			if strings.Contains(strings.Join(lines, ""), "badbadbad") {
				t.Errorf("the log has the token: %q", lines)
			}
		})
	}
}

func TestStrangersDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logLines{}
		a := Logged(judges, slog.New(slog.NewTextHandler(log, nil)))
		for range 1000 {
			authenticate(a, "bad")
		}
		if n := len(log.lines()); n != 50 {
			t.Errorf("%d lines, want 50", n)
		}
		time.Sleep(time.Second)
		authenticate(a, "bad")
		if lines := log.lines(); !strings.Contains(lines[len(lines)-1], "left_out=950") {
			t.Errorf("the last line is %q", lines[len(lines)-1])
		}
	})
}
