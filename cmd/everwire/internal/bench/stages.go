package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

const (
	maxStages      = 1000
	maxConnections = 1 << 24
)

// ParseStages reads stages as they are written on the command line: 30s:1000,1m:10000,10s:0 goes from none to 1000
// connections within 30 seconds, and so on. A number may end with k, for thousands. The error names the stage at fault.
func ParseStages(text string) ([]load.Stage, error) {
	var stages []load.Stage
	most := 0
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		span, number, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("%q is no stage; write how long it takes and where it leads, as in 30s:1000", part)
		}
		d, err := time.ParseDuration(strings.TrimSpace(span))
		if err != nil || d < 0 {
			return nil, fmt.Errorf("in %q, %q is no duration such as 30s or 1m30s", part, span)
		}
		n, err := parseCount(strings.TrimSpace(number))
		if err != nil || n > maxConnections {
			return nil, fmt.Errorf("in %q, %q is no number of connections from 0 to %d", part, number, maxConnections)
		}
		if len(stages) == maxStages {
			return nil, fmt.Errorf("there are more than %d stages", maxStages)
		}
		stages = append(stages, load.Stage{Duration: d, Connections: int(n)})
		most = max(most, int(n))
	}
	if most == 0 {
		return nil, errors.New("no stage leads to any connection")
	}
	if total := length(stages); total <= 0 || total > maxSpan {
		return nil, errors.New("the stages must take some time, and at most a year")
	}
	return stages, nil
}

// maxSpan is how long a run can be at most.
const maxSpan = 365 * 24 * time.Hour

// length is how long stages take in all.
func length(stages []load.Stage) time.Duration {
	var d time.Duration
	for _, s := range stages {
		if d += s.Duration; d > maxSpan || d < 0 {
			return maxSpan + 1
		}
	}
	return d
}

// most is the largest number that stages lead to.
func most(stages []load.Stage) int {
	n := 0
	for _, s := range stages {
		n = max(n, s.Connections)
	}
	return n
}

// parseCount reads a whole number, of thousands if it ends with k and of millions with M.
func parseCount(text string) (int64, error) {
	digits, factor := text, int64(1)
	switch {
	case strings.HasSuffix(text, "k"):
		digits, factor = text[:len(text)-1], 1e3
	case strings.HasSuffix(text, "M"):
		digits, factor = text[:len(text)-1], 1e6
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, errors.New("must be a whole number such as 500 or 10k")
	}
	return int64(n) * factor, nil
}

// ParseCount reads a number of something, of which there is at least one and at most limit: 500, 10k, 1M.
func ParseCount(text string, limit int64) (int, error) {
	n, err := parseCount(text)
	if err == nil && (n < 1 || n > limit) {
		err = fmt.Errorf("must be from 1 to %s", countWords(limit))
	}
	return int(n), err
}

// ParseRate reads a number in a second, above 0: 1000, 2.5k, 10k/s, 0.5.
func ParseRate(text string) (float64, error) {
	bad := errors.New("must be a number in a second, such as 1000, 2.5k or 0.5")
	digits := strings.TrimSuffix(text, "/s")
	factor := 1.0
	switch {
	case strings.HasSuffix(digits, "k"):
		digits, factor = digits[:len(digits)-1], 1e3
	case strings.HasSuffix(digits, "M"):
		digits, factor = digits[:len(digits)-1], 1e6
	}
	if digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return 0, bad
	}
	x, err := strconv.ParseFloat(digits, 64)
	if x *= factor; err != nil || x <= 0 || x > 1e9 {
		return 0, bad
	}
	return x, nil
}

// ParseSize reads a number of octets, up to 1 GiB: 64, 4KiB, 1MiB; kB and MB are thousands and millions.
func ParseSize(text string) (int, error) {
	digits := strings.TrimRight(text, "kKMGiB")
	factor, ok := map[string]uint64{
		"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "kB": 1e3, "MB": 1e6, "GB": 1e9,
	}[strings.TrimPrefix(text[len(digits):], " ")]
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 31)
	if !ok || err != nil || n*factor > 1<<30 {
		return 0, errors.New("must be a number of octets up to 1GiB, such as 64, 4KiB or 1MiB")
	}
	return int(n * factor), nil
}
