package embedded

import (
	"slices"
	"strings"
	"testing"
)

func TestStoragePeers(t *testing.T) {
	all := []string{"a:1", "b:1", "c:1", "d:1", "e:1", "f:1", "g:1"}
	for _, row := range []struct {
		name  string
		peers []string
		want  int
		err   string
	}{
		{"none", nil, 0, ""},
		{"one", all[:1], 1, ""},
		{"two", all[:2], 0, "less safe than one"},
		{"three", all[:3], 3, ""},
		{"four", all[:4], 0, "no safer than three"},
		{"five", all[:5], 5, ""},
		{"six", all[:6], 5, ""},
		{"seven", all, 5, ""},
		{"twice", []string{"a:1", "b:1", "a:1"}, 0, "twice"},
		{"no port", []string{"a"}, 0, "host:port"},
		{"port 0", []string{"a:0"}, 0, "1 to 65535"},
		{"large port", []string{"a:65536"}, 0, "1 to 65535"},
		{"no host", []string{":7900"}, 0, "own address"},
		{"every host", []string{"0.0.0.0:7900"}, 0, "own address"},
		{"every host, IPv6", []string{"[::]:7900"}, 0, "own address"},
		{"IPv6", []string{"[2001:db8::1]:7900"}, 1, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := StoragePeers(row.peers)
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Fatalf("error %v, want one with %q", err, row.err)
				}
				return
			}
			if err != nil || !slices.Equal(got, row.peers[:row.want]) {
				t.Errorf("%v, %v, want the first %d", got, err, row.want)
			}
		})
	}
}
