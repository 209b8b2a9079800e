package terminal

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/everwire/everwire/websocket"
)

// grouped writes a number with its thousands apart: 1,048,576.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// octets writes how many there are: "1 octet", "1,048,576 octets".
func octets(n int64) string {
	if n == 1 {
		return "1 octet"
	}
	return grouped(n) + " octets"
}

// brief writes a number of octets in at most eight columns: "27 B", "1.2 KiB".
func brief(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 999.95 && unit < 4 {
		v /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGTP"[unit])
}

// roundTrip writes a short time in three digits: "0.42 ms", "12.3 ms", "1.20 s".
func roundTrip(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 9.995:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 99.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// clock writes how long something has lasted: "0:07", "1:02:03".
func clock(d time.Duration) string {
	s := int64(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// closing describes a close code and its reason: 1001 going away, "deploy".
func closing(code websocket.CloseCode, reason string) string {
	if reason == "" {
		return code.String()
	}
	return code.String() + `, "` + visible(reason) + `"`
}

// redacted is a URL without its password, or anything else as it is.
func redacted(name string) string {
	if u, err := url.Parse(name); err == nil && u.User != nil {
		return u.Redacted()
	}
	return name
}
