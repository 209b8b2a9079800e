package serve

import (
	"context"
	"log/slog"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
)

// A teller tells a backend what happens in the chat.
type teller interface {
	events.Events
	Figures() events.Figures
	Close(ctx context.Context) error
}

// openWebhook has the backend told by requests, if there is one to be told so.
func (r *rooms) openWebhook(cfg Config, node string, log *slog.Logger) error {
	if cfg.Webhook == "" {
		return nil
	}
	secrets, err := events.ReadSecrets(cfg.WebhookSecretFile)
	if err != nil {
		return err
	}
	w, err := events.NewWebhook(events.WebhookOptions{URL: cfg.Webhook, Secrets: secrets, Node: node, Log: log})
	if err == nil {
		r.tells = w
	}
	return err
}

// openSubject has the backend told over NATS, if there is one to be told so. The link must be there.
func (r *rooms) openSubject(cfg Config, node string, log *slog.Logger) error {
	if cfg.EventsSubject == "" {
		return nil
	}
	conn := r.link.Conn()
	s, err := events.NewSubject(events.SubjectOptions{
		Prefix: cfg.EventsSubject, Node: node, Log: log, Publish: conn.Publish,
		Request: func(ctx context.Context, subject string, data []byte) ([]byte, error) {
			reply, err := conn.RequestWithContext(ctx, subject, data)
			if err != nil {
				return nil, err
			}
			return reply.Data, nil
		},
	})
	if err == nil {
		r.tells = s
	}
	return err
}
