package load

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// slots is how many connections there are at most.
func (p *Plan) slots() int { return p.profile().most() }

func (p *Plan) profile() profile { return profile{p.Connections, p.Stages} }

// changing says that connections come and go while messages are on the way.
func (p *Plan) changing() bool {
	return (len(p.Stages) > 0 || p.Reopen > 0) && p.Scenario != Handshake
}

// check says what is wrong with a plan whose zero values are filled in.
func (p *Plan) check() error {
	for _, check := range []func() error{p.checkNumbers, p.checkTimes, p.checkRates, p.checkStages, p.checkMessage, p.checkFields} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) checkNumbers() error {
	fewest := 1
	if len(p.Stages) > 0 {
		fewest = 0
	}
	for _, n := range []struct {
		name            string
		value, min, max int
	}{
		{"Connections", p.Connections, fewest, maxConnections},
		{"InFlight", p.InFlight, 1, maxInFlight},
		{"Loops", p.Loops, 1, maxLoops},
		{"Dialing", p.Dialing, 1, maxConnections},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("load: %s is %d; it must be from %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	return nil
}

func (p *Plan) checkTimes() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"Warmup", p.Warmup},
		{"Duration", p.Duration},
		{"Timeout", p.Timeout},
		{"AnswerTimeout", p.AnswerTimeout},
		{"Reopen", p.Reopen},
	} {
		if d.value < 0 {
			return fmt.Errorf("load: %s is %v; it must not be negative", d.name, d.value)
		}
	}
	if p.Interval < shortestInterval {
		return fmt.Errorf("load: Interval is %v; it must be at least %v", p.Interval, shortestInterval)
	}
	if p.Reopen > 0 && p.Scenario == Broadcast {
		return errors.New("load: Reopen is not for Broadcast, where every connection must get what every other one gets")
	}
	return nil
}

func (p *Plan) checkRates() error {
	for _, r := range []struct {
		name  string
		value float64
	}{
		{"Rate", p.Rate},
		{"RatePerConnection", p.RatePerConnection},
		{"ConnectRate", p.ConnectRate},
	} {
		if r.value < 0 || math.IsInf(r.value, 0) || math.IsNaN(r.value) {
			return fmt.Errorf("load: %s is %v; it must be neither negative nor without end", r.name, r.value)
		}
	}
	switch {
	case p.RatePerConnection > 0 && p.Rate > 0:
		return errors.New("load: Rate and RatePerConnection are two ways to say the same; set one")
	case p.RatePerConnection > 0 && p.Scenario != Echo:
		return fmt.Errorf("load: RatePerConnection is for the scenario %s", Echo)
	case p.ConnectRate > 0 && p.Scenario == Handshake:
		return fmt.Errorf("load: ConnectRate is not for the scenario %s: its Rate says how many connections a second there are", Handshake)
	}
	return nil
}

func (p *Plan) checkStages() error {
	if len(p.Stages) == 0 {
		return nil
	}
	if p.Scenario != Echo && p.Scenario != Idle {
		return fmt.Errorf("load: Stages are for the scenarios %s and %s", Echo, Idle)
	}
	for i, s := range p.Stages {
		if s.Duration < 0 || s.Connections < 0 || s.Connections > maxConnections {
			return fmt.Errorf("load: stage %d goes to %d connections in %v; it must be from 0 to %d, in a duration that is not negative",
				i+1, s.Connections, s.Duration, maxConnections)
		}
	}
	switch {
	case p.slots() == 0:
		return errors.New("load: the Stages ask for no connection")
	case p.profile().length() == 0:
		return errors.New("load: the Stages take no time")
	case p.Duration > 0 && p.Duration != p.profile().length():
		return fmt.Errorf("load: Duration is %v, but the Stages take %v; leave it out", p.Duration, p.profile().length())
	}
	return nil
}

func (p *Plan) checkMessage() error {
	if p.Size < 0 || p.Size > maxSize {
		return fmt.Errorf("load: a message of %d octets; the limit is %d", p.Size, maxSize)
	}
	if p.Takeover && !p.Deflate {
		return errors.New("load: Takeover says how to compress; it needs Deflate")
	}
	ways := 0
	for _, given := range []bool{p.Payload != nil, p.Template != "", p.Message != nil} {
		if given {
			ways++
		}
	}
	conversing := p.Scenario == Echo || p.Scenario == Idle
	switch {
	case ways > 1:
		return errors.New("load: Payload, Template and Message are three ways to say the same; set one")
	case (p.Template != "" || p.Message != nil) && !conversing:
		return fmt.Errorf("load: Template and Message are for the scenarios %s and %s", Echo, Idle)
	}
	switch p.Expect {
	case ExpectExact:
	case ExpectAny, ExpectNone:
		if !conversing {
			return fmt.Errorf("load: what is expected can only be %s in the scenario %s", ExpectExact, p.Scenario)
		}
	default:
		return fmt.Errorf("load: Expect is %q; it must be %s, %s or %s", string(p.Expect), ExpectExact, ExpectAny, ExpectNone)
	}
	return nil
}

// own are the fields that the handshake makes itself.
var own = []string{
	"Upgrade", "Connection", "Content-Length", "Transfer-Encoding",
	"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Accept", "Sec-Websocket-Extensions",
}

func (p *Plan) checkFields() error {
	for name, values := range p.Header {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case !isToken(name):
			return fmt.Errorf("load: %q is not the name of a header field", name)
		case slices.Contains(own, canonical):
			return fmt.Errorf("load: the field %s is the handshake's own", name)
		case canonical == "Sec-Websocket-Protocol":
			return fmt.Errorf("load: the field %s is made from Subprotocols", name)
		case canonical == "Origin" && p.Origin != "":
			return errors.New("load: Origin is set twice: as a field too")
		}
		for _, v := range values {
			if !isValue(v) {
				return fmt.Errorf("load: %q is not a value that the field %s can have", v, name)
			}
		}
	}
	if !isValue(p.Origin) {
		return fmt.Errorf("load: %q is not an origin", p.Origin)
	}
	for _, s := range p.Subprotocols {
		if !isToken(s) {
			return fmt.Errorf("load: %q is not a subprotocol's name (RFC 6455 §4.1)", s)
		}
	}
	return nil
}

// isToken says whether s is one (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

// isValue says whether s can stand in a field (RFC 9110 §5.5).
func isValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
