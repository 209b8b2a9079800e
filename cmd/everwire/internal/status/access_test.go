package status

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const token = "0123456789abcdef"

func TestReadToken(t *testing.T) {
	tests := []struct {
		name       string
		file, env  string // "-": there is no file
		want, fail string
	}{
		{"neither", "-", "", "", ""},
		{"variable", "-", token, token, ""},
		{"variable with a line's end", "-", token + "\n", token, ""},
		{"file", token + "\r\n", "", token, ""},
		{"file before the variable", token, "another token for nobody", token, ""},
		{"empty file", "\n", token, "", "has 0 characters and needs 16"},
		{"too short", "123456789abcdef", "", "", "has 15 characters and needs 16"},
		{"variable too short", "-", "short", "", "the variable EVERWIRE_ADMIN_TOKEN has 5 characters"},
		{"two words", "0123456789 abcdef", "", "", "one word of ASCII"},
		{"not ASCII", "0123456789abcdefé", "", "", "one word of ASCII"},
		{"control character", "0123456789\x1babcdef", "", "", "one word of ASCII"},
		{"too long", strings.Repeat("x", 1025), "", "", "one word of ASCII"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(TokenVariable, tt.env)
			file := ""
			if tt.file != "-" {
				file = filepath.Join(t.TempDir(), "token")
				if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := ReadToken(file)
			if got != tt.want || (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.fail)
			}
			if err != nil && tt.file != "-" && strings.TrimSpace(tt.file) != "" && strings.Contains(err.Error(), strings.TrimSpace(tt.file)) {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
	if _, err := ReadToken(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "cannot read the operator's token") {
		t.Errorf("no file: %v", err)
	}
}

func TestIsLocal(t *testing.T) {
	tests := []struct {
		name, from, host string
		header           string
		want             bool
	}{
		{"IPv4", "127.0.0.1:5000", "127.0.0.1:8080", "", true},
		{"another of 127/8", "127.0.0.2:5000", "127.1.2.3", "", true},
		{"IPv6", "[::1]:5000", "[::1]:8080", "", true},
		{"IPv6 without a port", "[::1]:5000", "[::1]", "", true},
		{"IPv4 in IPv6", "[::ffff:127.0.0.1]:5000", "localhost:8080", "", true},
		{"localhost", "127.0.0.1:5000", "LocalHost", "", true},
		{"from elsewhere", "192.0.2.1:5000", "127.0.0.1:8080", "", false},
		{"another name: a proxy, or rebinding", "127.0.0.1:5000", "evil.example:8080", "", false},
		{"a name that begins so", "127.0.0.1:5000", "localhost.evil.example", "", false},
		{"another address", "127.0.0.1:5000", "192.0.2.1:8080", "", false},
		{"no host", "127.0.0.1:5000", "", "", false},
		{"passed on", "127.0.0.1:5000", "127.0.0.1:8080", "X-Forwarded-For", false},
		{"passed on, RFC 7239", "127.0.0.1:5000", "127.0.0.1:8080", "Forwarded", false},
		{"passed on by nginx", "127.0.0.1:5000", "127.0.0.1:8080", "X-Real-IP", false},
		{"a Unix socket", "@", "localhost", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/status", nil)
			r.RemoteAddr, r.Host = tt.from, tt.host
			if tt.header != "" {
				r.Header.Set(tt.header, "127.0.0.1")
			}
			if got := isLocal(r); got != tt.want {
				t.Errorf("local: %t", got)
			}
		})
	}
}
