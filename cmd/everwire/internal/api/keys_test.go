package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// forget has the file looked at again at once.
func (k *Keys) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
}

func TestReadKeys(t *testing.T) {
	const one, two = "0123456789abcdef", "fedcba9876543210"
	tests := []struct {
		name, content string
		want          map[string]string // names by key
		fail          string
	}{
		{"one", one, map[string]string{one: "line 1"}, ""},
		{"two, with names", "# of billing\n billing \t" + one + "\r\n\n" + two + "\n", map[string]string{one: "billing", two: "line 4"}, ""},
		{"empty", "\n# none\n", nil, "there is no API key in it; make one with: openssl rand -hex 16"},
		{"too short", "billing " + one + "\nsecret", nil, "the API key in line 2 has 6 characters and needs 16"},
		{"three words", "a b " + one, nil, "line 1 has 3 words"},
		{"not ASCII", one + "é", nil, "must be one word of ASCII"},
		{"too many", strings.Repeat(one+"\n", mostKeys+1), nil, "more than 100 API keys"},
		{"too large", strings.Repeat("#", mostKeyFile+1), nil, "has 1048577 octets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			k, err := ReadKeys(file)
			if (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
				t.Fatalf("%v, want %q", err, tt.fail)
			}
			if err != nil {
				if strings.Contains(err.Error(), one) || strings.Contains(err.Error(), "secret") {
					t.Errorf("the error tells the key: %v", err)
				}
				return
			}
			for key, name := range tt.want {
				if got, ok, err := k.find(key); got != name || !ok || err != nil {
					t.Errorf("%q, %t, %v; want %q", got, ok, err, name)
				}
			}
			for _, wrong := range []string{"", "billing", one[1:], one + " "} {
				if name, ok, _ := k.find(wrong); ok {
					t.Errorf("%q is the key %s", wrong, name)
				}
			}
		})
	}
	if _, err := ReadKeys(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "cannot read the API keys") {
		t.Errorf("no file: %v", err)
	}
}

// A file that is looked at for each request would cost more than the request.
func TestKeysAreLookedAtOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, "0123456789abcdef")
		if err := os.WriteFile(k.file, []byte("# the next\nfedcba9876543210"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookPause - 1)
		if _, ok, _ := k.find("0123456789abcdef"); !ok {
			t.Error("it was looked at too early")
		}
		time.Sleep(time.Nanosecond)
		if _, ok, err := k.find("fedcba9876543210"); !ok || err != nil {
			t.Errorf("it was not looked at: %v", err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	for _, s := range []string{"0123456789abcdef", "a 0123456789abcdef\n#\n", "\r\n", "a b c", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		keys, err := parseKeys(content)
		if err != nil {
			return
		}
		for _, k := range keys {
			if k.secret == nil || k.secret.Is("") || k.name == "" {
				t.Errorf("%q makes a key of nothing", content)
			}
		}
	})
}
