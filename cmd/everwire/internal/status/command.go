package status

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// Bounds of a Command.
const (
	commandSize   = 4 << 10 // octets of JSON
	searchSize    = 200     // octets
	reasonSize    = 123     // RFC 6455 §5.5, less the code
	usualListing  = 50
	LongestList   = 500 // how many connections a Listing has at most
	usualCode     = 1000
	largestOffset = 1 << 30
	LongestDrain  = time.Hour // over how long a drain may go on
)

// ParseCommand reads one Command, which is then within its bounds, with the defaults filled in. Its errors are
// one line for the user, and quote nothing of what came.
func ParseCommand(text []byte) (Command, error) {
	var c Command
	if len(text) > commandSize {
		return Command{}, fmt.Errorf("a command has at most %d octets", commandSize)
	}
	if !utf8.Valid(text) {
		return Command{}, errors.New("a command is JSON in UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Command{}, errors.New("that is no command; one is a JSON object such as {\"do\": \"list\"}")
	}
	if _, err := d.Token(); err != io.EOF {
		return Command{}, errors.New("there is something after the command; send one at a time")
	}
	if err := c.check(); err != nil {
		// The number is right, so that the answer finds who asked.
		return Command{ID: c.ID}, err
	}
	return c, nil
}

func (c *Command) check() error {
	switch c.Do {
	case SignIn:
	case List:
		return c.checkList()
	case Close:
		return cmp.Or(c.checkSocket(), c.checkClose())
	case Tap, Untap:
		return c.checkSocket()
	case Drain:
		return c.checkDrain()
	default:
		return errors.New("there is no such command; do is one of sign-in, list, close, tap, untap and drain")
	}
	return nil
}

func (c *Command) checkSocket() error {
	if c.Socket < 1 {
		return errors.New("socket is the number of a connection, from 1")
	}
	return nil
}

func (c *Command) checkClose() error {
	if c.Code == 0 {
		c.Code = usualCode
	}
	if c.Code < 0 || c.Code > math.MaxUint16 || !frame.CloseCode(c.Code).OnWire() {
		return errors.New("code is one that a Close frame may have: 1000 to 1003, 1007 to 1014 or 3000 to 4999")
	}
	if len(c.Reason) > reasonSize {
		return fmt.Errorf("a reason has at most %d octets", reasonSize)
	}
	return nil
}

func (c *Command) checkDrain() error {
	switch {
	case !(c.Fraction > 0 && c.Fraction <= 1):
		return errors.New("fraction is how large a part of the connections to close: more than 0, at most 1")
	case c.Over < 0 || c.Over > LongestDrain.Milliseconds():
		return fmt.Errorf("over_ms is how long that takes, from 0 to %d", LongestDrain.Milliseconds())
	}
	return nil
}

func (c *Command) checkList() error {
	if c.Limit == 0 {
		c.Limit = usualListing
	}
	if c.Sort == "" {
		c.Sort = "-id"
	}
	switch {
	case c.Limit < 1 || c.Limit > LongestList:
		return fmt.Errorf("limit is from 1 to %d", LongestList)
	case c.Offset < 0 || c.Offset > largestOffset:
		return errors.New("offset is how many connections to leave out, from 0")
	case len(c.Search) > searchSize:
		return fmt.Errorf("search has at most %d octets", searchSize)
	case !slices.Contains(Orders, strings.TrimPrefix(c.Sort, "-")):
		return fmt.Errorf("sort is one of %s, with a minus for the largest first", strings.Join(Orders, ", "))
	}
	return nil
}
