package status

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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

func TestSecret(t *testing.T) {
	s := newSecret(token)
	for text, want := range map[string]bool{token: true, "": false, token + " ": false, token[1:]: false, strings.ToUpper(token): false} {
		if s.is(text) != want {
			t.Errorf("%q is the token: %t", text, !want)
		}
	}
	if none := newSecret(""); none.is("") || none.is(token) {
		t.Error("without a token somebody has it")
	}
}

// What takes time that depends on how much of a token is right, would tell it octet by octet: it is compared by nothing
// but subtle.ConstantTimeCompare, of hashes, and nothing else could be compared, since the token is not kept.
func TestSecretIsComparedInConstantTime(t *testing.T) {
	if kept := fmt.Sprintf("%s", newSecret(token).hash); strings.Contains(kept, token[:8]) {
		t.Errorf("it keeps %q", kept)
	}
	if fields := reflect.TypeFor[secret](); fields.NumField() != 1 || fields.Field(0).Type != reflect.TypeFor[[sha256.Size]byte]() {
		t.Errorf("it keeps more than a hash: %v", fields)
	}
	file, err := parser.ParseFile(gotoken.NewFileSet(), "access.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "is" {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				calls = append(calls, types.ExprString(n.Fun))
			case *ast.BinaryExpr:
				if right := types.ExprString(n.Y); right != "nil" && right != "1" {
					t.Errorf("it compares %s", types.ExprString(n))
				}
			}
			return true
		})
	}
	if want := []string{"sha256.Sum256", "[]byte", "subtle.ConstantTimeCompare"}; !slices.Equal(calls, want) {
		t.Errorf("it calls %q, want %q", calls, want)
	}
}

func TestBearer(t *testing.T) {
	tests := []struct {
		field, token string
		ok           bool
	}{
		{"", "", false},
		{"Bearer " + token, token, true},
		{"bearer  " + token + " ", token, true},
		{"Basic " + token, "", true},
		{"Bearer", "", true},
		{token, "", true},
	}
	for _, tt := range tests {
		h := http.Header{}
		if tt.field != "" {
			h.Set("Authorization", tt.field)
		}
		if got, ok := bearer(h); got != tt.token || ok != tt.ok {
			t.Errorf("%q: %q, %t", tt.field, got, ok)
		}
	}
}

func TestAttemptsAreHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		fail := func(from netip.Addr) int {
			n := 0
			for a.try(from, false) == errWrong {
				n++
			}
			return n
		}
		if n := fail(one); n != wrongBurst {
			t.Errorf("%d attempts at once, want %d", n, wrongBurst)
		}
		if err := a.try(other, true); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(wrongPause - time.Millisecond)
		if err := a.try(one, true); err != errTooMany {
			t.Errorf("the right token, too early: %v", err)
		}
		time.Sleep(time.Millisecond)
		if n := fail(one); n != 1 {
			t.Errorf("%d attempts after a pause, want 1", n)
		}
		time.Sleep(time.Hour)
		if n := fail(one); n != wrongBurst {
			t.Errorf("%d attempts after an hour, want %d", n, wrongBurst)
		}
	})
}

func TestAttemptsAreCountedByNetwork(t *testing.T) {
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"one address", "192.0.2.1", "192.0.2.1", true},
		{"neighbours", "192.0.2.1", "192.0.2.2", false},
		{"IPv4 in IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"one subscriber", "2001:db8::1", "2001:db8::ffff:1", true},
		{"two subscribers", "2001:db8::1", "2001:db8:0:1::1", false},
		{"zones", "fe80::1%eth0", "fe80::2%eth1", true},
	}
	for _, tt := range tests {
		var a attempts
		if got := a.place(netip.MustParseAddr(tt.a)) == a.place(netip.MustParseAddr(tt.b)); got != tt.same {
			t.Errorf("%s: the same is %t", tt.name, got)
		}
	}
	var a attempts
	if err := a.try(netip.Addr{}, true); err != nil { // over a Unix socket; all are one
		t.Errorf("held back from the start: %v", err)
	}
}

// Who has a whole internet of addresses costs no more memory than a few.
func TestAttemptsAreRememberedOfSoManyNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		from := netip.MustParseAddr("10.0.0.0")
		for range 3 * mostNetworks {
			a.try(from, false)
			from = from.Next()
		}
		if len(a.wrong) > mostNetworks+1 {
			t.Errorf("%d are remembered", len(a.wrong))
		}
		if err := a.try(from, true); err != errTooMany {
			t.Errorf("one more network, though the others have used up what all of them share: %v", err)
		}
		// It is so only while they go on: who used up what was shared does not hold back others for ever.
		time.Sleep(wrongPause)
		for range wrongBurst {
			a.try(from, false)
		}
		if err := a.try(from.Next(), true); err != nil || len(a.wrong) > 2 {
			t.Errorf("a network, when most are quiet again: %v; %d are remembered", err, len(a.wrong))
		}
	})
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
