package hub

import "testing"

func TestPositions(t *testing.T) {
	for _, row := range []struct {
		name, s string
		want    Position
		ok      bool
	}{
		{"zero", "", Position{}, true},
		{"one", "17@k3f9", Position{"k3f9", 17}, true},
		{"no epoch", "17@", Position{"", 17}, true},
		{"an epoch with an at sign", "0@a@b", Position{"a@b", 0}, true},
		{"the largest", "18446744073709551615@e", Position{"e", 1<<64 - 1}, true},
		{"too large", "18446744073709551616@e", Position{}, false},
		{"no at sign", "17", Position{}, false},
		{"no offset", "@e", Position{}, false},
		{"a sign", "+1@e", Position{}, false},
	} {
		got, err := ParsePosition(row.s)
		if got != row.want || (err == nil) != row.ok {
			t.Errorf("%s: %v, %v", row.name, got, err)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	for _, s := range []string{"", "17@k3f9", "0@", "@", "1@a@b", "-1@x", "99999999999999999999@x", "007@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePosition(s)
		if err != nil {
			if p != (Position{}) {
				t.Errorf("%q: %v with %v", s, p, err)
			}
			return
		}
		again, err := ParsePosition(p.String())
		if err != nil || again != p {
			t.Errorf("%q: %v is written as %q and read as %v, %v", s, p, p.String(), again, err)
		}
	})
}
