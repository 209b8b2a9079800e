package embedded

import (
	"context"
	"errors"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
)

// leaderStepDown is JetStream's subject for who leads all streams' assignment to leave that to another.
const leaderStepDown = "$JS.API.META.LEADER.STEPDOWN"

// giveAwayTime bounds giving away: the others notice by themselves in 4 to 9 seconds.
const giveAwayTime = 3 * time.Second

// giveAway has others lead what this node leads, and waits until they do. It gives up without a word where nobody else can: with fewer
// than a majority of the others there is no one to lead.
func (s *Server) giveAway(ctx context.Context) error {
	if !s.plan.keeps || !s.plan.clustered() || !s.nats.Running() {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, giveAwayTime)
	defer cancel()
	led := s.leads()
	for _, stream := range led {
		_ = s.nats.JetStreamStepdownStream(natsd.DEFAULT_GLOBAL_ACCOUNT, stream) // it leads no more, or is no more: all the better
	}
	if s.nats.JetStreamIsLeader() {
		s.leaveAssignment(short)
	}
	for s.nats.JetStreamIsLeader() || !s.othersLead(led) {
		select {
		case <-short.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond): // the server has no event for this
		}
	}
	return nil
}

// leaveAssignment has another assign streams to nodes.
func (s *Server) leaveAssignment(ctx context.Context) {
	nc, err := s.connect(systemUser)
	if err != nil {
		return
	}
	defer nc.Close()
	_, _ = nc.RequestWithContext(ctx, leaderStepDown, nil)
}

// leads returns the streams that this node leads.
func (s *Server) leads() []string {
	var led []string
	s.eachStream(func(d natsd.StreamDetail) {
		if d.Cluster != nil && d.Cluster.Leader == s.plan.Name && len(d.Cluster.Replicas) > 0 {
			led = append(led, d.Name)
		}
	})
	return led
}

// othersLead reports whether each of some streams is led by another node.
func (s *Server) othersLead(streams []string) bool {
	waiting := make(map[string]bool, len(streams))
	for _, name := range streams {
		waiting[name] = true
	}
	all := true
	err := s.eachStream(func(d natsd.StreamDetail) {
		if waiting[d.Name] && d.Cluster != nil && (d.Cluster.Leader == "" || d.Cluster.Leader == s.plan.Name) {
			all = false
		}
	})
	return all || err != nil
}

func (s *Server) eachStream(f func(natsd.StreamDetail)) error {
	info, err := s.nats.Jsz(&natsd.JSzOptions{Accounts: true, Streams: true})
	if err != nil {
		return err
	}
	if info.Disabled {
		return errors.New("embedded: storage is turned off")
	}
	for _, a := range info.AccountDetails {
		for _, d := range a.Streams {
			f(d)
		}
	}
	return nil
}
