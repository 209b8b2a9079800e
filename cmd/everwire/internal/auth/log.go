package auth

import (
	"context"
	"log/slog"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// Logged returns an Authenticator that asks another one and logs why tokens are refused: refusals with Info,
// an Authenticator that is unavailable with Warn. So that strangers cannot fill the log, it writes up to ten
// lines a second, 50 at once after a rest, and says how many it left out.
func Logged(a Authenticator, log *slog.Logger) Authenticator {
	return &logged{asked: a, log: log, lines: rate.NewLimiter(10, 50)}
}

type logged struct {
	asked Authenticator
	log   *slog.Logger
	lines *rate.Limiter
	left  atomic.Int64
}

func (l *logged) Authenticate(ctx context.Context, token string, from Visit) (*Grant, error) {
	g, err := l.asked.Authenticate(ctx, token, from)
	switch {
	case err == nil:
	case !l.lines.Allow():
		l.left.Add(1)
	default:
		level, text := slog.LevelInfo, "token refused"
		if kind(err) == ErrUnavailable {
			level, text = slog.LevelWarn, "token not judged"
		}
		attrs := []slog.Attr{
			slog.String("reason", err.Error()),
			slog.String("client", from.Address.String()),
			slog.String("path", from.Path),
		}
		if n := l.left.Swap(0); n > 0 {
			attrs = append(attrs, slog.Int64("left_out", n))
		}
		l.log.LogAttrs(ctx, level, text, attrs...)
	}
	return g, err
}
