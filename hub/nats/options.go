package nats

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options are for [New]. The zero value, and nil, is all defaults.
type Options struct {
	// Prefix begins the names of all subjects, streams and buckets, so that several hubs share one NATS without
	// hearing each other. It is 1 to 32 ASCII letters, digits, "-" or "_". Default "everwire".
	Prefix string

	// Replicas is how many servers keep each message of a logged room: 1, 3 or 5. A stream that has fewer is
	// given more when it is first used; one that has more keeps them. Default 1.
	Replicas int

	// Node names this node in presence. It must be the name that the Hub has ([hub.Options.Node]), and no
	// other node's. Default: random.
	Node string

	// Log is told what goes wrong with no caller to tell. Default: slog.Default().
	Log *slog.Logger

	// Timeout is how long one call may wait for NATS when its context allows more, at least 100 ms. Past it
	// the call returns [hub.ErrUnavailable]. Default 5 s.
	Timeout time.Duration

	// Check is how often the rooms that are followed are compared with their logs, so that a message that
	// NATS could not hand over is found although nothing comes after it; at least 10 ms. While nothing is
	// published this costs one small request for each [hub.History] in use. Default 3 s.
	Check time.Duration

	// Lease is how long a node may be silent before its members are taken out of presence, in whole seconds,
	// at least 1 s; it says that it lives three times as often. A node that dies without a word has its
	// members gone for others after one to one and a half times as long. It should be the same on all nodes.
	// Default 6 s.
	Lease time.Duration

	// OwnConn has Close close the connection too.
	OwnConn bool
}

const maxPrefix = 32

// settle returns the options with the defaults in the place of zero values, or says what cannot be.
func (o *Options) settle() (Options, error) {
	var s Options
	if o != nil {
		s = *o
	}
	if s.Prefix == "" {
		s.Prefix = "everwire"
	}
	if len(s.Prefix) > maxPrefix || strings.ContainsFunc(s.Prefix, func(r rune) bool { return r > 0x7f || !isPlain(byte(r)) }) {
		return s, fmt.Errorf("hub/nats: the prefix %q is not 1 to %d letters, digits, - or _", s.Prefix, maxPrefix)
	}
	switch s.Replicas {
	case 0:
		s.Replicas = 1
	case 1, 3, 5:
	default:
		return s, fmt.Errorf("hub/nats: %d replicas: there may be 1, 3 or 5; an even number survives no more than one less", s.Replicas)
	}
	if s.Node == "" {
		s.Node = strings.ToLower(rand.Text()[:12])
	}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	s.Timeout = atLeast(s.Timeout, 100*time.Millisecond, 5*time.Second)
	s.Lease = atLeast(s.Lease, time.Second, 6*time.Second).Truncate(time.Second)
	s.Check = atLeast(s.Check, 10*time.Millisecond, 3*time.Second)
	return s, nil
}

func atLeast(d, least, byDefault time.Duration) time.Duration {
	if d <= 0 {
		return byDefault
	}
	return max(d, least)
}
