package events

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadSecrets(t *testing.T) {
	const good = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	for _, tt := range []struct {
		name, content string
		want          int
		fail          string
	}{
		{"with the prefix", "whsec_" + good + "\n", 1, ""},
		{"without it", good, 1, ""},
		{"two", "# new\nwhsec_" + good + "\r\n\n# old\n" + good, 2, ""},
		{"empty", "\n# none", 0, "there is no secret in it; make one with"},
		{"no base64", "whsec_nonsense!", 0, "line 1 is not base64"},
		{"another prefix", "whpk_" + good, 0, "line 1 is not base64"},
		{"too short", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", 0, "has 23 octets and needs 24 to 64"},
		{"too long", "whsec_" + strings.Repeat("AAAA", 22), 0, "has 66 octets"},
		{"too many", strings.Repeat(good+"\n", 6), 0, "more than 5"},
	} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := ReadSecrets(file)
		if len(s) != tt.want || (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%s: %d, %v; want %q", tt.name, len(s), err, tt.fail)
		}
		if err != nil && (strings.Contains(err.Error(), "nonsense") || strings.Contains(err.Error(), good)) {
			t.Errorf("%s: the error tells the secret: %v", tt.name, err)
		}
	}
	if _, err := ReadSecrets(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "cannot read the webhook's secret") {
		t.Errorf("no file: %v", err)
	}
}

// The values are those of the specification's own test.
func TestSign(t *testing.T) {
	s, err := parseSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := s.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	two := append(secret(), s...).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if one, other, _ := strings.Cut(two, " "); !strings.HasPrefix(one, "v1,") || one == want || other != want {
		t.Errorf("by two secrets: %s", two)
	}
}

func FuzzSecrets(f *testing.F) {
	for _, s := range []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "#\n\n", "whsec_", "=", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		secrets, err := parseSecrets(content)
		for _, s := range secrets {
			if err != nil || len(s) < shortestSecret {
				t.Errorf("%q is taken: %v, %v", content, s, err)
			}
		}
	})
}
