package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
)

// removeServer is JetStream's subject for taking a node out of those with storage.
const removeServer = "$JS.API.SERVER.REMOVE"

// Forget takes a node with storage out of the cluster for good, so that it counts no more where a majority is asked for, and what it had of
// replicas is made anew on another node, if there is one. Name is what its [Server.Name] was: "everwire-" and its Listen address, unless it was given another.
//
// It is for going from five such nodes to three: shut one down, have it forgotten, then the other; and take both out of Peers wherever a node is started
// next. A node that was forgotten must not come back with what is in its Store. (From three to five it is enough to start two more with the
// longer list.)
//
// It waits until a majority has taken it, and tries again while nobody leads; ctx ends that. It returns an error if there is no such node.
func (s *Server) Forget(ctx context.Context, name string) error {
	nc, err := s.connect(systemUser)
	if err != nil {
		return err
	}
	defer nc.Close()
	body, err := json.Marshal(natsd.JSApiMetaServerRemoveRequest{Server: name})
	if err != nil {
		return err
	}
	for unanswered := false; ; {
		code, err := s.askToForget(ctx, nc, body)
		switch {
		case err == nil, unanswered && code == natsd.JSClusterServerNotMemberErr:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("embedded: %s is not forgotten: %w: %w", name, err, ctx.Err())
		case code != 0 && code != natsd.JSClusterServerMemberChangeInflightErr:
			return fmt.Errorf("embedded: %s is not forgotten: %w", name, err)
		}
		unanswered = unanswered || code == 0
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond): // the server has no event for this
		}
	}
}

// askToForget asks once. Without an answer code is zero.
func (s *Server) askToForget(ctx context.Context, nc *natsgo.Conn, body []byte) (code natsd.ErrorIdentifier, err error) {
	once, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	m, err := nc.RequestWithContext(once, removeServer, body)
	if err != nil {
		return 0, err
	}
	var answer natsd.JSApiMetaServerRemoveResponse
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return 0, err
	}
	if answer.Error != nil {
		return natsd.ErrorIdentifier(answer.Error.ErrCode), answer.Error
	}
	if !answer.Success {
		return 0, errors.New("no success")
	}
	return 0, nil
}
