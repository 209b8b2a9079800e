package load

import "time"

// A Stage is a part of a run, in which the number of connections goes in a straight line from what it was to what it
// says. A Duration of 0 is a step.
type Stage struct {
	Duration    time.Duration
	Connections int
}

// A profile is how many connections there should be, from a number at first.
type profile struct {
	first  int
	stages []Stage
}

// at is how many at a time since the beginning. Before it, it is the first number, and in the end the last stage's.
func (p profile) at(t time.Duration) int {
	n := p.first
	if t < 0 {
		return n
	}
	for _, s := range p.stages {
		if t < s.Duration {
			return n + int(float64(s.Connections-n)*float64(t)/float64(s.Duration))
		}
		n = s.Connections
		t -= s.Duration
	}
	return n
}

// next is when, at the earliest, at may have changed after t.
func (p profile) next(t time.Duration) time.Duration {
	n, began := p.first, time.Duration(0)
	for _, s := range p.stages {
		if end := began + s.Duration; t < end {
			if s.Connections == n {
				return end
			}
			return min(end, t+s.Duration/time.Duration(max(s.Connections-n, n-s.Connections)))
		}
		n = s.Connections
		began += s.Duration
	}
	return t + time.Hour
}

// most is the greatest number.
func (p profile) most() int {
	n := p.first
	for _, s := range p.stages {
		n = max(n, s.Connections)
	}
	return n
}

// length is how long all of it takes.
func (p profile) length() (d time.Duration) {
	for _, s := range p.stages {
		d += s.Duration
	}
	return d
}
