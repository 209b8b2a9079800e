package bench

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputsAreCheckedBeforeTheRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "there")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		o    Outputs
		says string // empty: they are all right
	}{
		{"none", Outputs{}, ""},
		{"new", Outputs{JSON: filepath.Join(dir, "new"), HTML: filepath.Join(dir, "new.html")}, ""},
		{"one that is there", Outputs{CSV: file}, ""},
		{"standard output", Outputs{CSV: "-"}, ""},
		{"standard output twice", Outputs{CSV: "-", JSON: "-"}, "--json and --csv both write to -"},
		{"a file twice", Outputs{JSON: file, HTML: dir + "/./there"}, "--json and --html both write to"},
		{"a folder", Outputs{HTML: dir}, "--html: " + dir + " is a folder"},
		{"no folder", Outputs{JSON: filepath.Join(dir, "none", "x")}, "--json: cannot write into the folder of"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.o.Check()
			if row.says == "" && err != nil || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
				t.Errorf("error %v, want %q", err, row.says)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("it leaves %v", entries)
			}
		})
	}
	if text, _ := os.ReadFile(file); string(text) != "old" {
		t.Errorf("the file that was there says %q", text)
	}
}

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := writeTo(file, nil, func(w io.Writer) error {
		io.WriteString(w, "half")
		return io.ErrShortWrite
	})
	if text, _ := os.ReadFile(file); err == nil || string(text) != "old" {
		t.Errorf("%v, and the file says %q", err, text)
	}
	err = writeTo(file, nil, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
	if text, _ := os.ReadFile(file); err != nil || string(text) != "new" {
		t.Errorf("%v, and the file says %q", err, text)
	}
}

// What is no file, such as /dev/stdout, cannot be replaced.
func TestADeviceIsWrittenTo(t *testing.T) {
	if err := writeTo(os.DevNull, nil, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%v: it is a file now", err)
	}
}
