package bench

import (
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/load"
)

var momentStats = sync.OnceValues(func() (now, all Stats) {
	return statsOf(drawn(1000, 400*time.Microsecond)), statsOf(drawn(1000, 500*time.Microsecond))
})

func sampleMoment() moment {
	now, all := momentStats()
	return moment{
		phase: load.Measuring, at: 8 * time.Second, into: 6 * time.Second, target: 100, open: 97, opening: 3,
		rate: 152340.4, in: 9.3 * (1 << 20), out: 9.7 * (1 << 20), now: now, all: all,
		failures: []Failure{{"reset", 2, ""}, {"close 1011", 1, ""}}, errorsInAll: 3, anythingThen: true,
	}
}

// A screen does what a terminal does with what we write: enough of it to see what is where.
type screen struct {
	width    int
	rows     [][]rune
	row, col int
}

func (s *screen) Write(p []byte) (int, error) {
	text := []rune(string(p))
	for i := 0; i < len(text); i++ {
		for s.row >= len(s.rows) {
			s.rows = append(s.rows, nil)
		}
		switch text[i] {
		case '\r':
			s.col = 0
		case '\n':
			s.row++
		case '\x1b':
			j := i + 2
			for text[j] >= '0' && text[j] <= '9' {
				j++
			}
			n := 0
			for _, d := range text[i+2 : j] {
				n = 10*n + int(d-'0')
			}
			switch text[j] {
			case 'A':
				s.row = max(0, s.row-n)
			case 'K':
				s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
			case 'J':
				s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
				s.rows = s.rows[:s.row+1]
			}
			i = j
		default:
			if s.col == s.width {
				s.row, s.col = s.row+1, 0
				if s.row >= len(s.rows) {
					s.rows = append(s.rows, nil)
				}
			}
			for len(s.rows[s.row]) <= s.col {
				s.rows[s.row] = append(s.rows[s.row], ' ')
			}
			s.rows[s.row][s.col] = text[i]
			s.col++
		}
	}
	return len(p), nil
}

// resize makes of each row as many as the new width asks for, as terminals do.
func (s *screen) resize(width int) {
	var rows [][]rune
	for i, r := range s.rows {
		for len(r) > width {
			rows, r = append(rows, r[:width:width]), r[width:]
		}
		rows = append(rows, r)
		if i == s.row {
			s.row, s.col = len(rows)-1, len(r)
		}
	}
	s.width, s.rows = width, rows
}

func (s *screen) String() string {
	var lines []string
	for _, r := range s.rows {
		lines = append(lines, strings.TrimRight(string(r), " "))
	}
	return strings.Join(lines, "\n")
}

func liveOn(s *screen, height int) *live {
	settings := sampleReport().Settings
	l := newLive(s, &settings, nil)
	l.size = func() (int, int) { return s.width, height }
	return l
}

func TestLiveRedrawsInPlace(t *testing.T) {
	s := &screen{width: 80}
	l := liveOn(s, 24)
	m := sampleMoment()
	l.show(m)
	const want = `measuring    █████░░░░░░░░░░░░░░░░░░░░░░░  20 %  24 s left
connections  97 of 100 open, 3 opening
now          152,340 messages/s  9.30 MiB/s in  9.70 MiB/s out
latency      p50 400 µs  p99 854 µs  max 4.18 ms
  in all     p50 500 µs  p99 1.07 ms  max 5.23 ms
errors       2 reset, 1 close 1011`
	if got := s.String(); got != want {
		t.Errorf("it shows\n%s\nwant\n%s", got, want)
	}
	m.errorsInAll, m.failures, m.open, m.opening = 0, nil, 100, 0
	l.show(m)
	m.into = 15 * time.Second
	l.show(m)
	const then = `measuring    ██████████████░░░░░░░░░░░░░░  50 %  15 s left
connections  100 open
now          152,340 messages/s  9.30 MiB/s in  9.70 MiB/s out
latency      p50 400 µs  p99 854 µs  max 4.18 ms
  in all     p50 500 µs  p99 1.07 ms  max 5.23 ms`
	if got := s.String(); got != then {
		t.Errorf("then it shows\n%s\nwant\n%s", got, then)
	}
	l.done = make(chan struct{})
	l.stop()
	if got := s.String(); got != "" {
		t.Errorf("at the end there is still %q", got)
	}
}

func TestLiveSurvivesNarrowWindows(t *testing.T) {
	s := &screen{width: 100}
	l := liveOn(s, 24)
	m := sampleMoment()
	s.Write([]byte("$\r\n"))
	for _, width := range []int{100, 60, 25, 10, 3, 80, 30, 1, 120} {
		if width < s.width {
			s.resize(width)
		}
		s.width = width
		l.show(m)
		rows := strings.Split(s.String(), "\n")
		if len(rows) != 7 || rows[0] != "$" {
			t.Errorf("width %d: there are %d rows, want a prompt and six:\n%s", width, len(rows), s)
		}
		for _, row := range rows[1:] {
			if n := utf8.RuneCountInString(row); n >= max(2, width) {
				t.Errorf("width %d: a row of %d", width, n)
			}
		}
	}
}

func TestLiveSurvivesLowWindows(t *testing.T) {
	for height := 1; height < 8; height++ {
		s := &screen{width: 80}
		l := liveOn(s, height)
		for range 3 {
			l.show(sampleMoment())
		}
		if n := strings.Count(s.String(), "\n") + 1; n > max(1, height-1) {
			t.Errorf("height %d: %d rows", height, n)
		}
	}
}

func TestLiveShowsNothingBeforeThereIsSomething(t *testing.T) {
	s := &screen{width: 80}
	liveOn(s, 24).show(moment{})
	if len(s.rows) > 0 {
		t.Errorf("it shows %q", s)
	}
}

func TestLiveLinesElsewhere(t *testing.T) {
	settings := sampleReport().Settings
	idle := settings
	idle.Scenario = load.Idle
	connecting := moment{phase: load.Connecting, at: 5 * time.Second, target: 100, open: 12, anythingThen: true}
	for _, row := range []struct {
		name     string
		settings Settings
		m        moment
		want     string
	}{
		{"measuring", settings, sampleMoment(), "  8 s  measuring  97 open  152,340/s  p50 400 µs  p99 854 µs  max 4.18 ms  errors: 2 reset, 1 close 1011\n"},
		{"connecting", settings, connecting, "  5 s  connecting  12 open\n"},
		{"idle", idle, moment{phase: load.Measuring, at: time.Minute, open: 5, anythingThen: true}, "1 min  measuring  5 open\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			newLive(&b, &row.settings, nil).show(row.m)
			if b.String() != row.want {
				t.Errorf("%q, want %q", b.String(), row.want)
			}
		})
	}
}

func TestLiveColoursErrors(t *testing.T) {
	var b strings.Builder
	settings := sampleReport().Settings
	l := newLive(&b, &settings, nil)
	l.size, l.color = func() (int, int) { return 80, 24 }, true
	l.show(sampleMoment())
	if !strings.Contains(b.String(), "\x1b[31merrors       2 reset") {
		t.Errorf("%q", b.String())
	}
}

func TestHowFarARunIs(t *testing.T) {
	s := &Settings{Warmup: 2 * time.Second, Duration: 10 * time.Second}
	l := newLive(&strings.Builder{}, s, nil)
	for _, row := range []struct {
		m    moment
		of   float64
		left time.Duration
	}{
		{moment{phase: load.Connecting, target: 200, open: 50}, 0.25, 0},
		{moment{phase: load.Connecting}, 0, 0},
		{moment{phase: load.Warming, into: time.Second}, 0.5, 11 * time.Second},
		{moment{phase: load.Measuring, into: 9 * time.Second}, 0.9, time.Second},
		{moment{phase: load.Measuring, into: 11 * time.Second}, 1, 0},
		{moment{phase: load.Draining, into: 11 * time.Second}, 1, 0},
	} {
		if of, left := l.share(row.m); of != row.of || left != row.left {
			t.Errorf("%s, %v: %v and %v left, want %v and %v", row.m.phase, row.m.into, of, left, row.of, row.left)
		}
	}
}
