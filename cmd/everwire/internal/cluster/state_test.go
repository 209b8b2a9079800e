package cluster

import (
	"path/filepath"
	"testing"
)

func TestStore(t *testing.T) {
	home := t.TempDir()
	tests := []struct {
		name, store, addr, systemd, xdg string
		want                            string
	}{
		{"as was said", "here", DefaultAddr, "/var/lib/everwire", "/state", "here"},
		{"systemd's", "", DefaultAddr, "/var/lib/everwire:/var/lib/other", "/state", "/var/lib/everwire/cluster-127.0.0.1_7900"},
		{"XDG's", "", "10.0.0.1:7901", "", "/state", "/state/everwire/cluster-10.0.0.1_7901"},
		{"the user's", "", "[2001:db8::1]:7900", "", "", filepath.Join(home, ".local/state/everwire/cluster-2001_db8__1_7900")},
		{"XDG's may not be relative", "", DefaultAddr, "", "state", filepath.Join(home, ".local/state/everwire/cluster-127.0.0.1_7900")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HOME", home)
			t.Setenv("STATE_DIRECTORY", tt.systemd)
			t.Setenv("XDG_STATE_HOME", tt.xdg)
			c := Config{Store: tt.store, Addr: tt.addr}
			if got, err := c.store(); err != nil || got != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
