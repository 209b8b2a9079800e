package document_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/everwire/everwire/bench/internal/document"
)

var marks = document.Marks{Begin: "<!-- here -->", End: "<!-- to here -->"}

func TestInsert(t *testing.T) {
	for _, test := range []struct{ name, before, after string }{
		{"nothing there", "a\n<!-- here -->\n<!-- to here -->\nb\n", "a\n<!-- here -->\n\nnew\n\n<!-- to here -->\nb\n"},
		{"something there", "<!-- here -->\n\nold\n<!-- to here -->\n", "<!-- here -->\n\nnew\n\n<!-- to here -->\n"},
		{"no marks", "a\nb\n", ""},
		{"no end", "<!-- here -->\nb\n", ""},
		{"in the wrong order", "<!-- to here -->\n<!-- here -->\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "doc.md")
			if err := os.WriteFile(file, []byte(test.before), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := marks.Check(file); (err == nil) != (test.after != "") {
				t.Errorf("Check: %v", err)
			}
			err := marks.Insert(file, "new\n")
			got, _ := os.ReadFile(file)
			want := test.after
			if want == "" {
				want = test.before // left alone
			}
			if (err == nil) != (test.after != "") || string(got) != want {
				t.Errorf("%v, and the document is\n%s", err, got)
			}
		})
	}
}
