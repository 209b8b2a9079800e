package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/bench"
	"github.com/everwire/everwire/cmd/everwire/load"
)

// parsed is a value that a function reads.
type parsed[T any] struct {
	value *T
	parse func(string) (T, error)
	kind  string
	text  string
}

func (p *parsed[T]) Set(s string) error {
	v, err := p.parse(s)
	if err == nil {
		*p.value, p.text = v, s
	}
	return err
}

func (p *parsed[T]) String() string { return p.text }
func (p *parsed[T]) Type() string   { return p.kind }

// counted is a number of things, of which there is at least one.
func counted(value *int, limit int64) *parsed[int] {
	parse := func(s string) (int, error) { return bench.ParseCount(s, limit) }
	return &parsed[int]{value, parse, "number", strconv.Itoa(*value)}
}

// perSecond is a rate. There is no default.
func perSecond(value *float64) *parsed[float64] {
	return &parsed[float64]{value, bench.ParseRate, "number", ""}
}

// span is a duration that is 0 if it is not given, which --help need not say.
func span(value *duration) *parsed[duration] {
	parse := func(s string) (d duration, err error) { return d, d.Set(s) }
	return &parsed[duration]{value, parse, "duration", ""}
}

// thresholds is a list that grows with each Set.
type thresholds struct{ all *[]bench.Threshold }

func (t *thresholds) Set(s string) error {
	one, err := bench.ParseThreshold(s)
	if err == nil {
		*t.all = append(*t.all, one)
	}
	return err
}

func (t *thresholds) String() string { return "" }
func (t *thresholds) Type() string   { return "condition" }

// sources are addresses to connect from: as many of loopback as it takes, a number of them, or these.
type sources struct {
	text  string
	auto  bool
	count int
	these []netip.Addr
}

const (
	mostSources = 60_000 // of 127.1.0.0/16
	sourcesAsk  = "must be auto, a number of loopback addresses, or addresses with commas between them"
)

func (s *sources) Set(text string) error {
	v := sources{text: text}
	n, err := strconv.Atoi(text)
	switch {
	case text == "auto":
		v.auto = true
	case err == nil && n >= 1 && n <= mostSources:
		v.count = n
	case err == nil:
		return fmt.Errorf("must be from 1 to %d", mostSources)
	default:
		for part := range strings.SplitSeq(text, ",") {
			a, err := netip.ParseAddr(strings.TrimSpace(part))
			if err != nil {
				return errors.New(sourcesAsk)
			}
			v.these = append(v.these, a)
		}
	}
	*s = v
	return nil
}

func (s *sources) String() string { return s.text }
func (s *sources) Type() string   { return "sources" }

// addresses are those for a plan.
func (s *sources) addresses(p *load.Plan) ([]netip.Addr, error) {
	if !s.auto && s.count == 0 {
		return s.these, nil
	}
	if h := host(p.URL); !isLoopback(h) {
		return nil, fmt.Errorf("--sources %s is of loopback addresses, from which %s cannot be reached; name this machine's addresses "+
			"instead", s.text, h)
	}
	if s.auto {
		most := p.Connections
		for _, stage := range p.Stages {
			most = max(most, stage.Connections)
		}
		return load.Loopback(most), nil
	}
	all := make([]netip.Addr, s.count)
	for i := range all {
		all[i] = netip.AddrFrom4([4]byte{127, 1, byte(i / 250), byte(1 + i%250)})
	}
	return all, nil
}
