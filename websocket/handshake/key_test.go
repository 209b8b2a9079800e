package handshake

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestAccept(t *testing.T) {
	for _, row := range []struct{ name, key, want string }{
		{"RFC 6455 §1.3", "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"a browser's", "Iv8io/9s+lYFgZWcXczP8Q==", "hsBlbuDTkk24srzEOTBUlZAlC2g="},
		{"space around it", " \tdGhlIHNhbXBsZSBub25jZQ==\t ", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"empty", "", "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="},
		{"longer than a key", strings.Repeat("k", 1000), "D5UkHUEpPcw/Kmar+sMcS126/cM="},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Accept(row.key); got != row.want {
				t.Errorf("Accept(%q) = %s, want %s", row.key, got, row.want)
			}
		})
	}
}

func TestNewKey(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		key := NewKey()
		nonce, err := base64.StdEncoding.Strict().DecodeString(key)
		if err != nil || len(nonce) != 16 || !validKey(key) {
			t.Fatalf("NewKey() = %q, which is %d bytes, %v", key, len(nonce), err)
		}
		if seen[key] {
			t.Fatalf("the key %s came twice", key)
		}
		seen[key] = true
	}
}

func TestValidKey(t *testing.T) {
	for _, row := range []struct {
		name, key string
		want      bool
	}{
		{"16 bytes", "AQIDBAUGBwgJCgsMDQ4PEA==", true},
		{"every kind of character", "Iv8io/9s+lYFgZWcXczP8Q==", true},
		{"spare bits set", "AQIDBAUGBwgJCgsMDQ4PEC==", true},
		{"empty", "", false},
		{"15 bytes", "AQIDBAUGBwgJCgsMDQ4P", false},
		{"17 bytes", "AQIDBAUGBwgJCgsMDQ4PEBE=", false},
		{"18 bytes, the same length", "AQIDBAUGBwgJCgsMDQ4PEBES", false},
		{"no padding", "AQIDBAUGBwgJCgsMDQ4PEA", false},
		{"padding within", "AQIDBAUGBwgJCgsMDQ4PE===", false},
		{"base64url", "Iv8io_9s-lYFgZWcXczP8Q==", false},
		{"line break within", "AQIDBAUGBwgJ\r\nsMDQ4PEA==", false},
		{"space before it", " AQIDBAUGBwgJCgsMDQ4PEA==", false},
		{"above ASCII", "AQIDBAUGBwgJCgsMDQ4P\xc3\xa9==", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := validKey(row.key); got != row.want {
				t.Errorf("validKey(%q) = %v", row.key, got)
			}
		})
	}
}

func TestAcceptAllocatesItsResultOnly(t *testing.T) {
	var accept string
	if n := testing.AllocsPerRun(100, func() { accept = Accept("dGhlIHNhbXBsZSBub25jZQ==") }); n != 1 || accept == "" {
		t.Errorf("Accept allocates %v times, want 1", n)
	}
}

func BenchmarkAccept(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Accept("dGhlIHNhbXBsZSBub25jZQ==")
	}
}
