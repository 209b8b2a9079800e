package dialer

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

// span is a time that is not negative, in which 0 means that there is no bound.
type span time.Duration

func (s *span) Set(text string) error {
	v, err := time.ParseDuration(text)
	if seconds, bad := strconv.ParseFloat(text, 64); bad == nil && seconds < math.MaxInt64/1e9 {
		v, err = time.Duration(seconds*1e9), nil
	}
	if err != nil || v < 0 {
		return errors.New("must be a time such as 10s, 500ms or 1m30s, or 0")
	}
	*s = span(v)
	return nil
}

func (s *span) String() string { return time.Duration(*s).String() }
func (s *span) Type() string   { return "time" }

// orNever is the time as the library has it, where a negative one means no bound.
func (s span) orNever() time.Duration {
	if s == 0 {
		return -1
	}
	return time.Duration(s)
}

// size is a number of octets; a negative one is no limit.
type size int64

// units are what can stand behind a number of octets, by powers of 1024. "B" may follow each.
var units = map[string]int64{
	"": 1, "k": 1 << 10, "ki": 1 << 10, "m": 1 << 20, "mi": 1 << 20, "g": 1 << 30, "gi": 1 << 30,
}

func (s *size) Set(text string) error {
	if text == "none" {
		*s = -1
		return nil
	}
	v, ok := parseSize(text)
	if !ok || v <= 0 {
		return errors.New("must be a size such as 1000, 64KiB, 16MiB or 1GiB, or none")
	}
	*s = size(v)
	return nil
}

func parseSize(text string) (octets int64, ok bool) {
	digits := strings.TrimRight(text, "kKmMgGiIbB")
	unit, known := units[strings.TrimSuffix(strings.ToLower(text[len(digits):]), "b")]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n < 0 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}

func (s *size) String() string {
	if *s < 0 {
		return "none"
	}
	for _, u := range []struct {
		name   string
		octets size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if *s >= u.octets && *s%u.octets == 0 {
			return strconv.FormatInt(int64(*s/u.octets), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

func (s *size) Type() string { return "size" }

// compression is whether, and how, compression is offered.
type compression struct {
	text    string
	options websocket.Compression
}

// Set takes words with commas between them. Each Set begins anew.
func (c *compression) Set(text string) error {
	var o websocket.Compression
	for word := range strings.SplitSeq(text, ",") {
		if err := setCompression(&o, strings.TrimSpace(word)); err != nil {
			return err
		}
	}
	if o.Disabled && text != "off" {
		return errors.New("off stands alone")
	}
	*c = compression{text, o}
	return nil
}

func setCompression(o *websocket.Compression, word string) error {
	name, value, valued := strings.Cut(word, "=")
	if valued {
		return setCompressionValue(o, name, value)
	}
	switch word {
	case "on":
	case "off":
		o.Disabled = true
	case "takeover":
		o.ServerTakeover, o.ClientTakeover = websocket.KeepContext, websocket.KeepContext
	case "no-takeover":
		o.ServerTakeover, o.ClientTakeover = websocket.DropContext, websocket.DropContext
	case "server-takeover":
		o.ServerTakeover = websocket.KeepContext
	case "server-no-takeover":
		o.ServerTakeover = websocket.DropContext
	case "client-takeover":
		o.ClientTakeover = websocket.KeepContext
	case "client-no-takeover":
		o.ClientTakeover = websocket.DropContext
	default:
		return fmt.Errorf("does not know %q; it takes %s", word, strings.Join(compressionWords, ", "))
	}
	return nil
}

// compressionWords are what --compress takes, for who got it wrong and for completion.
var compressionWords = []string{
	"on", "off", "takeover", "no-takeover", "server-takeover", "server-no-takeover", "client-takeover",
	"client-no-takeover", "server-window=8", "client-window=8", "level=6", "threshold=0",
}

func setCompressionValue(o *websocket.Compression, name, value string) error {
	var at *int
	low, high := 8, 15 // RFC 7692 §7.1.2
	switch name {
	case "server-window":
		at = &o.ServerWindowBits
	case "client-window":
		at = &o.ClientWindowBits
	case "level":
		at, low, high = &o.Level, 1, 9
	case "threshold":
		n, ok := parseSize(value)
		if !ok || n > math.MaxInt32 {
			return errors.New("threshold must be a size such as 0, 512 or 4KiB")
		}
		if o.Threshold = int(n); n == 0 {
			o.Threshold = -1 // all messages, as the library says it
		}
		return nil
	default:
		return fmt.Errorf("does not know %q; it takes %s", name, strings.Join(compressionWords, ", "))
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return fmt.Errorf("%s must be a number from %d to %d", name, low, high)
	}
	*at = n
	return nil
}

func (c *compression) String() string { return c.text }
func (c *compression) Type() string   { return "words" }
