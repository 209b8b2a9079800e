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

// addresses is a list of host:port, which grows with each Set.
type addresses []string

// Set takes several with commas between them.
func (a *addresses) Set(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		if err := a.Append(strings.TrimSpace(one)); err != nil {
			return err
		}
	}
	return nil
}

// Append takes one.
func (a *addresses) Append(s string) error {
	host, port, err := net.SplitHostPort(s)
	if n, no := strconv.ParseUint(port, 10, 16); err != nil || no != nil || n == 0 || host == "" {
		return fmt.Errorf("%q is not host:port, such as 10.0.0.1:7900", s)
	}
	*a = append(*a, s)
	return nil
}

func (a *addresses) String() string { return strings.Join(*a, ",") }
func (a *addresses) Type() string   { return "addresses" }

// subject is what subjects of NATS begin with.
type subject string

func (p *subject) Set(s string) error {
	for token := range strings.SplitSeq(s, ".") {
		if token == "" || len(s) > 100 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return errors.New("must be letters, digits, - and _, with dots between, such as shop.events")
		}
	}
	if first, rest, _ := strings.Cut(s, "."); first == "everwire" && rest != "events" && !strings.HasPrefix(rest, "events.") {
		return errors.New("must not be among the subjects of rooms, which begin with everwire; everwire.events is not")
	}
	*p = subject(s)
	return nil
}

func (p *subject) String() string { return string(*p) }
func (p *subject) Type() string   { return "prefix" }

// size is a number of octets, of which there is at least one.
type size int64

func (n *size) Set(s string) error {
	digits := strings.TrimRight(s, "kKMGTiB")
	factor, ok := map[string]float64{
		"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	}[s[len(digits):]]
	v, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || strings.Trim(digits, "0123456789.") != "" || v*factor < 1 || v*factor > 1<<50 {
		return errors.New("must be a number of octets, such as 65536, 64KiB, 512MiB or 1.5GiB")
	}
	*n = size(v * factor)
	return nil
}

func (n *size) String() string {
	if *n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*n), 10)
}
func (n *size) Type() string { return "size" }

// limit is a number of which there may be at most so many. Without one there is no limit.
func limit(value *int) *parsed[int] {
	p := counted(value, 1_000_000_000)
	p.text = ""
	return p
}
