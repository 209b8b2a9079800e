package terminal

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"one", "other", "日本", "日曜", ".hidden", "a\x1b[2Jb"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("folder/sub", 0o700); err != nil {
		t.Fatal(err)
	}
	sep := string(os.PathSeparator)
	tests := []struct {
		typed, insert string
		candidates    []string
	}{
		{"hello", "", nil},
		{"/", "", []string{"/text ", "/binary ", "/ping ", "/close ", "/headers", "/stats", "/save ", "/json ", "/help", "/quit"}},
		{"/p", "ing ", nil},
		{"/h", "e", nil},
		{"/he", "", []string{"/headers", "/help"}},
		{"/hel", "p", nil},
		{"/help", "", nil},
		{"/nothing", "", nil},
		{"/json ", "o", nil},
		{"/json o", "", []string{"on", "off"}},
		{"/json of", "f", nil},
		{"/save o", "", []string{"one", "other"}},
		{"/save -f on", "e", nil},
		{"/binary @fold", "er" + sep, nil},
		{"/binary @folder/", "sub" + sep, nil},
		{"/binary @日", "", []string{"日曜", "日本"}},
		{"/binary @.h", "idden", nil},
		{"/binary @/no/such/", "", nil},
		{"/binary o", "", nil},
		{"/text o", "", nil},
		{"/save a\nb", "", nil},
	}
	for _, tt := range tests {
		insert, candidates := complete(tt.typed)
		if insert != tt.insert || !reflect.DeepEqual(candidates, tt.candidates) {
			t.Errorf("%q: %q, %q, want %q, %q", tt.typed, insert, candidates, tt.insert, tt.candidates)
		}
	}
	_, candidates := complete("/binary @")
	if shown := hints(candidates); strings.Contains(shown, "\x1b") || !strings.Contains(shown, "a^[[2Jb") || strings.Contains(shown, "hidden") {
		t.Errorf("files are shown as %q", shown)
	}
}
