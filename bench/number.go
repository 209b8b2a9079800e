//go:build linux

package main

import (
	"fmt"
	"math"
	"strconv"
)

// number writes a figure to so many significant digits, and a dash for none.
func number(f float64, digits int) string {
	if f == 0 {
		return "–"
	}
	whole := int(math.Floor(math.Log10(math.Abs(f)))) + 1
	return strconv.FormatFloat(f, 'f', max(digits-whole, 0), 64)
}

// ratioText writes a ratio, and a dash for none.
func ratioText(f float64) string {
	if f == 0 {
		return "–"
	}
	return strconv.FormatFloat(f, 'f', 3, 64)
}

// thousands writes a figure without fraction, and a comma between each three digits.
func thousands(f float64) string {
	s := strconv.FormatFloat(math.Abs(f), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if f < 0 {
		return "-" + s
	}
	return s
}

// String is a sample in a line.
func (s sample) String() string {
	if s.Bytes != 0 {
		return fmt.Sprintf("%s octets", thousands(s.Bytes))
	}
	line := fmt.Sprintf("%s µs of CPU, %s a second", number(s.CPU, 3), thousands(s.PerSecond))
	if s.Switches != 0 {
		line += fmt.Sprintf(", %s switches", number(s.Switches, 3))
	}
	return line
}
