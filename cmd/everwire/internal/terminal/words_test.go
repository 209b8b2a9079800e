package terminal

import (
	"math"
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{grouped(0), "0"},
		{grouped(999), "999"},
		{grouped(-1000), "-1,000"},
		{grouped(1048576), "1,048,576"},
		{octets(1), "1 octet"},
		{octets(1024), "1,024 octets"},
		{brief(0), "0 B"},
		{brief(1023), "1023 B"},
		{brief(1024), "1.0 KiB"},
		{brief(1024*1024 - 1), "1.0 MiB"},
		{brief(5 << 30), "5.0 GiB"},
		{brief(math.MaxInt64), "8192.0 PiB"},
		{roundTrip(0), "0.00 ms"},
		{roundTrip(123456 * time.Nanosecond), "0.12 ms"},
		{roundTrip(9996 * time.Microsecond), "10.0 ms"},
		{roundTrip(99960 * time.Microsecond), "100 ms"},
		{roundTrip(1500 * time.Millisecond), "1.50 s"},
		{clock(59 * time.Second), "0:59"},
		{clock(3599 * time.Second), "59:59"},
		{clock(3723 * time.Second), "1:02:03"},
		{closing(1000, ""), "1000 normal closure"},
		{closing(4000, "a\x1b"), `4000, "a^["`},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
