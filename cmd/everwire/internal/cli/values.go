package cli

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket/handshake"
)

// The types of this file are values of flags (pflag.Value). Their Set is where every value is checked, wherever it
// comes from, so that a message can name its origin.

// choice is one of a few words.
type choice struct {
	word  string
	words []string
}

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		last := len(c.words) - 1
		return fmt.Errorf("must be %s or %s", strings.Join(c.words[:last], ", "), c.words[last])
	}
	c.word = s
	return nil
}

func (c *choice) String() string { return c.word }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }

// toggle is true or false.
type toggle bool

func (t *toggle) Set(s string) error {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("must be true or false")
	}
	*t = toggle(v)
	return nil
}

func (t *toggle) String() string { return strconv.FormatBool(bool(*t)) }
func (t *toggle) Type() string   { return "bool" }

// duration is a time span that is not negative.
type duration time.Duration

func (d *duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return errors.New("must be a duration such as 10s, 500ms or 1m30s, or 0")
	}
	*d = duration(v)
	return nil
}

func (d *duration) String() string { return time.Duration(*d).String() }
func (d *duration) Type() string   { return "duration" }

// address is a host:port to listen on.
type address string

func (a *address) Set(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("must be host:port, such as 127.0.0.1:8080, or :8080 for all of the machine's addresses")
	}
	*a = address(s)
	return nil
}

func (a *address) String() string { return string(*a) }
func (a *address) Type() string   { return "host:port" }

// origins is a list of patterns of origins, which grows with each Set.
type origins []string

// Set takes several patterns with commas between them, which no pattern has in it.
func (o *origins) Set(s string) error {
	for pattern := range strings.SplitSeq(s, ",") {
		if err := o.Append(strings.TrimSpace(pattern)); err != nil {
			return err
		}
	}
	return nil
}

// Append takes one.
func (o *origins) Append(pattern string) error {
	if err := handshake.ValidatePattern(pattern); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "handshake: "))
	}
	*o = append(*o, pattern)
	return nil
}

func (o *origins) String() string { return strings.Join(*o, ",") }
func (o *origins) Type() string   { return "pattern" }
